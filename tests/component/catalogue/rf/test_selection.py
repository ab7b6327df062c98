"""Which studies an RF export has, and in which order, against plain SQL of the tests' own."""

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from doseexport.errors import RequestError
from tests.component.exporting import ask, export
from tests.oracles.rf import RfArchive
from tests.oracles.rf_filters import CALLED_SO, EQUIPMENT, FILTERS, OPENREM_NAMES

TYPES = ("rf-csv", "rf-xlsx", "rf-phe2019", "rf-openskin")
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
    "highest_dap": ("-total_dap", "total_dap DESC NULLS LAST"),
    "highest_rp_dose": ("-total_rp_dose_a", "total_rp_dose_a DESC NULLS LAST"),
}


@pytest.fixture(scope="module")
def found(sample_url):
    """Filter → the (study, row) pairs that plain SQL finds."""
    rf = "SELECT id FROM remapp_generalstudymoduleattr WHERE modality_type = 'RF'"
    with psycopg.connect(sample_url) as connection:
        known = {row[0] for row in connection.execute(rf)}
        return {
            name: {pair for pair in connection.execute(sql, [value]) if pair[0] in known}
            for name, (value, _, sql) in FILTERS.items()
        }


@pytest.fixture(scope="module")
def archive(sample_url):
    return RfArchive(sample_url)


@pytest.fixture(scope="module")
def choose(sample_url, archive):
    """`choose(filters, order)`: the ids of the studies that a file of a type has, in its order.

    openSkin's file is of one study: it is asked for each of them in turn.
    """
    with Database({"conninfo": sample_url}).open_snapshot() as snapshot:
        snapshot.begin()

        def find(filters, order, kind):
            request = ask(type=kind, filters=filters, order=order)
            rows = snapshot.fetch_rows(build_queries(request, Inclusions()).studies)
            return list(dict.fromkeys(row[0] for row in rows))

        def choose(filters, order=None, kind="rf-csv"):
            if kind != "rf-openskin":
                return find(filters, order, kind)
            one_by_one = (
                find({**filters, "study_id": study["id"]}, order, kind) for study in archive.studies
            )
            return [study for found in one_by_one for study in found]

        yield choose


def test_every_filter_is_tried_and_every_type_has_them_all():
    for kind in TYPES:
        own = {"study_id", "study_uid"} if kind == "rf-openskin" else set()
        assert {each.name for each in catalogue.find_spec(kind).filters} == set(FILTERS) | own


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_alone_chooses_what_plain_sql_chooses(found, choose, archive, name, kind):
    chosen = choose({name: FILTERS[name][0]}, kind=kind)
    assert set(chosen) == {study for study, _ in found[name]}
    assert len(set(chosen)) == len(chosen)
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


def test_two_filters_on_exposures_have_to_be_met_by_one(choose):
    asked = {"acquisition_protocol": "coronary", "standard_acquisition_name": "DSA: ab"}
    apart = set.intersection(*(set(choose({name: value})) for name, value in asked.items()))
    assert set(choose(asked)) < apart


@pytest.mark.parametrize("name", ["study_dap_min", "study_dap_max"])
def test_dap_is_in_cgycm2_includes_its_end_and_0_is_a_value(archive, choose, name):
    known = sorted({study["total_dap"] for study in archive.studies if study["total_dap"] is not None})
    assert known[0] == 0
    for bound in (known[0], known[len(known) // 2]):
        wanted = [
            study["id"]
            for study in archive.studies
            if study["total_dap"] is not None
            and (study["total_dap"] >= bound if name == "study_dap_min" else study["total_dap"] <= bound)
        ]
        assert wanted
        assert choose({name: f"{bound * 1_000_000:f}"}) == wanted


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("alias", OPENREM_NAMES)
def test_openrems_parameters_mean_the_same_filters(alias, kind):
    spec, name = catalogue.find_spec(kind), OPENREM_NAMES[alias]
    value = "2" if alias == "test_data" else FILTERS[name][0]
    one = {"study_id": "1"} if kind == "rf-openskin" else {}
    assert spec.parse_filters({alias: value, **one}) == {name: FILTERS[name][0], **one}


def test_every_filter_has_openrems_name_or_is_called_so():
    assert set(OPENREM_NAMES.values()) | CALLED_SO == set(FILTERS)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ["events", "num_events", "total_dlp__gte", "event_dap_min"])
def test_fluoroscopy_has_no_filter_by_count_dlp_or_dap_of_an_exposure(kind, name):
    with pytest.raises(RequestError) as refused:
        ask(type=kind, filters={name: "5"})
    assert (refused.value.status, refused.value.field) == (422, f"filters.{name}")


@pytest.mark.parametrize("kind", ["rf-phe2019", "rf-openskin"])
@pytest.mark.parametrize("wish", ["include_names", "include_ids"])
def test_the_form_and_openskin_show_no_identities(kind, wish):
    one = {"study_id": "1"} if kind == "rf-openskin" else {}
    with pytest.raises(RequestError) as refused:
        ask(type=kind, filters=one, **{wish: True})
    assert refused.value.field == wish


def test_every_order_is_tried():
    for kind in TYPES:
        assert {each.name for each in catalogue.find_spec(kind).orders} == set(ORDERS)


@pytest.mark.parametrize("kind", ["rf-csv", "rf-xlsx", "rf-phe2019"])
@pytest.mark.parametrize("name", ORDERS)
def test_an_order_sorts_as_plain_sql_and_then_newest_first(sample_url, choose, name, kind):
    openrem_name, sql = ORDERS[name]
    query = (
        "SELECT study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = 'RF'"
        f" ORDER BY {sql}, {NEWEST}"
    )
    with psycopg.connect(sample_url) as connection:
        wanted = [study for (study,) in connection.execute(query)]
    assert choose({}, name, kind) == choose({}, openrem_name, kind) == wanted


@pytest.mark.parametrize("kind", ["rf-csv", "rf-xlsx", "rf-phe2019"])
def test_a_study_chosen_by_an_exposure_comes_once_with_all_its_exposures(sample_url, archive, found, kind):
    name = "acquisition_protocol"
    _, report = export(sample_url, type=kind, filters={name: FILTERS[name][0]})
    chosen = {study for study, _ in found[name]}
    assert len(found[name]) > len(chosen)
    events = [archive.events_of(study) for study in archive.studies if study["id"] in chosen]
    assert (report.studies, report.events) == (len(chosen), sum(map(len, events)))
