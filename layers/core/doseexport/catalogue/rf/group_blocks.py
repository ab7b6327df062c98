"""Groups of similar exposures as blocks of the sheet All data (docs/export-rules.md §3).

A block shows the type, protocol, plane, pulse rate, field size and filters of the group's first exposure,
its number of exposures, and the minimum, maximum and mean of each measured quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import itemgetter

from doseexport.catalogue.columns import COUNTED, NEVER, NUMBER, Cells, Column
from doseexport.catalogue.rf.groups import group_exposures, read_exposure, summarize
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.standard_names import name_event
from doseexport.catalogue.shared.xray import CURRENT, EVENT_LINK, KVP, OF_SOURCE, PULSE_WIDTH

_FILTERS = f"""(SELECT json_agg(json_build_array(coalesce(code.code_meaning, code.code_value),
        trim_scale(filter.xray_filter_thickness_maximum)::text) ORDER BY filter.id)::text
    FROM remapp_xrayfilters filter JOIN remapp_contextid code ON code.id = filter.xray_filter_material_id
    WHERE filter.{OF_SOURCE})"""

GROUP_EXTRAS = (
    Column("all kVp", KVP.stored),
    Column("all mA", CURRENT.stored),
    Column("all pulse widths", PULSE_WIDTH.stored),
    Column("DAP (Gy.m^2)", "event.dose_area_product", NUMBER),
    Column("filters", _FILTERS),
)
"""The cells of an event that grouping needs beside its columns."""

_OF_PULSES = "all pulses of the group, without 0"
_OF_EXPOSURES = "all exposures of the group"

# Quantity and unit as in the headings, the column of one exposure, the cells, and what counts.
_QUANTITIES = (
    ("kVp", "", exposures.KVP, "all kVp", _OF_PULSES),
    ("mA", "", exposures.CURRENT, "all mA", _OF_PULSES),
    ("pulse width", " (ms)", exposures.PULSE_WIDTH, "all pulse widths", _OF_PULSES),
    ("Exp time", " (ms)", exposures.EXPOSURE_TIME, "Exposure time (ms)", _OF_EXPOSURES),
    ("DAP", " (Gy.m^2)", exposures.DAP, "DAP (Gy.m^2)", _OF_EXPOSURES),
    ("Ref point dose", " (Gy)", exposures.RP_DOSE, "Ref point dose (Gy)", _OF_EXPOSURES),
    ("Primary angle", "", exposures.PRIMARY_ANGLE, "Primary angle", _OF_EXPOSURES),
    ("Secondary angle", "", exposures.SECONDARY_ANGLE, "Secondary angle", _OF_EXPOSURES),
)
_STATISTICS = {"min": "smallest", "max": "largest", "mean": "arithmetic mean"}
_SHOWN = ("Plane", "Pulse rate", "Field size", "Filter material", "Mean filter thickness (mm)")
_FACTORS = ("Type", "Protocol", "Plane", "Pulse rate", "Field size")
_ANGLES = ("Primary angle", "Secondary angle")


def _list_columns() -> Iterator[Column]:
    first = "the first exposure of the group"
    yield exposures.TYPE.made("Type", rows=first)
    yield exposures.PROTOCOL.made("Protocol", rows=first)
    yield replace(name_event(EVENT_LINK, "RF"), sql="", rows=f"{first}; sorted and joined by |")
    yield Column("No. exposures", "", NUMBER, "Number of exposures of the group", COUNTED, blank=NEVER)
    yield exposures.PLANE.made("Plane", rows=first)
    yield exposures.PULSE_RATE.made("Pulse rate", rows=first)
    yield exposures.FIELD_SIZE.made("Field size", rows=first)
    yield exposures.FILTERS.made("Filter material", rows=f"{first}; {exposures.LISTED}")
    yield exposures.THICKNESSES.made("Mean filter thickness (mm)", rows=f"{first}; {exposures.LISTED}")
    for quantity, unit, column, _, of in _QUANTITIES:
        for statistic, word in _STATISTICS.items():
            heading = f"{quantity} {statistic}{unit}"
            yield column.made(heading, meaning=f"{column.meaning}: {word}", rows=of)


GROUP_COLUMNS = tuple(_list_columns())


def group_events(columns: tuple[Column, ...]) -> Callable[[list[Cells]], list[Cells]]:
    """Return the function from a study's events to its blocks. `columns` are those of an event's cells."""
    positions = {column.heading: n for n, column in enumerate(columns)}

    def pick(*headings: str) -> Callable[[Cells], tuple[str, ...]]:
        return itemgetter(*(positions[heading] for heading in headings))

    head = pick(*(each for each in ("Type", "Protocol", "Standard acquisition name") if each in positions))
    shown, factors, others = pick(*_SHOWN), pick(*_FACTORS), pick("filters", *_ANGLES)
    measured = [positions[cells] for *_, cells, _ in _QUANTITIES]

    def make_blocks(events: list[Cells]) -> list[Cells]:
        exposures = [read_exposure(factors(event), *others(event)) for event in events]
        return [make_block([events[n] for n in group]) for group in group_exposures(exposures)]

    def make_block(group: list[Cells]) -> Cells:
        first = group[0]
        block = [*head(first), str(len(group)), *shown(first)]
        for n in measured:
            block += summarize(" ".join([event[n] for event in group]).split())
        return block

    return make_blocks
