"""The assembly of a workbook: xlsxwriter's parts, with compressed rows spliced into the data sheets.

The part of a data sheet consists of xlsxwriter's head, the compressed rows and xlsxwriter's tail, joined as
one deflate stream. In the table of shared texts, those of the rows come before those of xlsxwriter. So the
numbers of the texts in xlsxwriter's cells are increased accordingly.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isal import isal_zlib

from doseexport.catalogue.layouts import ABOUT, COLUMNS, SUMMARY, WARNINGS
from doseexport.engine.writers import Sink
from doseexport.engine.writers.cells import column_letters
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount
from doseexport.engine.writers.parts import Packed, Parts, deflate
from doseexport.engine.writers.sheets import GrowingSheet, SharedState, Worksheet
from doseexport.engine.writers.texts import SharedTexts
from doseexport.engine.writers.workbook import (
    DrawnSheet,
    SheetFrame,
    Summary,
    build_workbook,
    count_summary,
    list_about,
    list_warned_studies,
)
from doseexport.engine.writers.zips import ZipStream

_ROWS = re.compile(rb"<sheetData/>|</sheetData>")
_NUMBER_OF_TEXT = re.compile(rb'( t="s"><v>)(\d+)<')
# The counts are optional, and the number of references to shared texts is not known.
_TEXTS = re.compile(rb' count="\d+" uniqueCount="\d+"><si>')
_DIMENSION = re.compile(rb'<dimension ref="[A-Z0-9:]+"')


@dataclass(frozen=True, slots=True)
class Tabs:
    """The sheets of a workbook in their order, their shared state, and Summary, if it comes first."""

    sheets: Sequence[GrowingSheet | DrawnSheet]
    shared: SharedState
    summary: Summary | None


def assemble(sink: Sink, plan: FilePlan, report: FileReport, tabs: Tabs) -> None:
    """Write the complete workbook to the sink."""
    worksheets = list(_list_worksheets(tabs))
    frames = [each if isinstance(each, DrawnSheet) else each[0].frame(each[1]) for each in worksheets]
    skeleton = build_workbook(plan, report, frames, summary=tabs.summary)
    first = 1 if tabs.summary is None else 2
    parts = {
        f"xl/worksheets/sheet{n}.xml": (found, frame)
        for n, (found, frame) in enumerate(zip(worksheets, frames, strict=True), start=first)
        if not isinstance(found, DrawnSheet) and isinstance(frame, SheetFrame)
    }
    heads = _Heads()
    stream = ZipStream(sink)
    with zipfile.ZipFile(io.BytesIO(skeleton)) as package:
        for name in package.namelist():
            content = _share_texts(name, package.read(name), tabs.shared.texts)
            if name in parts:
                (sheet, worksheet), frame = parts[name]
                head, tail = _split(content)
                corner = f"{column_letters(sheet.width - 1)}{worksheet.rows}"
                ends = heads.complete(frame, head, corner), tail
                _splice(stream, name, ends, tabs.shared.parts, worksheet.part)
            else:
                _copy(stream, name, content)
    stream.finish()


def count_rows(plan: FilePlan, report: FileReport, tabs: Tabs) -> list[SheetCount]:
    """Return the counts of each sheet of the workbook, in the order of tabs."""
    summary = [] if tabs.summary is None else [SheetCount(SUMMARY, 0, count_summary(plan), 0)]
    data = [
        SheetCount(each.name, 0, each.rows, 0) if isinstance(each, DrawnSheet) else each[0].count(each[1])
        for each in _list_worksheets(tabs)
    ]
    rows = len(list(list_warned_studies(report)))
    warnings = [SheetCount(WARNINGS, 0, rows, 1)] if rows else []
    columns = SheetCount(COLUMNS, 0, len(plan.dictionary), 1)
    return [*summary, *data, *warnings, columns, SheetCount(ABOUT, 0, len(list_about(plan, report)), 0)]


def _list_worksheets(tabs: Tabs) -> Iterator[tuple[GrowingSheet, Worksheet] | DrawnSheet]:
    for sheet in tabs.sheets:
        if isinstance(sheet, DrawnSheet):
            yield sheet
        else:
            yield from ((sheet, worksheet) for worksheet in sheet.worksheets)


class _Heads:
    """The heads of the sheets: everything before their rows.

    Of several sheets with the same appearance, xlsxwriter makes only the first head completely.
    """

    def __init__(self) -> None:
        self._complete: dict[object, bytes] = {}

    def complete(self, frame: SheetFrame, head: bytes, corner: str) -> bytes:
        """Return the complete head of a sheet whose last cell is at this corner, such as AB12."""
        if frame.appearance in self._complete:
            head = self._complete[frame.appearance]
        else:
            self._complete[frame.appearance] = head.replace(b' tabSelected="1"', b"")
        return _DIMENSION.sub(f'<dimension ref="A1:{corner}"'.encode(), head)


def _share_texts(name: str, content: bytes, texts: SharedTexts) -> bytes:
    """Return a part adapted to the shared texts.

    That is the table with the rows' texts added, or a sheet with its text numbers shifted.
    """
    if name == "xl/sharedStrings.xml":
        return _TEXTS.sub(lambda _: b">" + texts.render() + b"<si>", content, count=1)
    if name.startswith("xl/worksheets/"):
        return _NUMBER_OF_TEXT.sub(lambda found: b"%b%d<" % (found[1], int(found[2]) + len(texts)), content)
    return content


def _copy(stream: ZipStream, name: str, content: bytes) -> None:
    packed = deflate(content, last=True)
    stream.add(name, isal_zlib.crc32(content), len(packed), len(content), [packed])


def _split(content: bytes) -> tuple[bytes, bytes]:
    """Return the parts of a sheet before and after its rows."""
    start, end = _ROWS.split(content)
    opening = b"<sheetData>" if b"<sheetData/>" in content else b""
    return start + opening, b"</sheetData>" + end


def _splice(stream: ZipStream, name: str, ends: tuple[bytes, bytes], parts: Parts, part: int) -> None:
    """Write head, rows and tail as one part of the zip."""
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
