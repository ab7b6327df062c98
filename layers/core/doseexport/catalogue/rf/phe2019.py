"""rf-phe2019: PHE's 2019 form for interventional radiology and fluoroscopy (docs/export-rules.md §8.2).

Users paste the cells into the template of the survey, so every cell has the place that the template
expects: units in row 4, one row per study from row 7.
"""

from __future__ import annotations

from doseexport.catalogue.columns import DATE, NUMBER, Column, RowWarning, Stream
from doseexport.catalogue.layouts import CustomRows, Sheet
from doseexport.catalogue.rf.exports import RF
from doseexport.catalogue.rf.phe2019_rows import SurveyRows
from doseexport.catalogue.rf.planes import ACCUMULATED, ADDED
from doseexport.catalogue.shared.plausibility import (
    NEGATIVE_AGE,
    warn_of_doubled_total,
    warn_of_high_dose,
)
from doseexport.catalogue.shared.study import OF_STUDY, warn_of_repeats
from doseexport.catalogue.shared.totals import DAP, RP_DOSE
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

_STUDY_STREAM = Stream(
    columns=(
        Column("Study id", "study.id", NUMBER, "C: OpenREM's id of the study"),
        Column("Exam date", "study.study_date", DATE, "D (0008,0020)"),
        Column("Total DAP", DAP.value, NUMBER, "E: Gy.m2"),
        Column("Fluoro DAP", "totals.fluoro_dap", NUMBER, "F: Gy.m2 (113726, DCM), of all planes"),
        Column("Acquisition DAP", "totals.acq_dap", NUMBER, "G: Gy.m2 (113727, DCM), of all planes"),
        Column("Fluoro time", "totals.fluoro_time", NUMBER, "H: s (113730, DCM), of all planes"),
        Column("Total RP dose", RP_DOSE.value, NUMBER, "I: Gy, of all planes"),
        Column("Fluoro RP dose", "totals.fluoro_rp", NUMBER, "J: Gy (113728, DCM), of all planes"),
        Column("Acquisition RP dose", "totals.acq_rp", NUMBER, "K: Gy (113729, DCM), of all planes"),
        Column("Examination", _EXAMINATION, meaning="L: procedure, requested procedure, description"),
        Column("Patient weight", "patstudy.patient_weight", NUMBER, "M: kg (0010,1030)"),
        Column("N", "''", meaning="blank in the form"),
        Column("Patient age", "patstudy.patient_age_decimal", NUMBER, "O: years"),
        Column("Patient sex", "pat.patient_sex", meaning="P (0010,0040)"),
        Column("Patient height", "patstudy.patient_size", NUMBER, "Q: m (0010,1020)"),
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

_POSITION = ("patient_table_relationship", "patient_orientation", "patient_orientation_modifier")
_POSITION_IDS = ", '/', ".join(f"event.{name}_cid_id" for name in _POSITION)
_POSITION_WORDS = ", ".join(f"{code_meaning(f'event.{name}_cid_id')} || ', '" for name in _POSITION)

_COPPER = "'C-127F9', 'C-12700', '66925006'"
_ALUMINIUM = "'C-120F9', 'C-12000', '12503006'"


def _list_thicknesses(codes: str) -> str:
    """Return SQL for the maximum thicknesses (mm) of filters with these codes, joined by spaces."""
    return (
        "(SELECT string_agg(trim_scale(filter.xray_filter_thickness_maximum)::text, ' ' ORDER BY filter.id)"
        " FROM remapp_xrayfilters filter"
        " JOIN remapp_contextid code ON code.id = filter.xray_filter_material_id"
        f" WHERE filter.{OF_SOURCE} AND code.code_value IN ({codes}))"
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

_EVENT_CELLS = (
    Column("R", "", meaning="protocols of fluoroscopy"),
    Column("S", "", meaning="modes of fluoroscopy"),
    Column("T", "", NUMBER, "pulse rate of fluoroscopy, pulses/s, or Multiple rates"),
    Column("U", "", NUMBER, "pulse rate of acquisitions, pulses/s, Multiple rates or Single shot"),
    Column("V", "", NUMBER, "number of acquisitions"),
    Column("W", "", meaning="types of grid"),
    Column("X", "", meaning="blank in the form"),
    Column("Y", "", meaning="positions of the patient"),
    Column("Z", "", meaning="blank in the form"),
    Column("AA", "", meaning="blank in the form"),
    Column("AB", "", meaning="collimated field, m2; width and height in mm"),
    Column("AC", "", meaning="field sizes, mm"),
    Column("AD", "", meaning="blank in the form"),
    Column("AE", "", meaning="thickness of copper filters, mm"),
    Column("AF", "", meaning="thickness of aluminium filters, mm"),
    *(Column(f"A{letter}", "", meaning="blank in the form") for letter in "GHIJKLMNOP"),
    Column("AQ", "", meaning="all pulse rates, where there are several"),
)

_UNITS = ("", "", "", "", "", "Gy·m²", "", "seconds", "Gy")
SHEET = Sheet(
    name="PHE IR-Fluoro",
    columns=(
        Column("A", "", meaning="blank in the form"),
        Column("B", "", NUMBER, "running number from 1"),
        *_STUDY_STREAM.columns,
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
