"""CT as tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import BOOLEAN, NUMBER, Column, RowWarning, Stream
from doseexport.catalogue.ct import exports
from doseexport.catalogue.ct.exports import CT
from doseexport.catalogue.layouts import EVENT_ID, EVENT_NO, STUDY_ID, Table, Tables
from doseexport.catalogue.shared.tables.columns import (
    Names,
    find_unit,
    make_coded,
    number_rows,
    rename_columns,
)
from doseexport.catalogue.shared.tables.names import list_name_tables
from doseexport.catalogue.shared.tables.specs import EVENTS, STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns

_CSV = exports.SPECS[0]
_OF_EVENT = "ct_irradiation_event_data_id"
_TABLE = "ctirradiationeventdata"
_CHECK = "ctdosecheckdetails."


def _check(name: str, column: str, meaning: str) -> Column:
    """Return a column of the first Dose Check of an event. Names that begin with is_ are true or false."""
    kind = BOOLEAN if name.startswith("is_") else NUMBER
    return Column(name, f"chk.{column}", kind, meaning, _CHECK + column, find_unit(name))


def _list_checks(part: str, estimate: str) -> tuple[Column, ...]:
    """Return the columns of alerts or of notifications, which are the parts of a Dose Check."""
    reason = f"{part}_reason_for_proceeding"
    return (
        _check(f"is_dlp_{part}_configured", f"dlp_{part}_value_configured", f"Whether a DLP {part} is set"),
        _check(f"dlp_{part}_mgy_cm", f"dlp_{part}_value", f"DLP {part} value"),
        _check(f"dlp_{part}_estimate_mgy_cm", estimate.format("dlp"), f"Estimate of the DLP {part}"),
        _check(f"is_ctdivol_{part}_configured", f"ctdivol_{part}_value_configured",
               f"Whether a CTDIvol {part} is set"),
        _check(f"ctdivol_{part}_mgy", f"ctdivol_{part}_value", f"CTDIvol {part} value"),
        _check(f"ctdivol_{part}_estimate_mgy", estimate.format("ctdivol"), f"Estimate of the CTDIvol {part}"),
        Column(f"{part}_reason", f"chk.{reason}", meaning=f"Reason for proceeding after the {part}",
               source=_CHECK + reason),
    )  # fmt: skip


_TUBE_HEADINGS = ("name", "kVp", "max mA", "mA", "Exposure time/rotation")
_EVENT_NAMES: Names = {
    "Protocol": "acquisition_protocol",
    "Standard acquisition name": (),
    "Type": "type_*",
    "Exposure time": "exposure_time_s",
    "Scanning length": "scanning_length_mm",
    "Slice thickness": "slice_thickness_mm",
    "Total collimation": "total_collimation_mm",
    "Pitch": "pitch",
    "No. sources": "number_of_sources",
    "CTDIvol": "ctdivol_mgy",
    "Phantom": tuple(make_coded(exports.PHANTOM.named("phantom", sql="phantom.code_meaning"))),
    "DLP": "dlp_mgy_cm",
    **{f"S{n} {heading}": () for n in (1, 2) for heading in _TUBE_HEADINGS},
    "mA Modulation type": "modulation_type",
    "Dose check details": "dose_check_details",
    "Comments": "comment",
}

_SOURCE_NAMES: Names = {
    "S1 name": "name",
    "S1 kVp": "kvp",
    "S1 max mA": "max_tube_current_ma",
    "S1 mA": "tube_current_ma",
    "S1 Exposure time/rotation": "exposure_time_per_rotation_s",
}
_EVENT_ID = EVENT_ID.named(EVENT_ID.heading, source=f"{_TABLE}.id")
_SOURCE_TABLE = "remapp_ctxraysourceparameters"
_READ = _CSV.events.columns if _CSV.events else ()
_SOURCES = Table(
    name="sources",
    help="One row per X-ray source of an event",
    columns=(
        _EVENT_ID,
        number_rows("s1.id"),
        *(
            each.named(each.heading, rows="one row per source")
            for each in rename_columns((c for c in _READ if c.heading in _SOURCE_NAMES), _SOURCE_NAMES)
        ),
    ),
    key=("event_id", "n"),
    references={"event_id": "events"},
    joins=f"{CT.event_tables}\nJOIN {_SOURCE_TABLE} s1 ON s1.{_OF_EVENT} = event.id",
    order=("event.id", "s1.id"),
)

_STUDIES = replace(
    _CSV.studies,
    columns=name_study_columns(_CSV.studies.columns, {"DLP total (mGy.cm)": "dlp_total_mgy_cm"}),
)
_EVENTS = Stream(
    columns=(
        *rename_columns(_READ, _EVENT_NAMES),
        *_list_checks("alert", "accumulated_{}_forward_estimate"),
        *_list_checks("notification", "{}_forward_estimate"),
    ),
    joins=f"""
LEFT JOIN remapp_contextid acquisition_type ON acquisition_type.id = event.ct_acquisition_type_id
LEFT JOIN remapp_contextid phantom ON phantom.id = event.ctdiw_phantom_type_id
LEFT JOIN remapp_scanninglength scanlen ON scanlen.{_OF_EVENT} = event.id
LEFT JOIN remapp_ctdosecheckdetails chk ON chk.{_OF_EVENT} = event.id""",
    ties=("scanlen.id", "chk.id"),
    row_warnings=(
        RowWarning("scanlen.id IS NULL", "No scanning length in {n} of the events: its cell is blank."),
    ),
)
_REPEAT_WARNINGS = tuple(each for each in _CSV.repeat_warnings if _SOURCE_TABLE not in each.sql)

SPECS = make_tables(
    CT,
    _STUDIES,
    _EVENTS,
    Tables(
        STUDIES,
        replace(EVENTS, columns=(STUDY_ID, _EVENT_ID, EVENT_NO)),
        (_SOURCES, *list_name_tables("CT", CT.event_tables, _TABLE)),
    ),
    _REPEAT_WARNINGS,
)
