"""The manifest of a file: its contents and origin as JSON (docs/manifest.schema.json).

A manifest never holds the value of a filter that identifies a patient. It lists the studies that warnings are
about, with their accession numbers if the file shows these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from doseexport.catalogue.filters import describe_filters
from doseexport.catalogue.options import fill_defaults
from doseexport.domain.request import ExportRequest
from doseexport.engine.study_warnings import StudyWarning
from doseexport.engine.writers.file_plan import FileReport
from doseexport.version import VERSION

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The name of a file, its size in bytes, and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


def write_manifest(
    export_id: str | None,
    request: ExportRequest,
    report: FileReport,
    file: FileFacts,
    name: str | None = None,
) -> bytes:
    """Return the manifest of a file as JSON in UTF-8.

    `export_id` is None for a file that the command line wrote. `name` is what its owner calls the export.
    """
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "software": {"name": "Dose Export", "version": VERSION},
        "export_id": export_id,
        "name": name,
        **_describe_request(request),
        "pseudonym_key_id": report.pseudonym_key_id or None,
        "snapshot_at": _format_time(report.snapshot_at),
        "time_zone": report.time_zone,
        "studies": report.studies,
        "events": report.events,
        "sheets": [asdict(sheet) for sheet in report.sheets],
        "columns": [entry.texts for entry in report.dictionary],
        "exclusions": [{"reason": reason, "events": n} for reason, n in report.exclusions.items()],
        "answer": report.answer or None,
        "warnings": list(report.warnings),
        "study_warnings": [
            {"message": each.message, "studies": _list_studies(each), "more": each.more}
            for each in report.study_warnings
        ],
        "file": asdict(file),
    }
    return _write_lines(manifest).encode(errors="backslashreplace")


def _write_lines(manifest: Mapping[str, Any]) -> str:
    """Return JSON with a line for each field of the manifest."""
    # json's indent works in pure Python: it would take longer than a small export.
    lines = (
        f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in manifest.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _list_studies(warning: StudyWarning) -> list[dict[str, Any]]:
    return [
        {"id": each.id, "accession_number": each.accession_number, "rows": each.rows}
        for each in warning.studies
    ]


def _describe_request(request: ExportRequest) -> dict[str, Any]:
    given = [(request.spec.filter(name), value) for name, value in request.filters.items()]
    hidden = request.hidden_filters
    return {
        "type": request.type,
        "filters": {
            "words": describe_filters(given, hidden),
            "canonical": {each.name: None if each.name in hidden else value for each, value in given},
        },
        "order": request.order,
        "options": fill_defaults(request.spec.options, request.options),
        "include_names": request.include_names,
        "include_ids": request.include_ids,
    }


def _format_time(when: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, with microseconds, or None."""
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
