"""Mammography as tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import COUNTED, NEVER, NUMBER, Column, Stream
from doseexport.catalogue.layouts import EVENT_ID, STUDY_ID, Table, Tables
from doseexport.catalogue.mg import exports
from doseexport.catalogue.mg.exports import MG
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.tables.columns import (
    Names,
    make_coded,
    number_rows,
    rename_columns,
)
from doseexport.catalogue.shared.tables.names import list_name_tables
from doseexport.catalogue.shared.tables.specs import EVENTS, STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns
from doseexport.catalogue.shared.tables.xray import FILTERS, PULSES
from doseexport.catalogue.shared.totals import AGD_BOTH, AGD_LEFT, AGD_RIGHT
from doseexport.catalogue.shared.xray import DISTANCE, EVENT_LINK, EVENT_TABLES, MECHANICAL, SOURCE

_BOOK = exports.SPECS[1]
_CHILDREN = (SOURCE, MECHANICAL, DISTANCE)
_SIDES = (("left", AGD_LEFT), ("right", AGD_RIGHT), ("both", AGD_BOTH))

_TARGET = exposures.read_code(
    "target",
    "src.anode_target_material_id",
    "Material of the anode",
    "irradeventxraysourcedata.anode_target_material_id",
    "111632 DCM",
)
_EVENT_NAMES: Names = {
    "View": "view_*",
    "View Modifier": (),
    "Laterality": "laterality_*",
    "Acquisition": "acquisition_protocol",
    "Standard acquisition name": (),
    "Thickness": "compression_thickness_mm",
    "Radiological thickness": "radiological_thickness_mm",
    "Force": "compression_force_n",
    "Mag": "magnification",
    "Area": "collimated_area_m2",
    "Mode": "exposure_control_mode",
    "Target": tuple(make_coded(_TARGET)),
    "Filter": (),
    "Filter thickness": (),
    "Focal spot size": "focal_spot_size_mm",
    "kVp": (),
    "mA": "average_tube_current_ma",
    "ms": "exposure_time_ms",
    "uAs": (),
    "ESD": "entrance_exposure_mgy",
    "AGD": "agd_mgy",
    "% Fibroglandular tissue": "fibroglandular_percent",
    "Exposure mode description": "comment",
    "Number of pulses": "number_of_pulses",
}  # fmt: skip
"""Modifiers, kVp, uAs and filters can be several, so they are tables of their own."""

_TOTALS = Table(
    name="totals",
    help="One row per side with a total: left, right, or both where the device does not tell the side",
    columns=(
        STUDY_ID,
        Column("side", "total.side", meaning="left, right or both", source=COUNTED, blank=NEVER),
        Column("agd_mgy", "total.agd", NUMBER, "Total average glandular dose of the side",
               "generalstudymoduleattr.total_agd_left, generalstudymoduleattr.total_agd_right,"
               " generalstudymoduleattr.total_agd_both", "mGy", "111637 DCM", blank=NEVER,
               rows="one row per side"),
    ),
    key=("study_id", "side"),
    references={"study_id": "studies"},
    joins=(
        "JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id JOIN LATERAL ("
        + " UNION ALL ".join(
            f"SELECT {place} AS place, '{side}' AS side, {total.value} AS agd"
            for place, (side, total) in enumerate(_SIDES)
        )
        + ") total ON total.agd IS NOT NULL"
    ),
    order=("total.place",),
)  # fmt: skip

_MODIFIER = Column(
    "modifier",
    "modifier_code.code_meaning",
    meaning="Modifier of the view",
    source="imageviewmodifier.image_view_modifier_id",
    dicom="111032 DCM",
)
_MODIFIERS = Table(
    name="view_modifiers",
    help="One row per modifier of the view of an event",
    columns=(
        EVENT_ID,
        number_rows("modifier.id"),
        *(each.named(each.heading, rows="one row per modifier") for each in make_coded(_MODIFIER)),
    ),
    key=("event_id", "n"),
    references={"event_id": "events"},
    joins=f"""{EVENT_TABLES}
JOIN remapp_imageviewmodifier modifier ON modifier.irradiation_event_xray_data_id = event.id
JOIN remapp_contextid modifier_code ON modifier_code.id = modifier.image_view_modifier_id""",
    order=("event.id", "modifier.id"),
)  # fmt: skip

_STUDIES = replace(
    _BOOK.studies,
    columns=name_study_columns(
        _BOOK.studies.columns, {"Total AGD Left": (), "Total AGD Right": (), "Total AGD Both": ()}
    ),
)
_EVENTS = Stream(
    columns=rename_columns(_BOOK.events.columns if _BOOK.events else (), _EVENT_NAMES),
    joins="".join(each.join for each in _CHILDREN),
    ties=tuple(each.tie for each in _CHILDREN),
    row_warnings=tuple(each.missing for each in _CHILDREN),
)

SPECS = tuple(
    replace(each, totals=_BOOK.totals)
    for each in make_tables(
        MG,
        _STUDIES,
        _EVENTS,
        Tables(
            STUDIES,
            EVENTS,
            (_TOTALS, PULSES, FILTERS, _MODIFIERS, *list_name_tables("MG", EVENT_TABLES, EVENT_LINK)),
        ),
        _BOOK.repeat_warnings,
    )
)
