"""NHSBSP dose surveys: one csv to paste, or a workbook split into 2D, DBT and CEM (docs/export-rules.md §6).

Neither file identifies a patient: patients are numbered.
"""

from __future__ import annotations

from doseexport.catalogue.columns import DATE, NUMBER, TIME, Column, RowWarning, Stream
from doseexport.catalogue.layouts import CustomRows
from doseexport.catalogue.mg.exports import MG
from doseexport.catalogue.mg.nhsbsp.exposures import SEPARATOR, WORDS, YES
from doseexport.catalogue.mg.nhsbsp.rows import CsvBuilder, WorkbookBuilder
from doseexport.catalogue.options import Option
from doseexport.catalogue.shared.plausibility import NEGATIVE_AGE
from doseexport.catalogue.shared.study import OF_STUDY, warn_of_repeats
from doseexport.catalogue.shared.xray import (
    HAS_STORED_UAS,
    KVP,
    MAS,
    MECHANICAL,
    OF_SOURCE,
    PROJ_JOIN,
    PROJ_TIE,
    SOURCE,
    UAS,
    code,
    code_meaning,
)
from doseexport.catalogue.spec import Spec
from doseexport.catalogue.values import FLAG_VALUE, INTEGER_VALUE, WORDS_VALUE

_SEPARATOR = f"chr({ord(SEPARATOR)})"


def _collect(value: str, table: str, coded: str, parent: str) -> str:
    """Return SQL for the codes or meanings of all rows of a table of coded values, by id."""
    return (
        f"(SELECT string_agg(code.{value}, {_SEPARATOR} ORDER BY child.id) FROM {table} child"
        f" JOIN remapp_contextid code ON code.id = child.{coded} WHERE child.{parent})"
    )


FILTER_TEXTS = _collect("code_meaning", "remapp_xrayfilters", "xray_filter_material_id", OF_SOURCE)
"""SQL for the materials of all filters of an exposure."""

# In the order of the fields of rows.StudyCells.
_STUDY_COLUMNS = (
    Column("date", "study.study_date", DATE, "(0008,0020)"),
    Column("time", "study.study_time", TIME, "(0008,0030)"),
    Column("age", "patstudy.patient_age_decimal", NUMBER, "years at the study"),
    Column(
        "is_test_patient",
        f"CASE WHEN pat.not_patient_indicator IS NOT NULL THEN '{YES}' END",
        meaning="yes if OpenREM takes the patient for test data",
    ),
)

# In the order of the fields of exposures.Exposure.
_EVENT_COLUMNS = (
    Column("laterality", code_meaning("event.laterality_id"), meaning="Laterality (G-C171, SRT)"),
    Column("view_code", code("event.image_view_id"), meaning="Image View (111031, DCM), its code"),
    Column("view_text", code_meaning("event.image_view_id"), meaning="Image View (111031, DCM), its text"),
    Column(
        "modifiers",
        _collect(
            "code_value",
            "remapp_imageviewmodifier",
            "image_view_modifier_id",
            "irradiation_event_xray_data_id = event.id",
        ),
        meaning="Image View Modifier (111032, DCM), codes",
    ),
    Column("protocol", "event.acquisition_protocol", meaning="Acquisition Protocol (125203, DCM)"),
    Column("type_code", code("event.irradiation_event_type_id"), meaning="(113721, DCM), its code"),
    Column("type_text", code_meaning("event.irradiation_event_type_id"), meaning="(113721, DCM), its text"),
    Column(
        "source_code",
        code("proj.source_of_dose_information_id"),
        meaning="Source of Dose Information (113854, DCM), code",
    ),
    Column("anode_text", code_meaning("src.anode_target_material_id"), meaning="(111632, DCM)"),
    Column(
        "filter_texts",
        FILTER_TEXTS,
        meaning="X-Ray Filter Material (113757, DCM), of every filter",
    ),
    Column("kv", KVP.value, NUMBER, "kV (113733, DCM), mean over pulses"),
    Column("thickness", "mech.compression_thickness", NUMBER, "mm (111633, DCM)"),
    Column("mas", MAS, NUMBER, "mAs (113736, DCM), sum over pulses"),
    Column(
        "has_exposure",
        f"CASE WHEN {HAS_STORED_UAS} THEN '{YES}' END",
        meaning="whether an exposure (113736, DCM) is stored",
    ),
    Column("mode", "src.exposure_control_mode", meaning="Exposure Control Mode (0018,7060)"),
    Column("agd", "src.average_glandular_dose", NUMBER, "mGy (111631, DCM)"),
)

_STUDY_STREAM = Stream(
    columns=_STUDY_COLUMNS,
    joins=f"""
LEFT JOIN remapp_patientmoduleattr pat ON pat.{OF_STUDY}
LEFT JOIN remapp_patientstudymoduleattr patstudy ON patstudy.{OF_STUDY}{PROJ_JOIN}""",
    ties=("pat.id", "patstudy.id", PROJ_TIE),
    row_warnings=(
        RowWarning("patstudy.id IS NULL", "No patient study record in {n} of the studies: the age is blank."),
        NEGATIVE_AGE,
    ),
)
_EVENT_STREAM = Stream(
    columns=_EVENT_COLUMNS,
    joins=SOURCE.join + MECHANICAL.join + KVP.join + UAS.join,
    ties=(SOURCE.tie, MECHANICAL.tie),
    row_warnings=(SOURCE.missing, MECHANICAL.missing, KVP.derived, UAS.derived),
)
_REPEAT_WARNINGS = (
    warn_of_repeats("remapp_patientmoduleattr", "patient record"),
    warn_of_repeats("remapp_patientstudymoduleattr", "patient study record"),
    warn_of_repeats(
        "remapp_projectionxrayradiationdose", "X-ray dose report", "the exposures of all are included"
    ),
    SOURCE.repeated,
    MECHANICAL.repeated,
)

_OPTIONS = (
    Option("survey_number", INTEGER_VALUE, "1", "number of the survey, or of the first of the surveys"),
    Option("words", WORDS_VALUE, WORDS, "exclude exposures whose protocol contains one of these words"),
    Option("exclude_test_patients", FLAG_VALUE, "no", "exclude patients that OpenREM marks as test data"),
    Option("exclude_zero_agd", FLAG_VALUE, "no", "exclude exposures with zero AGD"),
    Option("exclude_magnification", FLAG_VALUE, "no", "exclude magnification views"),
    Option("whole_years", FLAG_VALUE, "no", "ages in whole years, rounded down"),
)


def _make_spec(form: str, help_text: str, layout: CustomRows) -> Spec:
    return Spec(
        type=f"mg-nhsbsp-{form}",
        format=form,
        help=help_text,
        modality=MG,
        studies=_STUDY_STREAM,
        events=_EVENT_STREAM,
        layout=layout,
        repeat_warnings=_REPEAT_WARNINGS,
        options=_OPTIONS,
    )


SPECS = (
    _make_spec("csv", "NHSBSP dose survey, one row per exposure", CustomRows(CsvBuilder)),
    _make_spec(
        "xlsx", "NHSBSP survey split into 2D, DBT and CEM, with a review sheet", CustomRows(WorkbookBuilder)
    ),
)
