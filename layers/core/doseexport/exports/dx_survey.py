"""PHE's 2019 survey forms for radiography: one projection, or whole studies (export-rules §8.3, §8.4)."""

from __future__ import annotations

import dataclasses

from doseexport.exports._columns import DATE, NUMBER, Column, Stream
from doseexport.exports._common import STUDY_JOINS, STUDY_MARKS, STUDY_TIES
from doseexport.exports._dx_forms import SingleProjection, WholeStudy
from doseexport.exports._layouts import Rows
from doseexport.exports._spec import Spec
from doseexport.exports._xray import CGYCM2, FILTER_MATERIALS, FILTER_THICKNESSES, KVP, MAS, meaning
from doseexport.exports.dx import DX, DX_CHECKS, DX_EVENTS

# The columns' order is that of the fields of _dx_forms.Exam and Projection.
_STUDY_COLUMNS = (
    Column("record", "study.id", NUMBER),
    Column("date", "study.study_date", DATE),
    # A stored 0 stands where nothing was recorded.
    Column("dap", f"nullif(study.total_dap, 0) * {CGYCM2}", NUMBER),
    Column("procedure", "study.procedure_code_meaning"),
    Column("requested", "study.requested_procedure_code_meaning"),
    Column("description", "study.study_description"),
    Column("weight", "patstudy.patient_weight", NUMBER),
    Column("age", "patstudy.patient_age_decimal", NUMBER),
    Column("sex", "pat.patient_sex"),
    Column("height", "patstudy.patient_size", NUMBER),
    Column("projections", "study.number_of_events", NUMBER),
)

_EVENT_COLUMNS = (
    Column("dap", f"event.dose_area_product * {CGYCM2}", NUMBER),
    Column("protocol", "event.acquisition_protocol"),
    Column("grid", "src.grid_focal_distance", NUMBER),
    Column("fdd", "nullif(dist.distance_source_to_detector, 0) * 0.1", NUMBER),
    Column("materials", FILTER_MATERIALS),
    Column("thicknesses", FILTER_THICKNESSES),
    Column("aec", "src.exposure_control_mode"),
    Column("kvp", KVP, NUMBER),
    Column("mas", MAS, NUMBER),
    Column("orientation", meaning("event.patient_orientation_cid_id")),
    Column("modifier", meaning("event.patient_orientation_modifier_cid_id")),
    Column("table", meaning("event.patient_table_relationship_cid_id")),
    Column("exposure_index", "det.exposure_index", NUMBER),
    Column("view", meaning("event.image_view_id")),
)

_STUDIES = Stream(_STUDY_COLUMNS, STUDY_JOINS, STUDY_TIES, STUDY_MARKS)
_EVENTS = dataclasses.replace(DX_EVENTS, columns=_EVENT_COLUMNS, extras=())

# OpenREM's own count, which decides between its two forms.
_MOST_EVENTS = (
    "SELECT max(study.number_of_events) FROM chosen"
    " JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id"
)


def _make_spec(form: str, words: str, layout: Rows) -> Spec:
    return Spec(
        type=f"dx-phe2019-{form}",
        format="xlsx",
        help=words,
        modality=DX,
        studies=_STUDIES,
        events=_EVENTS,
        layout=layout,
        checks=DX_CHECKS,
        widths={"events": _MOST_EVENTS},
    )


SPECS = (
    _make_spec(
        "projection", "PHE 2019 survey form, the first projection of each study", Rows(SingleProjection)
    ),
    _make_spec("study", "PHE 2019 survey form, studies with their projections", Rows(WholeStudy)),
)
