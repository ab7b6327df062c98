"""The SQL of a preview: one statement for what an export would hold, or why it would hold nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doseexport.catalogue import AuditWorkbook, Frequency, Spec
from doseexport.catalogue.options import fill_defaults
from doseexport.catalogue.schema import FULL, STANDARD_NAMES, Schema
from doseexport.domain.request import ExportRequest
from doseexport.engine.query import Query, fill_gaps, select_studies, write_frequency

ROOMS = Frequency(
    "Room",
    "uen.display_name",
    joins="LEFT JOIN remapp_generalequipmentmoduleattr equip"
    " ON equip.general_study_module_attributes_id = chosen.id"
    " LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id",
)
DESCRIPTIONS = Frequency("Study description", "study.study_description")

_STUDY = "JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id"
_RANGE_END = re.compile("_(from|to|min|max)$")


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """The only row of a preview's statement.

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


def build_preview(request: ExportRequest, protocols: Frequency, most: int, schema: Schema = FULL) -> Query:
    """Return the query whose row is a PreviewRow. It has at most `most` of the most frequent values."""
    spec, modality = request.spec, request.spec.modality
    source, params = select_studies(spec, request.filters)
    missing, further = _explain_nothing(spec, request.filters)
    lists = [
        _write_list(f"{write_frequency(modality, each)} LIMIT {most}", "count DESC, value")
        for each in (protocols, ROOMS, DESCRIPTIONS)
    ]
    sql = f"""WITH chosen AS (SELECT study.id {source}),
    counted AS (SELECT count(*) AS events FROM chosen {modality.event_tables} GROUP BY chosen.id)
    SELECT count(*), (SELECT coalesce(sum(events), 0)::bigint FROM counted),
        (SELECT coalesce(max(events), 0) FROM counted), min(study_date)::text, max(study_date)::text,
        {", ".join(lists)}, {_write_list(_count_months(), "value")},
        {_count_groups(request, schema)}, CASE WHEN count(*) = 0 THEN {missing} END
    FROM chosen {_STUDY}"""
    return Query(fill_gaps(sql, schema), (*params, *further))


def _write_list(select: str, order: str) -> str:
    """Return SQL for the rows of a SELECT as JSON: [[value, count], …]."""
    listed = f"json_agg(json_build_array(value, count) ORDER BY {order})"
    return f"(SELECT coalesce({listed}, '[]') FROM ({select}) counts (value, count))"


def _count_months() -> str:
    month = "to_char(study.study_date, 'YYYY-MM')"
    return f"SELECT {month}, count(*) FROM chosen {_STUDY} WHERE study.study_date IS NOT NULL GROUP BY 1"


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
