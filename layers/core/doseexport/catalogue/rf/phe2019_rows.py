"""The rows of the fluoroscopy survey form: one per study, with texts about its exposures.

Distinct values are in the order of the first exposure that has them (docs/export-rules.md §8.2).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

from doseexport.catalogue.columns import Cells
from doseexport.catalogue.layouts import NO_EXCLUSIONS, FileContext, Row, Sheet
from doseexport.catalogue.shared.phe2019 import join_texts

ACQUISITION = "11361"
"""Part of the type codes of acquisitions (113611 to 113613, DCM). Any other event is fluoroscopy."""

MULTIPLE = "Multiple rates"
SINGLE_SHOT = "Single shot"

Event = dict[str, str]


class SurveyRows:
    """Builder of the form's rows from the cells C to Q of studies, and from their events."""

    exclusions = NO_EXCLUSIONS
    warnings: Sequence[str] = ()

    def __init__(self, context: FileContext, sheet: Sheet) -> None:
        self.sheets = (sheet,)
        self._headings = [column.heading for column in context.event_columns]
        self._studies = 0

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Return the row of a study."""
        found = [dict(zip(self._headings, cells, strict=True)) for cells in events]
        self._studies += 1
        return [(0, ["", str(self._studies), *study, *describe_events(found)])]

    def end(self) -> Iterable[Row]:
        """Return no rows: every row belongs to a study."""
        return ()


def describe_events(events: list[Event]) -> Cells:
    """Return the cells R to AQ of a study."""
    fluoroscopy = [event for event in events if ACQUISITION not in event["type"]]
    acquisitions = [event for event in events if ACQUISITION in event["type"]]
    fluoro_rates, rates = list_distinct(fluoroscopy, "pulse rate"), list_distinct(acquisitions, "pulse rate")
    grids = dict.fromkeys(grid for event in events for grid in json.loads(event["grids"] or "[]"))
    positions = {event["position ids"]: event["position"] for event in events}
    sizes = "".join(f"{size}, " for size in list_distinct(events, "field size") if size)
    return [
        join_texts(list_distinct(fluoroscopy, "protocol")),
        join_texts(list_distinct(fluoroscopy, "fluoro mode")),
        describe_rate(fluoro_rates),
        SINGLE_SHOT if rates == [""] else describe_rate(rates),
        str(len(acquisitions)),
        join_texts(grids),
        "",
        "".join(positions.values()),
        *[""] * 2,
        describe_field(events),
        f"{sizes} mm" if sizes else "",
        "",
        describe_thickness(events, "copper"),
        describe_thickness(events, "aluminium"),
        *[""] * 10,
        describe_rates(fluoro_rates, rates),
    ]


def list_distinct(events: list[Event], name: str) -> list[str]:
    """Return the distinct values of a cell. A missing value counts as the value ""."""
    return list(dict.fromkeys(event[name] for event in events))


def describe_rate(rates: Sequence[str]) -> str:
    """Return the pulse rate (pulses/s), or Multiple rates. A missing rate counts as a rate."""
    return MULTIPLE if len(rates) > 1 else "".join(rates)


def describe_rates(fluoroscopy: Sequence[str], acquisition: Sequence[str]) -> str:
    """Return the text that lists the rates, with one decimal, of each kind that has several."""
    parts = []
    if len(fluoroscopy) > 1:
        parts.append(f"Fluoro: {_list_rates(fluoroscopy)} fps. ")
    if len(acquisition) > 1:
        single = [SINGLE_SHOT] if "" in acquisition else []
        parts.append(f"Acquisition: {join_texts([*single, _list_rates(acquisition)])} fps. ")
    return "".join(parts)


def _list_rates(rates: Sequence[str]) -> str:
    return " | ".join(f"{Decimal(rate):.1f}" for rate in rates if rate)


def describe_field(events: list[Event]) -> str:
    """Return the smallest and largest area, width and height of the collimated field, where recorded."""
    parts = (("Area", "area", "m²"), ("Width", "width", "mm"), ("Height", "height", "mm"))
    found = ((title, describe_range(events, name), unit) for title, name, unit in parts)
    return "".join(f"{title} {limits} {unit}, " for title, limits, unit in found if limits)


def describe_range(events: list[Event], name: str) -> str:
    """Return "smallest to largest" with four decimals, or "" if the smallest is missing or 0."""
    least, most = find_limits(event[name] for event in events)
    return f"{least:.4f} to {most:.4f}" if least else ""


def describe_thickness(events: list[Event], material: str) -> str:
    """Return "thinnest - thickest mm" of a material's filters, or "" if the thinnest is missing or 0."""
    least, most = find_limits(text for event in events for text in event[material].split())
    return f"{round_to_two_digits(least)} - {round_to_two_digits(most)} mm" if least else ""


def find_limits(texts: Iterable[str]) -> tuple[Decimal, Decimal]:
    """Return the smallest and the largest number among the texts, or 0 and 0 without numbers."""
    numbers = [number for number in map(Decimal, filter(None, texts)) if number.is_finite()]
    return min(numbers, default=Decimal()), max(numbers, default=Decimal())


def round_to_two_digits(number: Decimal) -> str:
    """Return a number with two significant digits, trailing zeros kept: 0.20, 1.0, 12."""
    return f"{Decimal(f'{number:.1e}'):f}"
