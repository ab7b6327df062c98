"""The SQL of one export, put together from its spec and request. Pure: text with %s, and parameters.

Every statement starts from the same `chosen` studies (id, position), so all of them agree on which
studies are meant and in which order; positions count from 1 and never repeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from doseexport.exports import Column, Dataset, Stream
from doseexport.filters import build_conditions
from doseexport.request import ExportRequest

NEWEST_FIRST = "study.study_date DESC NULLS LAST, study.study_time DESC NULLS LAST, study.id"


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT with %s for its parameters, which are all texts."""

    sql: str
    params: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queries:
    """Everything one export asks the database.

    `survey`: one row (studies, events, most events of a study). `frequencies`: title → (value, count)
    rows, most frequent first. `studies`: rows (study id, marks, cells…). `events`: rows (study id,
    event id, marks, cells…), both in the order of positions.
    """

    survey: Query
    frequencies: dict[str, Query]
    studies: Query
    events: Query


def build_queries(request: ExportRequest) -> Queries:
    """Return the statements of a request."""
    data = request.spec.dataset
    columns = request.spec.study_columns(names=request.names, ids=request.ids)
    chosen, params = _choose_studies(request)

    def query(sql: str) -> Query:
        return Query(f"WITH chosen AS ({chosen}) {sql}", params)

    return Queries(
        survey=query(_survey(data)),
        frequencies={title: query(sql) for title, sql in _frequencies(data).items()},
        studies=query(_study_rows(data.studies, columns)),
        events=query(_event_rows(data)),
    )


def build_checks(data: Dataset, studies: Iterable[bytes]) -> Query:
    """Return one row: for each of the dataset's checks, how often it holds among these studies (ids)."""
    ids = "{" + ",".join(study.decode() for study in studies) + "}"
    counts = ", ".join(f"({check.sql})" for check in data.checks)
    return Query(f"WITH chosen AS (SELECT unnest(%s::integer[]) AS id) SELECT {counts}", (ids,))


def _choose_studies(request: ExportRequest) -> tuple[str, tuple[str, ...]]:
    spec = request.spec
    modalities = ", ".join(f"'{modality}'" for modality in spec.dataset.modalities)
    given = [(spec.filter(name), value) for name, value in request.filters.items()]
    where, params = build_conditions(spec.dataset.scopes, given)
    order = ", ".join(filter(None, (spec.order_sql(request.order), NEWEST_FIRST)))
    sql = (
        f"SELECT study.id, row_number() OVER (ORDER BY {order}) AS position"
        f" FROM remapp_generalstudymoduleattr study WHERE study.modality_type IN ({modalities}) AND {where}"
    )
    return sql, params


def _survey(data: Dataset) -> str:
    counted = f"SELECT chosen.id, count(*) AS events FROM chosen {data.event_tables} GROUP BY chosen.id"
    return (
        "SELECT count(*), coalesce(sum(events), 0), coalesce(max(events), 0)"
        f" FROM chosen LEFT JOIN ({counted}) found ON found.id = chosen.id"
    )


def _frequencies(data: Dataset) -> dict[str, str]:
    ending = " GROUP BY 1 ORDER BY 2 DESC, 1"
    of_studies = {
        title: f"""SELECT coalesce({value}, '') COLLATE "C", count(*) FROM chosen"""
        f" JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id{ending}"
        for title, value in data.study_frequencies.items()
    }
    title, value = data.event_frequency
    of_events = (
        f"""SELECT coalesce({value}, '') COLLATE "C", count(*) FROM chosen {data.event_tables}{ending}"""
    )
    return {**of_studies, title: of_events}


def _study_rows(stream: Stream, columns: tuple[Column, ...]) -> str:
    return (
        f"SELECT chosen.id, {_marks(stream)}, {_cells(columns)}"
        f" FROM chosen JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id {stream.joins}"
        f" ORDER BY {', '.join(('chosen.position', *stream.ties))}"
    )


def _event_rows(data: Dataset) -> str:
    stream = data.events
    return (
        f"SELECT chosen.id, {data.event_key}, {_marks(stream)}, {_cells(stream.columns)}"
        f" FROM chosen {data.event_tables} {stream.joins}"
        f" ORDER BY {', '.join(('chosen.position', data.event_key, *stream.ties))}"
    )


def _marks(stream: Stream) -> str:
    """Return SQL for the sum of 2**n over the stream's n-th marks that hold: 0 for a regular row."""
    bits = (f"CASE WHEN {mark.condition} THEN {1 << n} ELSE 0 END" for n, mark in enumerate(stream.marks))
    return " + ".join(bits) or "0"


def _cells(columns: tuple[Column, ...]) -> str:
    return ", ".join(column.select for column in columns)
