"""Compare columns and cells of fluoroscopy with OpenREM's (export-rules §14)."""

import re
from datetime import date, datetime, time
from typing import Any

from tests.conformance.tables import same_number
from tests.conformance.workbook_tables import pad_time, write_time

TEXTS = {
    "Patient name", "Patient ID", "Institution", "Manufacturer", "Model name", "Station name", "Display name",
    "Accession number", "Operator", "Physician", "Study date", "Study time", "Date of birth", "Sex",
    "Test patient?", "Study description", "Requested procedure", "Study Comments", "Time", "Type", "Protocol",
    "Plane", "Filter material", "Mean filter thickness (mm)",
}  # fmt: skip

STUDY_COLUMNS = 37
EVENT_COLUMNS = 18
GROUP_COLUMNS = 32

# Ids of studies by date and time; the files have no ids.
STUDIES = {
    "2018-04-13 13:13:29": 27,
    "2021-02-10 09:29:00": 43,
    "2017-11-14 14:14:12": 44,
    "2017-11-14 14:14:17": 45,
    "2022-07-06 14:04:27": 46,
    "2020-01-08 14:36:09": 47,
    "2019-03-08 10:58:16": 49,
    "2019-03-16 13:26:23": 50,
    "2016-03-15 08:43:36": 51,
    "2018-10-04 13:49:02": 52,
    "2016-05-12 10:06:47": 53,
    "2016-05-10 10:06:47": 54,
}
NEWEST_FIRST = [46, 43, 47, 50, 49, 52, 27, 45, 44, 53, 54, 51]


def name_study(row: list[Any], headings: list[str]) -> int:
    """Return the id of a row's study."""
    day, at = (row[headings.index(heading)] for heading in ("Study date", "Study time"))
    return STUDIES[f"{day:%Y-%m-%d} {at:%H:%M:%S}"]


def is_number(heading: str) -> bool:
    """Return whether a column holds numbers."""
    return re.sub(r"^[AB] |^G\d+ ", "", heading) not in TEXTS


def is_same(heading: str, ours: Any, theirs: Any) -> bool:
    """Return whether two cells of two workbooks hold the same.

    Moments of OpenREM's are texts (D12), and its filter thickness of 0 is a text with an exponent.
    """
    if ours is None or theirs is None:
        return ours is theirs
    if heading == "Time":
        return (
            isinstance(ours, datetime) and abs(ours - datetime.fromisoformat(theirs)).total_seconds() < 0.001
        )
    if is_zero_thickness(heading, ours, theirs):
        return True
    if is_number(heading):
        return isinstance(ours, int | float) and same_number(repr(ours), repr(theirs))
    return plain(ours) == plain(theirs)


def is_zero_thickness(heading: str, ours: Any, theirs: Any) -> bool:
    """Return whether two cells are a filter thickness of 0, which OpenREM writes with an exponent."""
    return heading.endswith("Mean filter thickness (mm)") and (ours, theirs) == ("0.0000", "0E-8")


def plain(value: Any) -> Any:
    """Return a cell without what the rules of comparison ignore."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, time):
        return pad_time(write_time(value))
    return re.sub("_x000D_|\r", "", value) if isinstance(value, str) else value
