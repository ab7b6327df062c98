"""Read csv files of OpenREM and ours, and compare their cells (export-rules §14)."""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

# What may be compared as a number; everything else, accession numbers and IDs above all, is text.
NUMBERS = frozenset({
    "Age", "Height", "Mass (kg)", "No. events", "DLP total (mGy.cm)", "Exposure time", "Scanning length",
    "Slice thickness", "Total collimation", "Pitch", "No. sources", "CTDIvol", "DLP",
    *(f"S{n} {what}" for n in (1, 2) for what in ("kVp", "max mA", "mA", "Exposure time/rotation")),
    # DX
    "DAP total (cGy.cm^2)", "kVp", "mAs", "mA", "Exposure time (ms)", "Exposure index",
    "Target exposure index", "Deviation index", "Relative x-ray exposure", "DAP (cGy.cm^2)",
    "Entrance Exposure at RP (mGy)", "SDD Detector Dist", "SPD Patient Dist", "SIsoD Isocentre Dist",
    "Table Height",
})  # fmt: skip
KEY = ("Study date", "Study time", "Accession number")
STUDY_COLUMNS = 19
EVENT_COLUMNS = 24
DIGITS = 12

Row = list[str]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A header row and the rows below it, as wide as they are in the file."""

    headings: Row
    rows: list[Row]

    def column(self, heading: str) -> Row:
        """Return the cells below a heading."""
        position = self.headings.index(heading)
        return [cell_at(row, position) for row in self.rows]

    def keys(self) -> list[Key]:
        """Return what distinguishes the studies, row by row; equal ones are numbered."""
        seen: Counter[Key] = Counter()
        keys = []
        for key in zip(*(self.column(heading) for heading in KEY), strict=True):
            seen[key] += 1
            keys.append((*key, str(seen[key])))
        return keys


@dataclass(frozen=True)
class Cell:
    """The same cell of both files."""

    study: Key
    heading: str
    ours: str
    theirs: str

    @property
    def deviation(self) -> str:
        """Return "" for equal texts, the name of a listed deviation, or "not listed"."""
        if self.ours == self.theirs:
            return ""
        if is_number(self.heading):
            return "D17" if same_number(self.ours, self.theirs) else "not listed"
        return "D01" if self.ours.replace(",", ";") == self.theirs else "not listed"


def read_csv(path: Path) -> Table:
    """Return a csv file's table; it has to start with a BOM."""
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf"), f"{path.name} has no BOM"
    headings, *rows = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
    return Table(headings, rows)


def cell_at(row: Row, position: int) -> str:
    """Return a cell; one that a ragged row lacks is blank."""
    return row[position] if position < len(row) else ""


def is_number(heading: str) -> bool:
    """Return whether a column holds numbers."""
    return re.sub(r"^E\d+ ", "", heading) in NUMBERS


def same_number(ours: str, theirs: str, digits: int = DIGITS) -> bool:
    """Return whether two texts are the same number at so many significant digits; blank is no number."""
    return bool(ours and theirs) and round_to(ours, digits) == round_to(theirs, digits)


def round_to(number: str, digits: int) -> Decimal:
    """Return a number at so many significant digits."""
    return Decimal(f"{Decimal(number):.{digits - 1}e}")


def pair_cells(ours: Table, theirs: Table) -> Iterator[Cell]:
    """Yield every cell of two tables whose studies and headings are the same, study by study."""
    rows = defaultdict(list, zip(theirs.keys(), theirs.rows, strict=True))
    for key, row in zip(ours.keys(), ours.rows, strict=True):
        for n, (heading, cell) in enumerate(zip_longest(ours.headings, row, fillvalue="")):
            yield Cell(key, heading, cell, cell_at(rows[key], n))
