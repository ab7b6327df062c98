"""The quantities of audits, with their stored and written units.

A value is held as a whole number: the stored number times a power of ten. So sums, quantiles and comparisons
are exact. Conversions to other units are fractions, and only a cell's text is rounded, to 17 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from doseexport.catalogue.shared.dap_units import PER_GYM2

DIGITS = 17
"""Significant digits of a cell, as many as a double has."""

NOT_RECORDED, NOT_POSITIVE = "not recorded", "zero or negative"
"""Why a stored number is no value."""

_REMEMBERED = 10_000
"""Texts of numbers that are remembered: doses of events are often repeated."""
ONE = Fraction(1)
_CONTEXT = Context(prec=DIGITS)

_DAP_UNITS = {unit: Fraction(number) for unit, number in PER_GYM2.items()}


def explain_missing(text: str) -> str:
    """Return why a stored number is no value, or "" if it is one."""
    if text in ("", "NaN"):
        return NOT_RECORDED
    return NOT_POSITIVE if text[0] == "-" or text == "0" else ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity: its name, its unit as written, and how it is stored.

    OpenREM stores at most `decimals` decimals. `units` gives every known unit, with its number per stored
    unit. `per_event` holds for a value of an event, as opposed to a study.
    """

    name: str
    unit: str
    decimals: int
    units: Mapping[str, Fraction]
    per_event: bool = False

    @property
    def has_dap_unit(self) -> bool:
        """Whether the option dap_unit changes the unit."""
        return self.units is _DAP_UNITS

    def scale(self, text: str) -> int:
        """Return a plain number as the whole number that holds it. Raise ValueError if it is not exact."""
        whole, _, decimals = text.partition(".")
        if len(decimals) > self.decimals:
            raise ValueError("a stored number has more decimals than OpenREM's column")
        return int(whole + decimals.ljust(self.decimals, "0"))

    @property
    def read(self) -> Callable[[str], tuple[str, int]]:
        """A function from a stored number to why it is no value, or "", and the number as it is held."""
        return lru_cache(maxsize=_REMEMBERED)(self._read)

    def _read(self, text: str) -> tuple[str, int]:
        reason = explain_missing(text)
        return reason, 0 if reason else self.scale(text)

    def factor(self, unit: str) -> Fraction:
        """Return what a whole number is multiplied by to give the value in a unit."""
        return Fraction(self.units[unit], 10**self.decimals)


_MGY: Mapping[str, Fraction] = MappingProxyType({"mGy": Fraction(1)})

DLP = Quantity("DLP", "mGy·cm", 8, MappingProxyType({"mGy·cm": Fraction(1)}))
CTDIVOL = Quantity("CTDIvol", "mGy", 8, _MGY, per_event=True)
RF_DAP = Quantity("DAP", "Gy·cm²", 12, _DAP_UNITS)
RP_DOSE = Quantity("RP dose", "mGy", 12, MappingProxyType({"mGy": Fraction(1000), "Gy": Fraction(1)}))
FLUORO_TIME = Quantity(
    "Fluoroscopy time", "min", 8, MappingProxyType({"min": Fraction(1, 60), "s": Fraction(1)})
)
DX_DAP = Quantity("DAP", "cGy·cm²", 12, _DAP_UNITS)
EVENT_DAP = Quantity("DAP per exposure", "cGy·cm²", 12, _DAP_UNITS, per_event=True)
AGD = Quantity("AGD", "mGy", 8, _MGY, per_event=True)
ACTIVITY = Quantity("Activity", "MBq", 8, MappingProxyType({"MBq": Fraction(1)}), per_event=True)

QUANTITIES: Mapping[str, tuple[Quantity, ...]] = MappingProxyType(
    {
        "CT": (DLP, CTDIVOL),
        "RF": (RF_DAP, RP_DOSE, FLUORO_TIME),
        "DX": (DX_DAP, EVENT_DAP),
        "MG": (AGD,),
        "NM": (ACTIVITY,),
    }
)
"""The quantities of each modality, in their order on every sheet."""

_UNIT_SIGNS = str.maketrans({".": "·", " ": "·", "*": "·", "u": "µ", "μ": "µ", "2": "²", "^": None})


def read_unit(text: str) -> str:
    """Return a unit in the form of this module: cGy.cm^2 and cGy.cm2 are cGy·cm²."""
    return text.strip().translate(_UNIT_SIGNS)


def write_number(number: Fraction | int, factor: Fraction = ONE) -> str:
    """Return the text of a cell: number × factor as a plain decimal with 17 significant digits."""
    return write_quotient(number.numerator * factor.numerator, number.denominator * factor.denominator)


def write_quotient(above: int, below: int) -> str:
    """Return the text of a cell: the quotient of two whole numbers, which need no common factor removed."""
    text = f"{_CONTEXT.divide(Decimal(above), Decimal(below)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
