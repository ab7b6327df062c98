"""POST /exports: request an export. POST /schedules/{id}/run: request a schedule's export now."""

from __future__ import annotations

from dataclasses import replace

from doseexport.actions.exports import request_export
from doseexport.actions.schedules import run_schedule_now
from doseexport.api.handler import Call, reply_with_export, serve
from doseexport.api.replies import Reply
from doseexport.aws.clients import prepare_clients
from doseexport.aws.services import Services
from doseexport.domain.export import Export

prepare_clients("dynamodb", "sqs")


def request(services: Services, call: Call) -> Reply:
    """Queue the export for a worker and answer 202 with it."""
    return _accept(
        services, call, request_export(services, call.caller, call.read_json(), call.idempotency_key)
    )


def run_now(services: Services, call: Call) -> Reply:
    """Request the schedule's export and answer 202 with it."""
    call.refuse_body()
    return _accept(services, call, run_schedule_now(services, call.caller, call.id, call.idempotency_key))


def _accept(services: Services, call: Call, export: Export) -> Reply:
    return replace(reply_with_export(services, call, export, 202), location=f"/exports/{export.id}")


handler = serve({"POST /exports": request, "POST /schedules/{id}/run": run_now})
