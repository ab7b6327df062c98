"""Every CT filter, under each of its names, selects what a plain query selects."""

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

CT_FILTERS = {each.name: each for each in catalogue.find_spec("ct-csv").filters}


# Each case under the clear name and under every alias: `name=value`, and which studies that means.
CASES = [
    (f"{alias}={value}", condition)
    for name, value, condition in FILTERS
    for alias in (name, *CT_FILTERS[name].aliases)
]


@pytest.mark.parametrize(("option", "condition"), CASES, ids=[option for option, _ in CASES])
def test_filter_selects_what_a_plain_query_selects(
    option: str, condition: str, enriched_url: str, tmp_path, capsys
) -> None:
    with psycopg.connect(enriched_url) as connection:
        wanted = {f"id {study}" for (study,) in connection.execute(STUDIES + condition)}
    file = tmp_path / "ct.csv"
    code = main(["ct-csv", "--database-url", enriched_url, f"--filter={option}", f"--output={file}"])
    if wanted:
        assert set(read_csv(file).column("Study Comments")) == wanted
    else:
        assert code == 1
        assert "NO_STUDIES" in capsys.readouterr().err


def test_filter_table_has_every_filter_of_ct() -> None:
    assert {name for name, _, _ in FILTERS} == set(CT_FILTERS)


def test_filters_on_events_are_met_by_one_event(enriched_url: str, export, tmp_path) -> None:
    inclusions = ("--filter=acquisition_protocol=topogram", "--filter=acquisition_type=constant angle")
    both = read_csv(export("ct-csv", enriched_url, *inclusions))
    assert set(both.column("Study Comments")) == {"id 5", "id 6", "id 9", "id 36"}
    never = ["--filter=acquisition_protocol=topogram", "--filter=acquisition_type=spiral"]
    assert main(["ct-csv", "--database-url", enriched_url, *never, f"--output={tmp_path / 'never.csv'}"]) == 1


def test_study_selected_by_one_event_comes_with_all_its_events(enriched_url: str, export) -> None:
    table = read_csv(export("ct-csv", enriched_url, "--filter=acquisition_protocol=DS_helical"))
    assert table.column("Study Comments") == ["id 10"]
    assert table.column("E9 Protocol") != [""]
