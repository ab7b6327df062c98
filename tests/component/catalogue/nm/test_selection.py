"""Which studies an NM export has, and in which order, against plain SQL of the tests' own."""

from datetime import time

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from doseexport.errors import RequestError
from tests.component.exporting import ask
from tests.databases import awkward_nm
from tests.oracles.nm import Archive
from tests.oracles.nm_filters import FILTERS, OPENREM_NAMES

SPEC = catalogue.find_spec("nm-csv")


@pytest.fixture(scope="module")
def nm_url(postgres):
    return awkward_nm.make_database(postgres, "awkward_nm_choice")


@pytest.fixture(scope="module")
def archive(nm_url):
    return Archive(nm_url)


@pytest.fixture(scope="module")
def found(nm_url, archive):
    """Filter → the (study, row) pairs that plain SQL finds."""
    known = {study["id"] for study in archive.studies}
    with psycopg.connect(nm_url) as connection:
        return {
            name: {pair for pair in connection.execute(sql, [value]) if pair[0] in known}
            for name, (value, _, sql) in FILTERS.items()
        }


@pytest.fixture(scope="module")
def choose(nm_url):
    """`choose(filters, order)`: the ids of the studies that the export has, in its order."""
    with Database({"conninfo": nm_url}).open_snapshot() as snapshot:
        snapshot.begin()

        def choose(filters, order=None):
            request = ask(type="nm-csv", filters=filters, order=order)
            rows = snapshot.fetch_rows(build_queries(request, Inclusions()).studies)
            return list(dict.fromkeys(row[0] for row in rows))

        yield choose


def test_every_filter_of_nm_is_tried_and_both_formats_have_the_same():
    assert set(FILTERS) == {each.name for each in SPEC.filters}
    assert SPEC.filters == catalogue.find_spec("nm-xlsx").filters
    assert SPEC.orders == catalogue.find_spec("nm-xlsx").orders


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_alone_chooses_what_plain_sql_chooses(found, choose, archive, name):
    chosen = choose({name: FILTERS[name][0]})
    assert set(chosen) == {study for study, _ in found[name]}
    assert 0 < len(chosen) < len(archive.studies)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_with_each_other_one_chooses_what_meets_both(found, choose, name):
    value, table, _ = FILTERS[name]
    for other, (other_value, other_table, _) in FILTERS.items():
        if name >= other:
            continue
        if table == other_table:  # one row has to meet both
            wanted = {study for study, _ in found[name] & found[other]}
        else:
            wanted = {study for study, _ in found[name]} & {study for study, _ in found[other]}
        assert set(choose({name: value, other: other_value})) == wanted, other


@pytest.mark.parametrize("openrem_name", OPENREM_NAMES)
def test_openrems_parameter_means_the_same_filter(openrem_name):
    clear = OPENREM_NAMES[openrem_name]
    value = "2" if openrem_name == "test_data" else FILTERS[clear][0]
    assert SPEC.parse_filters({openrem_name: value}) == SPEC.parse_filters({clear: FILTERS[clear][0]})


def test_openrems_parameters_lead_to_every_filter():
    assert set(OPENREM_NAMES.values()) == set(FILTERS)


def test_both_bounds_of_the_activity_are_met_by_one_administration(archive, choose):
    (study,) = (
        each for each in archive.studies if each["study_description"] == "case: several administrations"
    )
    activities = sorted(float(event[0][3]) for event in archive.events_of(study))
    low, high = activities[1], activities[2]
    assert activities[0] < low < high
    here = {"study_description": "several administrations"}
    assert choose({"activity_min": str(high), "activity_max": str(high)} | here) == [study["id"]]
    between = {"activity_min": str(low + 1), "activity_max": str(high - 1)} | here
    assert choose(between) == []


def test_the_bounds_of_the_activity_are_part_of_it_and_zero_is_a_value(choose, archive):
    def with_activity(condition):
        return [
            study["id"]
            for study in archive.studies
            if any(event[0][3] is not None and condition(event[0][3]) for event in archive.events_of(study))
        ]

    values = {event[0][3] for study in archive.studies for event in archive.events_of(study)} - {None, ""}
    middle = sorted(values)[len(values) // 2]
    assert choose({"activity_min": str(middle)}) == with_activity(lambda value: value >= middle)
    assert choose({"activity_max": str(middle)}) == with_activity(lambda value: value <= middle)
    assert choose({"activity_max": "0"}) == with_activity(lambda value: value <= 0) != []


@pytest.mark.parametrize(
    "name", ["acquisition_protocol", "num_events", "standard_study_name", "total_dlp__gte"]
)
def test_what_nm_has_not_is_refused_by_name(name):
    with pytest.raises(RequestError) as caught:
        ask(type="nm-csv", filters={name: "1"})
    assert caught.value.field == f"filters.{name}"


def by_equipment(archive, column):
    def read(study):
        rows = archive.equipment[study["id"]]
        return rows[0][column] if rows else None

    return read


def by_display_name(archive):
    key = by_equipment(archive, "unique_equipment_name_id")
    return lambda study: archive.names.get(key(study))


def test_every_order_sorts_by_its_value_and_then_newest_first(archive, choose):
    ascending = {
        "study_description": lambda study: study["study_description"],
        "institution": by_equipment(archive, "institution_name"),
        "manufacturer": by_equipment(archive, "manufacturer"),
        "model": by_equipment(archive, "manufacturer_model_name"),
        "display_name": by_display_name(archive),
    }
    newest = archive.studies
    wanted = {"newest_first": newest}
    for name, read in ascending.items():
        wanted[name] = sorted(newest, key=lambda study, read=read: (read(study) is None, read(study) or ""))
    wanted["oldest_first"] = sorted(
        sorted(newest, key=lambda study: study["id"]),
        key=lambda study: (
            study["study_date"] is None,
            str(study["study_date"]),
            study["study_time"] is None,
            study["study_time"] or time.min,
        ),
    )
    assert set(wanted) == {order.name for order in SPEC.orders}
    for name, studies in wanted.items():
        assert choose({}, name) == [study["id"] for study in studies], name


@pytest.mark.parametrize(
    ("openrem", "clear"),
    [
        ("-time_date", "newest_first"),
        ("time_date", "oldest_first"),
        ("study_description", "study_description"),
        ("generalequipmentmoduleattr__institution_name", "institution"),
        ("generalequipmentmoduleattr__manufacturer", "manufacturer"),
        ("generalequipmentmoduleattr__manufacturer_model_name", "model"),
        ("generalequipmentmoduleattr__unique_equipment_name__display_name", "display_name"),
    ],
)
def test_openrems_order_means_the_same_order(openrem, clear):
    assert SPEC.parse_order(openrem) == clear
