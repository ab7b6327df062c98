"""The sheets of an audit: their columns, and the cells of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from doseexport.catalogue.columns import DATE, FIGURE, NUMBER, TEXT, WORD, Cells, Column
from doseexport.catalogue.layouts import Sheet
from doseexport.catalogue.shared.audit.drl import HEADINGS, DrlRow, Match
from doseexport.catalogue.shared.audit.quantities import Quantity, write_number
from doseexport.catalogue.shared.audit.results import Result

EXAMINATIONS, PROTOCOLS, ROOMS = "Examinations", "Protocols", "Rooms"
OUTLIERS, EXCLUDED, LEVELS = "Outliers", "Excluded", "DRLs"
FLAG = "Flag"

_EXAM = Column("Exam", "", meaning="by the option exam_by; (none) where nothing is recorded")
_ROOM = Column("Room", "", meaning="the equipment's display name in OpenREM")
_POPULATION = Column("Population", "", WORD, "adults, and children by weight or age")
_DETAIL = Column("Detail", "", meaning="phantom, view, technique or agent; blank for values of studies")
_QUANTITY = Column("Quantity", "", WORD, "what the values are")
_UNIT = Column("Unit", "", WORD, "the unit of the values")
_DRL = (
    Column("DRL", "", FIGURE, "level of the table, in the unit of the row"),
    Column("Ratio", "", FIGURE, "median divided by DRL, from 6 values on"),
)
_SOURCE = Column("Source", "", meaning="the DRL table's source")

_VALUES = (_POPULATION, _DETAIL, _QUANTITY, _UNIT)

_GROUP = (
    _EXAM,
    _ROOM,
    *_VALUES,
    Column("Studies", "", NUMBER, "different studies with a value"),
    Column("n", "", NUMBER, "values"),
    Column("Left out", "", NUMBER, "values that the sheet Excluded counts for this group"),
    Column("With weight", "", NUMBER, "values of studies with a weight"),
    Column("Mean weight (kg)", "", FIGURE, "kg, over those values"),
    Column("Min", "", FIGURE, "smallest value"),
    Column("P25", "", FIGURE, "25th percentile, from 4 values on"),
    Column("Median", "", FIGURE, "50th percentile"),
    Column("P75", "", FIGURE, "75th percentile, from 4 values on"),
    Column("P95", "", FIGURE, "95th percentile, from 20 values on"),
    Column("Max", "", FIGURE, "largest value"),
    Column("Mean", "", FIGURE, "arithmetic mean"),
    Column(
        "Median CI low", "", FIGURE, "lower limit of the median's 95 % confidence interval, from 6 values"
    ),
    Column("Median CI high", "", FIGURE, "upper limit of the same interval"),
    *_DRL,
    Column(FLAG, "", WORD, "above: the median is above the DRL; clearly above: its CI low is too"),
    Column("Caution", "", meaning="what to know before the figures are used"),
    _SOURCE,
)

_ROOM_MEDIANS = (
    _EXAM,
    *_VALUES,
    Column("Rooms", "", NUMBER, "rooms with at least 10 values"),
    Column("P25", "", FIGURE, "25th percentile of the rooms' medians, from 4 rooms on"),
    Column("Median", "", FIGURE, "median of the rooms' medians"),
    Column("P75", "", FIGURE, "75th percentile of the rooms' medians, from 4 rooms on"),
    Column("Called", "", WORD, "local DRL from 10 rooms on, typical value below (ICRP 135)"),
    Column("Local value", "", FIGURE, "P75 from 10 rooms on, else the median"),
    Column("DRL", "", FIGURE, "level of the table, in the unit of the row"),
    Column("Ratio", "", FIGURE, "local value divided by DRL"),
    _SOURCE,
)

_OUTLIERS = (
    Column("Study date", "", DATE, "(0008,0020)"),
    Column("Study id", "", NUMBER, "OpenREM's number of the study"),
    Column("Event id", "", NUMBER, "OpenREM's number of the event; blank for values of studies"),
)
_ACCESSION = Column("Accession number", "", meaning="(0008,0050), or its hash as stored")
_OF_OUTLIERS = (
    _EXAM,
    _ROOM,
    *_VALUES,
    Column("Value", "", FIGURE, "the value"),
    Column("Group median", "", FIGURE, "median of its group"),
    Column("Ratio", "", FIGURE, "value divided by the group's median"),
    Column("z", "", FIGURE, "robust z of its logarithm in its group"),
    Column("Reasons", "", meaning="why the value is listed"),
    Column("Reviewed by", "", meaning="to fill in"),
    Column("Outcome", "", meaning="to fill in"),
)

_EXCLUDED = (
    _EXAM,
    _ROOM,
    _POPULATION,
    _QUANTITY,
    Column("Reason", "", meaning="why these are no values, or do not count"),
    Column("Number", "", NUMBER, "how many are left out for this reason"),
)

_KINDS = {"value": FIGURE, "effective_from": DATE, "year_adopted": NUMBER}
_LEVEL_COLUMNS = tuple(
    Column(f"DRL {name.replace('_', ' ')}", "", _KINDS.get(name, TEXT), "of the DRL table")
    for name in HEADINGS
)
MATCH_HEADINGS = ("Exam in the data", "Matched text", "Text from", "Exam in the table")


def list_sheets(quantities: Sequence[Quantity], *, has_accession: bool) -> tuple[Sheet, ...]:
    """Return the sheets of the audit of these quantities, in the order of their tabs."""
    accession = (_ACCESSION,) if has_accession else ()
    per_study, per_event = (
        any(each.per_event is per_event for each in quantities) for per_event in (False, True)
    )
    return (
        *([Sheet(EXAMINATIONS, _GROUP, flag=FLAG, printable=True)] if per_study else []),
        *([Sheet(PROTOCOLS, _GROUP, flag=FLAG, printable=True)] if per_event else []),
        Sheet(ROOMS, _ROOM_MEDIANS, printable=True),
        Sheet(OUTLIERS, (*_OUTLIERS, *accession, *_OF_OUTLIERS), printable=True),
        Sheet(EXCLUDED, _EXCLUDED, printable=True),
        Sheet(LEVELS, _LEVEL_COLUMNS, printable=True),
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
