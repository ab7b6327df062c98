"""Every CT filter, under each of its names, chooses the studies that a query of our own chooses."""

import psycopg
import pytest

from doseexport import catalogue
from doseexport.cli import main
from tests.conformance.tables import read_csv

STUDIES = """
SELECT study.id FROM remapp_generalstudymoduleattr study
JOIN remapp_patientmoduleattr patient ON patient.general_study_module_attributes_id = study.id
JOIN remapp_patientstudymoduleattr visit ON visit.general_study_module_attributes_id = study.id
JOIN remapp_generalequipmentmoduleattr equipment ON equipment.general_study_module_attributes_id = study.id
LEFT JOIN remapp_uniqueequipmentnames display ON display.id = equipment.unique_equipment_name_id
WHERE study.modality_type = 'CT' AND """
AN_EVENT = """study.id IN (SELECT dose.general_study_module_attributes_id FROM remapp_ctradiationdose dose
JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = dose.id
LEFT JOIN remapp_contextid kind ON kind.id = event.ct_acquisition_type_id
LEFT JOIN remapp_ctirradiationeventdata_standard_protocols link ON link.ctirradiationeventdata_id = event.id
LEFT JOIN remapp_standardnames standard ON standard.id = link.standardnames_id WHERE """
STANDARD_STUDY = """study.id IN (SELECT link.generalstudymoduleattr_id
FROM remapp_generalstudymoduleattr_standard_names link
JOIN remapp_standardnames standard ON standard.id = link.standardnames_id
WHERE lower(standard.standard_name) LIKE '%chest%')"""

# The clear name, a value, and which studies that means. Patients' and hashed values: below.
FILTERS = [
    ("date_from", "2018-01-05", "study_date >= date '2018-01-05'"),
    ("date_to", "2018-01-05", "study_date <= date '2018-01-05'"),
    ("study_description", "thorax", "lower(study.study_description) LIKE '%thorax%'"),
    ("procedure", "ct", "lower(study.procedure_code_meaning) LIKE '%ct%'"),
    ("requested_procedure", "BONES", "study.requested_procedure_code_meaning LIKE '%BONES%'"),
    ("institution", "MÉDICAL", "strpos(equipment.institution_name, 'médical') > 0"),
    ("manufacturer", "iemens", "lower(equipment.manufacturer) LIKE '%iemens%'"),
    ("manufacturer", "%", "strpos(equipment.manufacturer, '%') > 0"),
    ("manufacturer", "_\\", "strpos(equipment.manufacturer, '_\\') > 0"),
    ("model", "flash", "lower(equipment.manufacturer_model_name) LIKE '%flash%'"),
    ("station", "ctawp", "lower(equipment.station_name) LIKE '%ctawp%'"),
    ("display_name", "clinic", "lower(display.display_name) LIKE '%clinic%'"),
    ("age_min", "94.1", "visit.patient_age_decimal >= 94.1"),
    ("age_max", "49.4", "visit.patient_age_decimal <= 49.4"),
    ("weight_min", "78.2", "visit.patient_weight >= 78.2"),
    ("weight_max", "78.2", "visit.patient_weight <= 78.2"),
    ("accession_number", "4885555", "NOT accession_hashed AND accession_number LIKE '%4885555%'"),
    ("accession_number", "ACC 7", "study.id = 4"),
    ("accession_number", "acc 7", "false"),
    ("test_patients", "exclude", "patient.not_patient_indicator IS NULL"),
    ("test_patients", "include", "true"),
    ("patient_name", "openrem^", "lower(patient.patient_name) LIKE '%openrem^%'"),
    ("patient_name", "Curie^Marie", "study.id = 4"),
    ("patient_name", "Curie", "false"),
    ("patient_id", "PHY", "lower(patient.patient_id) LIKE '%phy%'"),
    ("patient_id", "MC 1867", "study.id = 4"),
    ("standard_study_name", "CHEST", STANDARD_STUDY),
    ("acquisition_protocol", "topogram", AN_EVENT + "lower(event.acquisition_protocol) LIKE '%topogram%')"),
    ("acquisition_type", "sequenced", AN_EVENT + "kind.code_meaning = 'Sequenced Acquisition')"),
    ("standard_acquisition_name", "spiral", AN_EVENT + "standard.standard_name = 'Chest spiral')"),
    ("dlp_min", "541.1", "study.total_dlp >= 541.1"),
    ("dlp_max", "541.10", "study.total_dlp <= 541.1"),
    *((name, count, f"{column} {meaning}")
      for name, column in (
          ("events", "study.number_of_events"), ("spiral_events", "study.number_of_spiral"),
          ("axial_events", "study.number_of_axial"), ("localiser_events", "study.number_of_const_angle"),
          ("stationary_events", "study.number_of_stationary"))
      for count, meaning in (("0", "= 0"), ("2", "= 2"), ("some", "> 0"), ("more", "> 10"))),
]  # fmt: skip

# OpenREM's parameters (behaviour.md §9) and what they are called here.
OPENREM_NAMES = {
    "study_date__gt": "date_from",
    "study_date__lt": "date_to",
    "study_description": "study_description",
    "procedure_code_meaning": "procedure",
    "requested_procedure_code_meaning": "requested_procedure",
    "generalequipmentmoduleattr__institution_name": "institution",
    "generalequipmentmoduleattr__manufacturer": "manufacturer",
    "generalequipmentmoduleattr__manufacturer_model_name": "model",
    "generalequipmentmoduleattr__station_name": "station",
    "generalequipmentmoduleattr__unique_equipment_name__display_name": "display_name",
    "patientstudymoduleattr__patient_age_decimal__gte": "age_min",
    "patientstudymoduleattr__patient_age_decimal__lte": "age_max",
    "patientstudymoduleattr__patient_weight__gte": "weight_min",
    "patientstudymoduleattr__patient_weight__lte": "weight_max",
    "accession_number": "accession_number",
    "test_data": "test_patients",
    "patient_name": "patient_name",
    "patient_id": "patient_id",
    "standard_names__standard_name": "standard_study_name",
    "ctradiationdose__ctirradiationeventdata__standard_protocols__standard_name": "standard_acquisition_name",
    "ctradiationdose__ctirradiationeventdata__acquisition_protocol": "acquisition_protocol",
    "total_dlp__gte": "dlp_min",
    "total_dlp__lte": "dlp_max",
    "num_events": "events",
    "num_spiral_events": "spiral_events",
    "num_axial_events": "axial_events",
    "num_spr_events": "localiser_events",
    "num_stationary_events": "stationary_events",
}
CT_FILTERS = {each.name: each for each in catalogue.find_spec("ct-csv").filters}


# Each case under the clear name and under every alias: `name=value`, and which studies that means.
CASES = [
    (f"{alias}={value}", condition)
    for name, value, condition in FILTERS
    for alias in (name, *CT_FILTERS[name].aliases)
]


@pytest.mark.parametrize(("wish", "condition"), CASES, ids=[wish for wish, _ in CASES])
def test_a_filter_chooses_the_studies_our_own_query_chooses(
    wish: str, condition: str, enriched_url: str, tmp_path, capsys
) -> None:
    with psycopg.connect(enriched_url) as connection:
        wanted = {f"id {study}" for (study,) in connection.execute(STUDIES + condition)}
    file = tmp_path / "ct.csv"
    code = main(["ct-csv", "--database-url", enriched_url, f"--filter={wish}", f"--output={file}"])
    if wanted:
        assert set(read_csv(file).column("Study Comments")) == wanted
    else:
        assert code == 1
        assert "NO_STUDIES" in capsys.readouterr().err


@pytest.mark.parametrize("openrem_name", OPENREM_NAMES)
def test_openrems_parameter_means_the_same_filter(openrem_name: str) -> None:
    given = {openrem_name: "2"} if openrem_name == "test_data" else {openrem_name: example(openrem_name)}
    spec = catalogue.find_spec("ct-csv")
    clear = {OPENREM_NAMES[openrem_name]: example(openrem_name)}
    assert spec.parse_filters(given) == spec.parse_filters(clear)


def test_every_filter_of_ct_is_tried_and_every_one_but_the_type_is_openrems() -> None:
    assert {name for name, _, _ in FILTERS} == set(CT_FILTERS)
    assert set(OPENREM_NAMES.values()) == set(CT_FILTERS) - {"acquisition_type"}


def test_filters_on_events_are_met_by_one_and_the_same_event(enriched_url: str, export, tmp_path) -> None:
    inclusions = ("--filter=acquisition_protocol=topogram", "--filter=acquisition_type=constant angle")
    both = read_csv(export("ct-csv", enriched_url, *inclusions))
    assert set(both.column("Study Comments")) == {"id 5", "id 6", "id 9", "id 36"}
    never = ["--filter=acquisition_protocol=topogram", "--filter=acquisition_type=spiral"]
    assert main(["ct-csv", "--database-url", enriched_url, *never, f"--output={tmp_path / 'never.csv'}"]) == 1


def test_a_study_chosen_by_one_event_comes_with_all_its_events(enriched_url: str, export) -> None:
    table = read_csv(export("ct-csv", enriched_url, "--filter=acquisition_protocol=DS_helical"))
    assert table.column("Study Comments") == ["id 10"]
    assert table.column("E9 Protocol") != [""]


def example(openrem_name: str) -> str:
    """Return a value that the filter takes."""
    return next(value for name, value, _ in FILTERS if name == OPENREM_NAMES[openrem_name])
