"""Every MG filter as plain SQL of the tests' own: which studies meet it, and by which row."""

from tests.oracles.ct_filters import OF_STUDY, equipment, has, of, study_name

OF_EVENT = "irradiation_event_xray_data_id = event.id"
STUDY = "SELECT study.id, study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = 'MG' AND "


def event(condition):
    """Of records that should be single and are not, the first one counts: it is what the files show."""
    return (
        f"SELECT {OF_STUDY}, event.id FROM remapp_irradeventxraydata event"
        " JOIN remapp_projectionxrayradiationdose report ON report.id = projection_xray_radiation_dose_id"
        " LEFT JOIN remapp_contextid view ON view.id = event.image_view_id"
        + "".join(
            f" LEFT JOIN LATERAL (SELECT * FROM remapp_irradeventxray{table} WHERE {OF_EVENT}"
            f" ORDER BY id LIMIT 1) {table} ON true"
            for table in ("mechanicaldata", "sourcedata")
        )
        + " LEFT JOIN remapp_irradeventxraydata_standard_protocols link ON irradeventxraydata_id = event.id"
        f" LEFT JOIN remapp_standardnames standard ON standard.id = standardnames_id WHERE {condition}"
    )


# name → value, table that the row is of, SQL of (study, row)
FILTERS = {
    "date_from": ("2022-10-13", "study", STUDY + "study_date >= %s"),
    "date_to": ("2022-10-13", "study", STUDY + "study_date <= %s"),
    "study_description": ("mammo S", "study", STUDY + has("study_description")),
    "procedure": ("SCREEN", "study", STUDY + has("procedure_code_meaning")),
    "requested_procedure": ("mammogram", "study", STUDY + has("requested_procedure_code_meaning")),
    "accession_number": ("1", "study", STUDY + "NOT accession_hashed AND " + has("accession_number")),
    "events": ("4", "study", STUDY + "number_of_events = %s::integer"),
    "test_patients": (
        "exclude",
        "study",
        STUDY + f"study.id NOT IN (SELECT {OF_STUDY} FROM remapp_patientmoduleattr"
        " WHERE not_patient_indicator IS NOT NULL) AND %s <> ''",
    ),
    "institution": ("north", "equip", equipment(has("equip.institution_name"))),
    "manufacturer": ("hologic", "equip", equipment(has("equip.manufacturer"))),
    "model": ("prist", "equip", equipment(has("equip.manufacturer_model_name"))),
    "station": ("MGNM", "equip", equipment(has("equip.station_name"))),
    "display_name": ("mammo 2", "equip", equipment(has("display_name"))),
    "age_min": ("47.4", "patstudy", of("patientstudymoduleattr", "patient_age_decimal >= %s::numeric")),
    "age_max": ("47.4", "patstudy", of("patientstudymoduleattr", "patient_age_decimal <= %s::numeric")),
    "patient_name": ("NOBODY", "pat", of("patientmoduleattr", "NOT name_hashed AND " + has("patient_name"))),
    "patient_id": ("fict-", "pat", of("patientmoduleattr", "NOT id_hashed AND " + has("patient_id"))),
    "standard_study_name": ("screen", "name", study_name(has("standard_name"))),
    "acquisition_protocol": ("tomo", "event", event(has("event.acquisition_protocol"))),
    "standard_acquisition_name": ("mlo", "event", event(has("standard_name"))),
    "view": ("OBLIQUE", "event", event(has("view.code_meaning"))),
    "compression_thickness_min": ("80.5", "event", event("compression_thickness >= %s::numeric")),
    "compression_thickness_max": ("25", "event", event("compression_thickness <= %s::numeric")),
    "exposure_control_mode": ("manual", "event", event(has("exposure_control_mode"))),
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
    "test_data": "test_patients",
    "num_events": "events",
    "standard_names__standard_name": "standard_study_name",
    EVENT + "standard_protocols__standard_name": "standard_acquisition_name",
    EVENT + "acquisition_protocol": "acquisition_protocol",
    EVENT + "image_view__code_meaning": "view",
    EVENT + "irradeventxraymechanicaldata__compression_thickness__range_min": "compression_thickness_min",
    EVENT + "irradeventxraymechanicaldata__compression_thickness__range_max": "compression_thickness_max",
    EVENT + "irradeventxraysourcedata__exposure_control_mode": "exposure_control_mode",
}
