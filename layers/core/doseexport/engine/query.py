"""The SQL of an export, built from its spec and its request: text with %s, and parameters.

Every statement starts from the same `chosen` studies (id, position), so all statements agree on the studies
and their order. Positions count from 1 and never repeat. Statements that only count have no positions.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from doseexport.catalogue import Column, Frequency, Inclusions, Modality, Spec, Stream, Table
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, build_conditions, write_values
from doseexport.catalogue.options import DATES, MONTH
from doseexport.catalogue.schema import FULL, OPTIONAL_TABLES, STUDY_TABLE, TOTAL_COLUMNS, Schema
from doseexport.catalogue.spec import SKIPPED
from doseexport.domain.request import ExportRequest

NEWEST_FIRST = "study.study_date DESC NULLS LAST, study.study_time DESC NULLS LAST, study.id"
ORDERS_BY_TIME = {DEFAULT_ORDER: "DESC", "oldest_first": "ASC"}
"""The orders by date and time, and their direction."""


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT with %s for its parameters, which are all texts."""

    sql: str
    params: tuple[str, ...]

    @property
    def tables(self) -> frozenset[str]:
        """The tables of OpenREM that the query reads."""
        return find_tables(self.sql)


TAKEN_AT = Query("SELECT now()", ())
STANDARD_NAMES_ARE_ON = Query(
    "SELECT coalesce(bool_or(enable_standard_names), false) FROM remapp_standardnamesettings", ()
)


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of an export: studies, events, most events of a study, and the spec's widths by name.

    `median` is the median number of events of a study, and `widest_study` the id of a study with most.
    """

    studies: int
    events: int
    widest: int
    widths: Mapping[str, int] = field(default_factory=dict)
    median: int = 0
    widest_study: int | None = None


@dataclass(frozen=True, slots=True)
class Queries:
    """All queries of one export.

    `counts` gives one row: studies, events, most events of a study, their median, the id of a study with
    most, then one number for each of `widths`.
    `frequencies` gives rows (value, count) by title, most frequent first. `studies` gives rows (study id,
    flags, cells…). `events` gives rows (study id, event id, flags, cells…), or is None. Both are in the
    order of positions. `details` gives the rows (study id, cells…) of further tables by name, in their
    order, and `widths` has the number of rows of each. `repeats` is the SQL that counts repeated children
    afterwards.
    """

    counts: Query
    widths: tuple[str, ...]
    frequencies: dict[str, Query]
    studies: Query
    events: Query | None
    repeats: tuple[str, ...] = ()
    details: Mapping[str, Query] = field(default_factory=dict)

    @property
    def tables(self) -> frozenset[str]:
        """The tables of OpenREM that the export reads."""
        queries = [
            self.counts,
            *self.frequencies.values(),
            self.studies,
            *([self.events] if self.events else []),
            *self.details.values(),
        ]
        return find_tables(" ".join([*(query.sql for query in queries), *self.repeats]))


def find_tables(sql: str) -> frozenset[str]:
    """Return the tables of OpenREM that a statement names."""
    return frozenset(re.findall(r"\bremapp_\w+", sql))


def list_tables(request: ExportRequest) -> frozenset[str]:
    """Return the tables of OpenREM that an export reads if the schema has all of them."""
    return build_queries(request, Inclusions(standard=request.spec.has_standard_names)).tables


def build_queries(
    request: ExportRequest,
    inclusions: Inclusions,
    schema: Schema = FULL,
    choice: tuple[str, tuple[str, ...]] | None = None,
) -> Queries:
    """Return the queries of a request for a database with this schema.

    They are about the studies of `choice`, in the form of choose_studies, or else about all that match.
    """
    spec = request.spec
    chosen, params = choice or choose_studies(
        request, secrets.token_hex(16) if request.has_pseudonyms else ""
    )

    def query(sql: str, studies: str = chosen) -> Query:
        return Query(fill_gaps(f"WITH chosen AS ({studies}) {sql}", schema), params)

    unordered = chosen if choice else f"SELECT study.id {select_studies(spec, request.filters)[0]}"
    skipped, further = _count_skipped(request)
    details = spec.list_details(inclusions)
    numbers = {
        **spec.widths,
        **{each.name: f"SELECT count(*) FROM chosen {each.joins}" for each in details},
        **({SKIPPED: skipped} if skipped else {}),
    }
    return Queries(
        counts=replace(query(_count_all(spec, numbers.values()), unordered), params=(*params, *further)),
        widths=tuple(numbers),
        frequencies={
            each.title: query(write_frequency(spec.modality, each), unordered)
            for each in spec.frequencies(inclusions)
        },
        studies=query(_select_studies(spec.studies, spec.selected_study_columns(inclusions))),
        events=query(_select_events(spec.modality, spec.events, spec.selected_event_columns(inclusions)))
        if spec.events
        else None,
        repeats=tuple(each.sql for each in spec.repeat_warnings),
        details={each.name: query(_select_details(each)) for each in details},
    )


def fill_gaps(sql: str, schema: Schema) -> str:
    """Return a statement in which missing totals are NULL and missing optional tables are empty."""
    for table in OPTIONAL_TABLES.keys() - schema.tables:
        columns = ", ".join(f"NULL::{kind} AS {name}" for name, kind in OPTIONAL_TABLES[table].items())
        sql = re.sub(rf"\b{table}\b", f"(SELECT {columns} WHERE false)", sql)
    if not schema.missing_totals:
        return sql
    nulls = ", ".join(f"NULL::{TOTAL_COLUMNS[name]} AS {name}" for name in sorted(schema.missing_totals))
    return re.sub(rf"\b{STUDY_TABLE} study\b", f"(SELECT *, {nulls} FROM {STUDY_TABLE}) study", sql)


def build_repeat_counts(spec: Spec, studies: Iterable[bytes]) -> Query:
    """Return the query for the repeated children in these studies (ids).

    Its rows have the number of a repeat warning of the spec, the id of a study, and its number of parents
    with such children.
    """
    counts = " UNION ALL ".join(
        f"SELECT {number}, id, count(*) FROM ({each.sql}) parents (id) GROUP BY id"
        for number, each in enumerate(spec.repeat_warnings)
    )
    sql = f"WITH chosen AS (SELECT unnest(%s::integer[]) AS id) {counts} ORDER BY 1, 2"
    return Query(sql, (_write_ids(studies),))


def build_accession_numbers(studies: Iterable[bytes]) -> Query:
    """Return the query for the ids and accession numbers, as stored, of these studies (ids)."""
    return Query(
        "SELECT id, coalesce(accession_number, '') FROM remapp_generalstudymoduleattr"
        " WHERE id = ANY(%s::integer[])",
        (_write_ids(studies),),
    )


def _write_ids(studies: Iterable[bytes]) -> str:
    return "{" + ",".join(study.decode() for study in studies) + "}"


def choose_studies(request: ExportRequest, salt: str = "") -> tuple[str, tuple[str, ...]]:
    """Return the SELECT of `chosen` (id, position), as SQL with %s, and its parameters.

    With a salt the order is random where it would tell which of two studies is earlier.
    """
    order = ", ".join(_write_order(request, salt))
    source, params = select_studies(request.spec, request.filters)
    return f"SELECT study.id, row_number() OVER (ORDER BY {order}) AS position {source}", params


def choose_first(studies: Iterable[int]) -> tuple[str, tuple[str, ...]]:
    """Return the SELECT of `chosen` for studies (ids) in their order, as choose_studies does."""
    ids = "{" + ",".join(map(str, studies)) + "}"
    return "SELECT id, position FROM unnest(%s::integer[]) WITH ORDINALITY given (id, position)", (ids,)


def list_first_studies(request: ExportRequest, most: int, schema: Schema = FULL) -> Query:
    """Return the query for the ids of the first studies of a request, at most `most`."""
    source, params = select_studies(request.spec, request.filters)
    order = ", ".join(_write_order(request, ""))
    return Query(fill_gaps(f"SELECT study.id {source} ORDER BY {order} LIMIT {most}", schema), params)


def _write_order(request: ExportRequest, salt: str) -> Iterator[str]:
    own = request.spec.order_sql(request.order)
    if not salt:
        yield from filter(None, (own, NEWEST_FIRST))
        return
    if request.order not in ORDERS_BY_TIME:
        yield own
    elif request.options[DATES.name] == MONTH:
        yield f"date_trunc('month', study.study_date) {ORDERS_BY_TIME[request.order]} NULLS LAST"
    yield f"hashtext(study.id::text || '{salt}')"
    yield "study.id"


def select_studies(spec: Spec, filters: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the FROM and WHERE of the studies that filters choose, as SQL with %s, and its parameters."""
    codes = ", ".join(f"'{code}'" for code in spec.modality.codes)
    given = [(spec.filter(name), value) for name, value in filters.items()]
    where, params = build_conditions(spec.modality.scopes, given)
    return f"FROM {STUDY_TABLE} study WHERE study.modality_type IN ({codes}) AND {where}", params


def _count_skipped(request: ExportRequest) -> tuple[str, tuple[str, ...]]:
    """Return the SQL that counts the studies left out by default filters, and its parameters.

    The SQL is empty for a request without such filters.
    """
    defaults = request.spec.default_filters
    given = {name: value for name, value in request.filters.items() if defaults.get(name) != value}
    if given == dict(request.filters):
        return "", ()
    every, params = select_studies(request.spec, given)
    return f"(SELECT count(*) {every}) - (SELECT count(*) FROM chosen)", params


def _count_all(spec: Spec, numbers: Collection[str]) -> str:
    counted = (
        f"SELECT chosen.id, count(*) AS events FROM chosen {spec.modality.event_tables} GROUP BY chosen.id"
    )
    widths = "".join(f", coalesce(({sql}), 0)::integer" for sql in numbers)
    return (
        f", counted AS ({counted})"
        " SELECT count(*), coalesce(sum(events), 0), coalesce(max(events), 0),"
        " coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY coalesce(events, 0)), 0),"
        f" (SELECT id FROM counted ORDER BY events DESC, id LIMIT 1){widths}"
        " FROM chosen LEFT JOIN counted ON counted.id = chosen.id"
    )


def build_suggestions(spec: Spec, known: Filter, most: int, part: str = "") -> Query:
    """Return the query for the texts that a filter compares and that contain `part`, if it is given.

    Its rows are a text and the number of the modality's studies with it, at most `most`, most frequent first.
    """
    source, _ = select_studies(spec, {})
    values = write_values(spec.modality.scopes, known)
    source = source.replace(" WHERE ", f" {values} WHERE ", 1)
    condition, params = known.value_type.bind("value", part) if part else ("value <> ''", ())
    is_of_study = spec.modality.scopes[known.scope] == "{}" and not known.values
    texts = "found.value" if is_of_study else "DISTINCT study.id, found.value"  # a study has one of its own
    sql = (
        f'SELECT value COLLATE "C", count(*) FROM (SELECT {texts} {source}) texts'
        f" WHERE {condition} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most}"
    )
    return Query(sql, params)


def write_frequency(modality: Modality, frequency: Frequency) -> str:
    """Return the SQL of the values of a frequency and their counts, most frequent first."""
    study = "JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id"
    tables, key = {"studies": (study, "chosen.id"), "events": (modality.event_tables, modality.event_key)}[
        frequency.of
    ]
    # Further tables can hold a value several times, such as a name by description and by request.
    counted = f"DISTINCT {key}" if frequency.joins else "*"
    return (
        f"""SELECT coalesce({frequency.value}, '') COLLATE "C", count({counted}) FROM chosen {tables}"""
        f" {frequency.joins} GROUP BY 1 ORDER BY 2 DESC, 1"
    )


def _select_studies(stream: Stream, columns: tuple[Column, ...]) -> str:
    return (
        f"SELECT chosen.id, {_build_flags(stream)}, {_cells(columns)}"
        f" FROM chosen JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id {stream.joins}"
        f" ORDER BY {', '.join(('chosen.position', *stream.ties))}"
    )


def _select_events(modality: Modality, stream: Stream, columns: tuple[Column, ...]) -> str:
    key = modality.event_key
    return (
        f"SELECT chosen.id, {key}, {_build_flags(stream)}, {_cells(columns)}"
        f" FROM chosen {modality.event_tables} {stream.joins}"
        f" ORDER BY {', '.join(('chosen.position', key, *stream.ties))}"
    )


def _select_details(table: Table) -> str:
    return (
        f"SELECT chosen.id, {_cells(table.columns)} FROM chosen {table.joins}"
        f" ORDER BY {', '.join(('chosen.position', *table.order))}"
    )


def _build_flags(stream: Stream) -> str:
    """Return SQL for the sum of 2**n over the row warnings n that hold: 0 for a regular row."""
    bits = (
        f"CASE WHEN {each.condition} THEN {1 << n} ELSE 0 END" for n, each in enumerate(stream.row_warnings)
    )
    return " + ".join(bits) or "0"


def _cells(columns: tuple[Column, ...]) -> str:
    return ", ".join(column.select for column in columns)
