"""Which studies an MG export has, and in which order, against plain SQL of the tests' own."""

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from doseexport.errors import RequestError
from tests.component.exporting import ask, export, read_csv
from tests.oracles.mg import MgArchive
from tests.oracles.mg_filters import EQUIPMENT, FILTERS, OPENREM_NAMES

TYPES = ("mg-csv", "mg-xlsx", "mg-nhsbsp-csv", "mg-nhsbsp-xlsx")
EVENT_FILTERS = [name for name, (_, table, _) in FILTERS.items() if table == "event"]
OLD_AGD = (
    "-projectionxrayradiationdose__accumxraydose__accummammographyxraydose"
    "__accumulated_average_glandular_dose"
)
NEWEST = "study_date DESC NULLS LAST, study_time DESC NULLS LAST, study.id"
EQUIP = (
    "(SELECT {} FROM remapp_generalequipmentmoduleattr equip LEFT JOIN remapp_uniqueequipmentnames uen"
    " ON uen.id = equip.unique_equipment_name_id"
    " WHERE general_study_module_attributes_id = study.id ORDER BY equip.id LIMIT 1) NULLS LAST"
)
# Our name, OpenREM's, and plain SQL.
ORDERS = {
    "newest_first": ("-time_date", NEWEST),
    "oldest_first": ("time_date", "study_date NULLS LAST, study_time NULLS LAST"),
    "study_description": ("study_description", "study_description NULLS LAST"),
    "institution": (EQUIPMENT + "institution_name", EQUIP.format("equip.institution_name")),
    "manufacturer": (EQUIPMENT + "manufacturer", EQUIP.format("equip.manufacturer")),
    "model": (EQUIPMENT + "manufacturer_model_name", EQUIP.format("equip.manufacturer_model_name")),
    "display_name": (EQUIPMENT + "unique_equipment_name__display_name", EQUIP.format("display_name")),
    "procedure": ("procedure_code_meaning", "procedure_code_meaning NULLS LAST"),
    "highest_agd_left": ("-total_agd_left", "total_agd_left DESC NULLS LAST"),
    "highest_agd_right": ("-total_agd_right", "total_agd_right DESC NULLS LAST"),
}


@pytest.fixture(scope="module")
def found(sample_url):
    """Filter → the (study, row) pairs that plain SQL finds."""
    mg = "SELECT id FROM remapp_generalstudymoduleattr WHERE modality_type = 'MG'"
    with psycopg.connect(sample_url) as connection:
        known = {row[0] for row in connection.execute(mg)}
        return {
            name: {pair for pair in connection.execute(sql, [value]) if pair[0] in known}
            for name, (value, _, sql) in FILTERS.items()
        }


@pytest.fixture(scope="module")
def choose(sample_url):
    """`choose(filters, order)`: the ids of the studies that a file of a type has, in its order."""
    with Database({"conninfo": sample_url}).open_snapshot() as snapshot:
        snapshot.begin()

        def choose(filters, order=None, kind="mg-csv"):
            request = ask(type=kind, filters=filters, order=order)
            rows = snapshot.fetch_rows(build_queries(request, Inclusions()).studies)
            return list(dict.fromkeys(row[0] for row in rows))

        yield choose


def test_every_filter_is_tried_and_every_type_has_them_all():
    for kind in TYPES:
        assert {each.name for each in catalogue.find_spec(kind).filters} == set(FILTERS)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_alone_chooses_what_plain_sql_chooses(found, choose, name, kind):
    chosen = choose({name: FILTERS[name][0]}, kind=kind)
    assert set(chosen) == {study for study, _ in found[name]}
    assert 0 < len(chosen) < len(choose({}))


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_with_each_other_one_chooses_what_meets_both(found, choose, name):
    value, table, _ = FILTERS[name]
    for other, (other_value, other_table, _) in FILTERS.items():
        if name >= other or {name, other} == {"compression_thickness_min", "compression_thickness_max"}:
            continue
        if table == other_table:  # one row has to meet both
            wanted = {study for study, _ in found[name] & found[other]}
        else:
            wanted = {study for study, _ in found[name]} & {study for study, _ in found[other]}
        assert set(choose({name: value, other: other_value})) == wanted, other


@pytest.mark.parametrize("name", EVENT_FILTERS)
def test_filters_on_exposures_have_to_be_met_by_one(choose, found, name):
    """Otherwise the test above could not tell."""
    pairs = [
        (set(choose({name: FILTERS[name][0], other: FILTERS[other][0]})),
         {study for study, _ in found[name]} & {study for study, _ in found[other]})
        for other in EVENT_FILTERS
        if other != name and {name, other} != {"compression_thickness_min", "compression_thickness_max"}
    ]  # fmt: skip
    assert all(together <= apart for together, apart in pairs)
    assert any(together < apart for together, apart in pairs)


def test_a_range_of_thickness_is_met_by_one_exposure_and_includes_its_ends(choose, sample_url):
    archive = MgArchive(sample_url)

    def thicknesses(study):
        rows = [archive.mechanics[event["id"]] for event, _ in archive.events_of(study)]
        return {row[0]["compression_thickness"] for row in rows if row} - {None}

    known = sorted({each for study in archive.studies for each in thicknesses(study)})
    low, high = known[len(known) // 3], known[len(known) // 2]
    for bounds in ((low, high), (high, high), (low, None), (None, low), (0, 0)):
        names = ("compression_thickness_min", "compression_thickness_max")
        filters = {name: str(bound) for name, bound in zip(names, bounds, strict=True) if bound is not None}
        least, most = bounds[0] if bounds[0] is not None else known[0], bounds[1]
        wanted = {
            study["id"]
            for study in archive.studies
            if any(least <= each and (most is None or each <= most) for each in thicknesses(study))
        }
        assert wanted
        assert set(choose(filters)) == wanted


@pytest.mark.parametrize("value", ["0", "1", "4", "8", "10", "some", "more"])
def test_counts_of_exposures(sample_url, choose, value):
    meant = {"some": range(1, 1000), "more": range(11, 1000)}.get(value) or {int(value)}
    wanted = [study["id"] for study in MgArchive(sample_url).studies if study["number_of_events"] in meant]
    assert choose({"events": value}) == wanted


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("alias", OPENREM_NAMES)
def test_openrems_parameters_mean_the_same_filters(alias, kind):
    spec, name = catalogue.find_spec(kind), OPENREM_NAMES[alias]
    value = "2" if alias == "test_data" else FILTERS[name][0]
    assert spec.parse_filters({alias: value}) == {name: FILTERS[name][0]}


def test_every_filter_has_openrems_name_or_is_called_so():
    called_so = {"study_description", "accession_number", "patient_name", "patient_id"}
    assert set(OPENREM_NAMES.values()) | called_so == set(FILTERS)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "name", ["weight_min", "patientstudymoduleattr__patient_weight__gte", "study_dap_min"]
)
def test_mammography_has_no_filter_by_mass_or_dap(kind, name):
    with pytest.raises(RequestError) as refused:
        ask(type=kind, filters={name: "50"})
    assert (refused.value.status, refused.value.field) == (422, f"filters.{name}")


def test_every_order_is_tried():
    assert {each.name for each in catalogue.find_spec("mg-csv").orders} == set(ORDERS)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ORDERS)
def test_an_order_sorts_as_plain_sql_and_then_newest_first(sample_url, choose, name, kind):
    openrem_name, sql = ORDERS[name]
    query = (
        "SELECT study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = 'MG'"
        f" ORDER BY {sql}, {NEWEST}"
    )
    with psycopg.connect(sample_url) as connection:
        wanted = [study for (study,) in connection.execute(query)]
    assert choose({}, name, kind) == choose({}, openrem_name, kind) == wanted


def test_the_old_order_by_accumulated_agd_means_newest_first(choose):
    assert choose({}, OLD_AGD) == choose({}) == choose({}, "newest_first")


@pytest.mark.parametrize("name", EVENT_FILTERS)
def test_no_study_is_there_twice_whatever_the_filter(sample_url, choose, name):
    """A study chosen by one exposure comes with all its exposures, once."""
    filters = {name: FILTERS[name][0]}
    _, report = export(sample_url, type="mg-csv", filters=filters)
    archive = MgArchive(sample_url)
    chosen = set(choose(filters))
    exposures = sum(len(archive.events_of(study)) for study in archive.studies if study["id"] in chosen)
    assert (report.studies, report.events) == (len(chosen), exposures)
    _, *rows = read_csv(export(sample_url, type="mg-nhsbsp-csv", filters=filters)[0])
    codes = [(row[1], row[2]) for row in rows]
    assert len(set(codes)) == len(codes)
