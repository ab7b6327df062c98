"""Tables of diagnostic reference levels (DRLs), and which level applies to a group (docs/drl-tables.md).

Every csv in the folder drl_tables is a table. The option exam_map comes before the texts of the table. Both
find an exam of the table, and quantity, population and detail choose its row.
"""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

from doseexport.catalogue.shared.audit.populations import POPULATIONS
from doseexport.catalogue.shared.audit.quantities import CTDIVOL, QUANTITIES, Quantity, read_unit

NONE = "none"
"""The value of the option drl for no table."""

_FOLDER = "drl_tables"
_UK = "ndrl_uk_"
_PHANTOMS = "16 cm", "32 cm"
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class DrlRow:
    """One level of a table. Its fields are the columns of the csv, in their order."""

    table: str
    source: str
    effective_from: str
    modality: str
    exam: str
    indication: str
    technique: str
    match: str
    quantity: str
    population: str
    detail: str
    unit: str
    value: str
    year_adopted: str
    url: str
    licence: str

    def level(self, quantity: Quantity) -> Fraction:
        """Return the level in the scale in which values of the quantity are held."""
        return Fraction(Decimal(self.value)) / quantity.factor(read_unit(self.unit))


HEADINGS = tuple(each.name for each in fields(DrlRow))


def parse_table(name: str, text: str) -> tuple[DrlRow, ...]:
    """Return the rows of a table. Raise ValueError with the number of the first bad line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    if next(reader, []) != list(HEADINGS):
        raise ValueError(f"{name}: the headings must be {', '.join(HEADINGS)}")
    rows = []
    for cells in reader:
        if len(cells) != len(HEADINGS):
            raise ValueError(f"{name}, line {reader.line_num}: {len(HEADINGS)} cells are needed")
        row = DrlRow(*(cell.strip() for cell in cells))
        for problem in _find_problems(name, row):
            raise ValueError(f"{name}, line {reader.line_num}: {problem}")
        rows.append(row)
    if not rows:
        raise ValueError(f"{name}: the table has no rows")
    return tuple(rows)


def _find_problems(name: str, row: DrlRow) -> Iterator[str]:
    if row.table != name:
        yield "the table must be the name of the file"
    for needed in ("source", "effective_from", "exam", "match", "url", "licence"):
        if not getattr(row, needed):
            yield f"{needed} is blank"
    if not _is_date(row.effective_from):
        yield "effective_from must be YYYY-MM-DD"
    if not all(_split_words(text) for text in row.match.split("|")):
        yield "a text of match has no word"
    yield from _find_quantity_problems(row)
    if row.population not in POPULATIONS:
        yield "there is no such population"
    if not _is_positive(row.value):
        yield "the value must be a number above 0"


def _find_quantity_problems(row: DrlRow) -> Iterator[str]:
    quantity = _find_quantity(row)
    if quantity is None:
        yield "the modality has no such quantity"
    elif read_unit(row.unit) not in quantity.units:
        yield "the quantity has no such unit"
    if quantity is CTDIVOL and row.detail not in {"", *_PHANTOMS}:
        yield f"the detail of {CTDIVOL.name} must be {' or '.join(_PHANTOMS)}, or blank"


def _find_quantity(row: DrlRow) -> Quantity | None:
    known = QUANTITIES.get(row.modality, ())
    return next((each for each in known if each.name == row.quantity), None)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_positive(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and number > 0


@functools.cache
def load_tables() -> Mapping[str, tuple[DrlRow, ...]]:
    """Return every table by its name, sorted. Raise ValueError if one cannot be parsed."""
    paths = sorted(Path(__file__).with_name(_FOLDER).glob("*.csv"))
    return {each.stem: parse_table(each.stem, each.read_text("utf-8")) for each in paths}


def find_default(modality: str) -> str:
    """Return the name of the UK's newest table that has levels of a modality, or NONE."""
    dated = [
        (row.effective_from, name)
        for name, rows in load_tables().items()
        for row in rows
        if name.startswith(_UK) and row.modality == modality
    ]
    return max(dated, default=("", NONE))[1]


@dataclass(frozen=True, slots=True)
class MapLine:
    """A line of the option exam_map: exams that contain the pattern are this exam of the table."""

    pattern: str
    exam: str


def read_map(text: str) -> tuple[MapLine, ...]:
    """Return the lines of a canonical exam_map."""
    # Word and web pages have other line ends too, such as U+2028. Only this one ends a line of the option.
    pairs = (line.rpartition(" = ") for line in text.split("\n") if line)
    return tuple(MapLine(pattern, exam) for pattern, _, exam in pairs)


@dataclass(frozen=True, slots=True)
class Match:
    """What an exam matched: the text, where that text stands, and the exam of the table. All can be ""."""

    text: str = ""
    origin: str = ""
    exam: str = ""


class Levels:
    """The levels of one table for one modality, with the lines of exam_map."""

    def __init__(self, table: str, modality: str, exam_map: str) -> None:
        self.table = table
        rows = () if table == NONE else load_tables()[table]
        self.rows = tuple(row for row in rows if row.modality == modality)
        self._lines = sorted(read_map(exam_map), key=lambda line: -len(line.pattern))
        self._exams = {row.exam.casefold(): row.exam for row in reversed(self.rows)}
        self._texts = sorted(_list_texts(self.rows), key=lambda each: -len(each[0]))
        self.find_exam = functools.cache(self._find_exam)

    def find(self, exam: str, quantity: str, population: str, detail: str) -> DrlRow | None:
        """Return the level of a group, or None. A CTDIvol without a known phantom has none."""
        match = self.find_exam(exam).exam
        if not match or (quantity == CTDIVOL.name and detail not in _PHANTOMS):
            return None
        wanted = (match, quantity, population, detail)
        return next((row for row in self.rows if _list_keys(row) == wanted), None)

    def list_unknown_exams(self) -> list[str]:
        """Return the exams of exam_map that the table does not have, where there is a table."""
        if not self.rows:
            return []
        return sorted({line.exam for line in self._lines if line.exam.casefold() not in self._exams})

    def _find_exam(self, exam: str) -> Match:
        folded = exam.casefold()
        for line in self._lines:
            if line.pattern.casefold() in folded:
                return Match(line.pattern, "exam_map", self._exams.get(line.exam.casefold(), ""))
        words = f" {' '.join(_split_words(exam))} "
        for text, found in self._texts:
            if f" {' '.join(_split_words(text))} " in words:
                return Match(text, "table", found)
        return Match()


def _list_keys(row: DrlRow) -> tuple[str, str, str, str]:
    return row.exam, row.quantity, row.population, row.detail


def _list_texts(rows: Sequence[DrlRow]) -> Iterable[tuple[str, str]]:
    return [(text.strip(), row.exam) for row in rows for text in row.match.split("|")]


def _split_words(text: str) -> list[str]:
    """Return the words of a text: its runs of letters and digits, without regard to case."""
    return _WORD.findall(text.casefold())
