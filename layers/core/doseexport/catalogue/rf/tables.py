"""Fluoroscopy as tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import INTEGER, NEVER, NUMBER, Column, RowWarning, Stream
from doseexport.catalogue.layouts import STUDY_ID, Table, Tables
from doseexport.catalogue.rf import exports
from doseexport.catalogue.rf.exports import RF, RF_STUDY_STREAM
from doseexport.catalogue.rf.planes import PLANE_COLUMNS, PLANES, TOTALS
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.tables.columns import (
    Names,
    find_unit,
    rename_columns,
)
from doseexport.catalogue.shared.tables.names import list_name_tables
from doseexport.catalogue.shared.tables.specs import EVENTS, STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns
from doseexport.catalogue.shared.tables.xray import EVENT_DAP, FILTERS, PULSES
from doseexport.catalogue.shared.xray import (
    EVENT_LINK,
    EVENT_TABLES,
    HIGH_DOSE,
    MECHANICAL,
    SOURCE,
    code_meaning,
)

_EVENTS_OF_PLANE = f"""(SELECT count(*) FROM (SELECT plane.id) chosen {EVENT_TABLES}
    WHERE {code_meaning("event.acquisition_plane_id")} IS NOT DISTINCT FROM plane.meaning)"""
_BOOK = exports.SPECS[1]
_CHILDREN = (SOURCE, MECHANICAL)

_RP_DOSE = exposures.RP_DOSE.named(
    "rp_dose_mgy", sql=f"{exposures.RP_DOSE.sql} * 1000", unit="mGy", conversion="× 1,000 from Gy"
)
_EVENT_NAMES: Names = {
    "Time": "started_at",
    "Type": "type_*",
    "Protocol": "acquisition_protocol",
    "Standard acquisition name": (),
    "Plane": "plane_*",
    "Field size": "field_size_mm",
    "Filter material": (),
    "Mean filter thickness (mm)": (),
    "kVp": (),
    "mA": (),
    "Pulse width (ms)": (),
    "Pulse rate": "pulse_rate_per_s",
    "Number of pulses": "number_of_pulses",
    "Exposure time (ms)": "exposure_time_ms",
    "Exposure duration (s)": "exposure_duration_s",
    "DAP (cGy.cm^2)": (EVENT_DAP,),
    "Ref point dose (Gy)": (_RP_DOSE,),
    "Primary angle": "primary_angle_degrees",
    "Secondary angle": "secondary_angle_degrees",
}  # fmt: skip
"""Filters, kVp, mA and pulse widths can be several, so they are tables of their own."""


_CONVERSIONS = {
    "Gy·cm²": (" * 10000", "× 10,000 from Gy·m²"),
    "mGy": (" * 1000", "× 1,000 from Gy"),
    "s": ("", ""),
}
"""SQL and words for what is done to a stored total, by its unit in the table."""


def _total(name: str, of: str) -> Column:
    """Return the column of the total that planes call `of`."""
    stored = next(each for each in TOTALS if each.name == of)
    unit = find_unit(name)
    sql, conversion = _CONVERSIONS[unit]
    texts = (stored.meaning, stored.source, unit, stored.dicom, conversion)
    return Column(name, f"plane.{of}{sql}", NUMBER, *texts, rows="added by plane, with a warning")


_PLANE = Column(
    "plane",
    "plane.meaning",
    meaning="Acquisition plane",
    source="accumxraydose.acquisition_plane_id",
    dicom="113764 DCM",
    rows="one row per plane",
)
_SHORT_PLANE = (
    "CASE plane.code WHEN '113620' THEN 'A' WHEN '113621' THEN 'B'"
    " WHEN '113622' THEN 'single' ELSE coalesce(plane.code, 'none') END"
)
_TOTALS = Table(
    name="totals",
    help="One row per plane with an accumulated dose",
    columns=(
        STUDY_ID,
        Column("plane", _SHORT_PLANE, meaning="A, B, single or none, or the code of another plane",
               source=_PLANE.source, blank=NEVER, rows=_PLANE.rows),
        _PLANE.named("plane_code", sql="plane.code", conversion="the code"),
        _PLANE.named("plane_meaning", conversion="the meaning of the code"),
        _total("dap_gy_cm2", "dap"),
        _total("rp_dose_mgy", "rp"),
        _total("fluoro_dap_gy_cm2", "fluoro_dap"),
        _total("fluoro_rp_dose_mgy", "fluoro_rp"),
        _total("fluoro_time_s", "fluoro_time"),
        _total("acquisition_dap_gy_cm2", "acq_dap"),
        _total("acquisition_rp_dose_mgy", "acq_rp"),
        _total("acquisition_time_s", "acq_time"),
        Column("number_of_events", _EVENTS_OF_PLANE, INTEGER, "Number of events of the plane",
               "irradeventxraydata.acquisition_plane_id", blank=NEVER, rows="counted"),
    ),
    key=("study_id", "plane"),
    references={"study_id": "studies"},
    joins=f"JOIN ({PLANES}) plane ON plane.id = chosen.id",
    order=('plane.code COLLATE "C" NULLS LAST',),
)  # fmt: skip

_NO_TOTALS = RowWarning(
    "planes.id IS NULL", "No accumulated dose in {n} of the studies: totals has no row of them."
)
_STUDIES = replace(
    RF_STUDY_STREAM,
    columns=name_study_columns(RF_STUDY_STREAM.columns, {column.heading: () for column in PLANE_COLUMNS}),
    row_warnings=(
        *(
            each
            for each in RF_STUDY_STREAM.row_warnings
            if each.condition not in {"planes.id IS NULL", "planes.is_cut"}
        ),
        _NO_TOTALS,
    ),
)
_EVENTS = Stream(
    columns=rename_columns(_BOOK.events.columns if _BOOK.events else (), _EVENT_NAMES),
    joins="".join(each.join for each in _CHILDREN),
    ties=tuple(each.tie for each in _CHILDREN),
    row_warnings=(*(each.missing for each in _CHILDREN), HIGH_DOSE),
)

SPECS = make_tables(
    RF,
    _STUDIES,
    _EVENTS,
    Tables(STUDIES, EVENTS, (_TOTALS, PULSES, FILTERS, *list_name_tables("RF", EVENT_TABLES, EVENT_LINK))),
    _BOOK.repeat_warnings,
)
