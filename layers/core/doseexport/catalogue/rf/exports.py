"""RF as csv, one row per study, and as a workbook with groups of exposures (docs/export-rules.md §3)."""

from __future__ import annotations

from doseexport.catalogue.columns import NEVER, Stream
from doseexport.catalogue.filters import Filter, Order
from doseexport.catalogue.layouts import EVENTS, Blocks, Frequency, ModalityWorkbook, Wide
from doseexport.catalogue.rf.group_blocks import GROUP_COLUMNS, GROUP_EXTRAS, group_events
from doseexport.catalogue.rf.planes import PLANE_COLUMNS, PLANE_JOIN, PLANE_ROW_WARNINGS
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.dap_units import DAP_UNIT
from doseexport.catalogue.shared.selection import (
    COMMON_FILTERS,
    COMMON_ORDERS,
    STUDY,
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
    STUDY_FREQUENCIES,
    STUDY_JOINS,
    STUDY_REPEAT_WARNINGS,
    STUDY_ROW_WARNINGS,
    STUDY_TIES,
    count_events,
    read_comments,
    study_columns,
)
from doseexport.catalogue.shared.totals import RP_DOSE_A
from doseexport.catalogue.shared.xray import (
    CURRENT,
    EVENT_LINK,
    EVENT_TABLES,
    HIGH_DOSE,
    HIGHEST_DAP,
    KVP,
    MECHANICAL,
    PROJ_JOIN,
    PROJ_REPEAT_WARNING,
    PROJ_ROW_WARNING,
    PROJ_TIE,
    PULSE_WIDTH,
    SOURCE,
    STUDY_DAP_FILTERS,
    XRAY_SCOPES,
    list_xray_filters,
)
from doseexport.catalogue.spec import Modality, Spec
from doseexport.catalogue.values import TEXT_VALUE

RF = Modality(
    name="RF",
    codes=("RF",),
    filters=(
        *COMMON_FILTERS,
        *WEIGHT_FILTERS,
        STUDY_NAME_FILTER,
        *list_xray_filters("RF"),
        Filter("physician", TEXT_VALUE, STUDY, "study.performing_physician_name",
               "performing physician's name contains", ("performing_physician_name",)),
        *STUDY_DAP_FILTERS,
    ),
    orders=(
        *COMMON_ORDERS,
        HIGHEST_DAP,
        Order("highest_rp_dose", f"{RP_DOSE_A.value} DESC NULLS LAST",
              "highest dose at the reference point of plane A first", ("-total_rp_dose_a",), RP_DOSE_A),
    ),
    scopes=XRAY_SCOPES,
    event_tables=EVENT_TABLES,
)  # fmt: skip

RF_STUDY_STREAM = Stream(
    columns=(
        *study_columns(
            read_comments("proj.comment", "projectionxrayradiationdose.comment"),
            count_events(
                f"(SELECT count(*) FROM (SELECT study.id) chosen {EVENT_TABLES})",
                "Number of events of the study",
                "irradeventxraydata.id",
                blank=NEVER,
                rows="counted",
            ),
            physician=True,
            standard="RF",
        ),
        *PLANE_COLUMNS,
    ),
    joins=STUDY_JOINS + PROJ_JOIN + PLANE_JOIN,
    ties=(*STUDY_TIES, PROJ_TIE),
    row_warnings=(*STUDY_ROW_WARNINGS, PROJ_ROW_WARNING, *PLANE_ROW_WARNINGS),
)

_PULSES = (KVP, CURRENT, PULSE_WIDTH)
_EVENT_STREAM = Stream(
    columns=(
        exposures.TIME,
        exposures.TYPE,
        exposures.PROTOCOL,
        name_event(EVENT_LINK, "RF"),
        exposures.PLANE,
        exposures.FIELD_SIZE,
        exposures.FILTERS.named("Filter material"),
        exposures.THICKNESSES.named("Mean filter thickness (mm)"),
        exposures.KVP,
        exposures.CURRENT,
        exposures.PULSE_WIDTH,
        exposures.PULSE_RATE,
        exposures.PULSES,
        exposures.EXPOSURE_TIME,
        exposures.DURATION,
        exposures.DAP_CGYCM2,
        exposures.RP_DOSE,
        exposures.PRIMARY_ANGLE,
        exposures.SECONDARY_ANGLE,
    ),
    joins="".join(each.join for each in (SOURCE, MECHANICAL, *_PULSES)),
    ties=(SOURCE.tie, MECHANICAL.tie),
    row_warnings=(SOURCE.missing, MECHANICAL.missing, *(each.derived for each in _PULSES), HIGH_DOSE),
    extras=(*GROUP_EXTRAS, list_event_names(EVENT_LINK, "RF")),
)

_REPEAT_WARNINGS = (*STUDY_REPEAT_WARNINGS, PROJ_REPEAT_WARNING)
_PROTOCOLS = Frequency(
    "Acquisition protocol", "event.acquisition_protocol", exposures.PROTOCOL.source, EVENTS
)
_EVENT_NAMES = count_event_names(EVENT_LINK, "RF")

SPECS = (
    Spec(
        type="rf-csv",
        format="csv",
        help="One row per study, with the totals of planes A and B",
        modality=RF,
        studies=RF_STUDY_STREAM,
        events=None,
        layout=Wide(),
        repeat_warnings=_REPEAT_WARNINGS,
        options=(DAP_UNIT,),
    ),
    Spec(
        type="rf-xlsx",
        format="xlsx",
        help="Workbook with a summary, all data with groups of similar exposures, and one sheet per protocol",
        modality=RF,
        studies=RF_STUDY_STREAM,
        events=_EVENT_STREAM,
        layout=ModalityWorkbook(
            frequencies=(*STUDY_FREQUENCIES, _PROTOCOLS, STUDY_NAMES, _EVENT_NAMES),
            sheets=_PROTOCOLS,
            standard_sheets=_EVENT_NAMES,
            blocks=Blocks("G", GROUP_COLUMNS, group_events),
        ),
        repeat_warnings=(*_REPEAT_WARNINGS, SOURCE.repeated, MECHANICAL.repeated),
        options=(DAP_UNIT,),
    ),
)
