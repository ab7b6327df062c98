"""Columns of a study that all modalities share, and the tables they come from (docs/export-rules.md §1.2)."""

from __future__ import annotations

from collections.abc import Iterator

from doseexport.catalogue.columns import (
    DATE,
    ID,
    NAME,
    NAME_OR_ID,
    NUMBER,
    TIME,
    Column,
    RepeatWarning,
    RowWarning,
)
from doseexport.catalogue.layouts import Frequency
from doseexport.catalogue.shared.plausibility import NEGATIVE_AGE
from doseexport.catalogue.shared.standard_names import name_study

OF_STUDY = "general_study_module_attributes_id = study.id"
OF_CHOSEN = "general_study_module_attributes_id = chosen.id"

PATIENT_JOINS = f"""
LEFT JOIN remapp_patientmoduleattr pat ON pat.{OF_STUDY}
LEFT JOIN remapp_patientstudymoduleattr patstudy ON patstudy.{OF_STUDY}"""
PATIENT_TIES = ("pat.id", "patstudy.id")
PATIENT_ROW_WARNINGS = (
    RowWarning("pat.id IS NULL", "No patient record in {n} of the studies: its cells are blank."),
    RowWarning("patstudy.id IS NULL", "No patient study record in {n} of the studies: its cells are blank."),
    NEGATIVE_AGE,
)

STUDY_JOINS = f"""{PATIENT_JOINS}
LEFT JOIN remapp_generalequipmentmoduleattr equip ON equip.{OF_STUDY}
LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id"""
STUDY_TIES = (*PATIENT_TIES, "equip.id")
STUDY_ROW_WARNINGS = (
    *PATIENT_ROW_WARNINGS,
    RowWarning("equip.id IS NULL", "No equipment record in {n} of the studies: its cells are blank."),
)


_PHYSICIAN = Column("Physician", "study.performing_physician_name", meaning="(0008,1050)")
SIZE = (
    Column("Height", "patstudy.patient_size", NUMBER, "m (0010,1020)"),
    Column("Mass (kg)", "patstudy.patient_weight", NUMBER, "kg (0010,1030)"),
)


def study_columns(
    comment: str, events: str = "", *, mass: bool = True, physician: bool = False, standard: str = ""
) -> tuple[Column, ...]:
    """Return the columns of a study in their order.

    `comment` and `events` are the modality's SQL for Study Comments and No. events. Without `events` there
    is no such column. `standard` is the modality of the standard names, or empty without standard names.
    """
    return (
        Column("Patient name", "pat.patient_name", meaning="(0010,0010)", included_by=NAME),
        Column("Patient ID", "pat.patient_id", meaning="(0010,0020)", included_by=ID),
        Column("Institution", "equip.institution_name", meaning="(0008,0080)"),
        Column("Manufacturer", "equip.manufacturer", meaning="(0008,0070)"),
        Column("Model name", "equip.manufacturer_model_name", meaning="(0008,1090)"),
        Column("Station name", "equip.station_name", meaning="(0008,1010)"),
        Column("Display name", "uen.display_name", meaning="the equipment's name in OpenREM"),
        Column("Accession number", "study.accession_number", meaning="(0008,0050), or its hash as stored"),
        Column("Operator", "study.operator_name", meaning="(0008,1070)"),
        *([_PHYSICIAN] if physician else []),
        Column("Study date", "study.study_date", DATE, "(0008,0020)"),
        Column("Study time", "study.study_time", TIME, "(0008,0030)"),
        Column("Date of birth", "pat.patient_birth_date", DATE, "(0010,0030)", included_by=NAME_OR_ID),
        Column("Age", "patstudy.patient_age_decimal", NUMBER, "years at the study"),
        Column("Sex", "pat.patient_sex", meaning="(0010,0040)"),
        *(SIZE if mass else ()),
        Column(
            "Test patient?",
            "pat.not_patient_indicator",
            meaning="OpenREM's reason to take the patient for test data",
        ),
        *_describe_study(standard),
        Column("Study Comments", comment, meaning="comment of the dose report (121106, DCM)"),
        *([Column("No. events", events, NUMBER, "irradiation events of the study")] if events else []),
    )


def _describe_study(standard: str) -> Iterator[Column]:
    yield Column("Study description", "study.study_description", meaning="(0008,1030)")
    if standard:
        yield name_study("Standard study name (study)", standard, "study_description")
    yield Column("Requested procedure", "study.requested_procedure_code_meaning", meaning="(0032,1064)")
    if standard:
        yield name_study("Standard study name (request)", standard, "requested_procedure_code_meaning")


STUDY_FREQUENCIES = (
    Frequency("Study Description", "study.study_description"),
    Frequency("Requested Procedure", "study.requested_procedure_code_meaning"),
)


def warn_of_repeats(table: str, what: str, used: str = "the first was used") -> RepeatWarning:
    """Return the warning for a table of which a study should have at most one row."""
    sql = (
        f"SELECT chosen.id FROM chosen JOIN {table} child ON child.{OF_CHOSEN}"
        " GROUP BY chosen.id HAVING count(*) > 1"
    )
    return RepeatWarning(sql, f"Several {what}s in {{n}} of the studies: {used}.")


PATIENT_REPEAT_WARNINGS = (
    warn_of_repeats("remapp_patientmoduleattr", "patient record"),
    warn_of_repeats("remapp_patientstudymoduleattr", "patient study record"),
)
STUDY_REPEAT_WARNINGS = (
    *PATIENT_REPEAT_WARNINGS,
    warn_of_repeats("remapp_generalequipmentmoduleattr", "equipment record"),
)
