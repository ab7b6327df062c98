"""Every RF filter as plain SQL of the tests' own: which studies meet it, and by which row."""

from tests.oracles.ct_filters import OF_STUDY, equipment, has, of, study_name

STUDY = "SELECT study.id, study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = 'RF' AND "


def event(condition):
    return (
        f"SELECT {OF_STUDY}, event.id FROM remapp_irradeventxraydata event"
        " JOIN remapp_projectionxrayradiationdose report ON report.id = projection_xray_radiation_dose_id"
        " LEFT JOIN remapp_irradeventxraydata_standard_protocols link ON irradeventxraydata_id = event.id"
        f" LEFT JOIN remapp_standardnames standard ON standard.id = standardnames_id WHERE {condition}"
    )


# name → value, table that the row is of, SQL of (study, row)
FILTERS = {
    "date_from": ("2022-10-13", "study", STUDY + "study_date >= %s"),
    "date_to": ("2022-10-13", "study", STUDY + "study_date <= %s"),
    "study_description": ("BARIUM s", "study", STUDY + has("study_description")),
    "procedure": ("coronary", "study", STUDY + has("procedure_code_meaning")),
    "requested_procedure": ("swallow, b", "study", STUDY + has("requested_procedure_code_meaning")),
    "accession_number": ("1", "study", STUDY + "NOT accession_hashed AND " + has("accession_number")),
    "physician": ("made, UP", "study", STUDY + has("performing_physician_name")),
    "study_dap_min": ("2.5", "study", STUDY + "total_dap * 1000000 >= %s::numeric"),
    "study_dap_max": ("2.5", "study", STUDY + "total_dap * 1000000 <= %s::numeric"),
    "test_patients": (
        "exclude",
        "study",
        STUDY + f"study.id NOT IN (SELECT {OF_STUDY} FROM remapp_patientmoduleattr"
        " WHERE not_patient_indicator IS NOT NULL) AND %s <> ''",
    ),
    "institution": ("north", "equip", equipment(has("equip.institution_name"))),
    "manufacturer": ("siemens", "equip", equipment(has("equip.manufacturer"))),
    "model": ("artis", "equip", equipment(has("equip.manufacturer_model_name"))),
    "station": ("rfnm", "equip", equipment(has("equip.station_name"))),
    "display_name": ("BIPLANE", "equip", equipment(has("display_name"))),
    "age_min": ("47.4", "patstudy", of("patientstudymoduleattr", "patient_age_decimal >= %s::numeric")),
    "age_max": ("47.4", "patstudy", of("patientstudymoduleattr", "patient_age_decimal <= %s::numeric")),
    "weight_min": ("45.4", "patstudy", of("patientstudymoduleattr", "patient_weight >= %s::numeric")),
    "weight_max": ("92", "patstudy", of("patientstudymoduleattr", "patient_weight <= %s::numeric")),
    "patient_name": ("NOBODY", "pat", of("patientmoduleattr", "NOT name_hashed AND " + has("patient_name"))),
    "patient_id": ("fict-", "pat", of("patientmoduleattr", "NOT id_hashed AND " + has("patient_id"))),
    "standard_study_name": ("coronary", "name", study_name(has("standard_name"))),
    "acquisition_protocol": ("fluoro LOW", "event", event(has("event.acquisition_protocol"))),
    "standard_acquisition_name": ("DSA: ab", "event", event(has("standard_name"))),
}

# OpenREM's parameters (behaviour.md §9), older ones (users.md §4), and what they are called here.
EVENT = "projectionxrayradiationdose__irradeventxraydata__"
EQUIPMENT = "generalequipmentmoduleattr__"
OPENREM_NAMES = {
    "study_date__gt": "date_from",
    "date_after": "date_from",
    "study_date__lt": "date_to",
    "date_before": "date_to",
    "procedure_code_meaning": "procedure",
    "requested_procedure_code_meaning": "requested_procedure",
    EQUIPMENT + "institution_name": "institution",
    "institution_name": "institution",
    EQUIPMENT + "manufacturer": "manufacturer",
    EQUIPMENT + "manufacturer_model_name": "model",
    "model_name": "model",
    EQUIPMENT + "station_name": "station",
    "station_name": "station",
    EQUIPMENT + "unique_equipment_name__display_name": "display_name",
    "patientstudymoduleattr__patient_age_decimal__gte": "age_min",
    "patient_age_min": "age_min",
    "patientstudymoduleattr__patient_age_decimal__lte": "age_max",
    "patient_age_max": "age_max",
    "patientstudymoduleattr__patient_weight__gte": "weight_min",
    "patientstudymoduleattr__patient_weight__lte": "weight_max",
    "test_data": "test_patients",
    "performing_physician_name": "physician",
    "standard_names__standard_name": "standard_study_name",
    EVENT + "standard_protocols__standard_name": "standard_acquisition_name",
    EVENT + "acquisition_protocol": "acquisition_protocol",
}
CALLED_SO = {
    "study_description", "accession_number", "patient_name", "patient_id", "study_dap_min", "study_dap_max"
}  # fmt: skip
