"""Filters and orders of all modalities, with OpenREM's names as aliases (docs/export-rules.md §11)."""

from __future__ import annotations

from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, Order
from doseexport.catalogue.schema import STANDARD_NAMES
from doseexport.catalogue.shared.study import OF_STUDY
from doseexport.catalogue.values import (
    DATE_VALUE,
    HASHABLE_VALUE,
    NUMBER_VALUE,
    TEST_PATIENTS_VALUE,
    TEXT_VALUE,
)

STUDY = "study"
PATIENT = "patient"
PATIENT_STUDY = "patient_study"
EQUIPMENT = "equipment"
STUDY_NAME = "study_name"

SCOPES = {
    STUDY: "{}",
    PATIENT: f"EXISTS (SELECT FROM remapp_patientmoduleattr pat WHERE pat.{OF_STUDY} AND {{}})",
    PATIENT_STUDY: (
        f"EXISTS (SELECT FROM remapp_patientstudymoduleattr patstudy WHERE patstudy.{OF_STUDY} AND {{}})"
    ),
    EQUIPMENT: (
        "EXISTS (SELECT FROM remapp_generalequipmentmoduleattr equip"
        " LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id"
        f" WHERE equip.{OF_STUDY} AND {{}})"
    ),
    STUDY_NAME: (
        "EXISTS (SELECT FROM remapp_generalstudymoduleattr_standard_names link"
        " JOIN remapp_standardnames standard ON standard.id = link.standardnames_id"
        " WHERE link.generalstudymoduleattr_id = study.id AND {})"
    ),
}

_EQUIP = "generalequipmentmoduleattr__"
_AGE = "patientstudymoduleattr__patient_age_decimal__"
_WEIGHT = "patientstudymoduleattr__patient_weight__"

COMMON_FILTERS = (
    Filter("date_from", DATE_VALUE, STUDY, "study.study_date >= %s::date", "studies on or after this date",
           ("study_date__gt", "date_after")),
    Filter("date_to", DATE_VALUE, STUDY, "study.study_date <= %s::date", "studies on or before this date",
           ("study_date__lt", "date_before")),
    Filter("study_description", TEXT_VALUE, STUDY, "study.study_description", "study description contains",
           suggests=True),
    Filter("procedure", TEXT_VALUE, STUDY, "study.procedure_code_meaning", "procedure contains",
           ("procedure_code_meaning",), suggests=True),
    Filter("requested_procedure", TEXT_VALUE, STUDY, "study.requested_procedure_code_meaning",
           "requested procedure contains", ("requested_procedure_code_meaning",),
           suggests=True),
    Filter("institution", TEXT_VALUE, EQUIPMENT, "equip.institution_name", "institution contains",
           (_EQUIP + "institution_name", "institution_name"), suggests=True),
    Filter("manufacturer", TEXT_VALUE, EQUIPMENT, "equip.manufacturer", "manufacturer contains",
           (_EQUIP + "manufacturer",), suggests=True),
    Filter("model", TEXT_VALUE, EQUIPMENT, "equip.manufacturer_model_name", "model name contains",
           (_EQUIP + "manufacturer_model_name", "model_name", "manufacturer_model_name"), suggests=True),
    Filter("station", TEXT_VALUE, EQUIPMENT, "equip.station_name", "station name contains",
           (_EQUIP + "station_name", "station_name"), suggests=True),
    Filter("display_name", TEXT_VALUE, EQUIPMENT, "uen.display_name",
           "display name of the equipment contains", (_EQUIP + "unique_equipment_name__display_name",),
           suggests=True),
    Filter("age_min", NUMBER_VALUE, PATIENT_STUDY, "patstudy.patient_age_decimal >= %s::numeric",
           "patients of this age or older", (_AGE + "gte", "patient_age_min"), "years"),
    Filter("age_max", NUMBER_VALUE, PATIENT_STUDY, "patstudy.patient_age_decimal <= %s::numeric",
           "patients of this age or younger", (_AGE + "lte", "patient_age_max"), "years"),
    Filter("accession_number", HASHABLE_VALUE, STUDY, "study.accession_number|study.accession_hashed",
           "accession number contains (equals, where OpenREM stores a hash)", one_study=True),
    Filter("test_patients", TEST_PATIENTS_VALUE, STUDY,
           "NOT EXISTS (SELECT FROM remapp_patientmoduleattr pat"
           f" WHERE pat.{OF_STUDY} AND pat.not_patient_indicator IS NOT NULL)",
           "studies of patients marked as test data", ("test_data",)),
    Filter("patient_name", HASHABLE_VALUE, PATIENT, "pat.patient_name|pat.name_hashed",
           "patient name contains (equals, where OpenREM stores a hash)", pid=True),
    Filter("patient_id", HASHABLE_VALUE, PATIENT, "pat.patient_id|pat.id_hashed",
           "patient ID contains (equals, where OpenREM stores a hash)", pid=True),
)  # fmt: skip

WEIGHT_FILTERS = (
    Filter("weight_min", NUMBER_VALUE, PATIENT_STUDY, "patstudy.patient_weight >= %s::numeric",
           "patients of this mass or heavier", (_WEIGHT + "gte",), "kg"),
    Filter("weight_max", NUMBER_VALUE, PATIENT_STUDY, "patstudy.patient_weight <= %s::numeric",
           "patients of this mass or lighter", (_WEIGHT + "lte",), "kg"),
)  # fmt: skip

STUDY_NAME_FILTER = Filter("standard_study_name", TEXT_VALUE, STUDY_NAME, "standard.standard_name",
                           "standard study name contains", ("standard_names__standard_name",),
                           feature=STANDARD_NAMES, suggests=True)  # fmt: skip


def order_by_equipment(column: str) -> str:
    """Return SQL that sorts by a column of the study's first equipment row by id, NULL last."""
    return (
        f"(SELECT {column} FROM remapp_generalequipmentmoduleattr equip"
        " LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id"
        f" WHERE equip.{OF_STUDY} ORDER BY equip.id LIMIT 1) NULLS LAST"
    )


COMMON_ORDERS = (
    Order(DEFAULT_ORDER, "", "newest study first", ("-time_date", "-study_date")),
    Order("oldest_first", "study.study_date NULLS LAST, study.study_time NULLS LAST", "oldest study first",
          ("time_date", "study_date")),
    Order("study_description", "study.study_description NULLS LAST", "by study description"),
    Order("institution", order_by_equipment("equip.institution_name"), "by institution",
          (_EQUIP + "institution_name",)),
    Order("manufacturer", order_by_equipment("equip.manufacturer"), "by manufacturer",
          (_EQUIP + "manufacturer",)),
    Order("model", order_by_equipment("equip.manufacturer_model_name"), "by model name",
          (_EQUIP + "manufacturer_model_name",)),
    Order("display_name", order_by_equipment("uen.display_name"), "by display name of the equipment",
          (_EQUIP + "unique_equipment_name__display_name",)),
)  # fmt: skip
