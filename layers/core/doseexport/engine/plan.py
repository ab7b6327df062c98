"""The plan of a file, from its request and from the counts of the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from doseexport.catalogue import Column, FileContext, Inclusions, ModalityWorkbook, Spec
from doseexport.catalogue.dictionary import describe_file
from doseexport.catalogue.filters import describe_filters
from doseexport.catalogue.layouts import name_any_study
from doseexport.catalogue.options import fill_defaults
from doseexport.domain.pseudonyms import Pseudonyms
from doseexport.domain.request import ExportRequest
from doseexport.engine.query import Counts
from doseexport.engine.study_warnings import WarningLog
from doseexport.engine.writers.file_plan import FilePlan
from doseexport.version import VERSION

SOFTWARE = f"Dose Export {VERSION}"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request with the name of the requester and its time, in the time zone of the file's reader.

    `pseudonym_key` is the key of the project whose pseudonyms are requested.
    """

    request: ExportRequest
    requested_by: str
    requested_at: datetime
    pseudonym_key: bytes | None = field(default=None, repr=False)


def plan_file(
    context: RequestContext,
    inclusions: Inclusions,
    counts: Counts,
    frequencies: Mapping[str, list[tuple[str, int]]],
    time_zone: str,
) -> FilePlan:
    """Return the plan of the requested file for the counted studies. Event times are read in `time_zone`."""
    spec = context.request.spec
    events = spec.events
    file_context = FileContext(
        study_columns=spec.studies.included(inclusions),
        event_columns=events.included(inclusions) if events else (),
        widths=counts.widths,
        options=fill_defaults(spec.options, context.request.options),
        frequencies=dict(frequencies),
    )
    return FilePlan(
        title=f"{spec.modality.name} {spec.title}",
        software=SOFTWARE,
        created=context.requested_at,
        context=file_context,
        event_extras=tuple(each for each in events.extras if each.is_included(inclusions)) if events else (),
        block_columns=_block_columns(spec, inclusions),
        counts=counts,
        about=list(_describe(context, time_zone)),
        tables=spec.list_tables(inclusions),
        dictionary=describe_file(spec, file_context, inclusions),
    )


def log_warnings(plan: FilePlan, log: WarningLog) -> FilePlan:
    """Return the plan with a log for the warnings of its writer."""
    return replace(plan, context=replace(plan.context, warn=log.add, name_study=log.name_study))


def hide_studies(plan: FilePlan) -> FilePlan:
    """Return the plan without what names a study by its number in OpenREM."""
    counts = replace(plan.counts, widest_study=None)
    return replace(plan, counts=counts, context=replace(plan.context, name_study=name_any_study))


def _block_columns(spec: Spec, inclusions: Inclusions) -> tuple[Column, ...]:
    if isinstance(spec.layout, ModalityWorkbook) and spec.layout.blocks:
        return tuple(each for each in spec.layout.blocks.columns if each.is_included(inclusions))
    return spec.events.included(inclusions) if spec.events else ()


def _describe(context: RequestContext, time_zone: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of About on the request, without values of filters that identify a patient."""
    request = context.request
    yield "Export", f"{request.type}: {request.spec.help}"
    yield "Requested by", context.requested_by
    yield "Requested at", f"{context.requested_at:%Y-%m-%d %H:%M:%S %Z}"
    given = [(request.spec.filter(name), value) for name, value in request.filters.items()]
    for words in describe_filters(given, request.hidden_filters) or ["none: all studies"]:
        yield "Filter", words
    yield "Order", request.order
    for name, value in fill_defaults(request.spec.options, request.options).items():
        yield "Option", f"{name}: {value or 'none'}"
    if request.has_pseudonyms and context.pseudonym_key is not None:
        yield "Pseudonym key", Pseudonyms(context.pseudonym_key).key_id
    if request.spec.has_event_times:
        yield "Time zone", f"{time_zone}, of the times of events"
    yield "Patient names", "yes" if request.include_names else "no"
    yield "Patient IDs", "yes" if request.include_ids else "no"
