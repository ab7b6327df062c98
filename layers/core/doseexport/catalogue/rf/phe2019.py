"""rf-phe2019: PHE's 2019 form for interventional radiology and fluoroscopy (docs/export-rules.md §8.2).

Users paste the cells into the template of the survey, so every cell has the place that the template
expects: units in row 4, one row per study from row 7.
"""

from __future__ import annotations

from typing import Any

from doseexport.catalogue.columns import (
    ALWAYS,
    CODED,
    COUNTED,
    NEVER,
    NO_SOURCE,
    NUMBER,
    TEXT,
    Column,
    RowWarning,
    Stream,
)
from doseexport.catalogue.layouts import CustomRows, Sheet
from doseexport.catalogue.rf.exports import RF
from doseexport.catalogue.rf.phe2019_rows import SurveyRows
from doseexport.catalogue.rf.planes import ACCUMULATED, ADDED, TOTALS
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.plausibility import (
    NEGATIVE_AGE,
    warn_of_doubled_total,
    warn_of_high_dose,
)
from doseexport.catalogue.shared.study import (
    AGE,
    DATE_OF_STUDY,
    HEIGHT,
    MASS,
    OF_STUDY,
    SEX,
    STUDY_ID,
    warn_of_repeats,
)
from doseexport.catalogue.shared.totals import COMPUTED, DAP, RP_DOSE
from doseexport.catalogue.shared.xray import (
    EVENTS_DAP,
    OF_SOURCE,
    REPORT_ROW_WARNINGS,
    SOURCE,
    code,
    code_meaning,
)
from doseexport.catalogue.spec import Spec

_TOTALS = f"""
LEFT JOIN LATERAL (
    SELECT sum(fluoro_dap) AS fluoro_dap, sum(acq_dap) AS acq_dap, sum(fluoro_time) AS fluoro_time,
        sum(fluoro_rp) AS fluoro_rp, sum(acq_rp) AS acq_rp, count(*) AS doses,
        bool_or(integ.rows > 1 OR accproj.rows > 1)
            OR count(*) > count(DISTINCT coalesce(accum.acquisition_plane_id, 0)) AS is_added
    FROM (SELECT study.id) chosen {ACCUMULATED}
) totals ON true"""

_EXAMINATION = (
    "concat_ws(' | ', nullif(study.procedure_code_meaning, ''),"
    " nullif(study.requested_procedure_code_meaning, ''), nullif(study.study_description, ''))"
)

_OF_PLANES = "of all planes of the study"


def _total(heading: str, sql: str, meaning: str, column: str, unit: str, **texts: str) -> Column:
    source = f"generalstudymoduleattr.{column}"
    return Column(heading, sql, NUMBER, f"{meaning} {_OF_PLANES}", source, unit, **texts)


def _sum(heading: str, name: str) -> Column:
    """Return the column of a total of rf-csv, added over all planes."""
    total = next(each for each in TOTALS if each.name == name)
    return Column(
        heading,
        f"totals.{name}",
        NUMBER,
        f"{total.meaning} {_OF_PLANES}",
        total.source,
        total.unit,
        total.dicom,
        rows="added",
    )


_STUDY_STREAM = Stream(
    columns=(
        STUDY_ID,
        DATE_OF_STUDY.named("Exam date"),
        _total("Total DAP", DAP.value, "Dose-area product", "total_dap", "Gy·m²", conversion=COMPUTED),
        _sum("Fluoro DAP", "fluoro_dap"),
        _sum("Acquisition DAP", "acq_dap"),
        _sum("Fluoro time", "fluoro_time"),
        _total(
            "Total RP dose",
            RP_DOSE.value,
            "Dose at the reference point",
            "total_rp_dose_a, generalstudymoduleattr.total_rp_dose_b",
            "Gy",
            conversion=f"the two are added; {COMPUTED}",
        ),
        _sum("Fluoro RP dose", "fluoro_rp"),
        _sum("Acquisition RP dose", "acq_rp"),
        Column(
            "Examination",
            _EXAMINATION,
            meaning="Procedure, requested procedure and description of the study",
            source=(
                "generalstudymoduleattr.procedure_code_meaning,"
                " generalstudymoduleattr.requested_procedure_code_meaning,"
                " generalstudymoduleattr.study_description"
            ),
            dicom="(0008,1032), (0032,1064), (0008,1030)",
            conversion="joined by |, without missing parts",
        ),
        MASS.named("Patient weight"),
        Column("N", "''", meaning="Not filled by OpenREM", source=NO_SOURCE, blank=ALWAYS),
        AGE.named("Patient age"),
        SEX.named("Patient sex"),
        HEIGHT.named("Patient height"),
    ),
    joins=f"""
LEFT JOIN remapp_patientmoduleattr pat ON pat.{OF_STUDY}
LEFT JOIN remapp_patientstudymoduleattr patstudy ON patstudy.{OF_STUDY} {_TOTALS}""",
    ties=("pat.id", "patstudy.id"),
    row_warnings=(
        RowWarning("pat.id IS NULL", "No patient record in {n} of the studies: the sex is blank."),
        RowWarning(
            "patstudy.id IS NULL", "No patient study record in {n} of the studies: age and size are blank."
        ),
        *REPORT_ROW_WARNINGS,
        RowWarning(
            "totals.doses = 0",
            "No accumulated dose in {n} of the studies: columns F, G, H, J and K are blank.",
        ),
        RowWarning("totals.is_added", ADDED),
        NEGATIVE_AGE,
        warn_of_high_dose(RP_DOSE.value, DAP.value, "studies"),
        warn_of_doubled_total((DAP.value, EVENTS_DAP)),
    ),
)

_GRIDS = f"""(SELECT json_agg(code.code_meaning ORDER BY grid.id)::text FROM remapp_xraygrid grid
    JOIN remapp_contextid code ON code.id = grid.xray_grid_id WHERE grid.{OF_SOURCE})"""

_POSITIONS = ("patient_table_relationship", "patient_orientation", "patient_orientation_modifier")
_POSITION_IDS = ", '/', ".join(f"event.{name}_cid_id" for name in _POSITIONS)
_POSITION_WORDS = ", ".join(
    f"nullif({code_meaning(f'event.{name}_cid_id')}, '') || ', '" for name in _POSITIONS
)

_COPPER = "'C-127F9', 'C-12700', '66925006'"
_ALUMINIUM = "'C-120F9', 'C-12000', '12503006'"


def _list_thicknesses(codes: str) -> str:
    """Return SQL for the maximum thicknesses (mm) of filters with these codes, joined by spaces."""
    return (
        "(SELECT string_agg(trim_scale(filter.xray_filter_thickness_maximum)::text, ' ' ORDER BY filter.id)"
        f" FROM remapp_xrayfilters filter WHERE filter.{OF_SOURCE} AND filter.xray_filter_material_id = ANY("
        # PostgreSQL finds the ids once. A join would read the codes for each event.
        f"ARRAY(SELECT id FROM remapp_contextid WHERE code_value IN ({codes}))))"
    )


_EVENT_STREAM = Stream(
    columns=(
        Column("type", code("event.irradiation_event_type_id"), meaning="code (113721, DCM)"),
        Column("protocol", "event.acquisition_protocol", meaning="R (125203, DCM)"),
        Column("fluoro mode", code_meaning("src.fluoro_mode_id"), meaning="S (113732, DCM)"),
        Column("pulse rate", "src.pulse_rate", NUMBER, "T, U: pulses/s (113791, DCM)"),
        Column("grids", _GRIDS, meaning="W (111635, DCM), a JSON list"),
        Column("position ids", f"concat({_POSITION_IDS})", meaning="distinguishes positions"),
        Column("position", f"concat({_POSITION_WORDS})", meaning="Y (113745, 113743, 113744, DCM)"),
        Column("area", "src.collimated_field_area", NUMBER, "AB: m2 (113790, DCM)"),
        Column("width", "src.collimated_field_width", NUMBER, "AB: mm (113789, DCM)"),
        Column("height", "src.collimated_field_height", NUMBER, "AB: mm (113788, DCM)"),
        Column("field size", "src.ii_field_size", NUMBER, "AC: mm, of the image intensifier"),
        Column("copper", _list_thicknesses(_COPPER), meaning="AE: mm (113773, DCM)"),
        Column("aluminium", _list_thicknesses(_ALUMINIUM), meaning="AF: mm (113773, DCM)"),
    ),
    joins=SOURCE.join,
    ties=(SOURCE.tie,),
    row_warnings=(SOURCE.missing,),
)

_BLANK = Column("", "", meaning="Blank in the form: to fill in", source=NO_SOURCE, blank=ALWAYS)
_DISTINCT = "different ones, joined by |"


def _tell(letter: str, column: Column, meaning: str, **texts: Any) -> Column:
    """Return a cell about all events of a study, from the column of one event."""
    return column.made(letter, meaning=meaning, **texts)


_POSITION = "irradeventxraydata.patient_"
_FIELD = "irradeventxraysourcedata.collimated_field_"
_THICKEST = Column(
    "",
    "",
    source="xrayfilters.xray_filter_thickness_maximum",
    unit="mm",
    dicom="113773 DCM",
    conversion="smallest to largest, with two significant digits",
    blank="not recorded, or the smallest is 0",
    rows="all filters of all events",
)
_EVENT_CELLS = (
    _tell("R", exposures.PROTOCOL, "Protocols of fluoroscopy", rows=_DISTINCT),
    Column("S", "", meaning="Modes of fluoroscopy", source="irradeventxraysourcedata.fluoro_mode_id",
           dicom="113732 DCM", conversion=CODED, rows=_DISTINCT),
    _tell("T", exposures.PULSE_RATE, "Pulse rate of fluoroscopy", rows="several: Multiple rates"),
    _tell("U", exposures.PULSE_RATE, "Pulse rate of acquisitions", blank="no acquisition",
          conversion="none recorded: Single shot", rows="several: Multiple rates"),
    Column("V", "", NUMBER, "Number of acquisitions", "irradeventxraydata.irradiation_event_type_id",
           dicom="113721 DCM", conversion="codes 113611 to 113613 are acquisitions", blank=NEVER,
           rows="counted"),
    Column("W", "", meaning="Types of grid", source="xraygrid.xray_grid_id", dicom="111635 DCM",
           conversion=CODED, rows=_DISTINCT),
    _BLANK.named("X"),
    Column("Y", "", meaning="Positions of the patient",
           source=f"{_POSITION}table_relationship_cid_id, {_POSITION}orientation_cid_id,"
           f" {_POSITION}orientation_modifier_cid_id",
           dicom="113745 DCM, 113743 DCM, 113744 DCM", conversion=CODED,
           rows="different ones, each part followed by a comma"),
    _BLANK.named("Z"),
    _BLANK.named("AA"),
    Column("AB", "", meaning="Area, width and height of the collimated field, in m², mm and mm",
           source=f"{_FIELD}area, {_FIELD}width, {_FIELD}height",
           unit="m², mm", dicom="113790 DCM, 113789 DCM, 113788 DCM",
           conversion="smallest to largest of all events, with four decimals",
           blank="not recorded, or the smallest is 0"),
    _tell("AC", exposures.FIELD_SIZE, "Field sizes of the image intensifier", kind=TEXT,
          rows="different ones, each followed by a comma"),
    _BLANK.named("AD"),
    _THICKEST.named("AE", meaning="Thickness of copper filters"),
    _THICKEST.named("AF", meaning="Thickness of aluminium filters"),
    *(_BLANK.named(f"A{letter}") for letter in "GHIJKLMNOP"),
    _tell("AQ", exposures.PULSE_RATE, "All pulse rates, of fluoroscopy and of acquisitions", kind=TEXT,
          conversion="one decimal", blank="neither has several", rows=_DISTINCT),
)  # fmt: skip

_UNITS = ("", "", "", "", "", "Gy·m²", "", "seconds", "Gy")
SHEET = Sheet(
    name="PHE IR-Fluoro",
    columns=(
        _BLANK.named("A"),
        Column("B", "", NUMBER, "Number of the study in the form, from 1", COUNTED, blank=NEVER),
        *(
            each.named(each.heading, pattern=f"{letter}: {each.heading}")
            for letter, each in zip("CDEFGHIJKLMNOPQ", _STUDY_STREAM.columns, strict=True)
        ),
        *_EVENT_CELLS,
    ),
    own_rows_above=((), (), (), _UNITS, (), ()),
)

SPECS = (
    Spec(
        type="rf-phe2019",
        format="xlsx",
        help="PHE 2019 survey form, one row per study from row 7",
        modality=RF,
        studies=_STUDY_STREAM,
        events=_EVENT_STREAM,
        layout=CustomRows(lambda context: SurveyRows(context, SHEET)),
        repeat_warnings=(
            warn_of_repeats("remapp_patientmoduleattr", "patient record"),
            warn_of_repeats("remapp_patientstudymoduleattr", "patient study record"),
            SOURCE.repeated,
        ),
        totals=(DAP, RP_DOSE),
    ),
)
