"""Every column of every type with pseudonyms is decided: shown, made coarse, or left out."""

import re

import pytest

from doseexport import catalogue
from doseexport.catalogue.columns import DATE, DATETIME, NAME, TIME, Column
from doseexport.catalogue.dictionary import describe_file
from doseexport.catalogue.layouts import ModalityWorkbook
from doseexport.catalogue.nm.parts import GROUPS
from doseexport.catalogue.options import DATES, PSEUDONYMS
from doseexport.catalogue.shared.pseudonyms import (
    KEPT,
    KEYS,
    change_columns,
    is_kept,
    looks_identifying,
    pseudonymise,
)
from doseexport.catalogue.spec import EVERYTHING
from doseexport.engine.query import build_queries
from tests.component.exporting import parse
from tests.unit.catalogue.pseudonyms import LEFT_OUT, REPLACED

SPECS = {name: spec for name, spec in catalogue.load_specs().items() if PSEUDONYMS in spec.options}
FORMS = {
    "ct-phe2019",
    "dx-phe2019-projection",
    "dx-phe2019-study",
    "mg-nhsbsp-csv",
    "mg-nhsbsp-xlsx",
    "rf-openskin",
    "rf-phe2019",
}


def list_columns(spec):
    layout = spec.layout
    blocks = layout.blocks.columns if isinstance(layout, ModalityWorkbook) and layout.blocks else ()
    groups = [column for group in GROUPS for column in group.columns] if spec.modality.name == "NM" else []
    return [*spec.columns, *blocks, *groups]


def test_types_of_studies_and_events_have_pseudonyms_and_forms_do_not():
    assert set(catalogue.load_specs()) - set(SPECS) == FORMS
    for spec in SPECS.values():
        assert spec.options[-2:] == (PSEUDONYMS, DATES)


@pytest.mark.parametrize("name", [name for name in SPECS if not name.endswith("-audit")])
def test_every_column_that_looks_identifying_is_decided(name):
    decided = KEPT | LEFT_OUT | REPLACED
    for column in list_columns(SPECS[name]):
        if column.heading in KEYS:
            continue
        sources = [each for each in column.source.split(", ") if looks_identifying(each)]
        assert set(sources) <= decided, f"decide on {sources} in KEPT, LEFT_OUT or REPLACED"
        dated = column.kind.name in {"date", "time", "datetime"}
        assert not dated or set(sources) <= LEFT_OUT | REPLACED, column.heading


def test_decisions_are_about_columns_that_exist_and_exclude_each_other():
    used = {
        source
        for spec in SPECS.values()
        for column in list_columns(spec)
        for source in column.source.split(", ")
    }
    assert used >= KEPT | LEFT_OUT
    assert not KEPT & LEFT_OUT
    assert not (KEPT | LEFT_OUT) & REPLACED


@pytest.mark.parametrize(
    "column",
    [
        Column("Series date", "event.moment", DATE, source="event.moment"),
        Column("Started", "event.moment", DATETIME, source="event.moment"),
        Column("At", "event.moment", TIME, source="event.moment"),
        Column("Referrer", "study.referrer", source="generalstudymoduleattr.referring_physician_name"),
        Column("Other IDs", "pat.other_patient_ids", source="patientmoduleattr.other_patient_ids"),
        Column("Note", "event.comment", source="none"),
        Column("Who", "(SELECT child.person_name FROM x child)", source="device.serial"),
        Column("Weight", "pat.size", source="patientstudymoduleattr.new"),
        Column("Device UID", "event.device_uid", source="event.device_uid"),
        Column("Event id", "event.id", source="irradeventxraydata.id"),
        Column("Anything", "event.x", source="event.x", included_by=NAME),
    ],
    ids=lambda column: column.heading,
)
def test_column_that_nobody_has_decided_is_left_out(column):
    assert not is_kept(column)
    assert change_columns((column,)) == ()


@pytest.mark.parametrize("dates", ["month", "shifted"])
@pytest.mark.parametrize("name", SPECS)
def test_dictionary_marks_what_is_derived(name, dates):
    spec = pseudonymise(SPECS[name], dates)
    entries = describe_file(spec, spec.build_sample_context(), EVERYTHING)
    sources = {
        source: entry
        for entry in entries
        for source in entry.source.split(", ")
        if source in REPLACED | LEFT_OUT and entry.sheets != ("Warnings",) and entry.heading != "Population"
    }
    assert len(sources) >= 4
    assert all(entry.conversion.startswith("derived: ") for entry in sources.values())
    assert not set(sources) & LEFT_OUT
    assert not any(entry.included_by for entry in entries if "standard" not in entry.included_by)


def test_identifiers_leave_the_database_encoded_and_no_key_goes_there():
    request = parse(type="ct-csv", options={"pseudonyms": "pool"})
    sql = build_queries(request, EVERYTHING).studies.sql
    assert sql.count("'hex')") == 3
    assert not re.search(r"pat\.patient_(id|name|birth)", sql)
    assert "hmac" not in sql.lower()
