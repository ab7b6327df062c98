"""The sheets of an audit, and the cells of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from doseexport.catalogue.columns import Cells, Column
from doseexport.catalogue.layouts import CHARTS, SUMMARY, Sheet
from doseexport.catalogue.shared.audit import columns, reading
from doseexport.catalogue.shared.audit.drl import HEADINGS, DrlRow, Match
from doseexport.catalogue.shared.audit.quantities import Quantity, write_number
from doseexport.catalogue.shared.audit.results import Result

EXAMINATIONS, PROTOCOLS, ROOMS = "Examinations", "Protocols", "Rooms"
OUTLIERS, EXCLUDED, LEVELS = "Outliers", "Excluded", "DRLs"

MATCH_HEADINGS = tuple(column.heading for column in columns.MATCH_COLUMNS)


def list_sheets(quantities: Sequence[Quantity], read: Sequence[Column]) -> tuple[Sheet, ...]:
    """Return the sheets of the audit of these quantities, in the order of their tabs.

    `read` are the columns of studies that are read.
    """
    has_accession = any(each.heading == reading.ACCESSION for each in read)
    outliers = columns.list_outliers(
        quantities, has_accession=has_accession, derived=reading.list_derived(read)
    )
    per_study, per_event = (
        [each for each in quantities if each.per_event is per_event] for per_event in (False, True)
    )
    return (
        *([_lay_out_groups(EXAMINATIONS, per_study)] if per_study else []),
        *([_lay_out_groups(PROTOCOLS, per_event)] if per_event else []),
        Sheet(ROOMS, columns.list_rooms(quantities), printable=True),
        Sheet(OUTLIERS, outliers, printable=True),
        Sheet(EXCLUDED, columns.list_excluded(quantities), printable=True),
        Sheet(LEVELS, columns.LEVEL_COLUMNS, printable=True),
    )


def _lay_out_groups(name: str, quantities: Sequence[Quantity]) -> Sheet:
    return Sheet(name, columns.list_groups(quantities), flag=columns.FLAG, printable=True)


def list_described_sheets(quantities: Sequence[Quantity], read: Sequence[Column]) -> tuple[Sheet, ...]:
    """Return all sheets with all of their headings, for the dictionary."""
    sheets = list_sheets(quantities, read)
    return (
        *sheets,
        Sheet(LEVELS, columns.MATCH_COLUMNS),
        Sheet(CHARTS, columns.CHART_COLUMNS),
        Sheet(SUMMARY, columns.SUMMARY_COLUMNS),
    )


class Units:
    """The units in which the quantities of an audit are written."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._dap = options.get("dap_unit", "")
        self._factors: dict[str, Fraction] = {}

    def name(self, quantity: Quantity) -> str:
        """Return the unit of a quantity."""
        return self._dap if quantity.has_dap_unit and self._dap else quantity.unit

    def write(self, quantity: Quantity, number: Fraction | int | None) -> str:
        """Return the text of a held number in the quantity's unit, blank for None."""
        if number is None:
            return ""
        factor = self._factors.get(quantity.name)
        if factor is None:
            factor = self._factors[quantity.name] = quantity.factor(self.name(quantity))
        return write_number(number, factor)


def write_ratio(number: Fraction | None) -> str:
    """Return the text of a number without a unit, blank for None."""
    return "" if number is None else write_number(number)


def write_float(number: float | None) -> str:
    """Return the text of a double, blank for None."""
    return "" if number is None else f"{Decimal(repr(number)):f}"


def write_group(result: Result, quantity: Quantity, units: Units, cautions: Iterable[str]) -> Cells:
    """Return the cells of a group on Examinations or Protocols."""
    group, key = result.group, result.group.key
    figures = (
        *(result.minimum, result.p25, result.median, result.p75, result.p95, result.maximum),
        *(result.mean, result.low, result.high, result.level),
    )
    return [
        key.exam,
        key.room,
        key.population,
        key.detail,
        quantity.name,
        units.name(quantity),
        str(group.studies),
        str(group.n),
        str(group.left_out.total()),
        str(group.weighed),
        write_ratio(group.mean_weight),
        *(units.write(quantity, each) for each in figures),
        write_ratio(result.ratio),
        result.flag,
        "; ".join(cautions),
        _name_source(result.drl),
    ]


def _name_source(row: DrlRow | None) -> str:
    return "" if row is None else row.source


def write_level(row: DrlRow) -> Cells:
    """Return the cells of a row of the DRL table."""
    return [getattr(row, name) for name in HEADINGS]


def write_match(exam: str, match: Match) -> Cells:
    """Return the cells that say what an exam matched."""
    return [exam, match.text, match.origin or "no match", match.exam]
