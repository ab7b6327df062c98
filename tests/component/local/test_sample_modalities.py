"""Fluoroscopy, mammography, radiography and nuclear medicine in the synthetic database."""

import psycopg
import pytest
from local import sample

from tests.component.local.test_sample_defects import NM_ROWS, NM_VALUES, OF_STUDY, ROWS, ROWS_OF_KIND
from tests.component.local.test_sample_exposures import EXPECTED
from tests.databases.sampled import select

# Columns that an export shows or chooses by; each is NULL sometimes and sometimes not.
SHOWN = {
    "generalstudymoduleattr": (
        "performing_physician_name total_dap total_rp_dose_a total_rp_dose_b total_agd_left"
    ),
    "projectionxrayradiationdose": "comment source_of_dose_information_id",
    "accumxraydose": "acquisition_plane_id",
    "accumintegratedprojradiogdose": (
        "dose_area_product_total dose_rp_total total_number_of_radiographic_frames"
    ),
    "accumprojxraydose": (
        "fluoro_dose_area_product_total fluoro_dose_rp_total total_fluoro_time"
        " acquisition_dose_area_product_total acquisition_dose_rp_total total_acquisition_time"
    ),
    "irradeventxraydata": (
        "irradiation_event_uid date_time_started acquisition_protocol dose_area_product"
        " entrance_exposure_at_rp percent_fibroglandular_tissue comment acquisition_plane_id"
        " anatomical_structure_id image_view_id"
        " irradiation_event_type_id laterality_id patient_orientation_cid_id target_region_id"
        " patient_orientation_modifier_cid_id patient_table_relationship_cid_id"
    ),
    "irradeventxraysourcedata": (
        "dose_rp reference_point_definition average_glandular_dose pulse_rate number_of_pulses"
        " irradiation_duration average_xray_tube_current exposure_time focal_spot_size collimated_field_area"
        " collimated_field_height collimated_field_width ii_field_size exposure_control_mode"
        " grid_focal_distance anode_target_material_id fluoro_mode_id"
    ),
    "irradeventxraymechanicaldata": (
        "positioner_primary_angle positioner_secondary_angle positioner_primary_end_angle column_angulation"
        " positioner_secondary_end_angle compression_thickness compression_force magnification_factor"
    ),
    "doserelateddistancemeasurements": (
        "distance_source_to_isocenter distance_source_to_detector table_longitudinal_position"
        " table_lateral_position table_height_position distance_source_to_entrance_surface"
        " radiological_thickness"
    ),
    "irradeventxraydetectordata": (
        "exposure_index target_exposure_index deviation_index relative_xray_exposure"
    ),
    "kvp": "kvp",
    "xraytubecurrent": "xray_tube_current",
    "pulsewidth": "pulse_width",
    "exposure": "exposure",
    "xraygrid": "xray_grid_id",
    "imageviewmodifier": "image_view_modifier_id",
    "xrayfilters": (
        "xray_filter_thickness_minimum xray_filter_thickness_maximum xray_filter_material_id"
        " xray_filter_type_id"
    ),
    "radiopharmaceuticalradiationdose": "comment associated_procedure_id",
    "radiopharmaceuticaladministrationeventdata": (
        "radiopharmaceutical_agent_string radiopharmaceutical_agent_id radionuclide_id radionuclide_half_life"
        " administered_activity effective_dose radiopharmaceutical_start_datetime laterality_id"
        " radiopharmaceutical_stop_datetime route_of_administration_id"
    ),
    "organdose": (
        "finding_site_id laterality_id organ_dose mass measurement_method reference_authority_code_id"
        " reference_authority_text"
    ),
    "radiopharmaceuticaladministrationpatientcharacteristics": (
        "body_surface_area body_surface_area_formula_id body_mass_index equation_id glucose fasting_duration"
        " hydration_volume recent_physical_activity serum_creatinine"
    ),
    "patientstate": "patient_state_id",
    "glomerularfiltrationrate": (
        "glomerular_filtration_rate measurement_method_id equivalent_meaning_of_concept_name_id"
    ),
    "petseries": (
        "series_datetime number_of_slices reconstruction_method coincidence_window_width"
        " energy_window_lower_limit energy_window_upper_limit scan_progression_direction"
        " number_of_rr_intervals number_of_time_slots number_of_time_slices"
    ),
}
COLUMNS = [(table, column) for table, columns in SHOWN.items() for column in columns.split()]
TEXTS = [
    ("irradeventxraydata", "acquisition_protocol"),
    ("irradeventxraydata", "comment"),
    ("irradeventxraysourcedata", "reference_point_definition"),
    ("projectionxrayradiationdose", "comment"),
    ("radiopharmaceuticalradiationdose", "comment"),
    ("organdose", "measurement_method"),
    ("organdose", "reference_authority_text"),
    ("personparticipant", "person_name"),
]
KEYS = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid::regclass::text LIKE 'remapp%' AND contype IN ('p', 'f', 'u')"""
INDEXES = """
    SELECT tablename, substr(indexdef, strpos(indexdef, ' USING ')) FROM pg_indexes
    WHERE tablename LIKE 'remapp%'"""


def named(select_sample):
    query = (
        "SELECT substr(study_description, 9) AS name FROM remapp_generalstudymoduleattr study"
        " WHERE study_description LIKE %s AND modality_type <> 'CT' ORDER BY 1"
    )
    return [row["name"] for row in select_sample(query, "broken: %")]


def test_sample_has_studies_of_every_modality(select_sample):
    query = "SELECT modality_type AS name, count(*) AS n FROM remapp_generalstudymoduleattr GROUP BY 1"
    found = {row["name"]: row["n"] for row in select_sample(query)}
    assert found["RF"] >= 100
    assert found["MG"] >= 100
    assert found["NM"] >= 70
    assert min(found["DX"], found["CR"], found["PX"]) >= 10


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_sample_has_null_in_every_shown_column(select_sample, table, column):
    query = (
        f"SELECT bool_or({column} IS NULL) AS gap, bool_or({column} IS NOT NULL) AS value FROM remapp_{table}"
    )
    assert select_sample(query) == [{"gap": True, "value": True}]


@pytest.mark.parametrize("text", ["=1+1", "\r\n", "\v", "_x0041_", "🫀", "<&>"])
@pytest.mark.parametrize(("table", "column"), TEXTS)
def test_sample_has_awkward_texts_in_every_text_column(select_sample, table, column, text):
    query = f"SELECT count(*) > 0 AS found FROM remapp_{table} WHERE strpos({column}, %s) > 0"
    assert select_sample(query, text) == [{"found": True}]


def test_sample_every_named_study_is_tested(select_sample):
    tested = {name for name, _, _ in EXPECTED} | ROWS_OF_KIND.keys()
    tested |= {f"{kind} {name}" for kind in ("RF", "MG", "DX", "NM") for name in OF_STUDY}
    tested |= {f"NM {name}" for name in [*NM_ROWS, *NM_VALUES, *list(ROWS)[:7]]}
    tested |= {"DX no frames declared", "DX more frames declared"}
    tested |= {f"{kind} all text awkward" for kind in ("RF", "MG", "DX")}
    assert sorted(tested) == named(select_sample)


@pytest.mark.parametrize("kind", ["RF", "MG", "DX"])
def test_sample_has_one_study_with_every_awkward_text(select_sample, kind):
    query = (
        "SELECT count(DISTINCT event.comment) AS comments, count(DISTINCT acquisition_protocol) AS protocols"
        " FROM remapp_generalstudymoduleattr study JOIN remapp_projectionxrayradiationdose report"
        " ON report.general_study_module_attributes_id = study.id JOIN remapp_irradeventxraydata event"
        " ON event.projection_xray_radiation_dose_id = report.id WHERE study_description = %s"
    )
    assert select_sample(query, f"broken: {kind} all text awkward") == [{"comments": 61, "protocols": 61}]


@pytest.mark.parametrize("query", [KEYS, INDEXES])
def test_sample_has_keys_and_indexes_of_a_real_database(sample_url, openrem_url, query):
    with psycopg.connect(sample_url) as ours, psycopg.connect(openrem_url) as theirs:
        made = set(ours.execute(query).fetchall())
        tables = {table for table, _ in made}
        real = {row for row in theirs.execute(query).fetchall() if row[0] in tables}
    assert made == real


def test_sample_ids_of_joined_tables_differ(select_sample):
    query = (
        "SELECT count(*) AS found FROM remapp_irradeventxraysourcedata source JOIN"
        " remapp_irradeventxraymechanicaldata mech USING (irradiation_event_xray_data_id)"
        " WHERE source.id = irradiation_event_xray_data_id OR mech.id = irradiation_event_xray_data_id"
        " OR source.id = mech.id"
    )
    assert select_sample(query) == [{"found": 0}]


def test_sample_counts_are_as_requested(make_database):
    url = make_database()
    sample.fill(url, 21, rf=3, mg=0, dx=2, nm=4, rf_exposures=1_000)
    query = (
        "SELECT modality_type AS name, count(*) AS n FROM remapp_generalstudymoduleattr"
        " WHERE id > 22 GROUP BY 1"
    )
    found = {row["name"]: row["n"] for row in select(url, query)}
    assert (found.pop("RF"), found.pop("NM"), sum(found.values())) == (3, 4, 2)
    query = (
        "SELECT number_of_events AS n FROM remapp_generalstudymoduleattr"
        " WHERE study_description = 'broken: RF giant'"
    )
    assert select(url, query) == [{"n": 1_000}]
    assert select(url, "SELECT count(*) >= 1000 AS found FROM remapp_irradeventxraydata") == [{"found": True}]


def test_sample_refuses_unknown_modality(make_database):
    with pytest.raises(TypeError, match="xa"):
        sample.fill(make_database(), 5, xa=3)


def test_sample_standard_names_are_off_until_enabled(make_database, small_sample_url):
    url = make_database(small_sample_url)
    query = "SELECT array_agg(enable_standard_names) AS found FROM remapp_standardnamesettings"
    assert select(url, query) == [{"found": [False]}]
    sample.enable_standard_names(url)
    assert select(url, query) == [{"found": [True]}]


@pytest.mark.parametrize("kind", ["RF", "MG", "DX"])
def test_sample_links_exposures_to_standard_names(select_sample, kind):
    query = (
        "SELECT count(link.id) AS found FROM remapp_generalstudymoduleattr study"
        " JOIN remapp_projectionxrayradiationdose report"
        " ON report.general_study_module_attributes_id = study.id"
        " JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id"
        " LEFT JOIN remapp_irradeventxraydata_standard_protocols link"
        " ON link.irradeventxraydata_id = event.id WHERE study_description = %s"
        " GROUP BY event.id ORDER BY event.id"
    )
    assert [row["found"] for row in select_sample(query, f"broken: {kind} standard names")] == [1, 2, 0]
