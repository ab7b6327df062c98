"""A workbook is put together: xlsxwriter's parts, with our rows spliced into the big sheets.

Each sheet's part is xlsxwriter's own head, our compressed rows and xlsxwriter's own tail, laid end
to end as one deflate stream. Our texts come before xlsxwriter's in the workbook's table of texts, so
its cells name theirs by numbers that are so much higher.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isal import isal_zlib

from doseexport.engine.writers import Sink
from doseexport.engine.writers.cells import column_letters
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount
from doseexport.engine.writers.parts import Packed, Parts, deflate
from doseexport.engine.writers.sheets import GrowingSheet, Sheets
from doseexport.engine.writers.texts import SharedTexts
from doseexport.engine.writers.workbook import (
    ABOUT,
    SUMMARY,
    Shape,
    build_workbook,
    count_summary,
    list_about,
)
from doseexport.engine.writers.zips import ZipStream

_ROWS = re.compile(rb"<sheetData/>|</sheetData>")
_NUMBER_OF_TEXT = re.compile(rb'( t="s"><v>)(\d+)<')
# The counts are optional, and nobody knows how often our texts are named.
_TEXTS = re.compile(rb' count="\d+" uniqueCount="\d+"><si>')
_DIMENSION = re.compile(rb'<dimension ref="[A-Z0-9:]+"')


@dataclass(frozen=True, slots=True)
class Tabs:
    """The big sheets of a workbook in their order, what they share, and whether a Summary comes first."""

    sheets: Sequence[GrowingSheet]
    shared: Sheets
    has_summary: bool


def assemble(sink: Sink, layout: FilePlan, report: FileReport, tabs: Tabs) -> None:
    """Write the whole workbook into the sink."""
    pages = [(sheet, page) for sheet in tabs.sheets for page in sheet.pages]
    shapes = [sheet.shape(page) for sheet, page in pages]
    skeleton = build_workbook(layout, report, shapes, has_summary=tabs.has_summary)
    first = 2 if tabs.has_summary else 1
    big = dict(enumerate(zip(pages, shapes, strict=True), start=first))
    parts = {f"xl/worksheets/sheet{n}.xml": found for n, found in big.items()}
    heads = _Heads()
    stream = ZipStream(sink)
    with zipfile.ZipFile(io.BytesIO(skeleton)) as package:
        for name in package.namelist():
            made = _share_texts(name, package.read(name), tabs.shared.texts)
            if name in parts:
                (sheet, page), shape = parts[name]
                head, tail = _split(made)
                corner = f"{column_letters(sheet.width - 1)}{page.rows}"
                ends = heads.complete(shape, head, corner), tail
                _splice(stream, name, ends, tabs.shared.parts, page.part)
            else:
                _copy(stream, name, made)
    stream.finish()


def count_rows(layout: FilePlan, report: FileReport, tabs: Tabs) -> list[SheetCount]:
    """Return what is on each sheet of the workbook, in the order of the tabs."""
    summary = [SheetCount(SUMMARY, 0, count_summary(layout), 0)] if tabs.has_summary else []
    data = [sheet.count(page) for sheet in tabs.sheets for page in sheet.pages]
    return [*summary, *data, SheetCount(ABOUT, 0, len(list_about(layout, report)), 0)]


class _Heads:
    """What stands before the rows of the sheets: xlsxwriter made it whole for the first of those alike."""

    def __init__(self) -> None:
        self._whole: dict[object, bytes] = {}

    def complete(self, shape: Shape, head: bytes, corner: str) -> bytes:
        """Return the whole head of a sheet whose last cell is at this corner."""
        if shape.looks in self._whole:
            head = self._whole[shape.looks]
        else:
            self._whole[shape.looks] = head.replace(b' tabSelected="1"', b"")
        return _DIMENSION.sub(f'<dimension ref="A1:{corner}"'.encode(), head)


def _share_texts(name: str, made: bytes, texts: SharedTexts) -> bytes:
    """Return a part of xlsxwriter's with our texts in it, or with the numbers that its texts now have."""
    if name == "xl/sharedStrings.xml":
        return _TEXTS.sub(lambda _: b">" + texts.render() + b"<si>", made, count=1)
    if name.startswith("xl/worksheets/"):
        return _NUMBER_OF_TEXT.sub(lambda found: b"%b%d<" % (found[1], int(found[2]) + len(texts)), made)
    return made


def _copy(stream: ZipStream, name: str, made: bytes) -> None:
    packed = deflate(made, last=True)
    stream.add(name, isal_zlib.crc32(made), len(packed), len(made), [packed])


def _split(made: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and behind the rows that a sheet will have."""
    start, end = _ROWS.split(made)
    opening = b"<sheetData>" if b"<sheetData/>" in made else b""
    return start + opening, b"</sheetData>" + end


def _splice(stream: ZipStream, name: str, ends: tuple[bytes, bytes], parts: Parts, part: int) -> None:
    """Write head, rows and tail as one part."""
    head, tail = ends
    rows = parts.packed(part)
    packed_head, packed_tail = deflate(head), deflate(tail, last=True)
    crc = isal_zlib.crc32_combine(isal_zlib.crc32(head), rows.crc, rows.raw_size)
    crc = isal_zlib.crc32_combine(crc, isal_zlib.crc32(tail), len(tail))
    size = len(packed_head) + rows.size + len(packed_tail)
    chunks = _chain(packed_head, parts, rows, packed_tail)
    stream.add(name, crc, size, len(head) + rows.raw_size + len(tail), chunks)


def _chain(head: bytes, parts: Parts, rows: Packed, tail: bytes) -> Iterator[bytes]:
    yield head
    yield from parts.read(rows)
    yield tail
