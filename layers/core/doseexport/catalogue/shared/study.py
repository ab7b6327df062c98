"""Columns of a study that all modalities share, and the tables they come from (docs/export-rules.md §1.2)."""

from __future__ import annotations

from collections.abc import Iterator

from doseexport.catalogue.columns import (
    ALWAYS,
    DATE,
    ID,
    NAME,
    NAME_OR_ID,
    NEVER,
    NO_SOURCE,
    NOT_RECORDED,
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


_STUDY, _PATIENT, _BODY = "generalstudymoduleattr.", "patientmoduleattr.", "patientstudymoduleattr."
_EQUIPMENT = "generalequipmentmoduleattr."

DATE_OF_STUDY = Column(
    "Study date", "study.study_date", DATE, "Date of the study", f"{_STUDY}study_date", dicom="(0008,0020)"
)
TIME_OF_STUDY = Column(
    "Study time", "study.study_time", TIME, "Time of the study", f"{_STUDY}study_time", dicom="(0008,0030)"
)
STUDY_ID = Column("Study id", "study.id", NUMBER, "OpenREM's number of the study", f"{_STUDY}id", blank=NEVER)
ACCESSION = Column(
    "Accession number",
    "study.accession_number",
    meaning="Accession number, or its hash where OpenREM stores hashes",
    source=f"{_STUDY}accession_number",
    dicom="(0008,0050)",
)
AGE = Column(
    "Age",
    "patstudy.patient_age_decimal",
    NUMBER,
    "Age of the patient at the study",
    f"{_BODY}patient_age_decimal",
    "years",
    "(0010,1010)",
)
SEX = Column("Sex", "pat.patient_sex", meaning="Sex of the patient", source=f"{_PATIENT}patient_sex",
             dicom="(0010,0040)")  # fmt: skip
HEIGHT = Column("Height", "patstudy.patient_size", NUMBER, "Height of the patient",
                f"{_BODY}patient_size", "m", "(0010,1020)")  # fmt: skip
MASS = Column("Mass (kg)", "patstudy.patient_weight", NUMBER, "Body mass of the patient",
              f"{_BODY}patient_weight", "kg", "(0010,1030)")  # fmt: skip
SIZE = (HEIGHT, MASS)
DISPLAY_NAME = Column(
    "Display name",
    "uen.display_name",
    meaning="Name that OpenREM's users gave the equipment",
    source="uniqueequipmentnames.display_name",
)
DESCRIPTION = Column("Study description", "study.study_description", meaning="Study description",
                     source=f"{_STUDY}study_description", dicom="(0008,1030)")  # fmt: skip
REQUEST = Column(
    "Requested procedure",
    "study.requested_procedure_code_meaning",
    meaning="Meaning of the code of the requested procedure",
    source=f"{_STUDY}requested_procedure_code_meaning",
    dicom="(0032,1064)",
)
_IDENTITY = (
    Column("Patient name", "pat.patient_name", meaning="Name of the patient, or its hash",
           source=f"{_PATIENT}patient_name", dicom="(0010,0010)", included_by=NAME),
    Column("Patient ID", "pat.patient_id", meaning="ID of the patient, or its hash",
           source=f"{_PATIENT}patient_id", dicom="(0010,0020)", included_by=ID),
)  # fmt: skip
_EQUIPMENT_COLUMNS = (
    Column("Institution", "equip.institution_name", meaning="Institution of the equipment",
           source=f"{_EQUIPMENT}institution_name", dicom="(0008,0080)"),
    Column("Manufacturer", "equip.manufacturer", meaning="Manufacturer of the equipment",
           source=f"{_EQUIPMENT}manufacturer", dicom="(0008,0070)"),
    Column("Model name", "equip.manufacturer_model_name", meaning="Model of the equipment",
           source=f"{_EQUIPMENT}manufacturer_model_name", dicom="(0008,1090)"),
    Column("Station name", "equip.station_name", meaning="Station name of the equipment",
           source=f"{_EQUIPMENT}station_name", dicom="(0008,1010)"),
    DISPLAY_NAME,
)  # fmt: skip
_OPERATOR = Column("Operator", "study.operator_name", meaning="Operators", dicom="(0008,1070)",
                   source=f"{_STUDY}operator_name", rows="OpenREM joins several by |")  # fmt: skip
_PHYSICIAN = Column("Physician", "study.performing_physician_name", meaning="Performing physician",
                    source=f"{_STUDY}performing_physician_name", dicom="(0008,1050)")  # fmt: skip
_BIRTH = Column("Date of birth", "pat.patient_birth_date", DATE, "Date of birth of the patient",
                f"{_PATIENT}patient_birth_date", dicom="(0010,0030)", included_by=NAME_OR_ID)  # fmt: skip
_TEST_PATIENT = Column(
    "Test patient?",
    "pat.not_patient_indicator",
    meaning="OpenREM's reason to take the patient for test data",
    source=f"{_PATIENT}not_patient_indicator",
    blank="OpenREM has no such reason",
)


def read_comments(sql: str, source: str) -> Column:
    """Return the column Study Comments of a modality. `sql` is "NULL" and `source` "none" without any."""
    return Column(
        "Study Comments",
        sql,
        meaning="Comment of the dose report",
        source=source,
        dicom="121106 DCM",
        blank=ALWAYS if source == NO_SOURCE else NOT_RECORDED,
    )


def count_events(sql: str, meaning: str, source: str, **texts: str) -> Column:
    """Return the column No. events of a modality."""
    return Column("No. events", sql, NUMBER, meaning, source, **texts)


def study_columns(
    comments: Column,
    events: Column | None = None,
    *,
    mass: bool = True,
    physician: bool = False,
    standard: str = "",
) -> tuple[Column, ...]:
    """Return the columns of a study in their order.

    `comments` and `events` are those of the modality. `standard` is the modality of the standard names, or
    empty without standard names.
    """
    return (
        *_IDENTITY,
        *_EQUIPMENT_COLUMNS,
        ACCESSION,
        _OPERATOR,
        *([_PHYSICIAN] if physician else []),
        DATE_OF_STUDY,
        TIME_OF_STUDY,
        _BIRTH,
        AGE,
        SEX,
        *(SIZE if mass else ()),
        _TEST_PATIENT,
        *_describe_study(standard),
        comments,
        *([events] if events else []),
    )


def _describe_study(standard: str) -> Iterator[Column]:
    yield DESCRIPTION
    if standard:
        yield name_study("Standard study name (study)", standard, "study_description")
    yield REQUEST
    if standard:
        yield name_study("Standard study name (request)", standard, "requested_procedure_code_meaning")


STUDY_FREQUENCIES = (
    Frequency("Study Description", DESCRIPTION.sql, DESCRIPTION.source),
    Frequency("Requested Procedure", REQUEST.sql, REQUEST.source),
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
