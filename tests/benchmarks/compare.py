"""Check that two files contain the same cells. Only then is it fair to compare their times."""

import csv
import math
import re
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Self
from xml.etree import ElementTree as ET
from xml.sax.saxutils import unescape

from doseexport.engine.writers.csv import guard_text
from tests.benchmarks.measure import BenchmarkError

SHEET = re.compile(r'<sheet name="([^"]*)"')
CELL = re.compile(r'<c r="([A-Z]+)(\d+)"([^>]*)><(?:v|is)>(.*?)</(?:v|is)></c>', re.DOTALL)
CHUNK = 1 << 20

Cell = tuple[str, int, str | float]


def compare_csv(ours: str, theirs: str) -> int:
    """Return the number of cells in both files. Raise BenchmarkError if they differ.

    Only Dose Export guards texts that a spreadsheet would take for formulas.
    """
    count = 0
    with (
        Path(ours).open(encoding="utf-8-sig", newline="") as mine,
        Path(theirs).open(encoding="utf-8-sig", newline="") as others,
    ):
        for row, other in zip_longest(csv.reader(mine), csv.reader(others)):
            if row is None or other is None or any(map(_differ, row, other)) or len(row) != len(other):
                raise BenchmarkError(f"the csv files differ: {row} and {other}")
            count += len(row)
    return count


def _differ(mine: str, other: str) -> bool:
    return mine not in {other, guard_text(other)}


def compare_xlsx(ours: str, theirs: str) -> int:
    """Return the number of cells that both workbooks contain below the headings of their large sheets.

    Raise BenchmarkError if they differ.
    """
    count = 0
    with Workbook(ours) as mine, Workbook(theirs) as others:
        for name in others.parts:
            for cell, other in zip_longest(mine.cells(name), others.cells(name)):
                if cell is None or other is None or not _is_same(cell, other):
                    raise BenchmarkError(f"{name}: the workbooks differ: {cell} and {other}")
                count += 1
    return count


def _is_same(mine: Cell, other: Cell) -> bool:
    if isinstance(mine[2], float) and isinstance(other[2], float):
        return mine[:2] == other[:2] and math.isclose(mine[2], other[2], rel_tol=1e-14, abs_tol=1e-14)
    return mine == other


class Workbook:
    """A workbook whose sheets are read cell by cell, in constant memory."""

    def __init__(self, path: str) -> None:
        self._package = zipfile.ZipFile(path)
        names = SHEET.findall(self._package.read("xl/workbook.xml").decode())
        self.parts = {unescape(name): f"xl/worksheets/sheet{n}.xml" for n, name in enumerate(names, start=1)}
        self._texts = self._read_texts()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._package.close()

    def cells(self, sheet: str) -> Iterator[Cell]:
        """Yield column, row and value of each non-blank cell below the headings."""
        for letters, row, attributes, content in self._find(self.parts[sheet]):
            if row != "1":
                yield letters, int(row), self._read(attributes, content)

    def _read_texts(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._package.namelist():
            return []
        root = ET.fromstring(self._package.read("xl/sharedStrings.xml"))
        return ["".join(item.itertext()) for item in root]

    def _read(self, attributes: str, content: str) -> str | float:
        if 't="s"' in attributes:
            return self._texts[int(content)]
        if 't="inlineStr"' in attributes:
            return unescape(re.sub("^<t[^>]*>|</t>$", "", content))
        return float(content)

    def _find(self, part: str) -> Iterator[tuple[str, str, str, str]]:
        """Yield the matches of CELL in a part, which is read in chunks that end with a row."""
        with self._package.open(part) as stream:
            rest = b""
            while chunk := stream.read(CHUNK):
                rows, end, rest = (rest + chunk).rpartition(b"</row>")
                yield from CELL.findall((rows + end).decode())
