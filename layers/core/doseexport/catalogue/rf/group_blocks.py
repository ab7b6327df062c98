"""Groups of similar exposures as blocks of the sheet All data (docs/export-rules.md §3).

A block shows the type, protocol, plane, pulse rate, field size and filters of the group's first exposure,
its number of exposures, and the minimum, maximum and mean of each measured quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import itemgetter

from doseexport.catalogue.columns import NUMBER, Cells, Column
from doseexport.catalogue.rf.groups import group_exposures, read_exposure, summarize
from doseexport.catalogue.shared.standard_names import name_event
from doseexport.catalogue.shared.xray import EVENT_LINK, OF_SOURCE


def _list_rows(table: str, column: str) -> str:
    """Return SQL for the numbers of all rows of an event, without NULL and 0, joined by spaces."""
    return (
        f"(SELECT string_agg(trim_scale({column})::text, ' ' ORDER BY id)"
        f" FROM {table} WHERE {OF_SOURCE} AND {column} <> 0)"
    )


_FILTERS = f"""(SELECT json_agg(json_build_array(coalesce(code.code_meaning, code.code_value),
        trim_scale(filter.xray_filter_thickness_maximum)::text) ORDER BY filter.id)::text
    FROM remapp_xrayfilters filter JOIN remapp_contextid code ON code.id = filter.xray_filter_material_id
    WHERE filter.{OF_SOURCE})"""

GROUP_EXTRAS = (
    Column("all kVp", _list_rows("remapp_kvp", "kvp")),
    Column("all mA", _list_rows("remapp_xraytubecurrent", "xray_tube_current")),
    Column("all pulse widths", _list_rows("remapp_pulsewidth", "pulse_width")),
    Column("DAP (Gy.m^2)", "event.dose_area_product", NUMBER),
    Column("filters", _FILTERS),
)
"""The cells of an event that grouping needs beside its columns."""

# Quantity and unit as in the headings, unit and DICOM concept, and the source: a column or an extra.
_QUANTITIES = (
    ("kVp", "", "kV (113733, DCM)", "all kVp"),
    ("mA", "", "mA (113734, DCM)", "all mA"),
    ("pulse width", " (ms)", "ms (113793, DCM)", "all pulse widths"),
    ("Exp time", " (ms)", "ms (113824, DCM)", "Exposure time (ms)"),
    ("DAP", " (Gy.m^2)", "Gy.m2 (122130, DCM)", "DAP (Gy.m^2)"),
    ("Ref point dose", " (Gy)", "Gy (113738, DCM)", "Ref point dose (Gy)"),
    ("Primary angle", "", "degrees (112011, DCM)", "Primary angle"),
    ("Secondary angle", "", "degrees (112012, DCM)", "Secondary angle"),
)
_SHOWN = ("Plane", "Pulse rate", "Field size", "Filter material", "Mean filter thickness (mm)")
_FACTORS = ("Type", "Protocol", "Plane", "Pulse rate", "Field size")
_ANGLES = ("Primary angle", "Secondary angle")


def _list_columns() -> Iterator[Column]:
    yield Column("Type", "", meaning="(113721, DCM)")
    yield Column("Protocol", "", meaning="(125203, DCM)")
    yield replace(name_event(EVENT_LINK, "RF"), sql="")
    yield Column("No. exposures", "", NUMBER, "irradiation events of the group")
    yield Column("Plane", "", meaning="(113764, DCM)")
    yield Column("Pulse rate", "", NUMBER, "pulses/s (113791, DCM)")
    yield Column("Field size", "", NUMBER, "mm, of the image intensifier")
    yield Column("Filter material", "", meaning="(113757, DCM)")
    yield Column("Mean filter thickness (mm)", "", meaning="mm, of (113758 and 113773, DCM)")
    for quantity, unit, concept, _ in _QUANTITIES:
        for statistic in ("min", "max", "mean"):
            yield Column(f"{quantity} {statistic}{unit}", "", NUMBER, concept)


GROUP_COLUMNS = tuple(_list_columns())


def group_events(columns: tuple[Column, ...]) -> Callable[[list[Cells]], list[Cells]]:
    """Return the function from a study's events to its blocks. `columns` are those of an event's cells."""
    positions = {column.heading: n for n, column in enumerate(columns)}

    def pick(*headings: str) -> Callable[[Cells], tuple[str, ...]]:
        return itemgetter(*(positions[heading] for heading in headings))

    head = pick(*(each for each in ("Type", "Protocol", "Standard acquisition name") if each in positions))
    shown, factors, others = pick(*_SHOWN), pick(*_FACTORS), pick("filters", *_ANGLES)
    measured = [positions[source] for *_, source in _QUANTITIES]

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
