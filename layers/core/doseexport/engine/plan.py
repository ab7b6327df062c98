"""The contents of a file, from what was asked and what the survey found. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from doseexport.catalogue import Column, FileContext, Inclusions, ModalityWorkbook, Spec
from doseexport.catalogue.filters import describe_filters
from doseexport.catalogue.options import fill_defaults
from doseexport.domain.request import ExportRequest
from doseexport.engine.survey import Counts
from doseexport.engine.writers.file_plan import FilePlan
from doseexport.version import VERSION

SOFTWARE = f"Dose Export {VERSION}"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request, the name of who made it, and when, in the time zone its reader lives in."""

    request: ExportRequest
    by: str
    at: datetime


def plan_layout(
    asked: RequestContext,
    inclusions: Inclusions,
    survey: Counts,
    frequencies: Mapping[str, list[tuple[str, int]]],
) -> FilePlan:
    """Return the layout of the asked file for the surveyed studies."""
    spec = asked.request.spec
    events = spec.events
    return FilePlan(
        title=f"{spec.modality.name} export",
        software=SOFTWARE,
        created=asked.at,
        start=FileContext(
            study_columns=spec.studies.wanted(inclusions),
            event_columns=events.wanted(inclusions) if events else (),
            widths=survey.widths,
            options=fill_defaults(spec.options, asked.request.options),
            frequencies=dict(frequencies),
        ),
        event_extras=tuple(each for each in events.extras if each.is_included(inclusions)) if events else (),
        block_columns=_block_columns(spec, inclusions),
        widest=survey.widest,
        about=list(_describe(asked)),
    )


def _block_columns(spec: Spec, inclusions: Inclusions) -> tuple[Column, ...]:
    if isinstance(spec.layout, ModalityWorkbook) and spec.layout.blocks:
        return tuple(each for each in spec.layout.blocks.columns if each.is_included(inclusions))
    return spec.events.wanted(inclusions) if spec.events else ()


def _describe(asked: RequestContext) -> Iterator[tuple[str, str]]:
    """Yield what the About sheet says of the request; never the value of a filter that names a patient."""
    request = asked.request
    yield "Export", f"{request.type}: {request.spec.help}"
    yield "Asked by", asked.by
    yield "Asked at", f"{asked.at:%Y-%m-%d %H:%M:%S %Z}"
    given = [(request.spec.filter(name), value) for name, value in request.filters.items()]
    for words in describe_filters(given) or ["none: every study"]:
        yield "Filter", words
    yield "Order", request.order
    for name, value in fill_defaults(request.spec.options, request.options).items():
        yield "Option", f"{name}: {value}"
    yield "Patient names", "yes" if request.include_names else "no"
    yield "Patient IDs", "yes" if request.include_ids else "no"
