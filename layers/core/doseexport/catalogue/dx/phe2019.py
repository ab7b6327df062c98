"""PHE's 2019 forms for radiography: one projection, or whole studies (docs/export-rules.md §8.3, §8.4)."""

from __future__ import annotations

import dataclasses

from doseexport.catalogue.columns import DATE, NUMBER, Column, Stream
from doseexport.catalogue.dx.exports import DX, DX_EVENT_REPEAT_WARNINGS, DX_EVENT_STREAM
from doseexport.catalogue.dx.phe2019_rows import SingleProjection, WholeStudy
from doseexport.catalogue.layouts import CustomRows
from doseexport.catalogue.schema import Total
from doseexport.catalogue.shared.plausibility import warn_of_doubled_total
from doseexport.catalogue.shared.study import (
    PATIENT_JOINS,
    PATIENT_REPEAT_WARNINGS,
    PATIENT_ROW_WARNINGS,
    PATIENT_TIES,
)
from doseexport.catalogue.shared.totals import DAP, EVENTS
from doseexport.catalogue.shared.xray import (
    CGYCM2,
    EVENTS_DAP,
    FILTER_MATERIALS,
    FILTER_THICKNESSES,
    KVP,
    MAS,
    REPORT_ROW_WARNINGS,
    code_meaning,
)
from doseexport.catalogue.spec import Spec

# In the order of the fields of Exam and Projection in phe2019_rows.
_STUDY_COLUMNS = (
    Column("record", "study.id", NUMBER, "OpenREM's number of the study"),
    Column("date", "study.study_date", DATE, "(0008,0020)"),
    # OpenREM stores 0 where no total was recorded.
    Column("dap", f"nullif({DAP.value}, 0) * {CGYCM2}", NUMBER, "cGy.cm^2 (113722 and 122130, DCM)"),
    Column("procedure", "study.procedure_code_meaning", meaning="(0008,1032)"),
    Column("requested", "study.requested_procedure_code_meaning", meaning="(0032,1064)"),
    Column("description", "study.study_description", meaning="(0008,1030)"),
    Column("weight", "patstudy.patient_weight", NUMBER, "kg (0010,1030)"),
    Column("age", "patstudy.patient_age_decimal", NUMBER, "years at the study"),
    Column("sex", "pat.patient_sex", meaning="(0010,0040)"),
    Column("height", "patstudy.patient_size", NUMBER, "m (0010,1020)"),
    Column("projections", EVENTS.value, NUMBER, "events that OpenREM counted"),
)

_EVENT_COLUMNS = (
    Column("dap", f"event.dose_area_product * {CGYCM2}", NUMBER, "cGy.cm^2 (113722 and 122130, DCM)"),
    Column("protocol", "event.acquisition_protocol", meaning="(125203, DCM)"),
    Column("grid", "src.grid_focal_distance", NUMBER, "mm (0018,704C)"),
    Column("fdd", "nullif(dist.distance_source_to_detector, 0) * 0.1", NUMBER, "cm (113750, DCM)"),
    Column("materials", FILTER_MATERIALS, meaning="(113757, DCM)"),
    Column("thicknesses", FILTER_THICKNESSES, meaning="mm (113758 and 113773, DCM)"),
    Column("aec", "src.exposure_control_mode", meaning="(0018,7060)"),
    Column("kvp", KVP.value, NUMBER, "kV (113733, DCM)"),
    Column("mas", MAS, NUMBER, "mAs (113736, DCM)"),
    Column("orientation", code_meaning("event.patient_orientation_cid_id"), meaning="(113743, DCM)"),
    Column("modifier", code_meaning("event.patient_orientation_modifier_cid_id"), meaning="(113744, DCM)"),
    Column("table", code_meaning("event.patient_table_relationship_cid_id"), meaning="(113745, DCM)"),
    Column("exposure_index", "det.exposure_index", NUMBER, "(113845, DCM)"),
    Column("view", code_meaning("event.image_view_id"), meaning="(111031, DCM)"),
)

_STUDY_STREAM = Stream(
    _STUDY_COLUMNS, PATIENT_JOINS, PATIENT_TIES, (*PATIENT_ROW_WARNINGS, *REPORT_ROW_WARNINGS)
)
_WITH_TOTALS = dataclasses.replace(
    _STUDY_STREAM,
    row_warnings=(*_STUDY_STREAM.row_warnings, warn_of_doubled_total((DAP.value, EVENTS_DAP))),
)
_EVENT_STREAM = dataclasses.replace(DX_EVENT_STREAM, columns=_EVENT_COLUMNS, extras=())

# The count that OpenREM stores; its form has room for 6 or 20 projections by this number.
_MOST_EVENTS = (
    f"SELECT max({EVENTS.value}) FROM chosen JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id"
)


def _make_spec(form: str, help_text: str, layout: CustomRows, totals: tuple[Total, ...] = ()) -> Spec:
    return Spec(
        type=f"dx-phe2019-{form}",
        format="xlsx",
        help=help_text,
        modality=DX,
        studies=_WITH_TOTALS if totals else _STUDY_STREAM,
        events=_EVENT_STREAM,
        layout=layout,
        repeat_warnings=(*PATIENT_REPEAT_WARNINGS, *DX_EVENT_REPEAT_WARNINGS),
        widths={"events": _MOST_EVENTS},
        totals=totals,
    )


SPECS = (
    _make_spec(
        "projection",
        "PHE 2019 survey form of single projections: the first exposure of each study",
        CustomRows(SingleProjection),
    ),
    _make_spec(
        "study",
        "PHE 2019 survey form of whole studies with their projections",
        CustomRows(WholeStudy),
        (DAP, EVENTS),
    ),
)
