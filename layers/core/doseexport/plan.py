"""The shape of a file, from what was asked and what the survey found. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from doseexport.filters import describe_filters
from doseexport.request import ExportRequest
from doseexport.survey import Survey
from doseexport.version import VERSION
from doseexport.writers.layout import Layout

SOFTWARE = f"Dose Export {VERSION}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, the name of who made it, and when, in the time zone its reader lives in."""

    request: ExportRequest
    by: str
    at: datetime


def plan_layout(asked: Asked, survey: Survey, frequencies: Mapping[str, list[tuple[str, int]]]) -> Layout:
    """Return the layout of the asked file for the surveyed studies."""
    request = asked.request
    data = request.spec.dataset
    return Layout(
        title=f"{data.name} export",
        software=SOFTWARE,
        created=asked.at,
        study_columns=request.spec.study_columns(names=request.names, ids=request.ids),
        event_columns=data.events.columns,
        widest=survey.widest,
        sheet_by=data.sheet_by,
        frequencies=dict(frequencies),
        about=list(_describe(asked)),
    )


def _describe(asked: Asked) -> Iterator[tuple[str, str]]:
    """Yield what the About sheet says of the request; never the value of a filter that names a patient."""
    request = asked.request
    yield "Export", f"{request.type}: {request.spec.help}"
    yield "Asked by", asked.by
    yield "Asked at", f"{asked.at:%Y-%m-%d %H:%M:%S %Z}"
    given = [(request.spec.filter(name), value) for name, value in request.filters.items()]
    for words in describe_filters(given) or ["none: every study"]:
        yield "Filter", words
    yield "Order", request.order
    yield "Patient names", "yes" if request.names else "no"
    yield "Patient IDs", "yes" if request.ids else "no"
