"""CT as tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import BOOLEAN, NUMBER, Column, RowWarning, Stream
from doseexport.catalogue.ct import exports
from doseexport.catalogue.ct.exports import CT
from doseexport.catalogue.layouts import EVENT_ID, Table, Tables
from doseexport.catalogue.shared.tables.columns import (
    Names,
    find_unit,
    make_joined_code,
    number_rows,
    rename_columns,
)
from doseexport.catalogue.shared.tables.names import list_name_tables
from doseexport.catalogue.shared.tables.specs import EVENTS, STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns

_CSV = exports.SPECS[0]
_OF_EVENT = "ct_irradiation_event_data_id"
_CHECK = "ctdosecheckdetails."


def _check(name: str, column: str, meaning: str, dicom: str = "") -> Column:
    """Return a column of the first Dose Check of an event. Names that begin with is_ are true or false."""
    kind = BOOLEAN if name.startswith("is_") else NUMBER
    unit = find_unit(name)
    return Column(name, f"chk.{column}", kind, meaning, source=_CHECK + column, unit=unit, dicom=dicom)


def _list_checks(part: str, estimate: str) -> tuple[Column, ...]:
    """Return the columns of alerts or of notifications, which are the parts of a Dose Check."""
    reason = f"{part}_reason_for_proceeding"
    return (
        _check(f"is_dlp_{part}_configured", f"dlp_{part}_value_configured", f"whether a DLP {part} is set"),
        _check(f"dlp_{part}_mgy_cm", f"dlp_{part}_value", f"DLP {part} value"),
        _check(f"dlp_{part}_estimate_mgy_cm", estimate.format("dlp"), f"estimate of the DLP {part}"),
        _check(f"is_ctdivol_{part}_configured", f"ctdivol_{part}_value_configured",
               f"whether a CTDIvol {part} is set"),
        _check(f"ctdivol_{part}_mgy", f"ctdivol_{part}_value", f"CTDIvol {part} value"),
        _check(f"ctdivol_{part}_estimate_mgy", estimate.format("ctdivol"), f"estimate of the CTDIvol {part}"),
        Column(f"{part}_reason", f"chk.{reason}", meaning=f"reason for proceeding after the {part}",
               source=_CHECK + reason),
    )  # fmt: skip


_EVENT_NAMES: Names = {
    "Protocol": "acquisition_protocol",
    "Standard acquisition name": (),
    "Type": make_joined_code("type", ("acquisition_type.code_value", "acquisition_type.code_meaning"),
                             "type of the acquisition", "113820 DCM",
                             "ctirradiationeventdata.ct_acquisition_type_id"),
    "Exposure time": "exposure_time_s",
    "Scanning length": "scanning_length_mm",
    "Slice thickness": "slice_thickness_mm",
    "Total collimation": "total_collimation_mm",
    "Pitch": "pitch",
    "No. sources": "number_of_sources",
    "CTDIvol": "ctdivol_mgy",
    "Phantom": make_joined_code("phantom", ("phantom.code_value", "phantom.code_meaning"),
                                "phantom of the CTDIvol", "113835 DCM",
                                "ctirradiationeventdata.ctdiw_phantom_type_id"),
    "DLP": "dlp_mgy_cm",
    **{
        f"S{n} {what}": ()
        for n in (1, 2)
        for what in ("name", "kVp", "max mA", "mA", "Exposure time/rotation")
    },
    "mA Modulation type": "modulation_type",
    "Dose check details": "dose_check_details",
    "Comments": "comment",
}  # fmt: skip

_SOURCE = "ctxraysourceparameters."
_SOURCE_TABLE = "remapp_ctxraysourceparameters"
_SOURCES = Table(
    name="sources",
    help="One row per X-ray source of an event",
    columns=(
        EVENT_ID,
        number_rows("tube.id"),
        Column("name", "tube.identification_of_the_xray_source", meaning="name of the X-ray source",
               source=f"{_SOURCE}identification_of_the_xray_source", dicom="113832 DCM"),
        Column("kvp", "tube.kvp", NUMBER, "tube voltage", f"{_SOURCE}kvp", "kV", "113733 DCM"),
        Column("max_tube_current_ma", "tube.maximum_xray_tube_current", NUMBER, "greatest tube current",
               f"{_SOURCE}maximum_xray_tube_current", "mA", "113833 DCM"),
        Column("tube_current_ma", "tube.xray_tube_current", NUMBER, "mean tube current",
               f"{_SOURCE}xray_tube_current", "mA", "113734 DCM"),
        Column("exposure_time_per_rotation_s", "tube.exposure_time_per_rotation", NUMBER,
               "exposure time of a rotation", f"{_SOURCE}exposure_time_per_rotation", "s", "113834 DCM"),
    ),
    key=("event_id", "n"),
    references={"event_id": "events"},
    joins=f"{CT.event_tables}\nJOIN {_SOURCE_TABLE} tube ON tube.{_OF_EVENT} = event.id",
    order=("event.id", "tube.id"),
)  # fmt: skip

_STUDIES = replace(
    _CSV.studies,
    columns=name_study_columns(_CSV.studies.columns, {"DLP total (mGy.cm)": "dlp_total_mgy_cm"}),
)
_EVENTS = Stream(
    columns=(
        *rename_columns(_CSV.events.columns if _CSV.events else (), _EVENT_NAMES),
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
    Tables(STUDIES, EVENTS, (_SOURCES, *list_name_tables("CT", CT.event_tables, "ctirradiationeventdata"))),
    _REPEAT_WARNINGS,
)
