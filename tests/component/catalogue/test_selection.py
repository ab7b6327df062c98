"""Which studies an export holds, and in which order, compared with plain SQL for four modalities.

Radiography is compared in tests/conformance, and audits in shared/test_audit.py.
"""

from contextlib import ExitStack
from functools import cache

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.engine.postgres import Database
from doseexport.engine.query import Query, build_queries, choose_studies
from doseexport.errors import RequestError
from tests.component.exporting import export, parse, read_csv
from tests.databases import awkward_nm
from tests.oracles.ct import hash_of
from tests.oracles.selection import (
    MAKE_STUDIES_WITH_TOTALS,
    MODALITIES,
    NEWEST_FIRST,
    NM,
    OF_STUDY,
    STUDIES_WITH_TOTALS,
)

STUDIES = "SELECT study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = %s"
THICKNESS = {"compression_thickness_min", "compression_thickness_max"}
OLD_AGD_ORDER = (
    "-projectionxrayradiationdose__accumxraydose__accummammographyxraydose"
    "__accumulated_average_glandular_dose"
)
MODALITY_OF = {kind: each for each in MODALITIES.values() for kind in each.types}
# openSkin's file is of one study, so that it has no order.
SORTED_TYPES = [kind for kind in MODALITY_OF if kind != "rf-openskin"]
FILTERS = [(kind, name) for kind, each in MODALITY_OF.items() for name in each.filters]
RANGES = [
    (each.name, name, bounds)
    for each in MODALITIES.values()
    for name in each.ranges
    for bounds in ("low", "high", "one value", "both", "zero")
    if (name, bounds) != ("dlp", "zero")  # no study has a DLP of 0
]
EVENT_FILTERS = [name for name, each in MODALITIES["MG"].filters.items() if each.table == "event"]


@pytest.fixture(scope="module")
def urls(postgres, sample_url):
    """Modality → the database that has its studies."""
    awkward = awkward_nm.make_database(postgres, "awkward_nm_selection")
    return dict.fromkeys(MODALITIES, sample_url) | {NM.name: awkward}


@pytest.fixture(scope="module")
def read(urls):
    """`read("CT", sql, *values)`: the rows of a query whose first column is a study of that modality."""
    sessions = {url: psycopg.connect(url, autocommit=True) for url in set(urls.values())}
    for session in sessions.values():
        session.execute(MAKE_STUDIES_WITH_TOTALS)
    connections = {name: sessions[url] for name, url in urls.items()}
    known = {
        name: {row[0] for row in connection.execute(STUDIES, [name])}
        for name, connection in connections.items()
    }

    def read(modality, sql, *values):
        rows = connections[modality].execute(sql, values or None).fetchall()
        return [row for row in rows if row[0] in known[modality]]

    yield read
    for session in sessions.values():
        session.close()


@pytest.fixture(scope="module")
def list_studies(read):
    """`list_studies("CT", condition)`: studies that meet a condition, newest first."""

    @cache
    def list_studies(modality, condition="true", order=NEWEST_FIRST):
        query = f"SELECT study.id FROM {STUDIES_WITH_TOTALS} study WHERE {condition} ORDER BY {order}"
        return [study for (study,) in read(modality, query)]

    return list_studies


@pytest.fixture(scope="module")
def found(read):
    """Modality → filter → the (study, row) pairs that plain SQL finds."""
    return {
        modality.name: {
            name: set(read(modality.name, each.sql, each.value)) for name, each in modality.filters.items()
        }
        for modality in MODALITIES.values()
    }


@pytest.fixture(scope="module")
def choose(urls, list_studies):
    """`choose("ct-csv", filters, order)`: the studies that a file has, in its order.

    Every statement of a file contains the same choice of studies. For the first type of a modality and at
    most one filter the whole statement is run, and else the choice alone. openSkin's file is of one study:
    each of them is requested in turn.
    """
    with ExitStack() as stack:
        known = {}
        databases = {url: Database({"conninfo": url}) for url in set(urls.values())}
        snapshots = {url: stack.enter_context(each.open_snapshot()) for url, each in databases.items()}
        for snapshot in snapshots.values():
            snapshot.begin()

        def find(kind, filters, order):
            request, modality = parse(type=kind, filters=filters, order=order), MODALITY_OF[kind]
            chosen, params = choose_studies(request)
            query = build_queries(request, Inclusions()).studies
            assert f"WITH chosen AS ({chosen})" in query.sql
            if kind != modality.types[0] or len(filters) > 1:
                query = Query(f"SELECT id FROM ({chosen}) chosen ORDER BY position", params)
            key = modality.name, query.sql, query.params
            if key not in known:
                rows = snapshots[urls[modality.name]].fetch_rows(query)
                known[key] = list(dict.fromkeys(row[0] for row in rows))
            return known[key]

        def choose(kind, filters, order=None):
            if kind != "rf-openskin":
                return find(kind, filters, order)
            one_by_one = (find(kind, {**filters, "study_id": study}, order) for study in list_studies("RF"))
            return [study for found in one_by_one for study in found]

        yield choose


def one_study(kind):
    """Return the filter without which openSkin cannot be requested."""
    return {"study_id": "1"} if kind == "rf-openskin" else {}


@pytest.mark.parametrize("kind", MODALITY_OF)
def test_selection_tries_every_filter_and_order_of_every_type(kind):
    spec, modality = catalogue.find_spec(kind), MODALITY_OF[kind]
    own = {"study_id", "study_uid"} if kind == "rf-openskin" else set()
    assert {each.name for each in spec.filters} == set(modality.filters) | own
    assert {each.name for each in spec.orders} == set(modality.orders)
    assert set(modality.openrem_names.values()) == set(modality.filters) - modality.unknown_to_openrem


def test_selection_tries_every_type_but_audits_tables_and_those_of_radiography():
    kinds = {kind for kind in catalogue.load_specs() if not kind.endswith(("-audit", "-tables", "-parquet"))}
    assert set(MODALITY_OF) == {kind for kind in kinds if not kind.startswith("dx-")}


@pytest.mark.parametrize(("kind", "name"), FILTERS)
def test_filter_alone_selects_what_plain_sql_selects(found, choose, list_studies, kind, name):
    modality = MODALITY_OF[kind]
    chosen = choose(kind, {name: modality.filters[name].value})
    assert set(chosen) == {study for study, _ in found[modality.name][name]}
    assert len(set(chosen)) == len(chosen)
    assert 0 < len(chosen) < len(list_studies(modality.name))


@pytest.mark.parametrize(
    ("modality", "name"), [(each.name, name) for each in MODALITIES.values() for name in each.filters]
)
def test_filter_with_each_other_selects_what_meets_both(found, choose, modality, name):
    filters = MODALITIES[modality].filters
    for other, each in filters.items():
        if name >= other or {name, other} == THICKNESS:  # an empty range is refused
            continue
        wanted = meet_both(found[modality], filters, name, other)
        values = {name: filters[name].value, other: each.value}
        assert set(choose(MODALITIES[modality].types[0], values)) == wanted, other


def meet_both(found, filters, name, other):
    """Return the studies that meet both filters, by the same row where both are about the same table."""
    if filters[name].table == filters[other].table:
        return {study for study, _ in found[name] & found[other]}
    return {study for study, _ in found[name]} & {study for study, _ in found[other]}


@pytest.mark.parametrize(
    ("modality", "filters"), [(each.name, filters) for each in MODALITIES.values() for filters in each.apart]
)
def test_filters_on_events_are_met_by_one_event(choose, modality, filters):
    kind = MODALITIES[modality].types[0]
    apart = set.intersection(*(set(choose(kind, {name: value})) for name, value in filters.items()))
    assert set(choose(kind, filters)) < apart


@pytest.mark.parametrize("name", EVENT_FILTERS)
def test_filters_on_exposures_are_met_by_one_exposure(choose, found, name):
    """Some pair of filters is met by fewer studies together; the comparison of pairs depends on it."""
    filters = MODALITIES["MG"].filters
    pairs = [
        (set(choose("mg-csv", {each: filters[each].value for each in (name, other)})),
         {study for study, _ in found["MG"][name]} & {study for study, _ in found["MG"][other]})
        for other in EVENT_FILTERS
        if other != name and {name, other} != THICKNESS
    ]  # fmt: skip
    assert all(together <= apart for together, apart in pairs)
    assert any(together < apart for together, apart in pairs)


@pytest.mark.parametrize(("modality", "name", "bounds"), RANGES)
def test_range_includes_its_ends_and_is_met_by_one_row(read, choose, modality, name, bounds):
    pairs = read(modality, MODALITIES[modality].ranges[name])
    known = sorted({value for _, value in pairs})
    low, high = known[len(known) // 3], known[len(known) // 2]
    least, most = {
        "low": (low, None),
        "high": (None, low),
        "one value": (high, high),
        "both": (low, high),
        "zero": (0, 0),
    }[bounds]
    wanted = {
        study
        for study, value in pairs
        if (least is None or least <= value) and (most is None or value <= most)
    }
    given = {f"{name}_min": least, f"{name}_max": most}
    filters = {each: f"{bound:f}" for each, bound in given.items() if bound is not None}
    assert set(choose(MODALITIES[modality].types[0], filters)) == wanted != set()


def test_range_of_activity_is_met_by_one_administration(read, choose):
    several = "case: several administrations"
    (study,) = {
        study
        for study, _ in read(
            "NM", "SELECT id, 1 FROM remapp_generalstudymoduleattr WHERE study_description = %s", several
        )
    }
    activities = sorted(value for each, value in read("NM", NM.ranges["activity"]) if each == study)
    assert activities[0] < activities[1] < activities[2]
    low, high = activities[1:3]
    here = {"study_description": several}
    assert choose("nm-csv", here | {"activity_min": str(high), "activity_max": str(high)}) == [study]
    assert choose("nm-csv", here | {"activity_min": str(low + 1), "activity_max": str(high - 1)}) == []


@pytest.mark.parametrize("value", ["0", "1", "4", "8", "10", "some", "more"])
@pytest.mark.parametrize(
    ("modality", "name"), [(each.name, name) for each in MODALITIES.values() for name in each.counts]
)
def test_count_filter_selects_exact_numbers_some_and_more(list_studies, choose, modality, name, value):
    column = MODALITIES[modality].counts[name]
    condition = {"some": f"{column} > 0", "more": f"{column} > 10"}.get(value, f"{column} = {value}")
    assert choose(MODALITIES[modality].types[0], {name: value}) == list_studies(modality, condition)


@pytest.fixture(scope="module")
def hashed_url(postgres, small_sample_url):
    """A second sample, of whose study 3 each test hashes another value."""
    return postgres.create_database("hashed", small_sample_url.rpartition("/")[2])


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
def test_filter_finds_hashed_identifier_by_its_whole_value_only(hashed_url, name, update):
    with psycopg.connect(hashed_url, autocommit=True) as connection:
        connection.execute(update, [hash_of(" Ünike ")])

    with Database({"conninfo": hashed_url}).open_snapshot() as snapshot:
        snapshot.begin()

        def choose(value):
            queries = build_queries(parse(filters={name: value}), Inclusions())
            return [row[0] for row in snapshot.fetch_rows(queries.studies)]

        assert choose(" Ünike ") == [3]
        assert [choose(value) for value in ("Ünike", " ünike ", "nik", hash_of(" Ünike ")[:20])] == [[]] * 4


@pytest.mark.parametrize(
    "value", ["%", "_", "\\", "%%", "a%b", "50%", "\\_", "'", '"', "''; SELECT 1; --", "{}", "%s"]
)
@pytest.mark.parametrize("name", ["study_description", "acquisition_protocol"])
def test_filter_takes_wildcards_and_quotes_literally(read, list_studies, choose, name, value):
    wanted = {study for study, _ in read("CT", MODALITIES["CT"].filters[name].sql, value)}
    assert choose("ct-csv", {name: value}) == [study for study in list_studies("CT") if study in wanted]


@pytest.mark.parametrize(
    ("kind", "alias"), [(kind, alias) for kind, each in MODALITY_OF.items() for alias in each.openrem_names]
)
def test_filter_is_known_by_openrems_name(kind, alias):
    modality, one = MODALITY_OF[kind], one_study(kind)
    name = modality.openrem_names[alias]
    value = modality.filters[name].value
    given = {alias: "2" if alias == "test_data" else value, **one}
    assert catalogue.find_spec(kind).parse_filters(given) == catalogue.find_spec(kind).parse_filters(
        {name: value, **one}
    )


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, each in MODALITY_OF.items() for name in each.refused]
)
def test_filter_of_another_modality_is_refused_by_name(kind, name):
    with pytest.raises(RequestError) as refused:
        parse(type=kind, filters={name: "50"})
    assert (refused.value.status, refused.value.field) == (422, f"filters.{name}")


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in SORTED_TYPES for name in MODALITY_OF[kind].orders]
)
def test_order_sorts_as_plain_sql_does_and_then_newest_first(list_studies, choose, kind, name):
    openrem_name, sql = MODALITY_OF[kind].orders[name]
    wanted = list_studies(MODALITY_OF[kind].name, order=f"{sql}, {NEWEST_FIRST}")
    assert choose(kind, {}, name) == choose(kind, {}, openrem_name) == wanted


def test_order_by_accumulated_agd_of_older_openrem_means_newest_first(choose):
    assert choose("mg-csv", {}, OLD_AGD_ORDER) == choose("mg-csv", {}) == choose("mg-csv", {}, "newest_first")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ct-csv", "acquisition_protocol"),
        *(("mg-csv", name) for name in EVENT_FILTERS),
        *((kind, "acquisition_protocol") for kind in ("rf-csv", "rf-xlsx", "rf-phe2019")),
    ],
)
def test_study_selected_by_an_event_comes_once_with_all_its_events(urls, read, found, kind, name):
    modality = MODALITY_OF[kind]
    _, report = export(urls[modality.name], type=kind, filters={name: modality.filters[name].value})
    chosen = {study for study, _ in found[modality.name][name]}
    events = {(study, event) for study, event in read(modality.name, modality.events) if study in chosen}
    assert len(events) > len(chosen)
    assert (report.studies, report.events) == (len(chosen), len(events))


@pytest.mark.parametrize("name", EVENT_FILTERS)
def test_nhsbsp_has_a_study_selected_by_an_exposure_once(sample_url, name):
    filters = {name: MODALITIES["MG"].filters[name].value}
    _, *rows = read_csv(export(sample_url, type="mg-nhsbsp-csv", filters=filters)[0])
    codes = [(row[1], row[2]) for row in rows]
    assert codes
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", ["rf-phe2019", "rf-openskin"])
@pytest.mark.parametrize("inclusion", ["include_names", "include_ids"])
def test_rf_forms_refuse_identities(kind, inclusion):
    with pytest.raises(RequestError) as refused:
        parse(type=kind, filters=one_study(kind), **{inclusion: True})
    assert refused.value.field == inclusion
