"""Fluoroscopy as tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import INTEGER, NUMBER, Column, RowWarning, Stream
from doseexport.catalogue.layouts import STUDY_ID, Table, Tables
from doseexport.catalogue.rf import exports
from doseexport.catalogue.rf.exports import RF, RF_STUDY_STREAM
from doseexport.catalogue.rf.planes import EVENTS_OF_PLANE, PLANE_COLUMNS, PLANES, TOTALS
from doseexport.catalogue.shared.tables.columns import (
    Names,
    find_unit,
    make_code,
    make_joined_code,
    rename_columns,
)
from doseexport.catalogue.shared.tables.names import list_name_tables
from doseexport.catalogue.shared.tables.specs import EVENTS, STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns
from doseexport.catalogue.shared.tables.xray import EVENT_DAP, FILTERS, PULSES
from doseexport.catalogue.shared.xray import EVENT_LINK, EVENT_TABLES, HIGH_DOSE, MECHANICAL, SOURCE

_BOOK = exports.SPECS[1]
_CHILDREN = (SOURCE, MECHANICAL)

_EVENT_NAMES: Names = {
    "Time": "started_at",
    "Type": make_code("type", "event.irradiation_event_type_id", "type of the event", "113721 DCM",
                      "irradeventxraydata.irradiation_event_type_id"),
    "Protocol": "acquisition_protocol",
    "Standard acquisition name": (),
    "Plane": make_code("plane", "event.acquisition_plane_id", "acquisition plane", "113764 DCM",
                       "irradeventxraydata.acquisition_plane_id"),
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
    "Ref point dose (Gy)": (
        Column("rp_dose_mgy", "src.dose_rp * 1000", NUMBER, meaning="dose at the reference point",
               source="irradeventxraysourcedata.dose_rp", unit="mGy", dicom="113738 DCM"),
    ),
    "Primary angle": "primary_angle_degrees",
    "Secondary angle": "secondary_angle_degrees",
}  # fmt: skip
"""Filters, kVp, mA and pulse widths can be several, so they are tables of their own."""


_FACTORS = {"Gy·cm²": " * 10000", "mGy": " * 1000", "s": ""}
"""What a stored total is multiplied by, by its unit: OpenREM stores Gy·m², Gy and s."""


def _total(name: str, of: str, meaning: str, dicom: str) -> Column:
    """Return the column of the total that planes call `of`."""
    stored = next(each for each in TOTALS if each.name == of)
    unit = find_unit(name)
    source = f"{stored.table.removeprefix('remapp_')}.{stored.column}"
    return Column(name, f"plane.{of}{_FACTORS[unit]}", NUMBER, meaning, source, unit, dicom)


_TOTALS = Table(
    name="totals",
    help="One row per plane with an accumulated dose",
    columns=(
        STUDY_ID,
        Column("plane", "CASE plane.code WHEN '113620' THEN 'A' WHEN '113621' THEN 'B'"
                        " WHEN '113622' THEN 'single' ELSE coalesce(plane.code, 'none') END",
               meaning="A, B, single or none, or the code of another plane"),
        *make_joined_code("plane", ("plane.code", "plane.meaning"), "acquisition plane", "113764 DCM",
                          "accumxraydose.acquisition_plane_id"),
        _total("dap_gy_cm2", "dap", "DAP", "113722 DCM"),
        _total("rp_dose_mgy", "rp", "dose at the reference point", "113725 DCM"),
        _total("fluoro_dap_gy_cm2", "fluoro_dap", "DAP of fluoroscopy", "113726 DCM"),
        _total("fluoro_rp_dose_mgy", "fluoro_rp", "dose of fluoroscopy at the reference point", "113728 DCM"),
        _total("fluoro_time_s", "fluoro_time", "time of fluoroscopy", "113730 DCM"),
        _total("acquisition_dap_gy_cm2", "acq_dap", "DAP of acquisitions", "113727 DCM"),
        _total("acquisition_rp_dose_mgy", "acq_rp", "dose of acquisitions at the same point", "113729 DCM"),
        _total("acquisition_time_s", "acq_time", "time of acquisitions", "113855 DCM"),
        Column("number_of_events", EVENTS_OF_PLANE, INTEGER, meaning="number of events of the plane"),
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
