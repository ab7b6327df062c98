"""The audit of nuclear medicine: administered activity by radiopharmaceutical agent."""

from __future__ import annotations

from doseexport.catalogue.columns import NUMBER, Column, Stream
from doseexport.catalogue.nm.exports import NM
from doseexport.catalogue.nm.parts import AGENT
from doseexport.catalogue.shared.audit import reading
from doseexport.catalogue.shared.audit.reading import AuditRules
from doseexport.catalogue.shared.audit.specs import make_audit, read_studies

_EVENTS = Stream(
    columns=(
        Column(reading.EVENT_ID, "event.id", NUMBER, "OpenREM's number of the event"),
        Column(reading.EVENT_VALUE, "event.administered_activity", NUMBER, "MBq (113507, DCM)"),
        Column(reading.DETAIL, AGENT, meaning="(349358000, SCT), or the agent as text"),
    ),
    joins="",
)

SPECS = (make_audit(NM, AuditRules("NM", exams_of_studies=True), read_studies((), has_names=False), _EVENTS),)
