"""The SQL of one export, put together from its spec and request. Pure: text with %s, and parameters.

Every statement starts from the same `chosen` studies (id, position), so all of them agree on which
studies are meant and in which order; positions count from 1 and never repeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from doseexport.catalogue import Column, Frequency, Inclusions, Modality, Spec, Stream
from doseexport.catalogue.filters import build_conditions
from doseexport.domain.request import ExportRequest

NEWEST_FIRST = "study.study_date DESC NULLS LAST, study.study_time DESC NULLS LAST, study.id"


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT with %s for its parameters, which are all texts."""

    sql: str
    params: tuple[str, ...]


TAKEN_AT = Query("SELECT now()", ())
HAS_STANDARD_NAMES = Query("SELECT to_regclass('remapp_standardnamesettings') IS NOT NULL", ())
STANDARD_NAMES_ARE_ON = Query(
    "SELECT coalesce(bool_or(enable_standard_names), false) FROM remapp_standardnamesettings", ()
)


@dataclass(frozen=True, slots=True)
class Queries:
    """Everything one export asks the database.

    `survey`: one row (studies, events, most events of a study, then one number for each of `widths`).
    `frequencies`: title → (value, count) rows, most frequent first. `studies`: rows (study id, marks,
    cells…). `events`: rows (study id, event id, marks, cells…) or None; both in the order of positions.
    """

    survey: Query
    widths: tuple[str, ...]
    frequencies: dict[str, Query]
    studies: Query
    events: Query | None


def build_queries(request: ExportRequest, inclusions: Inclusions) -> Queries:
    """Return the statements of a request."""
    spec = request.spec
    chosen, params = _choose_studies(request)

    def query(sql: str) -> Query:
        return Query(f"WITH chosen AS ({chosen}) {sql}", params)

    return Queries(
        survey=query(_survey(spec)),
        widths=tuple(spec.widths),
        frequencies={
            each.title: query(_frequency(spec.modality, each)) for each in spec.frequencies(inclusions)
        },
        studies=query(_study_rows(spec.studies, spec.study_cells(inclusions))),
        events=query(_event_rows(spec.modality, spec.events, spec.event_cells(inclusions)))
        if spec.events
        else None,
    )


def build_preview(request: ExportRequest, frequency: Frequency, most: int) -> Query:
    """Return one row of what an export would hold.

    Its studies, events, most events of a study, first and last date (ISO texts), and the `most` most
    frequent values as JSON: [[value, count], …].
    """
    modality = request.spec.modality
    chosen, params = _choose_studies(request)
    sql = f"""WITH chosen AS ({chosen}),
    counted AS (SELECT count(*) AS events FROM chosen {modality.event_tables} GROUP BY chosen.id),
    frequent (value, times) AS ({_frequency(modality, frequency)} LIMIT {most})
    SELECT count(*), (SELECT coalesce(sum(events), 0)::bigint FROM counted),
        (SELECT coalesce(max(events), 0) FROM counted), min(study_date)::text, max(study_date)::text,
        (SELECT coalesce(json_agg(json_build_array(value, times) ORDER BY times DESC, value), '[]')
         FROM frequent)
    FROM chosen JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id"""
    return Query(sql, params)


def build_checks(spec: Spec, studies: Iterable[bytes]) -> Query:
    """Return one row: for each of the spec's checks, how often it holds among these studies (ids)."""
    ids = "{" + ",".join(study.decode() for study in studies) + "}"
    counts = ", ".join(f"({check.sql})" for check in spec.checks)
    return Query(f"WITH chosen AS (SELECT unnest(%s::integer[]) AS id) SELECT {counts}", (ids,))


def _choose_studies(request: ExportRequest) -> tuple[str, tuple[str, ...]]:
    spec = request.spec
    codes = ", ".join(f"'{code}'" for code in spec.modality.codes)
    given = [(spec.filter(name), value) for name, value in request.filters.items()]
    where, params = build_conditions(spec.modality.scopes, given)
    order = ", ".join(filter(None, (spec.order_sql(request.order), NEWEST_FIRST)))
    sql = (
        f"SELECT study.id, row_number() OVER (ORDER BY {order}) AS position"
        f" FROM remapp_generalstudymoduleattr study WHERE study.modality_type IN ({codes}) AND {where}"
    )
    return sql, params


def _survey(spec: Spec) -> str:
    tables = spec.modality.event_tables
    counted = f"SELECT chosen.id, count(*) AS events FROM chosen {tables} GROUP BY chosen.id"
    widths = "".join(f", coalesce(({sql}), 0)::integer" for sql in spec.widths.values())
    return (
        f"SELECT count(*), coalesce(sum(events), 0), coalesce(max(events), 0){widths}"
        f" FROM chosen LEFT JOIN ({counted}) found ON found.id = chosen.id"
    )


def _frequency(modality: Modality, frequency: Frequency) -> str:
    study = "JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id"
    tables, key = {"studies": (study, "chosen.id"), "events": (modality.event_tables, modality.event_key)}[
        frequency.of
    ]
    # Further tables can hold one value several times, such as a name by description and by request.
    counted = f"DISTINCT {key}" if frequency.joins else "*"
    return (
        f"""SELECT coalesce({frequency.value}, '') COLLATE "C", count({counted}) FROM chosen {tables}"""
        f" {frequency.joins} GROUP BY 1 ORDER BY 2 DESC, 1"
    )


def _study_rows(stream: Stream, columns: tuple[Column, ...]) -> str:
    return (
        f"SELECT chosen.id, {_marks(stream)}, {_cells(columns)}"
        f" FROM chosen JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id {stream.joins}"
        f" ORDER BY {', '.join(('chosen.position', *stream.ties))}"
    )


def _event_rows(modality: Modality, stream: Stream, columns: tuple[Column, ...]) -> str:
    key = modality.event_key
    return (
        f"SELECT chosen.id, {key}, {_marks(stream)}, {_cells(columns)}"
        f" FROM chosen {modality.event_tables} {stream.joins}"
        f" ORDER BY {', '.join(('chosen.position', key, *stream.ties))}"
    )


def _marks(stream: Stream) -> str:
    """Return SQL for the sum of 2**n over the stream's n-th marks that hold: 0 for a regular row."""
    bits = (f"CASE WHEN {mark.condition} THEN {1 << n} ELSE 0 END" for n, mark in enumerate(stream.marks))
    return " + ".join(bits) or "0"


def _cells(columns: tuple[Column, ...]) -> str:
    return ", ".join(column.select for column in columns)
