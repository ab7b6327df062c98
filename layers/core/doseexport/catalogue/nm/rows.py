"""Rows of nuclear medicine: one an administration, its children side by side (export-rules §7). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice

from doseexport.catalogue.columns import Cells, Column
from doseexport.catalogue.layouts import NO_EXCLUSIONS, FileContext, Row, Sheet
from doseexport.catalogue.nm.parts import PARTS, SINGLE_COLUMNS, Group
from doseexport.catalogue.shared.study import STUDY_FREQUENCIES


class Administrations:
    """The arranger of both formats: All data, and where descriptions are counted a sheet for each of them.

    A study without a dose report has one row: its own cells.
    """

    exclusions = NO_EXCLUSIONS
    warnings = ()

    def __init__(self, start: FileContext) -> None:
        self._widths = start.widths
        descriptions = [name for name, _ in start.frequencies.get(STUDY_FREQUENCIES[0].title, ())]
        behind = tuple(widen_parts(start.widths))
        columns = (*start.study_columns, *behind)
        self._blank = [""] * len(behind)
        self.sheets = (
            Sheet("All data", columns),
            *(Sheet(name, columns, named_by_data=True) for name in descriptions),
        )
        self._sheet_of = {name: index for index, name in enumerate(descriptions, start=1)}
        self._description = [column.heading for column in start.study_columns].index("Study description")

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterator[Row]:
        """Yield the study's rows for All data, each also for the sheet of the study's description."""
        own = self._sheet_of.get(study[self._description])
        for behind in [widen_cells(event, self._widths) for event in events] or [self._blank]:
            cells = study + behind
            yield 0, cells
            if own is not None:
                yield own, cells

    def end(self) -> tuple[Row, ...]:
        """Return no further rows."""
        return ()


def widen_parts(widths: Mapping[str, int]) -> Iterator[Column]:
    """Yield the columns behind the study's, every group as often as `widths` says; 0 gives none."""
    for part in PARTS:
        yield from part.repeat(widths[part.name]) if isinstance(part, Group) else part


def widen_cells(event: Cells, widths: Mapping[str, int]) -> Cells:
    """Return the cells under those columns; an event's are the single ones, then each group's JSON text."""
    single, groups = iter(event), iter(event[len(SINGLE_COLUMNS) :])
    cells: Cells = []
    for part in PARTS:
        if isinstance(part, Group):
            children: list[list[str | None]] = json.loads(next(groups) or "[]")
            cells += [cell or "" for child in children for cell in child]
            cells += [""] * (widths[part.name] - len(children)) * len(part.columns)
        else:
            cells += islice(single, len(part))
    return cells
