"""Write the same csv with psycopg's server-side cursors and Python's csv module, for comparison.

Run as `python -m tests.benchmarks.cursor_csv TYPE URL FILE`.
"""

import csv
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, groupby
from typing import Any

import psycopg

from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from doseexport.engine.writers.file_plan import block_headings

FETCHED = 2_000


def main(export_type: str, url: str, path: str) -> None:
    """Read studies and events with one cursor each, and write one row per study."""
    request = ExportRequest(export_type)
    spec, queries = request.spec, build_queries(request, Inclusions())
    with Database({"conninfo": url}).open_snapshot() as snapshot:
        snapshot.begin()
        widest = max(1, snapshot.count(queries).widest)
    columns = spec.events.included(Inclusions())
    header = [column.heading for column in spec.studies.included(Inclusions())]
    header += chain.from_iterable(block_headings("E", columns, n) for n in range(1, widest + 1))
    with psycopg.connect(url) as connection, open(path, "w", encoding="utf-8-sig", newline="") as file:  # noqa: PTH123
        connection.execute("SET work_mem = '64MB'")
        writer = csv.writer(file)
        writer.writerow(header)
        for row in read_wide_rows(connection, queries.studies.sql, queries.events.sql):
            writer.writerow(row + [""] * (len(header) - len(row)))


def read_wide_rows(connection: psycopg.Connection[Any], studies: str, events: str) -> Iterator[list[str]]:
    """Yield each study's cells, followed by those of its events. Only the first of repeated rows counts."""
    by_study = groupby(read(connection, "events", events), key=lambda row: row[0])
    owner, own = next(by_study, (None, ()))
    last = None
    for study, _, *cells in read(connection, "studies", studies):
        if study == last:
            continue
        last = study
        row = [to_text(cell) for cell in cells]
        if owner == study:
            for _, rows in groupby(own, key=lambda event: event[1]):
                row += [to_text(cell) for cell in next(rows)[3:]]
            owner, own = next(by_study, (None, ()))
        yield row


def read(connection: psycopg.Connection[Any], name: str, sql: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a server-side cursor."""
    with connection.cursor(name) as cursor:
        cursor.itersize = FETCHED
        yield from cursor.execute(sql)


def to_text(value: Any) -> str:
    """Return a cell in PostgreSQL's text format."""
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
