"""Where the time of each export type goes: in PostgreSQL by query, in our process by part.

`python -m tests.benchmarks.anatomy` prints the table that `make bench` puts into docs/benchmarks.md.
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
from local.postgres import Postgres
from tests.benchmarks.estimates import Nobody

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.engine.query import Queries, build_queries

STUDIES = {"studies": 6_500, "rf": 500, "mg": 2_000, "dx": 1_000, "nm": 200}
PARTS = {
    "reading": ("psycopg", "database", "rows.py", "copy_text"),
    "rules": ("exports",),
    "writing": ("writers", "xlsxwriter", "isal", "zlib", "<string>"),
}
BLOCK = 8_192


@dataclass(frozen=True, slots=True)
class Plan:
    """One executed query: milliseconds, bytes spilled to disk, how often its busiest node was begun."""

    time: float
    spilled: int
    loops: int
    busiest: str


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One export type: its plans by query, and each part's share of our own time."""

    type: str
    plans: dict[str, Plan]
    shares: dict[str, float]


def dissect(url: str) -> Iterator[Anatomy]:
    """Yield every export type that needs no study's id."""
    for name, spec in sorted(catalogue.load_specs().items()):
        if not spec.needs:
            request = ExportRequest(name)
            yield Anatomy(name, explain(url, build_queries(request, Inclusions())), profile(url, request))


def explain(url: str, queries: Queries) -> dict[str, Plan]:
    """Return the plans of an export's queries, run with the settings of a worker."""
    with Database({"conninfo": url}).open_snapshot() as snapshot:
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
    (told,) = row[0]
    busiest = max(_list_nodes(told["Plan"]), key=lambda node: node["Actual Loops"])
    what = f"{busiest['Node Type']} {busiest.get('Relation Name', '')}".strip()
    spilled = told["Plan"].get("Temp Written Blocks", 0) * BLOCK
    return Plan(told["Planning Time"] + told["Execution Time"], spilled, busiest["Actual Loops"], what)


def _list_nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _list_nodes(child)


def profile(url: str, request: ExportRequest) -> dict[str, float]:
    """Return the share of each part in the time that our thread works, waiting for PostgreSQL left out."""
    profiler = cProfile.Profile()
    with profiler:
        write_export(
            RequestContext(request, "bench", datetime.now(UTC)),
            Database({"conninfo": url}),
            BytesIO(),
            Nobody(),
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
Milliseconds of each query (EXPLAIN ANALYZE, indexes as OpenREM has them), what its sorts spilled, its busiest
node, and the shares of our own time by part (cProfile), on {studies}.

| export | survey | tables | studies | events | spilled MB | busiest node | reading | rules | writing | rest |
|---|---|---|---|---|---|---|---|---|---|---|"""


def describe(anatomies: Iterable[Anatomy]) -> Iterator[str]:
    """Yield the table's lines."""
    counts = ", ".join(f"{n:,} {'CT' if name == 'studies' else name.upper()}" for name, n in STUDIES.items())
    yield HEAD.format(studies=f"{counts} studies")
    for each in anatomies:
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
    """Print the table of a database of its own."""
    with Postgres() as server:
        url = server.create_database("anatomy")
        sample.fill(url, **STUDIES)
        print(*describe(dissect(url)), sep="\n")


if __name__ == "__main__":
    main()
