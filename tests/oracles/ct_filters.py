"""Every CT filter as plain SQL of the tests' own: which studies meet it, and by which row."""

STUDY = "SELECT study.id, study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = 'CT' AND "
OF_STUDY = "general_study_module_attributes_id"


def of(table, condition):
    """Pairs of a study's id and the id of its row of that table."""
    return f"SELECT {OF_STUDY}, id FROM remapp_{table} WHERE {condition}"


def equipment(condition):
    return (
        f"SELECT {OF_STUDY}, equip.id FROM remapp_generalequipmentmoduleattr equip"
        f" LEFT JOIN remapp_uniqueequipmentnames name ON name.id = unique_equipment_name_id WHERE {condition}"
    )


def event(condition):
    return (
        f"SELECT {OF_STUDY}, event.id FROM remapp_ctirradiationeventdata event"
        " JOIN remapp_ctradiationdose dose ON dose.id = ct_radiation_dose_id"
        " LEFT JOIN remapp_contextid code ON code.id = ct_acquisition_type_id"
        " LEFT JOIN remapp_ctirradiationeventdata_standard_protocols link"
        " ON link.ctirradiationeventdata_id = event.id"
        f" LEFT JOIN remapp_standardnames standard ON standard.id = link.standardnames_id WHERE {condition}"
    )


def study_name(condition):
    return (
        "SELECT link.generalstudymoduleattr_id, link.id"
        " FROM remapp_generalstudymoduleattr_standard_names link"
        f" JOIN remapp_standardnames standard ON standard.id = link.standardnames_id WHERE {condition}"
    )


def has(column):
    return f"position(lower(%s) IN lower({column})) > 0"


# name → value, table that the row is of, SQL of (study, row)
FILTERS = {
    "date_from": ("2023-01-11", "study", STUDY + "study_date >= %s"),
    "date_to": ("2023-01-11", "study", STUDY + "study_date <= %s"),
    "study_description": ("ct T", "study", STUDY + has("study_description")),
    "procedure": ("THORAX", "study", STUDY + has("procedure_code_meaning")),
    "requested_procedure": ("contrast", "study", STUDY + has("requested_procedure_code_meaning")),
    "accession_number": ("1", "study", STUDY + "NOT accession_hashed AND " + has("accession_number")),
    "dlp_min": ("650.3195", "study", STUDY + "total_dlp >= %s::numeric"),
    "dlp_max": ("650.3195", "study", STUDY + "total_dlp <= %s::numeric"),
    "events": ("3", "study", STUDY + "number_of_events = %s::integer"),
    "spiral_events": ("some", "study", STUDY + "number_of_spiral > 0 AND %s <> ''"),
    "axial_events": ("1", "study", STUDY + "number_of_axial = %s::integer"),
    "localiser_events": ("0", "study", STUDY + "number_of_const_angle = %s::integer"),
    "stationary_events": ("some", "study", STUDY + "number_of_stationary > 0 AND %s <> ''"),
    "test_patients": (
        "exclude",
        "study",
        STUDY + f"study.id NOT IN (SELECT {OF_STUDY} FROM remapp_patientmoduleattr"
        " WHERE not_patient_indicator IS NOT NULL) AND %s <> ''",
    ),
    "institution": ("north", "equip", equipment(has("equip.institution_name"))),
    "manufacturer": ("siemens", "equip", equipment(has("equip.manufacturer"))),
    "model": ("force", "equip", equipment(has("equip.manufacturer_model_name"))),
    "station": ("CT", "equip", equipment(has("equip.station_name"))),
    "display_name": ("ct 1", "equip", equipment(has("display_name"))),
    "age_min": ("57.3", "patstudy", of("patientstudymoduleattr", "patient_age_decimal >= %s::numeric")),
    "age_max": ("57.3", "patstudy", of("patientstudymoduleattr", "patient_age_decimal <= %s::numeric")),
    "weight_min": ("45.4", "patstudy", of("patientstudymoduleattr", "patient_weight >= %s::numeric")),
    "weight_max": ("92", "patstudy", of("patientstudymoduleattr", "patient_weight <= %s::numeric")),
    "patient_name": ("NOBODY", "pat", of("patientmoduleattr", "NOT name_hashed AND " + has("patient_name"))),
    "patient_id": ("fict-1", "pat", of("patientmoduleattr", "NOT id_hashed AND " + has("patient_id"))),
    "standard_study_name": ("chest", "name", study_name(has("standard_name"))),
    "acquisition_protocol": ("THORAX", "event", event(has("event.acquisition_protocol"))),
    "acquisition_type": ("spiral", "event", event(has("code.code_meaning"))),
    "standard_acquisition_name": ("head", "event", event(has("standard_name"))),
}
