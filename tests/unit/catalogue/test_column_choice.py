"""The option leave_out: which headings it takes, and what remains of a type."""

import pytest

from doseexport import catalogue
from doseexport.catalogue import Long, ModalityWorkbook, Wide
from doseexport.catalogue.dictionary import describe_type
from doseexport.catalogue.options import LEAVE_OUT
from doseexport.catalogue.shared.column_choice import leave_out, list_choices
from doseexport.domain.request import parse_request
from doseexport.errors import RequestError

SPECS = catalogue.load_specs()
CHOOSING = [name for name, spec in SPECS.items() if list_choices(spec)]


def parse(value, export_type="ct-csv"):
    request = parse_request({"type": export_type, "options": {LEAVE_OUT: value}}, may_see_patients=True)
    return request.options.get(LEAVE_OUT)


def headings(stream):
    return [column.heading for column in stream.columns]


def test_leave_out_is_offered_for_rows_of_studies_and_events():
    layouts = {name: SPECS[name].layout for name in SPECS}
    plain = {name for name, each in layouts.items() if isinstance(each, Wide | Long | ModalityWorkbook)}
    assert set(CHOOSING) == plain - {"rf-openskin"}
    for name, spec in SPECS.items():
        assert (LEAVE_OUT in {each.name for each in spec.options}) == (name in CHOOSING)


def test_leave_out_names_every_column_once_and_without_a_comma():
    for name in CHOOSING:
        names = [column.heading for column in list_choices(SPECS[name])]
        assert len(set(names)) == len(names)
        assert not [each for each in names if "," in each or each.strip() != each]


def test_leave_out_keeps_the_order_of_the_file():
    assert parse(" CTDIvol ,Age, Institution,Age") == "Institution, Age, CTDIvol"
    assert parse("") is None
    assert parse(None) is None


@pytest.mark.parametrize("value", ["age", "No such", "Age,", "Age; Sex", "E1 CTDIvol"])
def test_leave_out_refuses_what_is_no_heading(value):
    with pytest.raises(RequestError) as refused:
        parse(value)
    assert (refused.value.code, refused.value.field) == ("BAD_OPTION_VALUE", "options.leave_out")
    assert value not in refused.value.message


def list_constant(stream):
    """Return the headings that every file has."""
    return [column.heading for column in stream.columns if not column.included_by]


PARTS = [(name, "studies") for name in CHOOSING] + [
    (name, "events") for name in CHOOSING if not name.startswith("rf-")
]


@pytest.mark.parametrize(("export_type", "part"), PARTS)
def test_leave_out_leaves_a_column_of_studies_and_of_events(export_type, part):
    own = list_constant(getattr(SPECS[export_type], part))
    assert parse(", ".join(own[1:]), export_type) == ", ".join(own[1:])
    with pytest.raises(RequestError, match="must leave a column"):
        parse(", ".join(own), export_type)


def test_leave_out_removes_the_columns_and_no_other():
    spec = SPECS["mg-xlsx"]
    left = leave_out(spec, "Institution, AGD")
    assert headings(left.studies) == [each for each in headings(spec.studies) if each != "Institution"]
    assert headings(left.events) == [each for each in headings(spec.events) if each != "AGD"]
    assert leave_out(spec, "") is spec


def test_leave_out_still_reads_what_names_the_sheets():
    spec = SPECS["ct-xlsx"]
    left = leave_out(spec, "Protocol")
    assert "Protocol" not in headings(left.events)
    assert [column.heading for column in left.events.extras].count("Protocol") == 1
    assert leave_out(spec, "CTDIvol").events.extras == spec.events.extras


def test_leave_out_of_grouped_exposures_is_of_studies_only():
    spec = SPECS["rf-xlsx"]
    assert list_choices(spec) == spec.studies.columns


def test_leave_out_refuses_names_whose_column_is_left_out():
    body = {"type": "ct-csv", "include_names": True, "options": {LEAVE_OUT: "Patient name"}}
    with pytest.raises(RequestError) as refused:
        parse_request(body, may_see_patients=True)
    assert refused.value.code == "NO_PATIENT_COLUMNS"


def test_leave_out_applies_with_another_unit_of_dap():
    options = {LEAVE_OUT: "DAP (cGy.cm^2)", "dap_unit": "Gy·cm²"}
    request = parse_request({"type": "dx-csv", "options": options}, may_see_patients=False)
    shown = headings(request.spec.events)
    assert not [each for each in shown if each.startswith("DAP")]
    assert len(shown) == len(SPECS["dx-csv"].events.columns) - 1


def test_dictionary_names_the_columns_that_can_be_left_out():
    entries = {each.heading: each.column for each in describe_type("ct-xlsx")}
    assert entries["E<n> CTDIvol"] == entries["CTDIvol"] == "CTDIvol"
    assert entries["Institution"] == "Institution"
    assert entries["Frequency"] == ""
    assert {each.column for each in describe_type("nm-csv")} == {""}
