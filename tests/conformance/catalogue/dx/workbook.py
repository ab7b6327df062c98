"""All data of OpenREM's radiography workbook and our workbook, with each event beside its nearest one."""

import struct
from datetime import datetime, time
from typing import Any, NamedTuple

from openpyxl.workbook import Workbook

# OpenREM's headings and ours. It has no test patients, comments; its number of events is another one.
STUDY_HEADINGS = {
    "Institution": "Institution",
    "Manufacturer": "Manufacturer",
    "Model": "Model name",
    "Station name": "Station name",
    "Display name": "Display name",
    "Operator": "Operator",
    "Patient sex": "Sex",
    "Study description": "Study description",
    "Requested procedure": "Requested procedure",
    "Accession number": "Accession number",
    "Study date": "Study date",
    "Study time": "Study time",
    "Patient age": "Age",
    "Patient height (m)": "Height",
    "Patient weight (kg)": "Mass (kg)",
    "Total DAP (cGy·cm²)": "DAP total (cGy.cm^2)",
}
EVENT_HEADINGS = {
    "Acquisition protocol": "Protocol",
    "Anatomy": "Anatomy",
    "DAP (cGy·cm²)": "DAP (cGy.cm^2)",
    "Deviation index": "Deviation index",
    "Entrance exposure at RP": "Entrance Exposure at RP (mGy)",
    "Exposure control mode": "Exposure control mode",
    "Exposure index": "Exposure index",
    "Exposure time (ms)": "Exposure time (ms)",
    "Filter thicknesses (mm)": "Filter thicknesses (mm)",
    "Filters": "Filters",
    "Image view": "Image view",
    "Relative x-ray exposure": "Relative x-ray exposure",
    "Source to detector distance": "SDD Detector Dist",
    "Source to entrance surface distance": "SPD Patient Dist",
    "Source to isocentre distance": "SIsoD Isocentre Dist",
    "Table height": "Table Height",
    "Target exposure index": "Target exposure index",
    "kVp": "kVp",
    "mA": "mA",
    "mAs": "mAs",
}
KEY = ("Study date", "Study time", "Accession number")

Cells = dict[str, Any]


class Difference(NamedTuple):
    """A cell that differs, under our heading."""

    heading: str
    ours: Any
    theirs: Any


class Study(NamedTuple):
    """A row of All data, under our headings: the study's cells, and those of each event that is there."""

    cells: Cells
    events: list[Cells]


def find_differences_between(ours: Workbook, theirs: Workbook) -> list[Difference]:
    """Return every cell of their All data that ours does not have."""
    names = {heading: heading for heading in (*STUDY_HEADINGS.values(), *EVENT_HEADINGS.values())}
    right = {key_of(study): study for study in read_studies(ours, names, names)}
    found = []
    for study in read_studies(theirs, STUDY_HEADINGS, EVENT_HEADINGS):
        found += compare_studies(right.pop(key_of(study)), study)
    return found + [Difference("a study", study.cells, None) for study in right.values()]


def read_studies(
    book: Workbook, study_headings: dict[str, str], event_headings: dict[str, str]
) -> list[Study]:
    """Return the rows of All data with dates and times as numbers, as OpenREM writes them."""
    headings, *rows = book["All data"].values
    studies = []
    for row in rows:
        cells = dict(zip(headings, map(to_number, row), strict=True))
        last = max(int(heading[1 : heading.index(" ")]) for heading in headings if is_of_event(heading))
        events = [
            {own: cells[f"E{n} {name}"] for name, own in event_headings.items() if f"E{n} {name}" in cells}
            for n in range(1, last + 1)
        ]
        study = {own: cells[name] for name, own in study_headings.items() if name in cells}
        studies.append(Study(study, [event for event in events if any(event.values())]))
    return studies


def is_of_event(heading: str) -> bool:
    """Return whether a heading is that of an event's column."""
    return heading[0] == "E" and heading[1].isdigit()


def to_number(value: Any) -> Any:
    """Return a date as Excel counts days, a time as a part of one, and anything else as it is."""
    if isinstance(value, datetime):
        return (value - datetime(1899, 12, 30)).days  # noqa: DTZ001 - a cell has no time zone
    if isinstance(value, time):
        seconds = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
        return seconds / 86400
    return value


def key_of(study: Study) -> tuple[Any, ...]:
    """Return what identifies a study, with its time to a second."""
    day, at, number = (study.cells[heading] for heading in KEY)
    return day, round(at * 86400), number


def compare_studies(ours: Study, theirs: Study) -> list[Difference]:
    """Return the differing cells of a study and its events. Each of our events is used once."""
    found = compare(ours.cells, theirs.cells)
    left = list(ours.events)
    for event in theirs.events:
        nearest = min(left, key=lambda other: len(compare(other, event)))
        left.remove(nearest)
        found += compare(nearest, event)
    return found + [Difference("an event", event, None) for event in left]


def compare(ours: Cells, theirs: Cells) -> list[Difference]:
    """Return the differing cells; numbers as far as 32 bits hold them."""
    return [
        Difference(heading, ours[heading], cell)
        for heading, cell in theirs.items()
        if shorten(ours[heading]) != shorten(cell)
    ]


def shorten(value: Any) -> Any:
    """Return a number as 32 bits hold it, at six significant digits; a text as it is."""
    if not isinstance(value, int | float):
        return value
    return float(f"{struct.unpack('f', struct.pack('f', value))[0]:.6g}")
