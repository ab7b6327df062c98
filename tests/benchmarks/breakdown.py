"""Break down the time of each export type: in PostgreSQL by query, in the export process by part.

`python -m tests.benchmarks.breakdown` prints the table that `make bench` writes to docs/benchmarks.md.
"""

import cProfile
import pstats
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import psycopg
from local import sample
from local.sample.postgres import Postgres

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.engine.query import Queries, build_queries
from tests.benchmarks.estimates import NoMonitor

STUDIES = {"studies": 6_500, "rf": 500, "mg": 2_000, "dx": 1_000, "nm": 200}
PARTS = {
    "reading": ("psycopg", "engine/postgres", "engine/snapshot", "engine/merge", "copy_text"),
    "rules": ("catalogue",),
    "writing": ("writers", "xlsxwriter", "isal", "zlib", "<string>"),
}
BLOCK = 8_192


@dataclass(frozen=True, slots=True)
class Plan:
    """An executed query: its milliseconds, the bytes spilled to disk, and its busiest node with its loops."""

    time: float
    spilled: int
    loops: int
    busiest: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """An export type: its plans by query, and the share of each part in the time of the export process."""

    type: str
    plans: dict[str, Plan]
    shares: dict[str, float]


def break_down(url: str) -> Iterator[Breakdown]:
    """Yield the breakdown of every export type that does not require a study's id."""
    for name, spec in sorted(catalogue.load_specs().items()):
        if not spec.needs:
            request = ExportRequest(name)
            yield Breakdown(name, explain(url, build_queries(request, Inclusions())), profile(url, request))


def explain(url: str, queries: Queries) -> dict[str, Plan]:
    """Return the plans of an export's queries, executed with a worker's settings."""
    with Database({"conninfo": url}).open_snapshot() as snapshot:
        snapshot.begin()
        connection = snapshot.connections[0]
        plans = {"survey": _explain(connection, queries.counts.sql)}
        plans["studies"] = _explain(connection, queries.studies.sql)
        if queries.events:
            plans["events"] = _explain(connection, queries.events.sql)
        tables = [_explain(connection, query.sql) for query in queries.frequencies.values()]
    if tables:
        busiest = max(tables, key=lambda plan: plan.loops)
        spilled = sum(plan.spilled for plan in tables)
        plans["tables"] = Plan(sum(plan.time for plan in tables), spilled, busiest.loops, busiest.busiest)
    return plans


def _explain(connection: psycopg.Connection[Any], sql: str) -> Plan:
    row = connection.execute("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + sql).fetchone()
    (plan,) = row[0]
    busiest = max(_list_nodes(plan["Plan"]), key=lambda node: node["Actual Loops"])
    name = f"{busiest['Node Type']} {busiest.get('Relation Name', '')}".strip()
    spilled = plan["Plan"].get("Temp Written Blocks", 0) * BLOCK
    return Plan(plan["Planning Time"] + plan["Execution Time"], spilled, busiest["Actual Loops"], name)


def _list_nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _list_nodes(child)


def profile(url: str, request: ExportRequest) -> dict[str, float]:
    """Return the share of each part in the time of the exporting thread, without waits for PostgreSQL."""
    profiler = cProfile.Profile()
    with profiler:
        write_export(
            RequestContext(request, "bench", datetime.now(UTC)),
            Database({"conninfo": url}),
            BytesIO(),
            NoMonitor(),
        )
    spent: Counter[str] = Counter()
    for (path, _, name), (_, _, own, _, _) in pstats.Stats(profiler).stats.items():
        if "acquire" not in name and "wait" not in name:
            spent[_find_part(f"{path} {name}")] += own
    return {part: spent[part] / spent.total() for part in (*PARTS, "rest")}


def _find_part(place: str) -> str:
    package = place.partition("doseexport")[2] or place.partition("site-packages")[2] or place
    return next((part for part, words in PARTS.items() if any(word in package for word in words)), "rest")


HEAD = """
## Where the time goes
Milliseconds of each query (EXPLAIN ANALYZE, with OpenREM's indexes), the megabytes spilled by sorts, the
busiest node, and the time of the export process by part (cProfile), on {studies}.

| export | counts | tables | studies | events | spilled MB | busiest node | reading | rules | writing | rest |
|---|---|---|---|---|---|---|---|---|---|---|"""


def describe(breakdowns: Iterable[Breakdown]) -> Iterator[str]:
    """Yield the lines of the table."""
    counts = ", ".join(f"{n:,} {'CT' if name == 'studies' else name.upper()}" for name, n in STUDIES.items())
    yield HEAD.format(studies=f"{counts} studies")
    for each in breakdowns:
        times = [
            f"{each.plans[name].time:.0f}" if name in each.plans else ""
            for name in ("survey", "tables", "studies", "events")
        ]
        spilled = sum(plan.spilled for plan in each.plans.values()) / 1e6
        busiest = max(each.plans.values(), key=lambda plan: plan.loops)
        shares = [f"{100 * share:.0f} %" for share in each.shares.values()]
        cells = [each.type, *times, f"{spilled:.1f}", f"{busiest.busiest} {busiest.loops:,} times", *shares]
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Fill a database and print its table."""
    with Postgres() as server:
        url = server.create_database("breakdown")
        sample.fill(url, **STUDIES)
        print(*describe(break_down(url)), sep="\n")


if __name__ == "__main__":
    main()
