"""The dictionary describes every heading of every export type, from the columns that make the cells."""

import re
from collections import Counter
from dataclasses import replace
from itertools import chain

import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions, ModalityWorkbook
from doseexport.catalogue.columns import COUNTED, NO_SOURCE
from doseexport.catalogue.dictionary import ROWS, describe_file, describe_type
from doseexport.catalogue.shared.dap_units import DAP_UNIT, convert_spec

SPECS = catalogue.load_specs()
every_type = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)

TABLE_COLUMN = re.compile(r"[a-z]+\.[a-z_]+")
OTHER_SOURCES = re.compile(f"{NO_SOURCE}|{COUNTED}|option [a-z_]+|values of the group|the column [A-Z][a-z]+")
CONCEPT = re.compile(r"\d+ (DCM|SCT)|\([0-9A-F]{4},[0-9A-F]{4}\)|TID \d+")
UNIT_IN_HEADING = re.compile(r"\(([^()]+)\)\*?$")
NO_UNITS = {"yrs", "study", "request"}


def list_entries(spec):
    return describe_type(spec.type)


@every_type
def test_dictionary_has_meaning_source_and_blank_rule_of_every_column(spec):
    assert [each.heading for each in list_entries(spec) if not each.meaning.strip()] == []
    assert [each.heading for each in list_entries(spec) if not each.source.strip()] == []
    assert [each.heading for each in list_entries(spec) if not each.blank.strip()] == []


@every_type
def test_dictionary_says_what_happens_to_several_rows_of_a_table(spec):
    from_tables = [each for each in list_entries(spec) if TABLE_COLUMN.match(each.source)]
    assert [each.heading for each in from_tables if not each.several_rows] == []


@every_type
def test_dictionary_has_one_entry_per_sheet_and_heading(spec):
    places = [(sheet, each.heading) for each in list_entries(spec) for sheet in each.sheets or ("",)]
    assert [place for place, times in Counter(places).items() if times > 1] == []
    assert all(bool(each.sheets) is (spec.format != "csv") for each in list_entries(spec))


@every_type
def test_dictionary_sources_and_concepts_are_well_formed(spec):
    for each in list_entries(spec):
        for part in each.source.split(", "):
            assert TABLE_COLUMN.fullmatch(part) or OTHER_SOURCES.fullmatch(part), (each.heading, part)
        for part in filter(None, each.dicom.split("), " if each.dicom.startswith("(") else ", ")):
            found = f"{part})" if part.startswith("(") and not part.endswith(")") else part
            assert CONCEPT.fullmatch(found), (each.heading, part)


@every_type
def test_dictionary_units_are_those_of_the_headings(spec):
    for each in list_entries(spec):
        found = UNIT_IN_HEADING.search(each.heading)
        if found and found[1] not in NO_UNITS:
            written = re.sub(r"(?<=[a-zA-Z])\.(?=[a-zA-Z])", "·", found[1].replace("^2", "²"))
            assert each.unit.replace(" ", "") == written, each.heading


@every_type
def test_dictionary_sources_are_the_columns_that_the_sql_reads(spec):
    for stream in filter(None, (spec.studies, spec.events)):
        joins = f"{spec.modality.event_tables} {stream.joins}"
        tables = read_aliases(joins) | {"study": "generalstudymoduleattr"}
        for column in stream.columns:
            alias, name = find_read_column(column.sql, joins)
            if column.source and alias in tables:
                assert column.source == f"{tables[alias]}.{name}", column.heading


def read_aliases(sql):
    """Return the tables that SQL joins outside subqueries, by their aliases."""
    outside = sql
    while (inside := re.sub(r"\([^()]*\)", "", outside)) != outside:
        outside = inside
    return {alias: table for table, alias in re.findall(r"JOIN remapp_(\w+) (\w+) ON", outside)}


def find_read_column(sql, joins):
    """Return the alias and the column of SQL that reads one column, or the code that it refers to."""
    coded = re.fullmatch(
        r"\(SELECT code\.code_\w+ FROM remapp_contextid code WHERE code\.id = (\w+)\.(\w+)\)", sql
    )
    plain = coded or re.fullmatch(r"(\w+)\.(\w+)(?: \* [\d.]+)?", sql)
    if plain is None:
        return "", ""
    alias, name = plain.groups()
    joined = re.search(rf"JOIN remapp_contextid {alias} ON {alias}\.id = (\w+)\.(\w+)", joins)
    return joined.groups() if joined else (alias, name)


def test_dictionary_describes_repeated_blocks_once():
    headings = [each.heading for each in describe_type("ct-csv")]
    assert [each for each in headings if each.endswith("CTDIvol")] == ["E<n> CTDIvol"]
    assert [each.heading for each in describe_type("dx-phe2019-study") if "Projection" in each.heading] == [
        "Projection <n> DAP",
        "Projection <n> Name",
    ]
    assert "Organ Dose <n> (mGy)" in [each.heading for each in describe_type("nm-csv")]


def test_dictionary_describes_children_once_however_many_a_file_has():
    spec = SPECS["nm-csv"]
    context = replace(spec.build_sample_context(), widths=dict.fromkeys(spec.widths, 3))
    every = Inclusions(include_names=True, include_ids=True, standard=True)
    assert describe_file(spec, context, every) == describe_type("nm-csv")


def test_dictionary_of_a_workbook_names_sheets_of_blocks_and_of_events():
    sheets = {each.heading: each.sheets for each in describe_type("ct-xlsx")}
    named = ("<acquisition protocol>", "(standard)_<standard acquisition name>")
    assert sheets["Study date"] == ("All data", *named)
    assert sheets["E<n> CTDIvol"] == ("All data",)
    assert sheets["CTDIvol"] == named


def test_dictionary_entry_of_ctdivol_is_complete():
    entry = next(each for each in describe_type("ct-csv") if each.heading == "E<n> CTDIvol")
    assert (entry.meaning, entry.unit, entry.dicom) == (
        "Mean CTDIvol of the acquisition",
        "mGy",
        "113830 DCM",
    )
    assert entry.source == "ctirradiationeventdata.mean_ctdivol"
    assert (entry.conversion, entry.blank, entry.several_rows) == ("", "not recorded", "one row per event")


@pytest.mark.parametrize("export_type", [name for name, spec in SPECS.items() if DAP_UNIT in spec.options])
def test_dictionary_follows_the_unit_of_dap(export_type):
    spec = convert_spec(SPECS[export_type], "mGy·cm²")
    every = Inclusions(include_names=True, include_ids=True, standard=True)
    found = [
        each for each in describe_file(spec, spec.build_sample_context(), every) if "DAP" in each.heading
    ]
    assert found
    assert {(each.unit, each.conversion) for each in found} == {("mGy·cm²", "× 10,000,000 from Gy·m²")}


@every_type
def test_dictionary_of_a_file_has_identities_and_standard_names_only_if_it_includes_them(spec):
    plain = Inclusions()
    context = spec.build_sample_context()
    included = replace(
        context,
        study_columns=spec.studies.included(plain),
        event_columns=spec.events.included(plain) if spec.events else (),
    )
    found = describe_file(spec, included, plain)
    assert [each.heading for each in found if each.included_by] == []
    assert {each.heading for each in found} <= {each.heading for each in list_entries(spec)}


def test_dictionary_rules_of_tables_are_all_used():
    sources = chain.from_iterable(
        each.source.split(", ") for spec in SPECS.values() for each in list_entries(spec)
    )
    assert set(ROWS) <= {source.split(".")[0] for source in sources}


@pytest.mark.parametrize("book", [name for name, spec in SPECS.items() if spec.format == "xlsx"])
def test_dictionary_of_every_workbook_describes_its_warnings(book):
    assert "Warnings" in {sheet for each in describe_type(book) for sheet in each.sheets}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_dictionary_of_summary_names_the_source_of_each_table(spec):
    if isinstance(spec.layout, ModalityWorkbook):
        titles = {each.title for each in spec.layout.frequencies}
        found = {each.heading: each.source for each in list_entries(spec) if "Summary" in each.sheets}
        assert all(TABLE_COLUMN.match(found[title]) for title in titles)
