"""xlsx: Summary, All data, one sheet per acquisition protocol, About; nothing is ever dropped.

xlsxwriter makes the workbook, we make the rows: each row's XML is rendered as it arrives,
compressed and spilled, and spliced into its sheet's part when the file is put together.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator

from isal import isal_zlib

from doseexport.database_formats import TEXT
from doseexport.rows import Study
from doseexport.writers import Sink
from doseexport.writers.cells import (
    MAX_TEXT,
    Bodies,
    compile_block,
    compile_bodies,
    is_cut,
    split_at_row,
    split_row,
    write_text,
)
from doseexport.writers.layout import Layout, Report
from doseexport.writers.parts import Packed, deflate
from doseexport.writers.sheets import Book, Limits, Page
from doseexport.writers.workbook import build_workbook
from doseexport.writers.zips import ZipStream

_END_OF_ROWS = b"</sheetData>"
_DIMENSION = re.compile(rb'(<dimension ref="A1:[A-Z]+)\d+"')


class XlsxWriter:
    """Writes each study as a row of All data, and each of its events as a row of its protocol's sheet."""

    copy_format = TEXT
    has_summary = True
    separator = b"\t"

    def __init__(self, sink: Sink, layout: Layout, limits: Limits = Limits()) -> None:  # noqa: B008  frozen
        self._sink = sink
        self._layout = layout
        self._book = Book(layout, limits)
        self._study_bodies = compile_bodies(layout.study_columns)
        self._event_bodies = compile_bodies(layout.event_columns)
        self._study_width = len(layout.study_columns)
        self._event_width = len(layout.event_columns)
        self._protocol = [column.heading for column in layout.event_columns].index(layout.sheet_by)
        self._by_protocol = {write_text(name): sheet for name, sheet in self._book.by_protocol.items()}
        self._cut = 0

    def write(self, study: Study) -> None:
        """Add one study with its events."""
        cells, events = study
        head = split_at_row(0, self._study_bodies(cells))
        bodies = [self._event_bodies(event) for event in events]
        self._write_study(head, bodies)
        self._write_events(head, bodies)
        for row in (cells, *events):
            if len(row) > MAX_TEXT:
                self._cut += sum(map(is_cut, split_row(row)))

    def _write_study(self, head: list[str], bodies: list[Bodies]) -> None:
        per_sheet = self._book.blocks_per_sheet
        for n, sheet in enumerate(self._book.all_data):
            here = bodies[n * per_sheet : (n + 1) * per_sheet]
            if not here and n:
                return
            row = sheet.next_row()
            blocks = "".join([self._block(k)(row, body) for k, body in enumerate(here)])
            sheet.add(f'<row r="{row}">{row.join(head)}{blocks}</row>')

    def _write_events(self, head: list[str], bodies: list[Bodies]) -> None:
        block = self._block(0)
        for body in bodies:
            sheet = self._by_protocol[body[self._protocol]]
            row = sheet.next_row()
            sheet.add(f'<row r="{row}">{row.join(head)}{block(row, body)}</row>')

    def _block(self, number: int) -> Callable[[str, Bodies], str]:
        return compile_block(self._study_width + number * self._event_width, self._event_width)

    @property
    def warnings(self) -> list[str]:
        """What a reader of the workbook has to know about its sheets."""
        wide = [
            f"Events that do not fit beside their study go on on sheet {sheet.name}."
            for sheet in self._book.all_data[1:]
        ]
        full = [
            f"Sheet {sheet.name} is full and goes on as {page.name}."
            for sheet in self._book.sheets()
            for page in sheet.pages[1:]
        ]
        cut = (
            [f"{self._cut} texts are cut to the {MAX_TEXT:,} characters that a cell holds."]
            if self._cut
            else []
        )
        return wide + full + cut

    def finish(self, report: Report) -> None:
        """Put the workbook together in the sink."""
        pages = [(sheet, page) for sheet in self._book.sheets() for page in sheet.pages]
        skeleton = build_workbook(self._layout, report, [sheet.shape(page) for sheet, page in pages])
        parts = {f"xl/worksheets/sheet{n}.xml": page for n, (_, page) in enumerate(pages, start=2)}
        stream = ZipStream(self._sink)
        with zipfile.ZipFile(io.BytesIO(skeleton)) as made:
            for name in made.namelist():
                self._add_part(stream, name, made.read(name), parts.get(name))
        stream.finish()
        self.discard()

    def discard(self) -> None:
        """Forget the rows."""
        self._book.parts.close()

    def _add_part(self, stream: ZipStream, name: str, made: bytes, page: Page | None) -> None:
        if page is None:
            packed = deflate(made, last=True)
            stream.add(name, isal_zlib.crc32(made), len(packed), len(made), [packed])
            return
        head, tail = made.split(_END_OF_ROWS)
        head = _DIMENSION.sub(rb'\g<1>%d"' % page.rows, head)
        self._splice(stream, name, head, self._book.parts.packed(page.part), _END_OF_ROWS + tail)

    def _splice(self, stream: ZipStream, name: str, head: bytes, rows: Packed, tail: bytes) -> None:
        """Write head, rows and tail as one part: their deflate streams laid end to end."""
        packed_head, packed_tail = deflate(head), deflate(tail, last=True)
        crc = isal_zlib.crc32_combine(isal_zlib.crc32(head), rows.crc, rows.raw_size)
        crc = isal_zlib.crc32_combine(crc, isal_zlib.crc32(tail), len(tail))
        size = len(packed_head) + rows.size + len(packed_tail)
        stream.add(
            name,
            crc,
            size,
            len(head) + rows.raw_size + len(tail),
            self._chunks(packed_head, rows, packed_tail),
        )

    def _chunks(self, head: bytes, rows: Packed, tail: bytes) -> Iterator[bytes]:
        yield head
        yield from self._book.parts.read(rows)
        yield tail
