"""Every NM filter as plain SQL of the tests' own: which studies meet it, and by which row."""

from tests.oracles.ct_filters import OF_STUDY, equipment, has, of

STUDY = "SELECT study.id, study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = 'NM' AND "


def administration(condition):
    """Pairs of a study's id and the id of its administration."""
    return (
        f"SELECT {OF_STUDY}, adm.id FROM remapp_radiopharmaceuticaladministrationeventdata adm"
        " JOIN remapp_radiopharmaceuticalradiationdose rad ON rad.id = radiopharmaceutical_radiation_dose_id"
        f" WHERE {condition}"
    )


# name → value, table that the row is of, SQL of (study, row)
FILTERS = {
    "date_from": ("2022-01-01", "study", STUDY + "study_date >= %s"),
    "date_to": ("2022-05-25", "study", STUDY + "study_date <= %s"),
    "study_description": ("pet ", "study", STUDY + has("study_description")),
    "procedure": ("BONE", "study", STUDY + has("procedure_code_meaning")),
    "requested_procedure": ("pet ct", "study", STUDY + has("requested_procedure_code_meaning")),
    "accession_number": ("4", "study", STUDY + "NOT accession_hashed AND " + has("accession_number")),
    "test_patients": (
        "exclude",
        "study",
        STUDY + f"study.id NOT IN (SELECT {OF_STUDY} FROM remapp_patientmoduleattr"
        " WHERE not_patient_indicator IS NOT NULL) AND %s <> ''",
    ),
    "institution": ("north", "equip", equipment(has("equip.institution_name"))),
    "manufacturer": ("siemens", "equip", equipment(has("equip.manufacturer"))),
    "model": ("disc", "equip", equipment(has("equip.manufacturer_model_name"))),
    "station": ("NMNM", "equip", equipment(has("equip.station_name"))),
    "display_name": ('"old', "equip", equipment(has("display_name"))),
    "age_min": ("47.7", "patstudy", of("patientstudymoduleattr", "patient_age_decimal >= %s::numeric")),
    "age_max": ("47.7", "patstudy", of("patientstudymoduleattr", "patient_age_decimal <= %s::numeric")),
    "weight_min": ("93.56", "patstudy", of("patientstudymoduleattr", "patient_weight >= %s::numeric")),
    "weight_max": ("93.56", "patstudy", of("patientstudymoduleattr", "patient_weight <= %s::numeric")),
    "patient_name": ("NOBODY", "pat", of("patientmoduleattr", "NOT name_hashed AND " + has("patient_name"))),
    "patient_id": ("fict-4", "pat", of("patientmoduleattr", "NOT id_hashed AND " + has("patient_id"))),
    "activity_min": ("300", "adm", administration("administered_activity >= %s::numeric")),
    "activity_max": ("500.5", "adm", administration("administered_activity <= %s::numeric")),
}

# OpenREM's parameters (behaviour.md §9) and older ones (users.md §4), and what they are called here.
_ACTIVITY = (
    "radiopharmaceuticalradiationdose__radiopharmaceuticaladministrationeventdata__administered_activity"
)
OPENREM_NAMES = {
    "study_date__gt": "date_from",
    "date_after": "date_from",
    "study_date__lt": "date_to",
    "date_before": "date_to",
    "study_description": "study_description",
    "procedure_code_meaning": "procedure",
    "requested_procedure_code_meaning": "requested_procedure",
    "generalequipmentmoduleattr__institution_name": "institution",
    "institution_name": "institution",
    "generalequipmentmoduleattr__manufacturer": "manufacturer",
    "generalequipmentmoduleattr__manufacturer_model_name": "model",
    "model_name": "model",
    "generalequipmentmoduleattr__station_name": "station",
    "generalequipmentmoduleattr__unique_equipment_name__display_name": "display_name",
    "patientstudymoduleattr__patient_age_decimal__gte": "age_min",
    "patientstudymoduleattr__patient_age_decimal__lte": "age_max",
    "patient_age_min": "age_min",
    "patient_age_max": "age_max",
    "patientstudymoduleattr__patient_weight__gte": "weight_min",
    "patientstudymoduleattr__patient_weight__lte": "weight_max",
    "accession_number": "accession_number",
    "test_data": "test_patients",
    "patient_name": "patient_name",
    "patient_id": "patient_id",
    f"{_ACTIVITY}_gte": "activity_min",
    f"{_ACTIVITY}__gte": "activity_min",
    f"{_ACTIVITY}_lte": "activity_max",
    f"{_ACTIVITY}__lte": "activity_max",
}
