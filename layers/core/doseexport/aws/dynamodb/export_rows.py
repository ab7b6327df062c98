"""Turn an export into a row of the exports table, and back. docs/data-model.md lists the attributes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doseexport.domain.export import Cleanup, Export, Failure, Progress, Result, State
from doseexport.domain.request import ExportRequest
from doseexport.domain.timestamps import to_text

SCHEMA_VERSION = 1


def export_key(export_id: str) -> str:
    """Return the key of an export's row."""
    return f"EXPORT#{export_id}"


def owner_key(owner: str) -> str:
    """Return the key of the row that holds a user's active exports."""
    return f"OWNER#{owner}"


def new_row(export: Export) -> dict[str, Any]:
    """Return the row of a new export."""
    created_at = to_text(export.created_at)
    return {
        "pk": export_key(export.id),
        "schema_version": SCHEMA_VERSION,
        "id": export.id,
        "owner": export.owner,
        "owner_name": export.owner_name,
        "created_at": created_at,
        "month": created_at[:7],
        "type": export.request.type,
        "filters": dict(export.request.filters),
        "order": export.request.order,
        "options": dict(export.request.options),
        "include_names": export.request.include_names,
        "include_ids": export.request.include_ids,
        **({"send_mail": True} if export.request.send_mail else {}),
        "has_patient_data": export.has_patient_data,
        "fingerprint": export.fingerprint,
        "status": export.state.value,
        "attempt": export.attempt,
        "sends": export.sends,
        "queued_at": to_text(export.queued_at),
        "cleanup": Cleanup.ACTIVE.value,
        **_omit_none(
            name=export.name,
            schedule_id=export.schedule_id,
            schedule_name=export.schedule_name,
            retention_days=export.retention_days,
            correlation_id=export.correlation_id,
        ),
    }


def read_row(row: dict[str, Any]) -> Export:
    """Return the export that a row holds. Raise KeyError or ValueError if the row holds none."""
    return Export(
        id=row["id"],
        owner=row["owner"],
        owner_name=row["owner_name"],
        created_at=datetime.fromisoformat(row["created_at"]),
        request=_read_request(row),
        has_patient_data=row["has_patient_data"],
        fingerprint=row["fingerprint"],
        queued_at=datetime.fromisoformat(row["queued_at"]),
        state=State(row["status"]),
        attempt=int(row["attempt"]),
        sends=int(row["sends"]),
        started_at=_read_time(row, "started_at"),
        finished_at=_read_time(row, "finished_at"),
        expires_at=_read_time(row, "expires_at"),
        deleted_at=_read_time(row, "deleted_at"),
        lease_until=_read_number(row, "lease_until"),
        upload_id=row.get("upload_id"),
        progress=Progress(_read_number(row, "studies_done") or 0, _read_number(row, "studies_total")),
        result=_read_result(row),
        failure=Failure(row["error_code"], row["error"]) if "error_code" in row else None,
        schedule_id=row.get("schedule_id"),
        cleanup=Cleanup(row["cleanup"]) if "cleanup" in row else None,
        retention_days=_read_number(row, "retention_days"),
        is_clean="is_clean" in row,
        correlation_id=row.get("correlation_id"),
        name=row.get("name"),
        schedule_name=row.get("schedule_name"),
    )


def _read_request(row: dict[str, Any]) -> ExportRequest:
    """Return the request of a row. A deleted export's row has forgotten its filters."""
    return ExportRequest(
        type=row["type"],
        filters=row.get("filters", {}),
        order=row["order"],
        options=row.get("options", {}),
        include_names=row["include_names"],
        include_ids=row["include_ids"],
        send_mail=row.get("send_mail", False),
    )


def _read_result(row: dict[str, Any]) -> Result | None:
    if "sha256" not in row:
        return None
    return Result(
        key=row["key"],
        file_name=row["file_name"],
        size=int(row["size"]),
        sha256=row["sha256"],
        studies=int(row["studies"]),
        events=int(row["events"]),
        warnings=tuple(row["warnings"]),
        has_manifest=row.get("has_manifest", False),
        answer=row.get("answer", ""),
    )


def _omit_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _read_time(row: dict[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(row[name]) if name in row else None


def _read_number(row: dict[str, Any], name: str) -> int | None:
    value = row.get(name)
    return None if value is None else int(value)
