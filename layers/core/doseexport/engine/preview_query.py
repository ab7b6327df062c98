"""The SQL of a preview: what an export would hold, or why it would hold nothing.

There is a statement about the studies and one about their events, because they can run at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doseexport.catalogue import AuditWorkbook, Frequency, Modality, Spec
from doseexport.catalogue.options import fill_defaults
from doseexport.catalogue.schema import FULL, STANDARD_NAMES, Schema
from doseexport.domain.request import ExportRequest
from doseexport.engine.query import Query, fill_gaps, select_studies, write_frequency

MOST_FREQUENT = 10
"""The values in a list of the most frequent."""
_RANGE_END = re.compile("_(from|to|min|max)$")


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What a preview's statements say.

    `first_date` and `last_date` are ISO texts. `protocols`, `rooms`, `descriptions` and `months` are pairs of
    a value and a count, and a month is a text such as 2026-11. `groups` is the number of groups of an audit,
    and `missing` says why there are no studies. Each is None where it means nothing.
    """

    studies: int
    events: int
    most_events: int
    first_date: str | None = None
    last_date: str | None = None
    protocols: list[tuple[str, int]] | None = None
    rooms: list[tuple[str, int]] | None = None
    descriptions: list[tuple[str, int]] | None = None
    months: list[tuple[str, int]] | None = None
    groups: int | None = None
    missing: Mapping[str, list[str] | bool] | None = None


def build_preview(request: ExportRequest, protocols: Frequency, schema: Schema = FULL) -> tuple[Query, Query]:
    """Return the queries about the studies and about their events, each with one row, for join_rows."""
    source, params = select_studies(request.spec, request.filters)
    missing, further = _explain_nothing(request.spec, request.filters)
    studies = f"""WITH chosen AS (SELECT study.id, study.study_date, study.study_description {source}),
    days AS (
        SELECT study_date AS day, study_description, grouping(study_date) = 0 AS is_day, count(*) AS n
        FROM chosen GROUP BY GROUPING SETS ((study_date), (study_description))
    ),
    total AS (SELECT coalesce(sum(n), 0)::bigint AS n, min(day), max(day) FROM days WHERE is_day)
    SELECT total.n, total.min::text, total.max::text, {_list_most(_BY_ROOM)},
        {_list_most(_BY_DESCRIPTION)}, {_write_list(_BY_MONTH, "value")},
        {_count_groups(request, schema)}, CASE WHEN total.n = 0 THEN {missing} END
    FROM total"""
    counted, by_protocol = _count_events(request.spec.modality, protocols)
    events = f"""WITH chosen AS (SELECT study.id {source}), counted AS ({counted})
    SELECT coalesce(sum(n), 0)::bigint, coalesce(max(n), 0), {_list_most(by_protocol)}
    FROM counted WHERE is_study"""
    return Query(fill_gaps(studies, schema), (*params, *further)), Query(fill_gaps(events, schema), params)


def join_rows(of_studies: Sequence[Any], of_events: Sequence[Any]) -> PreviewRow:
    """Return what the rows of the two queries say."""
    studies, first_date, last_date, rooms, descriptions, months, groups, missing = of_studies
    events, most_events, protocols = of_events
    return PreviewRow(
        studies=studies,
        events=events,
        most_events=most_events,
        first_date=first_date,
        last_date=last_date,
        protocols=protocols,
        rooms=rooms,
        descriptions=descriptions,
        months=months,
        groups=groups,
        missing=missing,
    )


def _list_most(select: str) -> str:
    return _write_list(f"{select} LIMIT {MOST_FREQUENT}", "count DESC, value")


def _write_list(select: str, order: str) -> str:
    """Return SQL for the rows of a SELECT as JSON: [[value, count], …]."""
    listed = f"json_agg(json_build_array(value, count) ORDER BY {order})"
    return f"(SELECT coalesce({listed}, '[]') FROM ({select}) counts (value, count))"


def _count_events(modality: Modality, protocols: Frequency) -> tuple[str, str]:
    """Return the SELECT of `counted`, and the SELECT of the protocols and their counts.

    `counted` has the number of events of each study, where `is_study` holds, and of each protocol.
    """
    tables = f"FROM chosen {modality.event_tables}"
    if protocols.of != "events":
        counted = f"SELECT true AS is_study, count(*) AS n {tables} GROUP BY chosen.id"
        return counted, write_frequency(modality, protocols)
    # One pass over the events, which take most of the time.
    counted = f"""SELECT {protocols.value} AS protocol, grouping(chosen.id) = 0 AS is_study, count(*) AS n
        {tables} GROUP BY GROUPING SETS ((chosen.id), ({protocols.value}))"""
    return counted, _sum_up("protocol", "counted WHERE NOT is_study")


_MOST_FREQUENT_FIRST = "GROUP BY 1 ORDER BY 2 DESC, 1"


def _sum_up(value: str, source: str) -> str:
    counts = f"""SELECT coalesce({value}, '') COLLATE "C", sum(n)::bigint FROM {source}"""
    return f"{counts} {_MOST_FREQUENT_FIRST}"


_BY_DESCRIPTION = _sum_up("study_description", "days WHERE NOT is_day")
_BY_MONTH = _sum_up("to_char(day, 'YYYY-MM')", "days WHERE is_day AND day IS NOT NULL")
# A study with two devices in one room counts once.
_BY_ROOM = f"""SELECT room COLLATE "C", count(*) FROM (
        SELECT DISTINCT chosen.id, coalesce(uen.display_name, '') AS room FROM chosen
        LEFT JOIN remapp_generalequipmentmoduleattr equip
            ON equip.general_study_module_attributes_id = chosen.id
        LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id
    ) rooms {_MOST_FREQUENT_FIRST}"""


def _count_groups(request: ExportRequest, schema: Schema) -> str:
    layout = request.spec.layout
    if not isinstance(layout, AuditWorkbook):
        return "NULL::bigint"
    options = fill_defaults(request.spec.options, request.options)
    return f"({layout.count_groups(options, schema.has(STANDARD_NAMES))})"


def _explain_nothing(spec: Spec, filters: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return SQL for why no study is chosen, and its parameters.

    The SQL is JSON: whether OpenREM has studies of the modality, and the filters that match none of them
    alone. The two ends of a range count as one filter.
    """
    every, _ = select_studies(spec, {})
    names: list[str] = []
    params: list[str] = []
    for part in _split_ranges(filters):
        source, values = select_studies(spec, part)
        listed = ", ".join(f"'{name}'" for name in part)
        names.append(f"CASE WHEN EXISTS (SELECT {source}) THEN ARRAY[]::text[] ELSE ARRAY[{listed}] END")
        params.extend(values)
    found = " || ".join(("ARRAY[]::text[]", *names))
    sql = f"json_build_object('has_studies', EXISTS (SELECT {every}), 'filters', array_to_json({found}))"
    return sql, tuple(params)


def _split_ranges(filters: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Yield each filter alone, or with the other end of its range."""
    parts: dict[str, dict[str, str]] = {}
    for name, value in filters.items():
        parts.setdefault(_RANGE_END.sub("", name), {})[name] = value
    yield from parts.values()
