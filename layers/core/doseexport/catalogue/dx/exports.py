"""Radiography (DX, CR and PX) as csv, one row per study, and as a workbook (docs/export-rules.md §4)."""

from __future__ import annotations

from doseexport.catalogue.columns import NUMBER, Column, RowWarning, Stream
from doseexport.catalogue.filters import Filter
from doseexport.catalogue.layouts import EVENTS, Frequency, ModalityWorkbook, Wide
from doseexport.catalogue.options import MAX_EVENTS
from doseexport.catalogue.shared import totals
from doseexport.catalogue.shared.dap_units import DAP_UNIT
from doseexport.catalogue.shared.plausibility import warn_of_doubled_total
from doseexport.catalogue.shared.selection import (
    COMMON_FILTERS,
    COMMON_ORDERS,
    STUDY_NAME_FILTER,
    WEIGHT_FILTERS,
)
from doseexport.catalogue.shared.standard_names import (
    STUDY_NAMES,
    count_event_names,
    list_event_names,
    name_event,
)
from doseexport.catalogue.shared.study import (
    OF_CHOSEN,
    STUDY_FREQUENCIES,
    STUDY_JOINS,
    STUDY_REPEAT_WARNINGS,
    STUDY_ROW_WARNINGS,
    STUDY_TIES,
    study_columns,
)
from doseexport.catalogue.shared.xray import (
    CGYCM2,
    DETECTOR,
    DISTANCE,
    EVENT_LINK,
    EVENT_TABLES,
    EVENTS_FILTER,
    FILTER_MATERIALS,
    FILTER_THICKNESSES,
    HIGHEST_DAP,
    KVP,
    MAS,
    MECHANICAL,
    PROJ_JOIN,
    PROJ_REPEAT_WARNING,
    PROJ_ROW_WARNING,
    PROJ_TIE,
    SOURCE,
    STUDY_DAP_FILTERS,
    UAS,
    XRAY_EVENT,
    XRAY_SCOPES,
    code_meaning,
    list_xray_filters,
)
from doseexport.catalogue.spec import Modality, Spec
from doseexport.catalogue.values import NUMBER_VALUE

_EVENT_DAP_FILTERS = (
    Filter("event_dap_min", NUMBER_VALUE, XRAY_EVENT, "event.dose_area_product >= %s::numeric * 0.000001",
           "DAP of an event at least", (), "cGy.cm^2"),
    Filter("event_dap_max", NUMBER_VALUE, XRAY_EVENT, "event.dose_area_product <= %s::numeric * 0.000001",
           "DAP of the same event at most", (), "cGy.cm^2"),
)  # fmt: skip

DX = Modality(
    name="DX",
    codes=("DX", "CR", "PX"),
    filters=(
        *COMMON_FILTERS,
        *WEIGHT_FILTERS,
        STUDY_NAME_FILTER,
        *list_xray_filters("DX"),
        *STUDY_DAP_FILTERS,
        *_EVENT_DAP_FILTERS,
        EVENTS_FILTER,
    ),
    orders=(*COMMON_ORDERS, HIGHEST_DAP),
    scopes=XRAY_SCOPES,
    event_tables=EVENT_TABLES,
)

# A study can have several totals, of planes and of dose reports. They are added.
_TOTAL_JOIN = f"""
LEFT JOIN (
    SELECT chosen.id, count(*) AS rows, sum(integ.dose_area_product_total) * {CGYCM2} AS dap,
        sum(integ.total_number_of_radiographic_frames) AS frames
    FROM chosen
    JOIN remapp_projectionxrayradiationdose proj ON proj.{OF_CHOSEN}
    JOIN remapp_accumxraydose accum ON accum.projection_xray_radiation_dose_id = proj.id
    JOIN remapp_accumintegratedprojradiogdose integ ON integ.accumulated_xray_dose_id = accum.id
    GROUP BY chosen.id
) integ ON integ.id = study.id
LEFT JOIN (
    SELECT chosen.id, sum(event.dose_area_product) AS dap FROM chosen {EVENT_TABLES} GROUP BY chosen.id
) events ON events.id = study.id"""

# A study whose device declared no number of frames has the number of its events.
_EVENTS = f"coalesce(integ.frames, {totals.EVENTS.value})"

_STUDY_STREAM = Stream(
    columns=(
        *study_columns("proj.comment", _EVENTS, standard="DX"),
        Column("DAP total (cGy.cm^2)", "integ.dap", NUMBER, "cGy.cm^2 (113722, DCM)"),
    ),
    joins=STUDY_JOINS + PROJ_JOIN + _TOTAL_JOIN,
    ties=(*STUDY_TIES, PROJ_TIE),
    row_warnings=(
        *STUDY_ROW_WARNINGS,
        PROJ_ROW_WARNING,
        RowWarning("integ.id IS NULL", "No accumulated dose in {n} of the studies: DAP total is blank."),
        RowWarning(
            "integ.frames IS NULL",
            "No number of frames is stored for {n} of the studies: No. events is the number of their events.",
        ),
        RowWarning(
            "integ.rows > 1",
            "Several accumulated doses in {n} of the studies: DAP total and No. events are their sums.",
        ),
        warn_of_doubled_total(("integ.dap", f"{CGYCM2} * events.dap")),
    ),
)

_EVENT_COLUMNS = (
    Column("Protocol", "event.acquisition_protocol", meaning="(125203, DCM)"),
    name_event(EVENT_LINK, "DX"),
    Column("Anatomy", code_meaning("event.anatomical_structure_id"), meaning="(91723000, SCT)"),
    Column("Image view", code_meaning("event.image_view_id"), meaning="(111031, DCM)"),
    Column("Exposure control mode", "src.exposure_control_mode", meaning="(0018,7060)"),
    Column("kVp", KVP.value, NUMBER, "kV (113733, DCM); mean of several, without zeros"),
    Column("mAs", MAS, NUMBER, "mAs: sum of the exposures (113736, DCM), or of mA times ms without any"),
    Column("mA", "src.average_xray_tube_current", NUMBER, "mA (113767, DCM)"),
    Column("Exposure time (ms)", "src.exposure_time", NUMBER, "ms (113824, DCM)"),
    Column("Filters", FILTER_MATERIALS, meaning="X-Ray Filter Material (113757, DCM)"),
    Column(
        "Filter thicknesses (mm)",
        FILTER_THICKNESSES,
        meaning="mm, mean of minimum and maximum (113758 and 113773, DCM)",
    ),
    Column("Exposure index", "det.exposure_index", NUMBER, "(113845, DCM)"),
    Column("Target exposure index", "det.target_exposure_index", NUMBER, "(113846, DCM)"),
    Column("Deviation index", "det.deviation_index", NUMBER, "(113847, DCM)"),
    Column("Relative x-ray exposure", "det.relative_xray_exposure", NUMBER, "(0018,1405)"),
    Column("DAP (cGy.cm^2)", f"event.dose_area_product * {CGYCM2}", NUMBER, "cGy.cm^2 (122130, DCM)"),
    Column("Entrance Exposure at RP (mGy)", "event.entrance_exposure_at_rp", NUMBER, "mGy (111636, DCM)"),
    Column("SDD Detector Dist", "dist.distance_source_to_detector", NUMBER, "mm (113750, DCM)"),
    Column("SPD Patient Dist", "dist.distance_source_to_entrance_surface", NUMBER, "mm (0040,0306)"),
    Column("SIsoD Isocentre Dist", "dist.distance_source_to_isocenter", NUMBER, "mm (113748, DCM)"),
    Column("Table Height", "dist.table_height_position", NUMBER, "mm (113753, DCM)"),
    Column("Comment", "event.comment", meaning="(121106, DCM)"),
)

_CHILDREN = (SOURCE, MECHANICAL, DETECTOR, DISTANCE)

DX_EVENT_STREAM = Stream(
    columns=_EVENT_COLUMNS,
    joins="".join(each.join for each in (*_CHILDREN, KVP, UAS)),
    ties=tuple(child.tie for child in _CHILDREN),
    row_warnings=(*(child.missing for child in _CHILDREN), KVP.derived, UAS.derived),
    extras=(list_event_names(EVENT_LINK, "DX"),),
)

DX_EVENT_REPEAT_WARNINGS = tuple(child.repeated for child in _CHILDREN)
_REPEAT_WARNINGS = (*STUDY_REPEAT_WARNINGS, PROJ_REPEAT_WARNING, *DX_EVENT_REPEAT_WARNINGS)

_PROTOCOLS = Frequency("Acquisition protocol", "event.acquisition_protocol", of=EVENTS)
_EVENT_NAMES = count_event_names(EVENT_LINK, "DX")
_BOOK = ModalityWorkbook(
    frequencies=(*STUDY_FREQUENCIES, _PROTOCOLS, STUDY_NAMES, _EVENT_NAMES),
    sheets=_PROTOCOLS,
    standard_sheets=_EVENT_NAMES,
)


def _make_spec(form: str, help_text: str, layout: Wide | ModalityWorkbook) -> Spec:
    return Spec(
        type=f"dx-{form}",
        format=form,
        help=help_text,
        modality=DX,
        studies=_STUDY_STREAM,
        events=DX_EVENT_STREAM,
        layout=layout,
        repeat_warnings=_REPEAT_WARNINGS,
        options=(MAX_EVENTS, DAP_UNIT),
    )


SPECS = (
    _make_spec("csv", "One row per study, exposures in adjacent columns", Wide()),
    _make_spec("xlsx", "Workbook with a summary, all data, and one sheet per acquisition protocol", _BOOK),
)
