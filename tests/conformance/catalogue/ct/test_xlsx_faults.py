"""Errors of OpenREM's own workbook, where ours agrees with OpenREM's own csv."""

import struct
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import starmap
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.tables import EVENT_COLUMNS, STUDY_COLUMNS, read_csv
from tests.conformance.workbook_tables import open_workbook

# Columns of OpenREM's workbook that identify its events and that it does not mix up, and the csv's.
OWN = {
    "Acquisition protocol": "Protocol",
    "Acquisition type": "Type",
    "Exposure time (s)": "Exposure time",
    "Scanning length (mm)": "Scanning length",
    "CTDIvol (mGy)": "CTDIvol",
    "DLP (mGy.cm)": "DLP",
    "S1 kVp": "S1 kVp",
    "S1 mA": "S1 mA",
}
TUBE_B = {
    "S2 Source name": "S2 name",
    "S2 kVp": "S2 kVp",
    "S2 Maximum mA": "S2 max mA",
    "S2 mA": "S2 mA",
    "S2 Exposure time per rotation": "S2 Exposure time/rotation",
}
PITCH = {"Pitch": "Pitch"}
SOURCES = {"Number of sources": "No. sources"}
MIXED_WEIGHTS = {("4885555100963520", 60.17), ("4885555100963520", 56.44), ("3599305798462538", 236.09)}

Event = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """One acquisition as OpenREM's workbook and as a csv has it, and its study's key."""

    study: tuple[Any, ...]
    theirs: Event
    ours: Event

    def differs(self, columns: dict[str, str]) -> bool:
        """Return whether any of these columns differs."""
        return any(self.theirs[name] != self.ours[own] for name, own in columns.items())


@pytest.fixture(scope="module")
def their_path(reference) -> Path:
    return reference("ct_xlsx__nofilter.xlsx")


@pytest.fixture(scope="module")
def their_studies(their_path: Path) -> list[dict[str, Any]]:
    headings, *rows = open_workbook(their_path)["All data"].values
    return [dict(zip(headings, map(to_value, row), strict=True)) for row in rows]


@pytest.fixture(scope="module", params=["our workbook", "OpenREM's csv"])
def right_studies(request, our_xlsx: Path, reference) -> list[dict[str, Any]]:
    """The rows of our workbook, and of OpenREM's csv, which is right where its workbook is wrong."""
    if request.param == "our workbook":
        headings, *rows = open_workbook(our_xlsx)["All data"].values
        return [dict(zip(headings, map(to_value, row), strict=True)) for row in rows]
    table = read_csv(reference("ct_csv__nofilter.csv"))
    rows = ([*row, *[""] * (len(table.headings) - len(row))] for row in table.rows)
    return [dict(zip(table.headings, map(read_cell, table.headings, row), strict=True)) for row in rows]


@pytest.fixture(scope="module")
def pairs(their_studies, right_studies) -> list[Pair]:
    rights = {study_key(study, "DLP total (mGy.cm)"): study for study in right_studies}
    theirs = {study_key(study, "Total DLP (mGy.cm)"): study for study in their_studies}
    assert len(rights) == 15
    assert set(theirs) == set(rights)
    return [pair for key, study in theirs.items() for pair in pair_events(key, study, rights[key])]


def test_ct_xlsx_every_acquisition_of_openrems_workbook_is_in_the_right_study(pairs: list[Pair]) -> None:
    assert len(pairs) == 75


def test_d20_openrem_mixes_up_tube_b_of_16_acquisitions_and_the_pitch_of_2(pairs: list[Pair]) -> None:
    mixed = [pair for pair in pairs if pair.differs(TUBE_B)]
    assert len(mixed) == 16
    assert sum(pair.ours["S2 name"] is None for pair in mixed) == 7
    assert sum(pair.differs(PITCH) for pair in pairs) == 2


def test_d20_openrem_gives_three_studies_a_mass_that_is_not_recorded(their_studies, right_studies) -> None:
    rights = {study_key(study, "DLP total (mGy.cm)"): study["Mass (kg)"] for study in right_studies}
    keys = [(study_key(study, "Total DLP (mGy.cm)"), study["Patient weight (kg)"]) for study in their_studies]
    mixed = [key for key, weight in keys if weight != rights[key]]
    assert {key[:2] for key in mixed} == set(starmap(to_key, MIXED_WEIGHTS))
    assert {rights[key] for key in mixed} == {None}


def test_d24_openrem_writes_0_sources_where_none_are_recorded(pairs: list[Pair]) -> None:
    found = [pair for pair in pairs if pair.differs(SOURCES)]
    assert {(pair.theirs["Number of sources"], pair.ours["No. sources"]) for pair in found} == {(0, None)}
    assert len(found) == sum(pair.ours["No. sources"] is None for pair in pairs) == 4


def test_d31_phantom_and_dose_check_have_the_csvs_words_where_openrem_has_others(
    their_path: Path, our_xlsx: Path
) -> None:
    def read(path: Path, ending: str) -> set[str]:
        sheet = open_workbook(path)["All data"]
        headings, *rows = sheet.values
        columns = [n for n, heading in enumerate(headings) if str(heading).endswith(ending)]
        return {row[n] for row in rows for n in columns if row[n]}

    assert read(their_path, "CTDI phantom type") == {
        "IEC Body Dosimetry Phantom",
        "IEC Head Dosimetry Phantom",
    }
    assert read(our_xlsx, "Phantom") == {"32 cm", "16 cm"}
    assert all(text.startswith("Dose check alerts:\n") for text in read(their_path, "Dose check alerts"))
    checks = read(our_xlsx, "Dose check details")
    assert all(text.startswith("Dose Check Alerts: ") and "\n" not in text for text in checks)


def test_d09_dates_and_times_are_cells_of_their_kind_where_openrem_writes_bare_numbers(
    our_xlsx: Path, their_path: Path
) -> None:
    ours, theirs = open_workbook(our_xlsx), open_workbook(their_path)
    for heading, kind, form in (("Study date", datetime, "yyyy-mm-dd"), ("Study time", time, "hh:mm:ss")):
        for sheet in set(ours.sheetnames) - {"Summary", "Warnings", "Columns", "About"}:
            cells = column(ours[sheet], heading)
            assert {(type(cell.value), cell.number_format) for cell in cells} == {(kind, form)}
        assert {cell.number_format for cell in column(theirs["All data"], heading)} == {"General"}


def test_d21_numbers_are_whole_where_openrems_went_through_float32(our_xlsx: Path, their_path: Path) -> None:
    ours = column(open_workbook(our_xlsx)["All data"], "DLP total (mGy.cm)")
    theirs = column(open_workbook(their_path)["All data"], "Total DLP (mGy.cm)")
    assert 541.1 in {cell.value for cell in ours}
    assert to_value(541.1) in {cell.value for cell in theirs}


def test_d21_header_stays_in_sight_and_has_a_filter_where_openrems_has_neither(
    our_xlsx: Path, their_path: Path
) -> None:
    for sheet in open_workbook(our_xlsx).worksheets[1:-2]:
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions)
    for sheet in open_workbook(their_path):
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == (None, None)


def test_d21_studies_are_in_one_order_where_openrems_start_again_after_those_with_an_accession_number(
    their_studies, our_xlsx: Path
) -> None:
    ours = [cell.value for cell in column(open_workbook(our_xlsx)["All data"], "Study date")]
    assert ours == sorted(ours, reverse=True)
    numbers = [study["Accession number"] for study in their_studies]
    assert None in numbers
    assert numbers.index(None) == len(list(filter(None, numbers)))


def test_d22_every_column_of_every_sheet_has_a_heading_under_f1_too(openrem_url: str, export) -> None:
    inclusions = ("--filter=study_date__gt=2016-01-01", "--filter=study_date__lt=2018-12-31")
    for path in (export("ct-xlsx", openrem_url), export("ct-xlsx", openrem_url, *inclusions)):
        for sheet in open_workbook(path).worksheets[1:-2]:
            if sheet.title == "Warnings":
                continue
            headings = [cell.value for cell in sheet[1]]
            assert None not in headings
            assert (len(headings) - STUDY_COLUMNS) % EVENT_COLUMNS == 0
            assert max(len(row) for row in sheet.values) == len(headings)


def pair_events(key: tuple, theirs: Event, ours: Event) -> list[Pair]:
    """Return a study's acquisitions, each with the one that has the same values in the columns of OWN."""
    left = cut_events(theirs, OWN | TUBE_B | PITCH | SOURCES)
    right = cut_events(ours, {own: own for own in (OWN | TUBE_B | PITCH | SOURCES).values()})
    assert len(left) == len(right)
    by_values = sorted(left, key=lambda event: repr([event[name] for name in OWN]))
    rights = sorted(right, key=lambda event: repr([event[own] for own in OWN.values()]))
    found = [Pair(key, *events) for events in zip(by_values, rights, strict=True)]
    assert not [pair for pair in found if pair.differs(OWN)]
    return found


def cut_events(study: dict[str, Any], names: dict[str, str]) -> list[Event]:
    """Return a row's acquisitions with these columns; blocks that are blank throughout are none."""
    blocks = range(1, 28)
    events = [{name: study.get(f"E{n} {name}") for name in names} for n in blocks]
    return [event for event in events if any(value is not None for value in event.values())]


def study_key(study: dict[str, Any], total: str) -> tuple[Any, ...]:
    """Return what distinguishes the studies of the test files."""
    return study["Accession number"], study[total], study["Study date"]


def to_key(accession: str, total: float) -> tuple[Any, ...]:
    """Return the beginning of a study's key."""
    return accession, to_value(total)


def read_cell(heading: str, text: str) -> Any:
    """Return a csv's cell as a sheet has it, as far as the pairs need it."""
    if heading == "Study date":
        return to_value(datetime.fromisoformat(text))
    texts = ("Accession number", "Protocol", "Type", "S1 name", "S2 name")
    if not text or heading.endswith(texts):
        return text.replace(";", ",") or None
    try:
        return to_value(float(text))
    except ValueError:
        return text


def to_value(value: Any) -> Any:
    """Return a cell with numbers as float32, as OpenREM's workbook has them, and dates as day numbers."""
    if isinstance(value, date):
        return float(value.toordinal() - date(1899, 12, 30).toordinal())
    return struct.unpack("f", struct.pack("f", value))[0] if isinstance(value, int | float) else value


def column(sheet, heading: str) -> list:
    """Return the cells below a heading."""
    position = [cell.value for cell in sheet[1]].index(heading)
    return [row[position] for row in sheet.iter_rows(min_row=2)]
