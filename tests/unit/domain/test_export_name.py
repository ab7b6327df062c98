"""Names of exports, and the file names made of them."""

from dataclasses import replace

import pytest

from doseexport.domain.export_name import (
    MAX_EXPORT_NAME,
    find_label,
    label_file,
    read_export_name,
    split_name,
)
from doseexport.errors import RequestError
from tests.fakes import ADA, ADMIN, BEN, PIA, make_new

FILE = "ct-xlsx_2026-11-23_1130.xlsx"


@pytest.mark.parametrize(
    ("given", "name"), [(None, None), ("", None), (" ", None), (" Van 3 ", "Van 3"), ("Ä" * 60, "Ä" * 60)]
)
def test_name_is_read_without_spaces(given, name):
    assert read_export_name(given) == name


@pytest.mark.parametrize(
    "given",
    [
        *("x" * (MAX_EXPORT_NAME + 1), 3, True, ["x"], "a\nb", "a\x00b", "a\N{RIGHT-TO-LEFT OVERRIDE}b"),
        *("a/b", "a\\b", "..", ".a", "a.", 'a"b', "a:b", "a<b", "a|b", "a*", "a?"),
    ],
)
def test_name_that_cannot_be_in_a_file_name_is_refused(given):
    with pytest.raises(RequestError) as caught:
        read_export_name(given)
    assert (caught.value.code, caught.value.field, caught.value.status) == ("BAD_NAME", "name", 422)


def test_split_name_leaves_other_bodies_as_they_are():
    assert split_name({"type": "x", "name": "n"}) == ("n", {"type": "x"})
    assert split_name({"type": "x"}) == (None, {"type": "x"})
    assert split_name([1]) == (None, [1])


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (None, FILE),
        ("", FILE),
        ("Van 3", f"Van 3_{FILE}"),
        ("../etc: x", f"-etc- x_{FILE}"),
        ("..", FILE),
        ("\N{PILE OF POO}" * 60, "\N{PILE OF POO}" * 37 + f"_{FILE}"),
    ],
)
def test_file_is_labelled(label, name):
    assert label_file(FILE, label) == name


def test_label_is_for_those_who_may_read_it():
    named = replace(make_new(PIA, include_names=True), name="Named")
    assert [find_label(caller, named) for caller in (PIA, BEN, ADMIN)] == ["Named", "", ""]
    filters = {"date_from": "2026-10-01", "date_to": "2026-10-31"}
    monthly = replace(make_new(ADA, filters=filters), schedule_name="Monthly")
    labels = [find_label(caller, monthly) for caller in (ADA, ADMIN, BEN)]
    assert labels == ["Monthly_2026-10-01_2026-10-31", "Monthly_2026-10-01_2026-10-31", ""]


def test_label_of_pseudonyms_has_no_dates():
    filters = {"date_from": "2026-10-01", "date_to": "2026-10-31"}
    options = {"pseudonyms": "pool", "dates": "month"}
    monthly = replace(make_new(ADA, filters=filters, options=options), schedule_name="Monthly")
    assert find_label(ADA, monthly) == "Monthly"
