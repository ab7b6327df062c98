"""The first rows of an export, read before it is requested, with the headings of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Timer

from doseexport.catalogue import (
    AuditWorkbook,
    Cells,
    CustomRows,
    Inclusions,
    Long,
    ModalityWorkbook,
    Tables,
    Wide,
)
from doseexport.catalogue.layouts import ALL_DATA, Layout, Sheet
from doseexport.catalogue.schema import Schema
from doseexport.domain.request import ExportRequest
from doseexport.engine.copy_text import TEXT, split_row
from doseexport.engine.export_file import find_standard_names
from doseexport.engine.merge import MergeStats, merge_streams
from doseexport.engine.plan import RequestContext, plan_file
from doseexport.engine.postgres import Database
from doseexport.engine.pseudonyms import prepare_pseudonyms
from doseexport.engine.query import build_queries, choose_first, list_first_studies, list_tables
from doseexport.engine.snapshot import Snapshot
from doseexport.engine.writers.file_plan import FilePlan, block_headings
from doseexport.errors import ExportError

MOST_ROWS = 20
"""The studies that are read, and the rows of a table that are shown."""
MOST_BLOCKS = 2
"""The events of a study that are shown in adjacent columns."""
MOST_COLUMNS = 120
"""The columns of a table that are shown. Rows that a survey makes of a study can be ten times as wide."""


@dataclass(frozen=True, slots=True)
class FirstRow:
    """A row of a table: the id of its study, and a text for each heading."""

    study_id: int
    cells: Cells


@dataclass(frozen=True, slots=True)
class FirstTable:
    """The first rows of a sheet or table. `name` is empty for a csv.

    A file has further columns on the right if `has_more_columns` holds.
    """

    name: str
    headings: tuple[str, ...]
    has_more_columns: bool = False
    rows: list[FirstRow] = field(default_factory=list)


def explain_no_rows(request: ExportRequest) -> str:
    """Return why no rows can be shown before the export, or "" if they can."""
    if request.has_pseudonyms:
        return "Only the worker knows pseudonyms, so their rows are in the file only."
    if isinstance(request.spec.layout, AuditWorkbook):
        return "The rows of an audit are known after its last study."
    return ""


def fetch_first_rows(
    context: RequestContext, database: Database, check: Callable[[Schema], None]
) -> list[FirstTable]:
    """Return the tables of an export with its first rows, without those that have none.

    The request must be one that explain_no_rows does not refuse. `check` raises if it needs what the schema
    lacks. Raise ExportError as write_export does, and if the time of the database is over.
    """
    prepare_pseudonyms(context.request, None)  # without them the rows would hold encoded identifiers
    is_over = Event()
    try:
        with database.open_snapshot() as snapshot, _stop_in_time(snapshot, database, is_over):
            return _read_tables(context, database, snapshot, check)
    except ExportError:
        if is_over.is_set():
            raise ExportError("OUT_OF_TIME", "The database did not answer within the time limit.") from None
        raise


@contextmanager
def _stop_in_time(snapshot: Snapshot, database: Database, is_over: Event) -> Iterator[None]:
    """Cancel a snapshot and say so when its time is over, however many statements were answered before."""

    def stop() -> None:
        is_over.set()
        snapshot.cancel()

    if database.seconds_left is None:
        yield
        return
    timer = Timer(database.seconds_left(), stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read_tables(
    context: RequestContext, database: Database, snapshot: Snapshot, check: Callable[[Schema], None]
) -> list[FirstTable]:
    request = context.request
    snapshot.begin(list_tables(request))
    schema = snapshot.read_schema()
    check(schema)
    standard, _ = find_standard_names(request.spec, snapshot, schema)
    ids = [study for (study,) in snapshot.fetch_rows(list_first_studies(request, MOST_ROWS, schema))]
    if not ids:
        return []
    inclusions = Inclusions(request.include_names, request.include_ids, standard)
    queries = build_queries(request, inclusions, schema, choose_first(ids))
    counts, frequencies = snapshot.count(queries), snapshot.count_frequencies(queries)
    if request.spec.widths:  # all studies say how many columns the file has
        counts = replace(counts, widths=snapshot.count(build_queries(request, inclusions, schema)).widths)
    plan = plan_file(context, inclusions, counts, frequencies, database.time_zone)
    studies = _read_studies(snapshot.stream(queries, TEXT))
    return [table for table in _make_tables(plan, request.spec.layout, studies) if table.rows]


_Studies = Iterable[tuple[int, Cells, list[Cells]]]


def _read_studies(streams: tuple[Iterator[bytes], Iterator[bytes]]) -> _Studies:
    """Yield the id of each study, its cells, and the cells of its events."""
    stats = MergeStats()
    for cells, events in merge_streams(*streams, b"\t", stats):
        yield int(stats.log.study), split_row(cells), [split_row(event) for event in events]


def _make_tables(plan: FilePlan, layout: Layout, studies: _Studies) -> list[FirstTable]:
    match layout:
        case CustomRows():
            return _make_custom(plan, layout, studies)
        case Long():
            return [_make_long(plan, studies)]
        case Tables():
            return [_make_studies(plan, studies)]
        case Wide() | ModalityWorkbook():
            return [_make_wide(plan, layout, studies)]


def _make_wide(plan: FilePlan, layout: Wide | ModalityWorkbook, studies: _Studies) -> FirstTable:
    """Return the table of a row per study, with blocks of its events in adjacent columns."""
    blocks = layout.blocks if isinstance(layout, ModalityWorkbook) else None
    make_blocks = blocks.make_builder((*plan.event_columns, *plan.event_extras)) if blocks else list
    rows = [(study, cells, make_blocks(events)) for study, cells, events in studies]
    columns = plan.block_columns
    most = plan.limit_events(max((len(found) for _, _, found in rows), default=0)) if columns else 0
    shown = min(max(1, most), MOST_BLOCKS) if columns else 0
    headings = [column.heading for column in plan.study_columns]
    for number in range(1, shown + 1):
        headings += block_headings(blocks.prefix if blocks else layout.prefix, columns, number)
    table = FirstTable(
        ALL_DATA if isinstance(layout, ModalityWorkbook) else "", tuple(headings), most > shown
    )
    for study, cells, found in rows:
        flat = [cell for block in found[:shown] for cell in block[: len(columns)]]
        row = [*cells, *flat]
        table.rows.append(FirstRow(study, row + [""] * (len(headings) - len(row))))
    return table


def _make_long(plan: FilePlan, studies: _Studies) -> FirstTable:
    """Return the table of a row per event, after the cells of its study."""
    columns = (*plan.study_columns, *plan.event_columns)
    table = FirstTable("", tuple(column.heading for column in columns))
    for study, cells, events in studies:
        for event in events or [[""] * len(plan.event_columns)]:
            _add(table, study, [*cells, *event])
    return table


def _make_studies(plan: FilePlan, studies: _Studies) -> FirstTable:
    """Return the table of studies of a file of tables."""
    (own, *_) = plan.tables
    table = FirstTable(own.name, tuple(column.heading for column in own.columns))
    for study, cells, _ in studies:
        _add(table, study, [str(study), *cells])
    return table


def _make_custom(plan: FilePlan, layout: CustomRows, studies: _Studies) -> list[FirstTable]:
    """Return the tables that a builder fills study by study, but of those named by data only the others."""
    builder = layout.make_builder(plan.context)
    rows: list[list[FirstRow]] = [[] for _ in builder.sheets]
    for study, cells, events in studies:
        for sheet, row in builder.build_rows(cells, events):
            if len(rows[sheet]) < MOST_ROWS:
                rows[sheet].append(FirstRow(study, row))
    return [
        _cut(sheet.name, _find_headings(sheet), found)
        for sheet, found in zip(builder.sheets, rows, strict=True)
        if not sheet.named_by_data
    ]


def _find_headings(sheet: Sheet) -> tuple[str, ...]:
    return sheet.rows_above[-1] if sheet.rows_above else tuple(column.heading for column in sheet.columns)


def _cut(name: str, headings: tuple[str, ...], rows: list[FirstRow]) -> FirstTable:
    """Return a table of rows, which can be wider than their headings, without too many columns."""
    width = max(len(headings), *(len(row.cells) for row in rows)) if rows else len(headings)
    shown = min(width, MOST_COLUMNS)
    every = (*headings, *[""] * (width - len(headings)))
    cells = ([*row.cells[:shown], *[""] * (shown - len(row.cells))] for row in rows)
    cut = [FirstRow(row.study_id, each) for row, each in zip(rows, cells, strict=True)]
    return FirstTable(name, every[:shown], width > shown, cut)


def _add(table: FirstTable, study: int, cells: Cells) -> None:
    if len(table.rows) < MOST_ROWS:
        table.rows.append(FirstRow(study, cells))
