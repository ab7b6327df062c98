"""Every export type, whatever its modality: what a spec has to keep."""

from collections import Counter
from itertools import product

import pytest

from doseexport import exports
from doseexport.exports._spec import ID, NAME, NAME_OR_ID
from doseexport.query import build_queries
from doseexport.request import ExportRequest
from doseexport.writers import find_writer

SPECS = exports.catalogue()
WISHES = list(product((False, True), repeat=2))
IDENTITY = {"Patient name": NAME, "Patient ID": ID, "Date of birth": NAME_OR_ID}

every_type = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def twice(names):
    return [name for name, times in Counter(names).items() if times > 1]


def test_ct_is_there_in_both_formats():
    assert {"ct-csv", "ct-xlsx"} <= set(SPECS)
    assert list(SPECS) == sorted(SPECS)


@every_type
def test_no_heading_stands_twice(spec):
    for names, ids in WISHES:
        assert twice(each.heading for each in spec.study_columns(names=names, ids=ids)) == []
    assert twice(each.heading for each in spec.dataset.events.columns) == []


@every_type
def test_columns_that_identify_patients_are_marked_and_absent_unless_asked_for(spec):
    marked = {each.heading: each.pid for each in spec.dataset.studies.columns if each.pid}
    assert marked == IDENTITY
    for names, ids in WISHES:
        shown = {each.heading for each in spec.study_columns(names=names, ids=ids)} & set(IDENTITY)
        told = {"Patient name": names, "Patient ID": ids, "Date of birth": names or ids}
        assert shown == {heading for heading, is_told in told.items() if is_told}
    assert not any(each.pid for each in spec.dataset.events.columns)


@every_type
def test_filters_that_compare_an_identity_are_marked(spec):
    about_patients = [each for each in spec.dataset.filters if "pat.patient_" in each.sql]
    assert about_patients
    assert all(each.pid for each in about_patients)
    assert {each.name for each in spec.dataset.filters if each.pid} == {"patient_name", "patient_id"}


@every_type
def test_no_name_means_two_filters_or_two_orders(spec):
    for choices in (spec.dataset.filters, spec.dataset.orders):
        assert twice(name for each in choices for name in (each.name, *each.aliases)) == []


@every_type
def test_every_column_filter_and_order_is_explained(spec):
    data = spec.dataset
    assert spec.help
    assert all(each.help for each in (*data.filters, *data.orders))
    assert all(each.meaning for each in (*data.studies.columns, *data.events.columns))


@every_type
def test_every_filter_has_a_table_to_look_in(spec):
    assert {each.scope for each in spec.dataset.filters} <= set(spec.dataset.scopes)
    assert all(wrapping.count("{}") == 1 for wrapping in spec.dataset.scopes.values())


@every_type
def test_sheets_are_named_by_an_event_column(spec):
    assert spec.dataset.sheet_by in [each.heading for each in spec.dataset.events.columns]


@every_type
def test_the_format_has_a_writer(spec):
    assert spec.type.endswith(f"-{spec.format}")
    assert find_writer(spec.format).copy_format.startswith("FORMAT")


@every_type
def test_values_of_filters_travel_as_parameters_only(spec):
    examples = {"text": "QQQ", "number": "77077", "date": "1977-07-07", "count": "7", "choice": "exclude"}
    filters = {each.name: examples[each.kind.name] for each in spec.dataset.filters}
    queries = build_queries(ExportRequest(spec.type, filters))
    for query in (queries.survey, queries.studies, queries.events, *queries.frequencies.values()):
        assert query.sql.count("%s") == len(query.params)
        assert not any(value in query.sql for value in ("QQQ", "77077", "1977-07-07"))


@every_type
def test_the_order_comes_before_the_default_and_ids_end_it(spec):
    for order in spec.dataset.orders:
        sql = build_queries(ExportRequest(spec.type, order=order.name)).studies.sql
        assert f"ORDER BY {order.sql + ', ' if order.sql else ''}study.study_date DESC NULLS LAST" in sql
        assert "study.study_time DESC NULLS LAST, study.id)" in sql
