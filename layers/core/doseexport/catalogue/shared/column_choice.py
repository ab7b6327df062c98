"""The option leave_out: the columns that a file does not have. The others keep OpenREM's order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from doseexport.catalogue.columns import Column, Stream
from doseexport.catalogue.layouts import Layout, Long, ModalityWorkbook, Wide
from doseexport.catalogue.options import LEAVE_OUT, Option
from doseexport.catalogue.spec import Spec
from doseexport.catalogue.values import COLUMNS, ValueType, bind_value

_HELP = "columns that the file does not have, by their headings without E1, E2 and so on"


def offer_choice(spec: Spec) -> Spec:
    """Return the spec with the option, if its file has a row per study or event, under headings."""
    if not _has_choice(spec.layout):
        return spec
    value_type = _make_value_type(spec)
    return replace(
        spec, options=(*spec.options, Option(LEAVE_OUT, value_type, "", _HELP, only_if_given=True))
    )


def list_choices(spec: Spec) -> tuple[Column, ...]:
    """Return the columns that the option can leave out."""
    return (*spec.studies.columns, *_list_event_choices(spec)) if _has_choice(spec.layout) else ()


def leave_out(spec: Spec, headings: str) -> Spec:
    """Return the spec without the columns under these headings, a canonical value of the option."""
    names = set(split_headings(headings))
    if not names:
        return spec
    events = spec.events
    if events is not None:
        events = _remove(events, names & {column.heading for column in _list_event_choices(spec)})
        events = _read_sheet_name(events, spec)
    return replace(spec, studies=_remove(spec.studies, names), events=events)


def split_headings(value: str) -> list[str]:
    """Return the headings in a value of the option."""
    return [heading.strip() for heading in value.split(",")] if value.strip() else []


def _has_choice(layout: Layout) -> bool:
    return isinstance(layout, Wide | ModalityWorkbook) or (isinstance(layout, Long) and layout.header)


def _list_event_choices(spec: Spec) -> Sequence[Column]:
    """Return the columns of events that nothing else is made of: groups are made of all."""
    layout = spec.layout
    is_grouped = isinstance(layout, ModalityWorkbook) and layout.blocks is not None
    return () if spec.events is None or is_grouped else spec.events.columns


def _remove(stream: Stream, names: Iterable[str]) -> Stream:
    kept = tuple(column for column in stream.columns if column.heading not in names)
    return replace(stream, columns=kept)


def _read_sheet_name(events: Stream, spec: Spec) -> Stream:
    """Return the events with the column that chooses the sheet of an event, at least as an extra."""
    layout = spec.layout
    if not isinstance(layout, ModalityWorkbook) or spec.events is None:
        return events
    left = [column for column in spec.events.columns if column not in events.columns]
    needed = tuple(column for column in left if column.heading == layout.sheet_by)
    return replace(events, extras=(*needed, *events.extras))


def _list_constant(columns: Iterable[Column]) -> set[str]:
    """Return the headings of the columns that are in every file."""
    return {column.heading for column in columns if not column.included_by}


def _make_value_type(spec: Spec) -> ValueType:
    known = tuple(column.heading for column in list_choices(spec))
    parts = [_list_constant(part) for part in (spec.studies.columns, _list_event_choices(spec)) if part]

    def parse(value: str) -> str:
        given = set(split_headings(value))
        if not given <= set(known):
            raise ValueError("must be headings of this file, separated by commas")
        if any(given >= part for part in parts):
            raise ValueError("must leave a column of studies and one of events in the file")
        return ", ".join(heading for heading in known if heading in given)

    return ValueType(COLUMNS, "headings separated by commas", parse, bind_value, listed=known)
