"""Radiography (DX, CR and PX) as csv, one row per study, and as a workbook (docs/export-rules.md §4)."""

from __future__ import annotations

from doseexport.catalogue.columns import RowWarning, Stream
from doseexport.catalogue.filters import Filter
from doseexport.catalogue.layouts import EVENTS, Frequency, ModalityWorkbook, Wide
from doseexport.catalogue.options import MAX_EVENTS
from doseexport.catalogue.shared import exposures, totals
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
    count_events,
    read_comments,
    study_columns,
)
from doseexport.catalogue.shared.xray import (
    CGYCM2,
    DETECTOR,
    DISTANCE,
    EVENT_LINK,
    EVENT_TABLES,
    EVENTS_FILTER,
    HIGHEST_DAP,
    KVP,
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
_EVENTS = count_events(
    f"coalesce(integ.frames, {totals.EVENTS.value})",
    "Number of radiographic frames that the device declared, or else of events",
    "accumintegratedprojradiogdose.total_number_of_radiographic_frames,"
    " generalstudymoduleattr.number_of_events",
    dicom="113731 DCM",
    rows="added, with a warning",
)

_STUDY_STREAM = Stream(
    columns=(
        *study_columns(
            read_comments("proj.comment", "projectionxrayradiationdose.comment"), _EVENTS, standard="DX"
        ),
        exposures.DAP_TOTAL.named(
            "DAP total (cGy.cm^2)",
            sql="integ.dap",
            unit="cGy·cm²",
            meaning="Total dose-area product of the study",
            conversion=exposures.FROM_GYM2,
        ),
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
    exposures.PROTOCOL,
    name_event(EVENT_LINK, "DX"),
    exposures.read_code(
        "Anatomy",
        "event.anatomical_structure_id",
        "Part of the body",
        "irradeventxraydata.anatomical_structure_id",
        "91723000 SCT",
    ),
    exposures.VIEW,
    exposures.MODE,
    exposures.KVP,
    exposures.TUBE_LOAD,
    exposures.AVERAGE_CURRENT,
    exposures.EXPOSURE_TIME,
    exposures.FILTERS,
    exposures.THICKNESSES,
    exposures.EXPOSURE_INDEX,
    exposures.TARGET_INDEX,
    exposures.DEVIATION_INDEX,
    exposures.RELATIVE_EXPOSURE,
    exposures.DAP_CGYCM2,
    exposures.ENTRANCE,
    exposures.SOURCE_TO_DETECTOR,
    exposures.SOURCE_TO_PATIENT,
    exposures.SOURCE_TO_ISOCENTRE,
    exposures.TABLE_HEIGHT,
    exposures.COMMENT,
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

_PROTOCOLS = Frequency(
    "Acquisition protocol", "event.acquisition_protocol", exposures.PROTOCOL.source, EVENTS
)
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
