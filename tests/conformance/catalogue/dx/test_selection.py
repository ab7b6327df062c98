"""Every filter and order of radiography, under each of its names, compared with plain queries."""

from collections.abc import Callable

import psycopg
import pytest
from local.sample.postgres import Postgres

from doseexport import catalogue
from doseexport.cli import main
from tests.conformance.tables import read_csv
from tests.oracles.selection import NEWEST_FIRST, RF, SHARED_NAMES, SHARED_ORDERS, WEIGHT_NAMES, XRAY_NAMES

# What OpenREM's test files lack, on a copy: study ids to identify rows, hashes, marks, standard names,
# a dose of 0, studies that share one.
ENRICH = """
UPDATE remapp_projectionxrayradiationdose SET comment = 'id ' || general_study_module_attributes_id;
UPDATE remapp_generalstudymoduleattr SET accession_hashed = true, accession_number =
    encode(sha256(convert_to('ACC 7', 'UTF8')), 'hex') WHERE id = 21;
UPDATE remapp_patientmoduleattr SET name_hashed = true, patient_name =
    encode(sha256(convert_to('Curie^Marie', 'UTF8')), 'hex'), id_hashed = true, patient_id =
    encode(sha256(convert_to('MC 1867', 'UTF8')), 'hex') WHERE general_study_module_attributes_id = 21;
UPDATE remapp_patientmoduleattr SET not_patient_indicator = '' WHERE general_study_module_attributes_id = 17;
UPDATE remapp_patientmoduleattr SET not_patient_indicator = 'a phantom'
    WHERE general_study_module_attributes_id IN (18, 26);
UPDATE remapp_generalequipmentmoduleattr SET manufacturer = 'S%_\\IEMENS'
    WHERE general_study_module_attributes_id = 22;
UPDATE remapp_patientstudymoduleattr SET patient_weight = 70.5 WHERE general_study_module_attributes_id = 25;
UPDATE remapp_patientstudymoduleattr SET patient_weight = 81 WHERE general_study_module_attributes_id = 23;
UPDATE remapp_generalstudymoduleattr SET number_of_events = 11 WHERE id = 19;
UPDATE remapp_generalstudymoduleattr SET number_of_events = 0 WHERE id = 18;
UPDATE remapp_generalstudymoduleattr SET total_dap = 0.0000107 WHERE id IN (19, 23);
UPDATE remapp_irradeventxraydata SET dose_area_product = 0 WHERE id = 16;
INSERT INTO remapp_standardnames (id, standard_name, modality) VALUES
    (1, 'Chest', 'DX'), (2, 'Thigh or knee', 'DX');
INSERT INTO remapp_generalstudymoduleattr_standard_names (generalstudymoduleattr_id, standardnames_id)
    VALUES (18, 1), (22, 1);
INSERT INTO remapp_irradeventxraydata_standard_protocols (irradeventxraydata_id, standardnames_id)
    SELECT id, 2 FROM remapp_irradeventxraydata WHERE acquisition_protocol LIKE 'Thigh%';
"""
STUDIES = """
SELECT study.id FROM remapp_generalstudymoduleattr study
JOIN remapp_patientmoduleattr patient ON patient.general_study_module_attributes_id = study.id
JOIN remapp_patientstudymoduleattr visit ON visit.general_study_module_attributes_id = study.id
JOIN remapp_generalequipmentmoduleattr equipment ON equipment.general_study_module_attributes_id = study.id
LEFT JOIN remapp_uniqueequipmentnames display ON display.id = equipment.unique_equipment_name_id
WHERE study.modality_type IN ('DX', 'CR', 'PX') """
AN_EVENT = """study.id IN (SELECT report.general_study_module_attributes_id
FROM remapp_projectionxrayradiationdose report
JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id
LEFT JOIN remapp_irradeventxraydata_standard_protocols link ON link.irradeventxraydata_id = event.id
LEFT JOIN remapp_standardnames standard ON standard.id = link.standardnames_id WHERE """
A_STUDY_NAME = """study.id IN (SELECT link.generalstudymoduleattr_id
FROM remapp_generalstudymoduleattr_standard_names link
JOIN remapp_standardnames standard ON standard.id = link.standardnames_id
WHERE lower(standard.standard_name) LIKE '%chest%')"""

# The clear name, a value, and which studies that means.
FILTERS = [
    ("date_from", "2017-05-22", "study_date >= date '2017-05-22'"),
    ("date_to", "2017-05-22", "study_date <= date '2017-05-22'"),
    ("study_description", "CR", "lower(study.study_description) LIKE '%cr%'"),
    ("procedure", "aec", "lower(study.procedure_code_meaning) LIKE '%aec%'"),
    ("requested_procedure", "xr", "lower(study.requested_procedure_code_meaning) LIKE '%xr%'"),
    ("institution", "openrem", "lower(equipment.institution_name) LIKE '%openrem%'"),
    ("manufacturer", "kodak", "lower(equipment.manufacturer) LIKE '%kodak%'"),
    ("manufacturer", "%_\\", "strpos(equipment.manufacturer, '%_\\') > 0"),
    ("model", "drx", "lower(equipment.manufacturer_model_name) LIKE '%drx%'"),
    ("station", "kodak", "lower(equipment.station_name) LIKE '%kodak%'"),
    ("display_name", "clinic", "lower(display.display_name) LIKE '%clinic%'"),
    ("age_min", "100", "visit.patient_age_decimal >= 100"),
    ("age_max", "29.5", "visit.patient_age_decimal <= 29.5"),
    ("weight_min", "70.5", "visit.patient_weight >= 70.5"),
    ("weight_max", "70.50", "visit.patient_weight <= 70.5"),
    ("accession_number", "35993", "NOT accession_hashed AND accession_number LIKE '%35993%'"),
    ("accession_number", "ACC 7", "study.id = 21"),
    ("accession_number", "acc 7", "false"),
    ("test_patients", "exclude", "patient.not_patient_indicator IS NULL"),
    ("test_patients", "include", "true"),
    ("patient_name", "^", "NOT name_hashed AND strpos(patient.patient_name, '^') > 0"),
    ("patient_name", "Curie^Marie", "study.id = 21"),
    ("patient_id", "MC 1867", "study.id = 21"),
    ("patient_id", "phy", "NOT id_hashed AND lower(patient.patient_id) LIKE '%phy%'"),
    ("standard_study_name", "CHEST", A_STUDY_NAME),
    ("acquisition_protocol", "thigh", AN_EVENT + "lower(event.acquisition_protocol) LIKE '%thigh%')"),
    ("standard_acquisition_name", "KNEE", AN_EVENT + "standard.id = 2)"),
    ("study_dap_min", "10.7", "study.total_dap >= 0.0000107"),
    ("study_dap_max", "10.7", "study.total_dap <= 0.0000107"),
    ("study_dap_max", "0", "study.total_dap = 0"),
    ("event_dap_min", "110.13", AN_EVENT + "event.dose_area_product >= 0.00011013)"),
    ("event_dap_max", "0.82", AN_EVENT + "event.dose_area_product <= 0.00000082)"),
    ("event_dap_max", "0", AN_EVENT + "event.dose_area_product = 0)"),
    *(("events", count, f"study.number_of_events {meaning}") for count, meaning in (
        ("0", "= 0"), ("2", "= 2"), ("some", "> 0"), ("more", "> 10"))),
]  # fmt: skip

OPENREM_NAMES = (
    SHARED_NAMES
    | WEIGHT_NAMES
    | XRAY_NAMES
    | {"num_events": "events"}
    | {name: name for name in ("study_dap_min", "study_dap_max", "event_dap_min", "event_dap_max")}
)
TYPES = ("dx-csv", "dx-xlsx", "dx-phe2019-projection", "dx-phe2019-study")
DX_FILTERS = {each.name: each for each in catalogue.find_spec("dx-csv").filters}

# Each case under the clear name and under every alias: `name=value`, and which studies that means.
CASES = [
    (f"{alias}={value}", condition)
    for name, value, condition in FILTERS
    for alias in (name, *DX_FILTERS[name].aliases)
]

ORDERS = SHARED_ORDERS | {"highest_dap": RF.orders["highest_dap"]}


@pytest.fixture(scope="module")
def dx_url(postgres: Postgres, openrem_url: str) -> str:
    """OpenREM's test files with what they lack; each study's comment is its id."""
    url = postgres.create_database("openrem_dx_enriched", openrem_url.rpartition("/")[2])
    with psycopg.connect(url) as connection:
        connection.execute(ENRICH)
    return url


@pytest.fixture
def choose(dx_url: str, tmp_path, capsys) -> Callable[..., list[str]]:
    """`choose("--filter=…")`: the studies that such an export has, as "id n", in its order."""

    def choose(*options: str) -> list[str]:
        file = tmp_path / "dx.csv"
        code = main(["dx-csv", "--database-url", dx_url, *options, f"--output={file}"])
        if code == 1 and "NO_STUDIES" in capsys.readouterr().err:
            return []
        return read_csv(file).column("Study Comments")

    return choose


@pytest.mark.parametrize(("option", "condition"), CASES, ids=[option for option, _ in CASES])
def test_filter_selects_what_a_plain_query_selects(option, condition, dx_url, choose) -> None:
    with psycopg.connect(dx_url) as connection:
        wanted = [f"id {study}" for (study,) in connection.execute(f"{STUDIES} AND {condition}")]
    assert sorted(choose(f"--filter={option}")) == sorted(wanted)


def test_filter_cases_select_some_studies_and_leave_some_out(dx_url) -> None:
    """Otherwise the test above would say little."""
    with psycopg.connect(dx_url) as connection:
        counts = {
            (name, value): len(connection.execute(f"{STUDIES} AND {condition}").fetchall())
            for name, value, condition in FILTERS
            if condition not in ("true", "false")
        }
    assert [case for case, count in counts.items() if not 0 < count < 12] == []


def test_filter_table_has_every_filter_and_all_are_openrems() -> None:
    assert {name for name, _, _ in FILTERS} == set(DX_FILTERS) == set(OPENREM_NAMES.values())


@pytest.mark.parametrize("openrem_name", OPENREM_NAMES)
@pytest.mark.parametrize("kind", TYPES)
def test_filter_is_known_by_openrems_name_in_every_type(openrem_name: str, kind: str) -> None:
    clear = OPENREM_NAMES[openrem_name]
    value = "2" if clear == "test_patients" else next(value for name, value, _ in FILTERS if name == clear)
    spec = catalogue.find_spec(kind)
    assert list(spec.parse_filters({openrem_name: value})) == [clear]
    assert spec.parse_filters({openrem_name: value}) == spec.parse_filters({clear: value})


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        ("0.9", "1.2", {"id 25", "id 48"}),
        ("0.94", "1.16", {"id 48"}),
        ("101", "102", {"id 17"}),
        ("50", "60", set()),
    ],
)
def test_event_dap_limits_are_met_by_one_event(choose, low: str, high: str, found: set[str]) -> None:
    assert set(choose(f"--filter=event_dap_min={low}", f"--filter=event_dap_max={high}")) == found


def test_protocol_standard_name_and_dap_are_met_by_one_event(choose) -> None:
    thigh = ("--filter=acquisition_protocol=thigh", "--filter=standard_acquisition_name=knee")
    assert choose(*thigh, "--filter=event_dap_min=2.32") == ["id 25"]
    assert choose(*thigh, "--filter=event_dap_min=2.33") == []
    assert choose("--filter=acquisition_protocol=LAT", "--filter=event_dap_max=0") == []


def test_study_selected_by_one_event_comes_once_with_all_its_events(dx_url: str, export) -> None:
    table = read_csv(export("dx-csv", dx_url, "--filter=event_dap_min=0.5", "--filter=study_description=LEG"))
    assert table.column("Study Comments") == ["id 25"]
    assert [table.column(f"E{n} Protocol") for n in range(1, 6)] == [["Thigh Right"]] * 5


@pytest.mark.parametrize("name", ORDERS)
def test_order_sorts_as_a_plain_query_under_both_names(name: str, dx_url: str, choose) -> None:
    openrem_name, sql = ORDERS[name]
    with psycopg.connect(dx_url) as connection:
        wanted = [
            f"id {study}" for (study,) in connection.execute(f"{STUDIES} ORDER BY {sql}, {NEWEST_FIRST}")
        ]
    assert len(wanted) == 12
    assert choose(f"--order={name}") == choose(f"--order={openrem_name}") == wanted


def test_order_table_has_every_order() -> None:
    assert {order.name for order in catalogue.find_spec("dx-csv").orders} == set(ORDERS)
