"""Presets: their content, their use in a request, and the rights to them."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from doseexport import catalogue
from doseexport.actions.views import view_preset
from doseexport.aws.dynamodb.preset_rows import name_kind, new_row, read_row
from doseexport.domain.parsing import MAX_NAME
from doseexport.domain.preset import (
    apply_preset,
    make_preset,
    parse_changes,
    parse_preset,
    revise_preset,
)
from doseexport.domain.request import ExportRequest, parse_request
from doseexport.domain.rights import (
    Caller,
    may_change_preset,
    may_read_preset,
    may_withdraw_preset,
    require_person,
)
from doseexport.errors import RequestError
from tests.fakes import ADA, ADMIN, BEN, NOW, PIA, STRANGER

ID = "p" * 32
LONDON = ZoneInfo("Europe/London")
REQUEST = {"type": "ct-csv", "filters": {"date_from": "2026-01-01", "age_min": "16"}}
BODY = {"name": "Adults", "request": REQUEST}
PROGRAM = Caller("client", "client", frozenset({"exportgroup", "admingroup"}), is_machine=True)


def make(caller=ADA, **fields):
    return make_preset(ID, caller, parse_preset({**BODY, **fields}), NOW)


def refusal(call, *arguments):
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code, caught.value.field


def test_preset_is_canonical():
    given = {
        "type": "ct-csv",
        "filters": {"study_date__gt": " 2026-01-01", "age_min": 16, "station": ""},
        "order": "",
    }
    preset = make(name=" Adults ", request=given)
    assert (preset.name, preset.shared, preset.revision) == ("Adults", False, 1)
    assert preset.request == ExportRequest("ct-csv", {"age_min": "16", "date_from": "2026-01-01"})


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (None, "NOT_AN_OBJECT", "body"),
        ([], "NOT_AN_OBJECT", "body"),
        ({}, "FIELD_NEEDED", "name"),
        ({"name": "x"}, "FIELD_NEEDED", "request"),
        ({**BODY, "owner": "ben-sub"}, "UNKNOWN_FIELD", "owner"),
        ({**BODY, "shared": 1}, "NOT_A_BOOLEAN", "shared"),
        ({**BODY, "request": None}, "NOT_AN_OBJECT", "request"),
        ({**BODY, "request": {**REQUEST, "include_names": False}}, "UNKNOWN_FIELD", "include_names"),
        ({**BODY, "request": {**REQUEST, "include_ids": True}}, "UNKNOWN_FIELD", "include_ids"),
        ({**BODY, "request": {**REQUEST, "preset": ID}}, "UNKNOWN_FIELD", "preset"),
        ({**BODY, "request": {"type": "no-such"}}, "UNKNOWN_EXPORT_TYPE", "type"),
        ({**BODY, "request": {**REQUEST, "filters": {"x": 1}}}, "UNKNOWN_FILTER", "filters.x"),
    ],
)
def test_preset_that_is_invalid_is_refused(body, code, field):
    assert refusal(parse_preset, body) == (422, code, field)


@pytest.mark.parametrize("name", ["x", "é" * MAX_NAME, "CT 2026: adults, 50%", "膝"])
def test_preset_name_is_valid(name):
    assert make(name=name).name == name


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * (MAX_NAME + 1), "a\nb", "a\0", "a\u202eb", "\ud800", None, 7]
)
def test_preset_name_that_is_invalid_is_refused(name):
    assert refusal(parse_preset, {**BODY, "name": name}) == (422, "BAD_NAME", "name")


NAMING = [
    (spec.type, each.name)
    for spec in catalogue.load_specs().values()
    for each in spec.filters
    if each.identifies_patient
]


@pytest.mark.parametrize(("export_type", "name"), NAMING)
def test_preset_with_filter_that_names_a_patient_is_refused(export_type, name):
    assert {each for _, each in NAMING} == {"patient_name", "patient_id", "accession_number", "study_uid"}
    needed = dict.fromkeys(catalogue.find_spec(export_type).needs[:1], "1")
    request = {"type": export_type, "filters": {**needed, name: "Secret"}}
    expected = (422, "NO_PATIENTS_IN_PRESETS", f"filters.{name}")
    assert refusal(parse_preset, {"name": "x", "request": request}) == expected
    assert refusal(parse_changes, {"request": request}) == expected


def test_preset_refusal_and_log_repeat_no_name():
    with pytest.raises(RequestError) as caught:
        parse_preset({**BODY, "name": "Secret\n" * 80})
    assert "Secret" not in str(caught.value)
    assert "Secret" not in repr(make(name="Secret"))


@pytest.mark.parametrize(
    ("changes", "name", "shared", "filters"),
    [
        ({"name": "New"}, "New", False, {"age_min": "16", "date_from": "2026-01-01"}),
        ({"shared": True}, "Adults", True, {"age_min": "16", "date_from": "2026-01-01"}),
        ({"request": {"type": "mg-csv"}}, "Adults", False, {}),
    ],
)
def test_preset_change_touches_only_what_it_gives(changes, name, shared, filters):
    changed = revise_preset(make(), parse_changes(changes), NOW)
    assert (changed.name, changed.shared, changed.request.filters) == (name, shared, filters)
    assert (changed.revision, changed.created_at, changed.owner) == (2, NOW, ADA.id)


MONTHLY = {
    "name": "Last month",
    "window": "last_month",
    "request": {"type": "ct-csv", "filters": {"age_min": "16"}},
}


def test_preset_window_gives_the_dates_of_the_moment_of_use():
    preset = make_preset(ID, ADA, parse_preset(MONTHLY), NOW)
    assert read_row(new_row(preset)) == preset
    for now, dates in (
        (NOW, ("2026-10-01", "2026-10-31")),
        (datetime(2027, 2, 28, 23, 59, tzinfo=UTC), ("2027-01-01", "2027-01-31")),
        (datetime(2027, 3, 1, tzinfo=UTC), ("2027-02-01", "2027-02-28")),
    ):
        whole = apply_preset(
            {"preset": ID, "filters": {"age_min": 18}}, preset, preset.find_period(now, LONDON)
        )
        assert whole["filters"] == {"age_min": 18, "date_from": dates[0], "date_to": dates[1]}
        shown = view_preset(preset, ADA, now, LONDON)
        assert (shown["window"], shown["request"]["filters"]) == ("last_month", {"age_min": "16"})
        assert tuple(shown["dates"].values()) == dates


def test_preset_dates_of_a_request_replace_those_of_its_window():
    preset = make_preset(ID, ADA, parse_preset(MONTHLY), NOW)
    given = {"preset": ID, "filters": {"date_before": "2026-10-15"}}
    request = parse_request(
        apply_preset(given, preset, preset.find_period(NOW, LONDON)), may_see_patients=False
    )
    assert request.filters == {"age_min": "16", "date_from": "2026-10-01", "date_to": "2026-10-15"}


@pytest.mark.parametrize("window", ["since_last_run", "last_fortnight", "", 7, ["last_month"]])
def test_preset_window_that_is_not_possible_is_refused(window):
    assert refusal(parse_preset, {**MONTHLY, "window": window}) == (422, "BAD_WINDOW", "window")


def test_preset_has_a_window_or_dates():
    assert refusal(parse_preset, {**BODY, "window": "last_month"}) == (422, "WINDOW_AND_DATES", "window")
    changes = parse_changes({"window": "last_month"})
    assert refusal(revise_preset, make(), changes, NOW) == (422, "WINDOW_AND_DATES", "window")
    monthly = make_preset(ID, ADA, parse_preset(MONTHLY), NOW)
    changes = parse_changes({"window": None, "request": REQUEST})
    assert revise_preset(monthly, changes, NOW).find_period(NOW, LONDON) is None


def test_preset_change_of_nothing_is_refused():
    assert refusal(parse_changes, {}) == (422, "FIELD_NEEDED", "body")
    assert refusal(parse_changes, {"revision": 7}) == (422, "UNKNOWN_FIELD", "revision")


SAVED = make(
    request={
        "type": "mg-nhsbsp-csv",
        "filters": {"date_from": "2026-01-01", "age_min": "16"},
        "order": "oldest_first",
        "options": {"survey_number": "7"},
    }
)


def resolve(**given):
    return parse_request(apply_preset({"preset": ID, **given}, SAVED, None), may_see_patients=True)


def test_preset_alone_is_its_request():
    assert resolve() == SAVED.request
    assert resolve(type="mg-nhsbsp-csv", filters=None, options=None) == SAVED.request


@pytest.mark.parametrize(
    ("given", "filters"),
    [
        ({"age_min": 18}, {"age_min": "18", "date_from": "2026-01-01"}),
        ({"study_date__gt": "2026-02-01"}, {"age_min": "16", "date_from": "2026-02-01"}),
        ({"age_min": None, "station": "CT1"}, {"date_from": "2026-01-01", "station": "CT1"}),
    ],
)
def test_preset_filters_are_overridden_under_any_of_their_names(given, filters):
    assert resolve(filters=given).filters == filters


def test_preset_options_and_inclusions_are_overridden():
    assert resolve(options={"survey_number": "8"}).options == {"survey_number": "8"}
    assert resolve(options={"survey_number": ""}).options == {}


@pytest.mark.parametrize(
    ("given", "order"),
    [
        ({}, "oldest_first"),
        ({"order": None}, "newest_first"),
        ({"order": "highest_agd_left"}, "highest_agd_left"),
        ({"filters": {"o": "highest_agd_left"}}, "highest_agd_left"),
        ({"filters": {"o": ""}}, "oldest_first"),
    ],
)
def test_preset_order_is_overridden(given, order):
    assert resolve(**given).order == order


def test_preset_with_names_needs_the_right_to_patients():
    whole = apply_preset({"preset": ID, "filters": {"patient_name": "x"}}, SAVED, None)
    assert parse_request(whole, may_see_patients=True).filters["patient_name"] == "x"
    assert refusal(lambda: parse_request(whole, may_see_patients=False))[1] == "PIDGROUP_NEEDED"


@pytest.mark.parametrize("given", [{"type": "ct-csv"}, {"type": None}, {"type": ["mg-nhsbsp-csv"]}])
def test_preset_with_another_type_is_refused(given):
    assert refusal(apply_preset, {"preset": ID, **given}, SAVED, None) == (
        422,
        "PRESET_OF_ANOTHER_TYPE",
        "type",
    )


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"filters": []}, "NOT_AN_OBJECT", "filters"),
        ({"filters": {"o": ["x"]}}, "UNKNOWN_ORDER", "order"),
        ({"options": "x"}, "NOT_AN_OBJECT", "options"),
        ({"more": 1}, "UNKNOWN_FIELD", "more"),
        ({"filters": {"x": 1}}, "UNKNOWN_FILTER", "filters.x"),
    ],
)
def test_preset_with_invalid_request_is_refused_as_without(given, code, field):
    assert refusal(lambda: resolve(**given)) == (422, code, field)


def forget(preset, **saved):
    """The preset as a release wrote it that knew other types and filters."""
    row = new_row(preset)
    return read_row({**row, "request": {**row["request"], **saved}})


@pytest.mark.parametrize(
    ("saved", "code"),
    [({"type": "xx-csv"}, "UNKNOWN_EXPORT_TYPE"), ({"filters": {"shoe_size": "44"}}, "UNKNOWN_FILTER")],
)
def test_preset_of_another_release_is_shown_but_not_usable(saved, code):
    old = forget(make(), **saved)
    shown = view_preset(old, ADA, NOW, LONDON)
    assert not shown["usable"]
    assert shown["request"] == {**new_row(make())["request"], **saved}
    assert shown["links"]["delete"] == f"/presets/{ID}"
    whole = apply_preset({"preset": ID, "filters": {"age_min": 1}}, old, None)
    assert refusal(lambda: parse_request(whole, may_see_patients=True))[1] == code


def test_preset_whose_filter_came_to_name_patients_is_not_usable():
    assert view_preset(make(), PIA, NOW, LONDON)["usable"]
    assert not view_preset(forget(make(), filters={"patient_name": "x"}), PIA, NOW, LONDON)["usable"]


def test_preset_row_reads_back_and_marks_shared_ones():
    shared = replace(make(), shared=True, revision=3)
    for preset in (make(), shared):
        assert read_row(new_row(preset)) == preset
        assert new_row(preset)["kind"] == name_kind(shared=preset.shared)
    assert new_row(shared)["kind"] != new_row(make())["kind"]


@pytest.mark.parametrize(
    ("caller", "shared", "rights"),
    [
        (ADA, False, (True, True, True)),
        (ADA, True, (True, True, True)),
        (BEN, False, (False, False, False)),
        (BEN, True, (True, False, False)),
        (ADMIN, False, (False, False, False)),
        (ADMIN, True, (True, False, True)),
        (PROGRAM, True, (True, False, True)),
        (STRANGER, True, (False, False, False)),
        (Caller(ADA.id, ADA.name, frozenset()), True, (False, False, False)),
    ],
)
def test_preset_rights_to_read_change_and_withdraw(caller, shared, rights):
    preset = make(shared=shared)
    assert (
        tuple(may(caller, preset) for may in (may_read_preset, may_change_preset, may_withdraw_preset))
        == rights
    )


def test_preset_is_refused_to_programs():
    assert refusal(require_person, PROGRAM) == (403, "PEOPLE_ONLY", None)
    require_person(ADA)
