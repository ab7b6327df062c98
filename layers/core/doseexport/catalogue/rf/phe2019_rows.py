"""Rows of the fluoroscopy survey form: one a study, its exposures gathered into texts (export-rules §8.2).

Pure. Distinct values stand in the order of the first exposure that has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

from doseexport.catalogue.columns import Cells
from doseexport.catalogue.layouts import NO_EXCLUSIONS, FileContext, Row, Sheet

ACQUISITION = "11361"
"""Part of the type codes of acquisitions (113611 to 113613, DCM); all else counts as fluoroscopy."""

MULTIPLE = "Multiple rates"
SINGLE_SHOT = "Single shot"

Event = dict[str, str]


class SurveyRows:
    """Makes the form's rows from studies' cells C to Q and their events."""

    exclusions = NO_EXCLUSIONS

    def __init__(self, start: FileContext, sheet: Sheet) -> None:
        self.sheets = (sheet,)
        self._headings = [column.heading for column in start.event_columns]
        self._studies = 0
        self._in_mm = 0

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterable[Row]:
        """Return the row of a study."""
        found = [dict(zip(self._headings, cells, strict=True)) for cells in events]
        self._studies += 1
        self._in_mm += any(describe_range(found, name) for name in ("width", "height"))
        return [(0, ["", str(self._studies), *study, *describe_events(found)])]

    def end(self) -> Iterable[Row]:
        """Nothing follows the last study."""
        return ()

    @property
    def warnings(self) -> Sequence[str]:
        """What a reader of the form has to know."""
        message = f"Field width and height in {self._in_mm} of the studies (column AB) are in mm, not in m."
        return (message,) if self._in_mm else ()


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
    """Return the different values of a cell; a missing one is one of them, ''."""
    return list(dict.fromkeys(event[name] for event in events))


def join_texts(texts: Iterable[str]) -> str:
    """Return the texts that are not empty, joined by " | "."""
    return " | ".join(filter(None, texts))


def describe_rate(rates: Sequence[str]) -> str:
    """Return the pulse rate (pulses/s), or words if there are several; a missing one counts."""
    return MULTIPLE if len(rates) > 1 else "".join(rates)


def describe_rates(fluoroscopy: Sequence[str], acquisition: Sequence[str]) -> str:
    """Return the text that lists the rates, one decimal each, where there are several."""
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
    """Return the collimated field's least and largest area, width and height, as far as recorded."""
    parts = (("Area", "area", "m²"), ("Width", "width", "m"), ("Height", "height", "m"))
    found = ((title, describe_range(events, name), unit) for title, name, unit in parts)
    return "".join(f"{title} {limits} {unit}, " for title, limits, unit in found if limits)


def describe_range(events: list[Event], name: str) -> str:
    """Return "least to most" with four decimals; '' if nothing is recorded or the least is 0."""
    least, most = find_limits(event[name] for event in events)
    return f"{least:.4f} to {most:.4f}" if least else ""


def describe_thickness(events: list[Event], material: str) -> str:
    """Return "thinnest - thickest mm" of a material's filters; '' if none is recorded or the least is 0."""
    least, most = find_limits(text for event in events for text in event[material].split())
    return f"{round_to_two_digits(least)} - {round_to_two_digits(most)} mm" if least else ""


def find_limits(texts: Iterable[str]) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest of the numbers among the texts; without any, 0 and 0."""
    numbers = [number for number in map(Decimal, filter(None, texts)) if number.is_finite()]
    return min(numbers, default=Decimal()), max(numbers, default=Decimal())


def round_to_two_digits(number: Decimal) -> str:
    """Return a number with two significant digits, zeros kept: 0.20, 1.0, 12."""
    return f"{Decimal(f'{number:.1e}'):f}"
