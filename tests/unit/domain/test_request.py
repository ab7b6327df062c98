"""The body of POST /exports becomes one canonical request."""

import re

import pytest

from doseexport import catalogue
from doseexport.catalogue.options import MONTH, PSEUDONYMS
from doseexport.domain.request import ExportRequest, parse_request
from doseexport.errors import RequestError
from tests.unit.catalogue.pseudonyms import LEFT_OUT, REPLACED

SPECS = {name: spec for name, spec in catalogue.load_specs().items() if PSEUDONYMS in spec.options}


def parse(*, may_see_patients=False, **body):
    return parse_request({"type": "ct-csv", **body}, may_see_patients=may_see_patients)


def refuse(body, *, may_see_patients=True):
    with pytest.raises(RequestError) as refused:
        parse_request(body, may_see_patients=may_see_patients)
    return refused.value.status, refused.value.code, refused.value.field


def test_minimal_request_has_defaults():
    assert parse() == ExportRequest("ct-csv", {}, "newest_first", include_names=False, include_ids=False)


def test_request_becomes_canonical():
    requested = parse(
        filters={"study_date__gt": " 2024-01-01 ", "num_events": "MORE", "model": ""}, order="-total_dlp"
    )
    assert requested.filters == {"date_from": "2024-01-01", "events": "more"}
    assert requested.order == "highest_dlp"


@pytest.mark.parametrize("body", [None, [], "ct-csv", 1])
def test_body_that_is_no_object_is_refused(body):
    assert refuse(body) == (422, "NOT_AN_OBJECT", "body")


def test_unknown_field_is_named():
    assert refuse({"type": "ct-csv", "name": True}) == (422, "UNKNOWN_FIELD", "name")


@pytest.mark.parametrize("name", [None, "", "ct", "CT-CSV", "ct-csv ", 5, ["ct-csv"], "_common"])
def test_unknown_type_is_refused(name):
    assert refuse({"type": name}) == (422, "UNKNOWN_EXPORT_TYPE", "type")


@pytest.mark.parametrize("filters", [[], "date_from", 3, False])
def test_filters_must_be_an_object(filters):
    assert refuse({"type": "ct-csv", "filters": filters}) == (422, "NOT_AN_OBJECT", "filters")


def test_order_may_be_among_filters_as_in_openrems_addresses():
    assert parse(filters={"o": "-total_dlp"}) == parse(order="highest_dlp")
    assert parse(filters={"o": ""}, order="model") == parse(order="model")
    assert parse(filters={"o": "time_date"}, order="oldest_first") == parse(order="oldest_first")
    assert refuse({"type": "ct-csv", "filters": {"o": "time_date"}, "order": "model"}) == (
        422,
        "ORDER_GIVEN_TWICE",
        "order",
    )


def test_unknown_filter_and_order_are_named():
    assert refuse({"type": "ct-csv", "filters": {"sex": "M"}}) == (422, "UNKNOWN_FILTER", "filters.sex")
    assert refuse({"type": "ct-csv", "order": "sex"}) == (422, "UNKNOWN_ORDER", "order")


def test_options_are_canonical():
    requested = parse(
        type="mg-nhsbsp-csv", options={"survey_number": " 007 ", "whole_years": True, "words": ""}
    )
    assert requested.options == {"survey_number": "7", "whole_years": "yes", "words": ""}
    assert parse(type="mg-nhsbsp-csv").options == {}
    assert requested.fingerprint != parse(type="mg-nhsbsp-csv").fingerprint


def test_unknown_or_unreadable_option_is_named():
    assert refuse({"type": "ct-csv", "options": {"words": "x"}}) == (422, "UNKNOWN_OPTION", "options.words")
    with pytest.raises(RequestError, match=r"no such option\. It has: max_events, .*leave_out"):
        parse_request({"type": "ct-csv", "options": {"words": "x"}}, may_see_patients=False)
    assert refuse({"type": "mg-nhsbsp-csv", "options": {"survey_number": "0"}}) == (
        422,
        "BAD_OPTION_VALUE",
        "options.survey_number",
    )
    assert refuse({"type": "ct-csv", "options": []}) == (422, "NOT_AN_OBJECT", "options")


@pytest.mark.parametrize("name", ["include_names", "include_ids"])
@pytest.mark.parametrize("type_", ["ct-phe2019", "rf-phe2019", "rf-openskin", "mg-nhsbsp-xlsx"])
def test_type_without_identities_refuses_to_include_them(type_, name):
    filters = {"study_id": "44"} if type_ == "rf-openskin" else {}
    assert refuse({"type": type_, "filters": filters, name: True}) == (422, "NO_PATIENT_COLUMNS", name)


@pytest.mark.parametrize("filters", [{}, {"study_id": ""}, {"model": "Axiom"}])
def test_openskin_needs_its_study(filters):
    wanted = (422, "FILTER_NEEDED", "filters.study_id")
    assert refuse({"type": "rf-openskin", "filters": filters}) == wanted
    assert parse(type="rf-openskin", filters={"study_uid": " 1.2.840 "}).filters == {"study_uid": "1.2.840"}


@pytest.mark.parametrize("name", ["include_names", "include_ids"])
@pytest.mark.parametrize("value", [None, "true", 1, 0, []])
def test_inclusion_is_exactly_true_or_false(name, value):
    assert refuse({"type": "ct-csv", name: value}) == (422, "NOT_A_BOOLEAN", name)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"include_names": True}, "include_names"),
        ({"include_ids": True}, "include_ids"),
        ({"filters": {"patient_name": "x"}}, "filters.patient_name"),
        ({"filters": {"patient_id": "x"}}, "filters.patient_id"),
    ],
)
def test_patients_need_the_right_to_see_them(body, field):
    assert refuse({"type": "ct-csv", **body}, may_see_patients=False) == (403, "PIDGROUP_NEEDED", field)
    assert parse(may_see_patients=True, **body).has_patient_data


def test_blank_patient_filter_names_no_patient():
    assert not parse(filters={"patient_id": " "}).has_patient_data


def test_equal_requests_have_equal_fingerprints():
    one = parse(filters={"date_from": "2024-01-01", "model": "Force"}, order="time_date")
    same = parse(filters={"model": "Force", "date_after": "2024-01-01"}, order="oldest_first")
    assert one.fingerprint == same.fingerprint


def test_fingerprint_is_the_same_in_every_release():
    requested = parse(filters={"model": "É"})
    assert requested.fingerprint == "3cf807b46d21daf780714174ce853820c17b2eebbe18b45afdd34af66ac9c7f0"


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "ct-xlsx"},
        {"order": "model"},
        {"include_names": True},
        {"include_ids": True},
        {"filters": {"model": "x"}},
        {"retention_days": 30},
        {"send_mail": True},
    ],
)
def test_different_requests_have_different_fingerprints(changed):
    assert parse(may_see_patients=True, **changed).fingerprint != parse().fingerprint


def test_retention_days_are_as_given_and_null_means_absent():
    assert parse(retention_days=7).retention_days == 7
    assert parse(retention_days=None) == parse()


@pytest.mark.parametrize("days", [0, -1, 1.0, "7", True, [7]])
def test_retention_days_are_a_whole_number_from_1(days):
    assert refuse({"type": "ct-csv", "retention_days": days}) == (422, "BAD_RETENTION_DAYS", "retention_days")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "ct-csv", "filters": {"accession_number": "A1"}},
        {"type": "rf-openskin", "filters": {"study_uid": "1.2.3"}},
    ],
)
def test_request_by_filter_of_one_study_needs_no_group_but_has_patient_data(body):
    request = parse_request(body, may_see_patients=False)
    assert request.has_patient_data
    assert list(request.list_patient_fields()) == []


def test_request_by_other_filters_has_no_patient_data():
    assert not parse_request(
        {"type": "ct-csv", "filters": {"model": "x"}}, may_see_patients=False
    ).has_patient_data


def parse_pseudonyms(may_use=True, may_see=True, **body):
    body = {"type": "ct-csv", "options": {"pseudonyms": "pool"}, **body}
    return parse_request(body, may_see_patients=may_see, may_use_pseudonyms=may_use)


def test_pseudonyms_have_dates_by_month_unless_asked_otherwise():
    assert parse_pseudonyms().options == {"dates": "month", "pseudonyms": "pool"}
    assert parse_pseudonyms(options={"pseudonyms": "a-1", "dates": "shifted"}).options["dates"] == "shifted"
    assert not parse_pseudonyms().has_patient_data
    assert not parse_pseudonyms(options={}).has_pseudonyms


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"include_names": True}, "include_names"),
        ({"include_ids": True}, "include_ids"),
        ({"filters": {"patient_name": "x"}}, "filters.patient_name"),
        ({"filters": {"patient_id": "x"}}, "filters.patient_id"),
        ({"filters": {"accession_number": "x"}}, "filters.accession_number"),
    ],
)
@pytest.mark.parametrize("may_see", [True, False])
def test_pseudonyms_and_patients_exclude_each_other(change, field, may_see):
    with pytest.raises(RequestError) as refused:
        parse_pseudonyms(may_see=may_see, **change)
    assert (refused.value.code, refused.value.field) == ("PSEUDONYMS_EXCLUDE_PATIENTS", field)


def test_pseudonyms_need_their_right():
    with pytest.raises(RequestError) as refused:
        parse_pseudonyms(may_use=False)
    assert (refused.value.status, refused.value.code) == (403, "PSEUDONYMS_REFUSED")
    assert refused.value.field == "options.pseudonyms"
    with pytest.raises(RequestError):
        parse_request({"type": "ct-csv", "options": {"pseudonyms": "pool"}}, may_see_patients=True)


@pytest.mark.parametrize(
    ("options", "code", "field"),
    [
        ({"pseudonyms": "Pool"}, "BAD_OPTION_VALUE", "options.pseudonyms"),
        ({"pseudonyms": "a" * 41}, "BAD_OPTION_VALUE", "options.pseudonyms"),
        ({"pseudonyms": "pool", "dates": "year"}, "BAD_OPTION_VALUE", "options.dates"),
        ({"dates": "shifted"}, "PSEUDONYMS_NEEDED", "options.dates"),
        ({"pseudonyms": " ", "dates": "month"}, "PSEUDONYMS_NEEDED", "options.dates"),
    ],
)
def test_options_of_pseudonyms_are_refused_by_name(options, code, field):
    with pytest.raises(RequestError) as refused:
        parse_pseudonyms(options=options)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_filters_of_what_is_coarse_are_hidden():
    filters = {"date_from": "2026-01-01", "age_max": "5", "station": "CT1"}
    hidden = parse_pseudonyms(filters=filters).hidden_filters
    assert {"date_from", "age_max"} <= hidden
    assert "station" not in hidden
    assert parse_pseudonyms(filters=filters, options={}).hidden_filters == set()


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_filters_of_what_pseudonyms_replace_or_leave_out_are_hidden(spec):
    columns = "|".join({source.rpartition(".")[2] for source in LEFT_OUT | REPLACED} - {"id"})
    named = [each.name for each in spec.filters if re.search(rf"\.({columns})\b", each.sql)]
    shown = [name for name in named if not spec.filter(name).identifies_patient and name != "test_patients"]
    request = ExportRequest(
        spec.type, dict.fromkeys(shown, "1"), options={"pseudonyms": "pool", "dates": MONTH}
    )
    assert request.hidden_filters >= set(shown)
    assert ("physician" in shown) is (spec.modality.name == "RF")


@pytest.mark.parametrize(
    ("export_type", "left_out"),
    [
        ("ct-csv", "Study date"),
        ("ct-csv", "Patient ID, Age"),
        ("mg-csv", "Accession number"),
    ],
)
def test_pseudonyms_refuse_to_leave_out_what_they_replace(export_type, left_out):
    options = {"pseudonyms": "pool", "leave_out": left_out}
    with pytest.raises(RequestError) as refused:
        parse_pseudonyms(type=export_type, options=options)
    assert (refused.value.code, refused.value.field) == ("PSEUDONYMS_NEED_COLUMNS", "options.leave_out")


def test_pseudonyms_keep_a_column_of_events():
    events = [column.heading for column in parse_pseudonyms(options={}).spec.events.columns]
    others = ", ".join(each for each in events if each != "Comments")
    assert parse_request({"type": "ct-csv", "options": {"leave_out": others}}, may_see_patients=False)
    with pytest.raises(RequestError, match="keeps a column of events"):
        parse_pseudonyms(options={"pseudonyms": "pool", "leave_out": others})


def test_pseudonyms_leave_out_other_columns():
    spec = parse_pseudonyms(options={"pseudonyms": "pool", "leave_out": "Age, Institution, CTDIvol"}).spec
    headings = [column.heading for column in spec.columns]
    assert headings[:4] == ["Pseudonym", "Study pseudonym", "Accession pseudonym", "Study month"]
    assert not {"Age band", "Institution", "CTDIvol"} & set(headings)
