"""Radiography as tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import Stream
from doseexport.catalogue.dx import exports
from doseexport.catalogue.dx.exports import DX
from doseexport.catalogue.layouts import Tables
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.tables.columns import Names, rename_columns
from doseexport.catalogue.shared.tables.names import list_name_tables
from doseexport.catalogue.shared.tables.specs import EVENTS, STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns
from doseexport.catalogue.shared.tables.xray import EVENT_DAP, FILTERS, NUMBER_OF_PULSES, PULSES
from doseexport.catalogue.shared.xray import DETECTOR, DISTANCE, EVENT_LINK, EVENT_TABLES, MECHANICAL, SOURCE

_CSV = exports.SPECS[0]
_CHILDREN = (SOURCE, MECHANICAL, DETECTOR, DISTANCE)

_EVENT_NAMES: Names = {
    "Protocol": "acquisition_protocol",
    "Standard acquisition name": (),
    "Anatomy": "anatomy_*",
    "Image view": "image_view_*",
    "Exposure control mode": "exposure_control_mode",
    "kVp": (),
    "mAs": (),
    "mA": "average_tube_current_ma",
    "Exposure time (ms)": "exposure_time_ms",
    "Filters": (),
    "Filter thicknesses (mm)": (),
    "Exposure index": "exposure_index",
    "Target exposure index": "target_exposure_index",
    "Deviation index": "deviation_index",
    "Relative x-ray exposure": "relative_xray_exposure",
    "DAP (cGy.cm^2)": (EVENT_DAP,),
    "Entrance Exposure at RP (mGy)": "entrance_exposure_mgy",
    "SDD Detector Dist": "source_to_detector_mm",
    "SPD Patient Dist": "source_to_entrance_surface_mm",
    "SIsoD Isocentre Dist": "source_to_isocentre_mm",
    "Table Height": "table_height_mm",
    "Comment": "comment",
}
"""kVp, mAs and filters can be several, so they are tables of their own."""

_DAP_TOTAL = exposures.DAP_TOTAL.named(
    "dap_total_gy_cm2",
    sql="integ.dap * 0.01",
    unit="Gy·cm²",
    meaning="Total dose-area product of the study",
    conversion="× 10,000 from Gy·m²",
)
_STUDIES = replace(
    _CSV.studies,
    columns=name_study_columns(_CSV.studies.columns, {"DAP total (cGy.cm^2)": (_DAP_TOTAL,)}),
)
_EVENTS = Stream(
    columns=(*rename_columns(exports.DX_EVENT_STREAM.columns, _EVENT_NAMES), NUMBER_OF_PULSES),
    joins="".join(each.join for each in _CHILDREN),
    ties=tuple(each.tie for each in _CHILDREN),
    row_warnings=tuple(each.missing for each in _CHILDREN),
)

SPECS = make_tables(
    DX,
    _STUDIES,
    _EVENTS,
    Tables(STUDIES, EVENTS, (PULSES, FILTERS, *list_name_tables("DX", EVENT_TABLES, EVENT_LINK))),
    _CSV.repeat_warnings,
)
