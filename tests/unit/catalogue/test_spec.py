"""Rules that the spec of every export type must meet."""

import re
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions, ModalityWorkbook
from doseexport.catalogue.columns import ID, NAME, NAME_OR_ID
from doseexport.catalogue.shared.tables.columns import find_unit
from doseexport.catalogue.spec import EVERYTHING
from doseexport.domain.request import ExportRequest
from doseexport.engine.query import build_queries
from doseexport.engine.writers import find_writer

SPECS = catalogue.load_specs()
INCLUSIONS = [Inclusions(*each) for each in product((False, True), repeat=3)]
IDENTITY = {"Patient name": NAME, "Patient ID": ID, "Date of birth": NAME_OR_ID}

every_type = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def twice(names):
    return [name for name, times in Counter(names).items() if times > 1]


TYPES = {
    "ct-audit", "dx-audit", "mg-audit", "nm-audit", "rf-audit",
    "ct-csv", "ct-phe2019", "ct-xlsx", "dx-csv", "dx-phe2019-projection", "dx-phe2019-study", "dx-xlsx",
    "mg-csv", "mg-nhsbsp-csv", "mg-nhsbsp-xlsx", "mg-xlsx", "nm-csv", "nm-xlsx",
    "rf-csv", "rf-openskin", "rf-phe2019", "rf-xlsx",
    "ct-tables", "dx-tables", "mg-tables", "nm-tables", "rf-tables",
    "ct-parquet", "dx-parquet", "mg-parquet", "nm-parquet", "rf-parquet",
}  # fmt: skip
NAMELESS = {name for name in TYPES if any(word in name for word in ("phe2019", "nhsbsp", "openskin"))}


AUDITS = {name for name in TYPES if name.endswith("-audit")}
TABLES = {name for name in TYPES if name.endswith(("-tables", "-parquet"))}
IDENTITY_OF_TABLES = {"patient_name": NAME, "patient_id": ID, "patient_birth_date": NAME_OR_ID}


def test_spec_exists_for_every_type():
    assert set(SPECS) == TYPES
    assert list(SPECS) == sorted(SPECS)


@every_type
def test_spec_has_no_heading_twice(spec):
    for inclusions in INCLUSIONS:
        assert twice(each.heading for each in spec.selected_study_columns(inclusions)) == []
        assert twice(each.heading for each in spec.selected_event_columns(inclusions)) == []


@every_type
def test_spec_marks_identifying_columns_and_omits_them_by_default(spec):
    inclusion_of = {
        each.heading: each.included_by
        for each in spec.studies.columns
        if each.included_by in IDENTITY.values()
    }
    by_types = [(NAMELESS, {}), (AUDITS, {"accession number": ID}), (TABLES, IDENTITY_OF_TABLES)]
    assert inclusion_of == next((found for types, found in by_types if spec.type in types), IDENTITY)
    for inclusions in INCLUSIONS:
        shown = {each.heading for each in spec.selected_study_columns(inclusions)} & set(inclusion_of)
        included = {
            NAME: inclusions.include_names,
            ID: inclusions.include_ids,
            NAME_OR_ID: inclusions.include_names or inclusions.include_ids,
        }
        assert shown == {heading for heading, only in inclusion_of.items() if included[only]}


@every_type
def test_spec_reads_identities_in_marked_columns_only(spec):
    identity = ("pat.patient_name", "pat.patient_id", "pat.patient_birth_date")
    of_event = spec.selected_event_columns(EVERYTHING)
    of_details = [column for table in spec.list_details(EVERYTHING) for column in table.columns]
    found = [
        each for each in (*spec.studies.columns, *spec.studies.extras) if any(i in each.sql for i in identity)
    ]
    assert all(each.included_by in IDENTITY.values() for each in found)
    assert not any(i in each.sql for each in (*of_event, *of_details) for i in identity)


@every_type
def test_spec_marks_filters_that_compare_an_identity(spec):
    about_patients = [each for each in spec.filters if "pat.patient_" in each.sql]
    assert about_patients
    assert all(each.pid for each in about_patients)
    assert {each.name for each in spec.filters if each.pid} == {"patient_name", "patient_id"}


@every_type
def test_spec_has_no_name_of_two_filters_or_two_orders(spec):
    for choices in (spec.filters, spec.orders):
        assert twice(name for each in choices for name in (each.name, *each.aliases)) == []


@every_type
def test_spec_explains_every_column_filter_order_and_option(spec):
    assert spec.help
    assert all(each.help for each in (*spec.filters, *spec.orders, *spec.options))
    assert [each.heading for each in spec.columns if not each.meaning] == []


@every_type
def test_spec_defaults_of_options_are_canonical(spec):
    given = [each for each in spec.options if each.default]
    assert [each.value_type.parse(each.default) for each in given] == [each.default for each in given]


@every_type
def test_spec_has_a_scope_for_every_filter(spec):
    scopes = spec.modality.scopes
    assert {each.scope for each in spec.filters} <= set(scopes)
    assert all(wrapping.count("{}") == 1 for wrapping in scopes.values())


@pytest.mark.parametrize(
    "book", [name for name, spec in SPECS.items() if isinstance(spec.layout, ModalityWorkbook)]
)
def test_spec_sheets_are_named_by_an_event_column(book):
    spec = SPECS[book]
    assert spec.layout.sheet_by in [each.heading for each in spec.events.columns]
    assert spec.layout.sheets in spec.layout.frequencies
    assert spec.layout.standard_by in [each.heading for each in spec.events.extras]


@every_type
def test_spec_format_has_a_writer(spec):
    assert spec.format in ("csv", "xlsx", "zip")
    assert find_writer(spec).copy_format.startswith("FORMAT")


@every_type
def test_spec_passes_filter_values_as_parameters_only(spec):
    examples = {
        "text": "QQQ", "number": "77077", "date": "1977-07-07", "count": "7", "choice": "exclude",
        "integer": "77077", "exact": "QQQ",
    }  # fmt: skip
    filters = {each.name: examples[each.value_type.name] for each in spec.filters}
    queries = build_queries(ExportRequest(spec.type, filters), Inclusions(standard=True))
    streams = [query for query in (queries.studies, queries.events) if query]
    for query in (queries.counts, *streams, *queries.frequencies.values(), *queries.details.values()):
        assert query.sql.count("%s") == len(query.params)
        assert not any(value in query.sql for value in ("QQQ", "77077", "1977-07-07"))


@every_type
def test_spec_order_comes_before_the_default_and_ids_end_it(spec):
    for order in spec.orders:
        sql = build_queries(ExportRequest(spec.type, order=order.name), Inclusions()).studies.sql
        assert f"ORDER BY {order.sql + ', ' if order.sql else ''}study.study_date DESC NULLS LAST" in sql
        assert "study.study_time DESC NULLS LAST, study.id)" in sql


@pytest.mark.parametrize("name", sorted(TABLES))
def test_spec_tables_have_names_of_snake_case_with_their_units_and_known_keys(name):
    tables = {table.name: table for table in SPECS[name].list_tables(EVERYTHING)}
    for table in tables.values():
        headings = [column.heading for column in table.columns]
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", each) for each in (table.name, *headings))
        assert twice(headings) == []
        assert set(table.key) <= set(headings)
        assert all(find_unit(each.heading) in {"", each.unit} for each in table.columns)
        for column, other in table.references.items():
            assert column in headings
            assert column in [each.heading for each in tables[other].columns]


@pytest.mark.parametrize("export_type", SPECS)
def test_find_spec_finds_each_type_by_its_name(export_type: str) -> None:
    assert catalogue.find_spec(export_type) is SPECS[export_type]


@pytest.mark.parametrize("name", ["", "ct", "ct-", "shared-csv", "columns", "CT-csv", "../ct-csv"])
def test_find_spec_refuses_unknown_names(name: str) -> None:
    with pytest.raises(KeyError):
        catalogue.find_spec(name)


@pytest.mark.parametrize("name", sorted(name for name in TYPES if name.endswith("-parquet")))
def test_spec_of_parquet_reads_what_the_csv_tables_read(name):
    spec, other = SPECS[name], SPECS[name.replace("-parquet", "-tables")]
    assert spec.layout.form == "parquet"
    layout = replace(spec.layout, form="csv")
    assert replace(spec, type=other.type, help=other.help, layout=layout) == other


@every_type
def test_find_frequency_finds_what_the_workbook_has_sheets_for(spec):
    frequency = catalogue.find_frequency(spec.type)
    assert frequency.title == {"NM": "Study Description"}.get(spec.modality.name, "Acquisition protocol")


def test_find_frequency_of_type_without_workbook_is_a_programming_error():
    with pytest.raises(LookupError):
        catalogue.find_frequency("us-csv")
