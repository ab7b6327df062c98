"""The rows of nuclear medicine: one per administration, with its children in adjacent columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice

from doseexport.catalogue.columns import Cells, Column
from doseexport.catalogue.layouts import ALL_DATA, NO_EXCLUSIONS, FileContext, Row, Sheet
from doseexport.catalogue.nm.parts import PARTS, Group, Parts, list_single_columns
from doseexport.catalogue.shared.study import STUDY_FREQUENCIES


class Administrations:
    """Builder of the rows of All data, and in a workbook of a sheet per study description.

    A study without a dose report has one row with its own cells only. `parts` are those of a row after the
    cells of its study.
    """

    exclusions = NO_EXCLUSIONS
    warnings = ()

    def __init__(self, context: FileContext, parts: Parts = PARTS) -> None:
        self._widths = context.widths
        self._parts = parts
        descriptions = [name for name, _ in context.frequencies.get(STUDY_FREQUENCIES[0].title, ())]
        widened = tuple(widen_parts(context.widths, parts))
        columns = (*context.study_columns, *widened)
        self._blank = [""] * len(widened)
        self.sheets = (
            Sheet(ALL_DATA, columns),
            *(Sheet(name, columns, named_by_data=True) for name in descriptions),
        )
        self._sheet_of = {name: index for index, name in enumerate(descriptions, start=1)}
        self._description = [column.heading for column in context.study_columns].index("Study description")

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterator[Row]:
        """Yield the rows of a study for All data, each also for the sheet of the study's description."""
        by_description = self._sheet_of.get(study[self._description])
        for widened in [widen_cells(event, self._widths, self._parts) for event in events] or [self._blank]:
            cells = study + widened
            yield 0, cells
            if by_description is not None:
                yield by_description, cells

    def end(self) -> tuple[Row, ...]:
        """Return no rows: every row belongs to a study."""
        return ()


def widen_parts(widths: Mapping[str, int], parts: Parts = PARTS) -> Iterator[Column]:
    """Yield the columns after those of the study, each group as often as its width says, even 0 times."""
    for part in parts:
        yield from part.repeat(widths[part.name]) if isinstance(part, Group) else part


def widen_cells(event: Cells, widths: Mapping[str, int], parts: Parts = PARTS) -> Cells:
    """Return the cells of those columns. An event has its single cells first, then the JSON of each group."""
    single, groups = iter(event), iter(event[len(list_single_columns(parts)) :])
    cells: Cells = []
    for part in parts:
        if isinstance(part, Group):
            children: list[list[str | None]] = json.loads(next(groups) or "[]")
            cells += [cell or "" for child in children for cell in child]
            cells += [""] * (widths[part.name] - len(children)) * len(part.columns)
        else:
            cells += islice(single, len(part))
    return cells
