"""Mammography as csv, one row per exposure, and as a workbook (docs/export-rules.md §5)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import NUMBER, Column, Stream
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, Order
from doseexport.catalogue.layouts import EVENTS, Frequency, Long, ModalityWorkbook
from doseexport.catalogue.options import MAX_EVENTS
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
    study_columns,
)
from doseexport.catalogue.shared.totals import AGD_BOTH, AGD_LEFT, AGD_RIGHT
from doseexport.catalogue.shared.xray import (
    DISTANCE,
    EVENT_ALIAS,
    EVENT_LINK,
    EVENT_TABLES,
    EVENTS_FILTER,
    FILTER_MATERIALS,
    FILTER_THICKNESSES,
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
    Column("View", code_meaning("event.image_view_id"), meaning="Image View (111031, DCM)"),
    Column("View Modifier", _MODIFIERS, meaning="Image View Modifier (111032, DCM)"),
    Column("Laterality", code_meaning("event.laterality_id"), meaning="Laterality (G-C171, SRT)"),
    Column("Acquisition", "event.acquisition_protocol", meaning="Acquisition Protocol (125203, DCM)"),
    name_event(EVENT_LINK, "MG"),
    Column("Thickness", "mech.compression_thickness", NUMBER, "mm (111633, DCM)"),
    Column("Radiological thickness", "dist.radiological_thickness", NUMBER, "mm, as the device reports it"),
    Column("Force", "mech.compression_force", NUMBER, "N (111647, DCM)"),
    Column("Mag", "mech.magnification_factor", NUMBER, "Estimated Radiographic Magnification (0018,1114)"),
    Column("Area", "src.collimated_field_area", NUMBER, "m2 (113790, DCM)"),
    Column("Mode", "src.exposure_control_mode", meaning="Exposure Control Mode (0018,7060)"),
    Column("Target", TARGET, meaning="Anode Target Material (111632, DCM), in short"),
    Column("Filter", FILTER_MATERIALS, meaning="X-Ray Filter Material (113757, DCM), in short"),
    Column("Filter thickness", FILTER_THICKNESSES, meaning="mm (113758 and 113773, DCM), their mean"),
    Column("Focal spot size", "src.focal_spot_size", NUMBER, "mm (113766, DCM)"),
    Column("kVp", KVP.value, NUMBER, "kV (113733, DCM), mean over pulses"),
    Column("mA", "src.average_xray_tube_current", NUMBER, "mA (113767, DCM)"),
    Column("ms", "src.exposure_time", NUMBER, "ms (113824, DCM)"),
    Column("uAs", UAS.value, NUMBER, "uA.s (113736, DCM), sum over pulses"),
    Column("ESD", "event.entrance_exposure_at_rp", NUMBER, "mGy (111636, DCM)"),
    Column("AGD", "src.average_glandular_dose", NUMBER, "mGy (111631, DCM)"),
    Column("% Fibroglandular tissue", "event.percent_fibroglandular_tissue", NUMBER, "percent (111634, DCM)"),
    Column("Exposure mode description", "event.comment", meaning="comment of the event (121106, DCM)"),
)

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
           (EVENT_ALIAS + "image_view__code_meaning",)),
    Filter("compression_thickness_min", NUMBER_VALUE, XRAY_EVENT, f"{_THICKNESS} >= %s::numeric",
           "an exposure's compressed breast thickness at least", (_THICKNESS_ALIAS + "min",), "mm"),
    Filter("compression_thickness_max", NUMBER_VALUE, XRAY_EVENT, f"{_THICKNESS} <= %s::numeric",
           "an exposure's compressed breast thickness at most", (_THICKNESS_ALIAS + "max",), "mm"),
    Filter("exposure_control_mode", TEXT_VALUE, XRAY_EVENT, _MODE, "an exposure's control mode contains",
           (EVENT_ALIAS + "irradeventxraysourcedata__exposure_control_mode",)),
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
    columns=study_columns("proj.comment", _EXPOSURES, mass=False, standard="MG"),
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
        Column("Total AGD Left", AGD_LEFT.value, NUMBER, "mGy"),
        Column("Total AGD Right", AGD_RIGHT.value, NUMBER, "mGy"),
        Column(
            "Total AGD Both",
            AGD_BOTH.value,
            NUMBER,
            "mGy, of exposures whose side is not left or right",
        ),
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
    columns=(*_EVENT_COLUMNS, Column("Number of pulses", "src.number_of_pulses", NUMBER, "(113768, DCM)")),
)

_PROTOCOLS = Frequency("Acquisition protocol", "event.acquisition_protocol", of=EVENTS)
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
