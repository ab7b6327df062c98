"""Measure what the page asks the database while a form is filled in: previews, first rows and suggestions.

`python -m tests.benchmarks.questions URL [RUNS]` prints the median and the longest of RUNS answers (5) to
each question. No statement has a time limit, so that one that the service would stop is measured to its end.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from doseexport import catalogue
from doseexport.actions.previews import fetch_preview
from doseexport.actions.suggestions import MOST_CACHED, MOST_SUGGESTED
from doseexport.catalogue import Spec
from doseexport.domain.request import ExportRequest
from doseexport.engine.first_rows import fetch_first_rows
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.engine.query import Query, build_suggestions

TYPES = ("ct-csv", "dx-csv", "mg-csv", "nm-csv", "rf-csv")
MONTH = timedelta(days=30)

Question = tuple[str, Callable[[], object]]


def main(url: str, runs: str = "5") -> None:
    """Ask every question, and print a table."""
    database = Database({"conninfo": url})
    print("| question | median s | longest s |\n|---|---|---|")
    for export_type in TYPES:
        for title, ask in list_questions(database, export_type):
            times = [_measure(ask) for _ in range(int(runs))]
            print(f"| {title} | {statistics.median(times):.2f} | {max(times):.2f} |", flush=True)


def _measure(ask: Callable[[], object]) -> float:
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def list_questions(database: Database, export_type: str) -> Iterator[Question]:
    """Yield the questions about a type. The month is that before the newest study."""
    spec = catalogue.find_spec(export_type)
    newest = _find_newest_day(database, spec)
    month = {"date_from": (newest - MONTH).isoformat(), "date_to": newest.isoformat()}
    for title, filters in ((f"{spec.modality.name} of a month", month), (f"every {spec.modality.name}", {})):
        request = ExportRequest(export_type, filters=filters)
        yield f"preview of {title}", lambda request=request: _preview(database, request)
        yield f"first rows of {title}", lambda request=request: _read_first_rows(database, request)
    for known in spec.filters:
        if known.suggests and not known.identifies_patient:
            title = f"{spec.modality.name}, {known.name}"
            every = build_suggestions(spec, known, MOST_CACHED + 1)
            part = build_suggestions(spec, known, MOST_SUGGESTED + 1, "ab")
            yield f"suggestions of {title}", lambda query=every: _fetch(database, query)
            yield f"suggestions of {title}, after ab", lambda query=part: _fetch(database, query)


def _find_newest_day(database: Database, spec: Spec) -> date:
    codes = ", ".join(f"'{code}'" for code in spec.modality.codes)
    sql = f"SELECT max(study_date)::text FROM remapp_generalstudymoduleattr WHERE modality_type IN ({codes})"
    ((newest,),) = _fetch(database, Query(sql, ()))
    return date.fromisoformat(newest)


def _fetch(database: Database, query: Query) -> list[tuple[object, ...]]:
    return database.fetch_rows(query.tables, lambda _schema: query)


def _preview(database: Database, request: ExportRequest) -> object:
    return fetch_preview(database, request, lambda _schema: None)


def _read_first_rows(database: Database, request: ExportRequest) -> object:
    return fetch_first_rows(
        RequestContext(request, "bench", datetime.now(UTC)), database, lambda _schema: None
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
