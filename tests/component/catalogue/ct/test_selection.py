"""Which studies a CT export has, and in which order, against plain SQL of the tests' own."""

from datetime import time

import psycopg
import pytest
from local import sample

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from tests.component.exporting import ask
from tests.oracles.ct import Archive, hash_of
from tests.oracles.ct_filters import FILTERS, OF_STUDY


@pytest.fixture(scope="module")
def found(sample_url):
    """Filter → the (study, row) pairs that plain SQL finds."""
    ct = "SELECT id FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'"
    with psycopg.connect(sample_url) as connection:
        known = {row[0] for row in connection.execute(ct)}
        return {
            name: {pair for pair in connection.execute(sql, [value]) if pair[0] in known}
            for name, (value, _, sql) in FILTERS.items()
        }


@pytest.fixture(scope="module")
def choose(sample_url):
    """`choose(filters, order)`: the ids of the studies that the export has, in its order."""
    with Database({"conninfo": sample_url}).open_snapshot() as snapshot:
        snapshot.begin()

        def choose(filters, order=None):
            rows = snapshot.fetch_rows(build_queries(ask(filters=filters, order=order), Inclusions()).studies)
            return list(dict.fromkeys(row[0] for row in rows))

        yield choose


@pytest.fixture
def copied_url(make_database, sample_url):
    """A copy of the sample: PostgreSQL makes none while somebody reads the original."""
    url = make_database()
    sample.fill(url, 40)
    return url


@pytest.fixture(scope="module")
def archive(sample_url):
    return Archive(sample_url)


def test_every_filter_is_tried():
    assert set(FILTERS) == {each.name for each in catalogue.find_spec("ct-csv").filters}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_alone_chooses_what_plain_sql_chooses(found, choose, name):
    chosen = choose({name: FILTERS[name][0]})
    assert set(chosen) == {study for study, _ in found[name]}
    assert 0 < len(chosen) < 400


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


def test_two_filters_on_events_have_to_be_met_by_one_event(found, choose):
    together = set(choose({"acquisition_protocol": "topogram", "acquisition_type": "spiral"}))
    apart = set(choose({"acquisition_protocol": "topogram"})) & set(choose({"acquisition_type": "spiral"}))
    assert together < apart


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("events", "number_of_events"),
        ("spiral_events", "number_of_spiral"),
        ("axial_events", "number_of_axial"),
        ("localiser_events", "number_of_const_angle"),
        ("stationary_events", "number_of_stationary"),
    ],
)
@pytest.mark.parametrize("value", ["0", "1", "10", "some", "more"])
def test_counts_of_events(archive, choose, name, column, value):
    meant = {"some": range(1, 1000), "more": range(11, 1000)}.get(value) or {int(value)}
    wanted = [study["id"] for study in archive.studies if study[column] in meant]
    assert choose({name: value}) == wanted


HASH = "UPDATE remapp_{} SET {} = true, {} = %s WHERE {} = 3"


@pytest.mark.parametrize(
    ("name", "update"),
    [
        (
            "accession_number",
            HASH.format("generalstudymoduleattr", "accession_hashed", "accession_number", "id"),
        ),
        ("patient_name", HASH.format("patientmoduleattr", "name_hashed", "patient_name", OF_STUDY)),
        ("patient_id", HASH.format("patientmoduleattr", "id_hashed", "patient_id", OF_STUDY)),
    ],
)
def test_a_hashed_identifier_is_found_by_the_whole_of_it_only(copied_url, name, update):
    with psycopg.connect(copied_url, autocommit=True) as connection:
        connection.execute(update, [hash_of(" Ünike ")])

    with Database({"conninfo": copied_url}).open_snapshot() as snapshot:
        snapshot.begin()

        def choose(value):
            return [
                row[0]
                for row in snapshot.fetch_rows(
                    build_queries(ask(filters={name: value}), Inclusions()).studies
                )
            ]

        assert choose(" Ünike ") == [3]
        assert [choose(value) for value in ("Ünike", " ünike ", "nik", hash_of(" Ünike ")[:20])] == [[]] * 4


@pytest.mark.parametrize(
    "value", ["%", "_", "\\", "%%", "a%b", "50%", "\\_", "'", '"', "''; SELECT 1; --", "{}", "%s"]
)
def test_wildcards_and_quotes_mean_themselves(archive, choose, value):
    wanted = [study["id"] for study in archive.studies if value in (study["study_description"] or "")]
    assert choose({"study_description": value}) == wanted
    wanted = [
        study["id"]
        for study in archive.studies
        if any(value in (event["acquisition_protocol"] or "") for event in archive.events_of(study))
    ]
    assert choose({"acquisition_protocol": value}) == wanted


def by_equipment(archive, column):
    def read(study):
        rows = archive.equipment[study["id"]]
        return rows[0][column] if rows else None

    return read


def by_display_name(archive):
    def read(study):
        rows = archive.equipment[study["id"]]
        return (
            archive.names.get(rows[0]["unique_equipment_name_id"], {}).get("display_name") if rows else None
        )

    return read


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
    wanted["highest_dlp"] = sorted(
        newest, key=lambda study: (study["total_dlp"] is None, -(study["total_dlp"] or 0))
    )
    wanted["oldest_first"] = sorted(
        sorted(newest, key=lambda study: study["id"]),
        key=lambda study: (
            study["study_date"] is None,
            str(study["study_date"]),
            study["study_time"] is None,
            study["study_time"] or time.min,
        ),
    )
    assert set(wanted) == {order.name for order in catalogue.find_spec("ct-csv").orders}
    for name, studies in wanted.items():
        assert choose({}, name) == [study["id"] for study in studies], name
