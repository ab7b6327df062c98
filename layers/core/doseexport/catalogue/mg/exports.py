"""Mammography as csv, one row per exposure, and as a workbook (docs/export-rules.md §5)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import CODED, NEVER, NUMBER, Column, Stream
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, Order
from doseexport.catalogue.layouts import EVENTS, Frequency, Long, ModalityWorkbook
from doseexport.catalogue.options import MAX_EVENTS
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.plausibility import warn_of_doubled_total
from doseexport.catalogue.shared.selection import COMMON_FILTERS, COMMON_ORDERS, STUDY_NAME_FILTER
from doseexport.catalogue.shared.standard_names import (
    STUDY_NAMES,
    count_event_names,
    list_event_names,
    name_event,
)
from doseexport.catalogue.shared.study import (
    OF_STUDY,
    SIZE,
    STUDY_FREQUENCIES,
    STUDY_JOINS,
    STUDY_REPEAT_WARNINGS,
    STUDY_ROW_WARNINGS,
    STUDY_TIES,
    count_events,
    read_comments,
    study_columns,
)
from doseexport.catalogue.shared.totals import AGD_BOTH, AGD_LEFT, AGD_RIGHT, COMPUTED
from doseexport.catalogue.shared.xray import (
    DISTANCE,
    EVENT_ALIAS,
    EVENT_LINK,
    EVENT_TABLES,
    EVENTS_FILTER,
    KVP,
    MECHANICAL,
    PROJ_JOIN,
    PROJ_REPEAT_WARNING,
    PROJ_ROW_WARNING,
    PROJ_TIE,
    SOURCE,
    TARGET,
    UAS,
    XRAY_EVENT,
    XRAY_SCOPES,
    code,
    code_meaning,
    list_xray_filters,
)
from doseexport.catalogue.spec import Modality, Spec
from doseexport.catalogue.values import NUMBER_VALUE, TEXT_VALUE

_EXPOSURES = (
    "(SELECT count(*) FROM remapp_projectionxrayradiationdose report"
    " JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id"
    f" WHERE report.{OF_STUDY})"
)

# Each meaning is followed by one space. Rows without a concept are left out.
_MODIFIERS = (
    "(SELECT string_agg(code.code_meaning || ' ', '' ORDER BY viewmod.id)"
    " FROM remapp_imageviewmodifier viewmod"
    " JOIN remapp_contextid code ON code.id = viewmod.image_view_modifier_id"
    " WHERE viewmod.irradiation_event_xray_data_id = event.id)"
)

_EVENT_COLUMNS = (
    exposures.VIEW.named("View"),
    Column(
        "View Modifier",
        _MODIFIERS,
        meaning="Modifiers of the view",
        source="imageviewmodifier.image_view_modifier_id",
        dicom="111032 DCM",
        conversion=CODED,
        rows="each followed by a space, by id",
    ),
    exposures.LATERALITY.named("Laterality", meaning="Side of the breast"),
    exposures.PROTOCOL.named("Acquisition"),
    name_event(EVENT_LINK, "MG"),
    exposures.COMPRESSION,
    exposures.RADIOLOGICAL_THICKNESS,
    Column("Force", "mech.compression_force", NUMBER, "Force of the compression",
           "irradeventxraymechanicaldata.compression_force", "N", "111647 DCM"),
    Column("Mag", "mech.magnification_factor", NUMBER, "Estimated radiographic magnification factor",
           "irradeventxraymechanicaldata.magnification_factor", "ratio", "(0018,1114)"),
    exposures.FIELD_AREA,
    exposures.MODE.named("Mode"),
    Column("Target", TARGET, meaning="Material of the anode's target",
           source="irradeventxraysourcedata.anode_target_material_id", dicom="111632 DCM",
           conversion="Mo, Rh or W, else the meaning of the code"),
    exposures.FILTERS.named("Filter"),
    exposures.THICKNESSES.named("Filter thickness"),
    exposures.FOCAL_SPOT,
    exposures.KVP,
    exposures.AVERAGE_CURRENT,
    exposures.EXPOSURE_TIME.named("ms"),
    exposures.UAS,
    exposures.ENTRANCE.named("ESD"),
    exposures.AGD,
    Column("% Fibroglandular tissue", "event.percent_fibroglandular_tissue", NUMBER,
           "Part of fibroglandular tissue in the breast", "irradeventxraydata.percent_fibroglandular_tissue",
           "percent", "111046 DCM"),
    exposures.COMMENT.named("Exposure mode description"),
)  # fmt: skip

# The first row by id, whose values are those in the file.
_THICKNESS = (
    "(SELECT mech.compression_thickness FROM remapp_irradeventxraymechanicaldata mech"
    " WHERE mech.irradiation_event_xray_data_id = event.id ORDER BY mech.id LIMIT 1)"
)
_MODE = (
    "(SELECT src.exposure_control_mode FROM remapp_irradeventxraysourcedata src"
    " WHERE src.irradiation_event_xray_data_id = event.id ORDER BY src.id LIMIT 1)"
)
_THICKNESS_ALIAS = EVENT_ALIAS + "irradeventxraymechanicaldata__compression_thickness__range_"

_FILTERS = (
    Filter("view", TEXT_VALUE, XRAY_EVENT, code_meaning("event.image_view_id"), "an exposure's view contains",
           (EVENT_ALIAS + "image_view__code_meaning",), suggests=True),
    Filter("compression_thickness_min", NUMBER_VALUE, XRAY_EVENT, f"{_THICKNESS} >= %s::numeric",
           "an exposure's compressed breast thickness at least", (_THICKNESS_ALIAS + "min",), "mm"),
    Filter("compression_thickness_max", NUMBER_VALUE, XRAY_EVENT, f"{_THICKNESS} <= %s::numeric",
           "an exposure's compressed breast thickness at most", (_THICKNESS_ALIAS + "max",), "mm"),
    Filter("exposure_control_mode", TEXT_VALUE, XRAY_EVENT, _MODE, "an exposure's control mode contains",
           (EVENT_ALIAS + "irradeventxraysourcedata__exposure_control_mode",), suggests=True),
)  # fmt: skip

# A sort key of older OpenREM versions, which OpenREM 1.0 treats as its default order.
_OLD_AGD = (
    "-projectionxrayradiationdose__accumxraydose__accummammographyxraydose"
    "__accumulated_average_glandular_dose"
)

_ORDERS = (
    *(
        replace(each, aliases=(*each.aliases, _OLD_AGD)) if each.name == DEFAULT_ORDER else each
        for each in COMMON_ORDERS
    ),
    Order("procedure", "study.procedure_code_meaning NULLS LAST", "by procedure",
          ("procedure_code_meaning",)),
    Order("highest_agd_left", f"{AGD_LEFT.value} DESC NULLS LAST",
          "highest total AGD of the left breast first", ("-total_agd_left",), AGD_LEFT),
    Order("highest_agd_right", f"{AGD_RIGHT.value} DESC NULLS LAST",
          "highest total AGD of the right breast first", ("-total_agd_right",), AGD_RIGHT),
)  # fmt: skip

MG = Modality(
    name="MG",
    codes=("MG",),
    filters=(*COMMON_FILTERS, STUDY_NAME_FILTER, *list_xray_filters("MG"), EVENTS_FILTER, *_FILTERS),
    orders=_ORDERS,
    scopes=XRAY_SCOPES,
    event_tables=EVENT_TABLES,
)

REPEAT_WARNINGS = (*STUDY_REPEAT_WARNINGS, PROJ_REPEAT_WARNING, SOURCE.repeated, MECHANICAL.repeated)
"""The warnings of every MG file. Files that show distances also warn of repeated distances."""

_STUDY_STREAM = Stream(
    columns=study_columns(
        read_comments("proj.comment", "projectionxrayradiationdose.comment"),
        count_events(
            _EXPOSURES,
            "Number of exposures of the study",
            "irradeventxraydata.id",
            blank=NEVER,
            rows="counted",
        ),
        mass=False,
        standard="MG",
    ),
    joins=STUDY_JOINS + PROJ_JOIN,
    ties=(*STUDY_TIES, PROJ_TIE),
    row_warnings=(*STUDY_ROW_WARNINGS, PROJ_ROW_WARNING),
)

_CHILDREN = (SOURCE, MECHANICAL, DISTANCE)
_EVENT_STREAM = Stream(
    columns=_EVENT_COLUMNS,
    joins="".join(each.join for each in (*_CHILDREN, KVP, UAS)),
    ties=tuple(child.tie for child in _CHILDREN),
    row_warnings=(*(child.missing for child in _CHILDREN), KVP.derived, UAS.derived),
    extras=(list_event_names(EVENT_LINK, "MG"),),
)


def _total_agd(side: str, sql: str, of: str) -> Column:
    return Column(
        f"Total AGD {side}",
        sql,
        NUMBER,
        f"Total average glandular dose {of}",
        f"generalstudymoduleattr.total_agd_{side.lower()},"
        " accummammographyxraydose.accumulated_average_glandular_dose",
        "mGy",
        "111637 DCM",
        conversion=COMPUTED,
        rows="the accumulated dose of this side with the highest id",
    )


# As a side of a patient, and as a breast.
_LEFT = "'G-A101', '7771000', 'T-04030', '80248007'"
_RIGHT = "'G-A100', '24028007', 'T-04020', '73056007'"
_AGD = (
    "(SELECT src.average_glandular_dose FROM remapp_irradeventxraysourcedata src"
    " WHERE src.irradiation_event_xray_data_id = event.id ORDER BY src.id LIMIT 1)"
)
_EVENTS_AGD_JOIN = f"""
LEFT JOIN (
    SELECT id, sum(agd) FILTER (WHERE side IN ({_LEFT})) AS l,
        sum(agd) FILTER (WHERE side IN ({_RIGHT})) AS r,
        sum(agd) FILTER (WHERE (side IN ({_LEFT}, {_RIGHT})) IS NOT TRUE) AS other
    FROM (
        SELECT chosen.id, {code("event.laterality_id")} AS side, {_AGD} AS agd FROM chosen {EVENT_TABLES}
    ) events
    GROUP BY id
) events ON events.id = study.id"""

# OpenREM's workbook has these columns, and its csv has not.
_BOOK_STUDY_STREAM = replace(
    _STUDY_STREAM,
    columns=(
        *_STUDY_STREAM.columns,
        *SIZE,
        _total_agd("Left", AGD_LEFT.value, "of the left breast"),
        _total_agd("Right", AGD_RIGHT.value, "of the right breast"),
        _total_agd("Both", AGD_BOTH.value, "of exposures whose side is not left or right"),
    ),
    joins=_STUDY_STREAM.joins + _EVENTS_AGD_JOIN,
    row_warnings=(
        *_STUDY_STREAM.row_warnings,
        warn_of_doubled_total(
            (AGD_LEFT.value, "events.l"), (AGD_RIGHT.value, "events.r"), (AGD_BOTH.value, "events.other")
        ),
    ),
)
_BOOK_EVENT_STREAM = replace(
    _EVENT_STREAM,
    columns=(*_EVENT_COLUMNS, exposures.PULSES),
)

_PROTOCOLS = Frequency(
    "Acquisition protocol", "event.acquisition_protocol", exposures.PROTOCOL.source, EVENTS
)
_NAMES = count_event_names(EVENT_LINK, "MG")
_BOOK = ModalityWorkbook(
    frequencies=(*STUDY_FREQUENCIES, _PROTOCOLS, STUDY_NAMES, _NAMES),
    sheets=_PROTOCOLS,
    sheet_by="Acquisition",
    standard_sheets=_NAMES,
)


def _make_spec(
    form: str, help_text: str, studies: Stream, events: Stream, layout: Long | ModalityWorkbook
) -> Spec:
    return Spec(
        type=f"mg-{form}",
        format=form,
        help=help_text,
        modality=MG,
        studies=studies,
        events=events,
        layout=layout,
        repeat_warnings=(*REPEAT_WARNINGS, DISTANCE.repeated),
        options=(MAX_EVENTS,) if isinstance(layout, ModalityWorkbook) else (),
        totals=(AGD_LEFT, AGD_RIGHT, AGD_BOTH) if isinstance(layout, ModalityWorkbook) else (),
    )


SPECS = (
    _make_spec("csv", "One row per exposure", _STUDY_STREAM, _EVENT_STREAM, Long()),
    _make_spec(
        "xlsx",
        "Workbook with a summary, all data, and one sheet per acquisition protocol",
        _BOOK_STUDY_STREAM,
        _BOOK_EVENT_STREAM,
        _BOOK,
    ),
)
