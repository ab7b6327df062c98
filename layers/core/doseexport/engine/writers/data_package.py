"""datapackage.json: the tables of a file, their columns, types and keys, as a Frictionless Data Package 1."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from doseexport.catalogue import Column, Table
from doseexport.catalogue.layouts import CSV
from doseexport.engine.writers.file_plan import FilePlan, FileReport, SheetCount

_TYPES: Mapping[str, str] = {"text": "string", "word": "string", "figure": "number"}
"""Types by kind of column. The name of every other kind is also that of its type."""
_DIALECT = {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True}
_CSV = {
    "profile": "tabular-data-resource",
    "mediatype": "text/csv",
    "encoding": "utf-8",
    "dialect": _DIALECT,
}
_PARQUET = {"profile": "data-resource", "mediatype": "application/vnd.apache.parquet"}
NOT_GUARDED = (
    "For programs. Texts are as OpenREM stores them, and a text that begins with = + - or @ is not made"
    " harmless: do not open these files in a spreadsheet."
)

Json = dict[str, Any]


def write_data_package(plan: FilePlan, report: FileReport, counts: Iterable[SheetCount], form: str) -> bytes:
    """Return datapackage.json in UTF-8, for tables of this form with these counts of rows."""
    rows = {each.name: each.rows for each in counts}
    package = {
        "profile": f"{'tabular-' if form == CSV else ''}data-package",
        "name": plan.title.lower().replace(" ", "-"),
        "title": plan.title,
        "description": "\n".join((NOT_GUARDED, *(f"{name}: {value}" for name, value in plan.about))),
        "created": plan.created.isoformat(timespec="seconds"),
        "software": plan.software,
        "time_zone": report.time_zone,
        "warnings": list(report.warnings),
        "resources": [_describe_table(each, rows[each.name], form) for each in plan.tables],
    }
    text = json.dumps(package, ensure_ascii=False, indent=2)
    return f"{text}\n".encode(errors="backslashreplace")


def _describe_table(table: Table, rows: int, form: str) -> Json:
    return {
        "name": table.name,
        "path": f"{table.name}.{form}",
        "description": table.help,
        "format": form,
        **(_CSV if form == CSV else _PARQUET),
        "rows": rows,
        "schema": {
            "fields": [_describe_column(each) for each in table.columns],
            "missingValues": [""],
            "primaryKey": list(table.key),
            "foreignKeys": [
                {"fields": [column], "reference": {"resource": other, "fields": [column]}}
                for column, other in table.references.items()
            ],
        },
    }


def _describe_column(column: Column) -> Json:
    field = {
        "name": column.heading,
        "type": _TYPES.get(column.kind.name, column.kind.name),
        "description": column.meaning,
        "unit": column.unit,
        "dicom": column.dicom,
        "source": column.source,
        "conversion": column.conversion,
    }
    return {name: value for name, value in field.items() if value}
