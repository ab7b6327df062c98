"""The texts of the fluoroscopy survey form, rule by rule (export-rules §8.2)."""

from decimal import Decimal

import pytest

from doseexport.catalogue import FileContext, find_spec
from doseexport.catalogue.rf.phe2019_rows import describe_events, round_to_two_digits

LETTERS = [
    "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "AA", "AB", "AC", "AD", "AE", "AF",
    *(f"A{letter}" for letter in "GHIJKLMNOP"), "AQ",
]  # fmt: skip
SPEC = find_spec("rf-phe2019")
BLANK = {column.heading: "" for column in SPEC.events.columns}
FLUORO, SHOT = {"type": "P5-06000"}, {"type": "113611"}


def describe(*events):
    """The cells R to AQ that are not blank."""
    cells = describe_events([{**BLANK, **event} for event in events])
    return {letter: cell for letter, cell in zip(LETTERS, cells, strict=True) if cell}


def test_study_without_exposures_has_only_no_acquisitions():
    assert describe() == {"V": "0"}


@pytest.mark.parametrize("code", ["P5-06000", "44491008", "", "LOCAL"])
def test_exposure_that_is_no_acquisition_is_fluoroscopy(code):
    assert describe({"type": code, "protocol": "P", "pulse rate": "7.5"}) == {"R": "P", "T": "7.5", "V": "0"}


@pytest.mark.parametrize("code", ["113611", "113612", "113613"])
def test_acquisitions_are_counted_and_show_no_protocol_or_mode(code):
    event = {"type": code, "protocol": "P", "fluoro mode": "Pulsed", "pulse rate": "2"}
    assert describe(event, event) == {"U": "2", "V": "2"}


def test_protocols_and_modes_are_listed_once_without_missing_ones():
    events = [{"protocol": "B", "fluoro mode": "Pulsed"}, {}, {"protocol": "A"}, {"protocol": "B"}]
    found = describe(*({**FLUORO, **event} for event in events))
    assert (found["R"], found["S"]) == ("B | A", "Pulsed")


@pytest.mark.parametrize(
    ("fluoro", "shots", "cells"),
    [
        (["15"], [], {"T": "15"}),
        ([""], [], {}),
        (["0"], [], {"T": "0"}),
        (["8", ""], [], {"T": "Multiple rates", "AQ": "Fluoro: 8.0 fps. "}),
        (["15", "0", "15"], [], {"T": "Multiple rates", "AQ": "Fluoro: 15.0 | 0.0 fps. "}),
        ([], ["", ""], {"U": "Single shot"}),
        ([], ["2"], {"U": "2"}),
        ([], ["2", ""], {"U": "Multiple rates", "AQ": "Acquisition: Single shot | 2.0 fps. "}),
        ([], ["2", "0.25"], {"U": "Multiple rates", "AQ": "Acquisition: 2.0 | 0.2 fps. "}),
        (
            ["7.5", "15"],
            ["4", "2"],
            {
                "T": "Multiple rates",
                "U": "Multiple rates",
                "AQ": "Fluoro: 7.5 | 15.0 fps. Acquisition: 4.0 | 2.0 fps. ",
            },
        ),
    ],
)
def test_several_rates_are_words_and_listed_at_the_end(fluoro, shots, cells):
    events = [{**FLUORO, "pulse rate": rate} for rate in fluoro]
    events += [{**SHOT, "pulse rate": rate} for rate in shots]
    assert describe(*events) == {"V": str(len(shots)), **cells}


def test_grids_of_all_exposures_are_listed_once():
    found = describe({"grids": '["Fixed", null]'}, {"grids": '["Focused", "Fixed"]'}, {"grids": ""})
    assert found["W"] == "Fixed | Focused"


def test_positions_keep_their_last_comma_and_are_identified_by_code():
    first, second = {"position ids": "1/2/3", "position": "headfirst, recumbent, supine, "}, {"position": ""}
    same_words = {"position ids": "1/2/9", "position": "headfirst, recumbent, supine, "}
    assert describe(first, second, first)["Y"] == "headfirst, recumbent, supine, "
    assert describe(first, same_words)["Y"] == "headfirst, recumbent, supine, " * 2


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([{"area": "0.003"}, {"area": "0.02025"}, {}], "Area 0.0030 to 0.0202 m², "),
        (
            [{"area": "0.1", "width": "42.978", "height": "65"}],
            "Area 0.1000 to 0.1000 m², Width 42.9780 to 42.9780 mm, Height 65.0000 to 65.0000 mm, ",
        ),
        ([{"area": "0", "width": "5"}, {"area": "3"}], "Width 5.0000 to 5.0000 mm, "),
        ([{}], None),
    ],
)
def test_field_is_given_from_least_to_most(events, text):
    assert describe(*events).get("AB") == text


def test_field_sizes_are_listed_with_their_commas():
    found = describe({"field size": "220"}, {"field size": ""}, {"field size": "0"}, {"field size": "220"})
    assert found["AC"] == "220, 0,  mm"


@pytest.mark.parametrize(
    ("events", "text"),
    [
        (["0.2", "0.3"], "0.20 - 0.30 mm"),
        (["1"], "1.0 - 1.0 mm"),
        (["0.1 0.9", "", "0.25"], "0.10 - 0.90 mm"),
        (["0", "0.3"], None),
        (["", ""], None),
    ],
)
@pytest.mark.parametrize(("material", "letter"), [("copper", "AE"), ("aluminium", "AF")])
def test_thicknesses_are_given_from_least_to_most(events, text, material, letter):
    assert describe(*({material: thicknesses} for thicknesses in events)).get(letter) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.2", "0.20"), ("1", "1.0"), ("7.2", "7.2"), ("0.999", "1.0"), ("12.34", "12"), ("0.0456", "0.046"),
        ("9.96", "10"), ("123", "120"), ("0.125", "0.12"),
    ],
)  # fmt: skip
def test_numbers_have_two_significant_digits(number, text):
    assert round_to_two_digits(Decimal(number)) == text


def test_rows_are_numbered_and_as_wide_as_the_form():
    start = FileContext(SPEC.studies.columns, SPEC.events.columns, {}, {})
    rows = SPEC.layout.make_builder(start)
    study = [f"{n}" for n in range(len(SPEC.studies.columns))]
    (first,), (second,) = rows.build_rows(study, []), rows.build_rows(study, [])
    assert [row[1][:3] for row in (first, second)] == [["", "1", "0"], ["", "2", "0"]]
    assert len(first[1]) == len(rows.sheets[0].columns) == 43
    assert list(rows.end()) == list(rows.warnings) == []


def test_new_file_is_numbered_from_1_again():
    start = FileContext(SPEC.studies.columns, SPEC.events.columns, {}, {})
    study = [""] * len(SPEC.studies.columns)
    for _ in range(2):
        ((_, row),) = SPEC.layout.make_builder(start).build_rows(study, [])
        assert row[1] == "1"
