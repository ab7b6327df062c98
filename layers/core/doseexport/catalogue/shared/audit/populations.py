"""The populations of audits: adults, and children by weight, by age or by both.

Age and weight are never turned into each other (Almén 2021, doi 10.1259/bjr.20210700).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, Self

UNKNOWN, ADULT, NO_WEIGHT = "age unknown", "adult", "child, no weight"
BY_WEIGHT, BY_AGE, BY_BOTH = BANDS = ("weight", "age", "both")

_WEIGHT_BANDS = (
    (Decimal(5), "child <5 kg"),
    (Decimal(15), "child 5–<15 kg"),
    (Decimal(30), "child 15–<30 kg"),
    (Decimal(50), "child 30–<50 kg"),
    (Decimal(80), "child 50–<80 kg"),
    (Decimal("Infinity"), "child ≥80 kg"),
)
_AGE_BANDS = (
    (Decimal("0.25"), "child <3 months"),
    (Decimal(1), "child 3 months–<1 y"),
    (Decimal(6), "child 1–<6 y"),
    (Decimal("Infinity"), "child ≥6 y"),
)

POPULATIONS = (
    UNKNOWN,
    ADULT,
    *(name for _, name in _WEIGHT_BANDS),
    NO_WEIGHT,
    *(name for _, name in _AGE_BANDS),
)
"""All populations, in their order on every sheet."""

WEIGHT_DECIMALS = 8
"""OpenREM stores weights with at most eight decimals."""


class Patient(NamedTuple):
    """What an audit knows of the patient of a study.

    `populations` are those that the study counts in. `weight` is in kg times 10^WEIGHT_DECIMALS, or None.
    `exclusion` is the reason why all values of the study are left out, or "".
    """

    populations: tuple[str, ...]
    weight: int | None
    exclusion: str = ""


class PatientReader:
    """A reader of age and weight by the options of a request."""

    def __init__(self, adult_age: str, adult_weight: str, child_bands: str) -> None:
        self._adult_age = Decimal(adult_age)
        self._limits = tuple(map(Decimal, adult_weight.split("-"))) if adult_weight else None
        self._outside = f"adult outside {adult_weight.replace('-', '–')} kg"
        self._bands = child_bands

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """Return the reader of a request's options."""
        return cls(options["adult_age"], options["adult_weight"], options["child_bands"])

    def read(self, age_text: str, weight_text: str) -> Patient:
        """Return the patient of an age in years and a weight in kg, as COPY writes them."""
        age, (weight, scaled) = _read_number(age_text), _read_weight(weight_text)
        if age is None or age < 0:
            return Patient((UNKNOWN,), scaled)
        if age >= self._adult_age:
            return Patient((ADULT,), scaled, self._exclude(weight))
        return Patient(tuple(self._find_bands(age, weight)), scaled)

    def _exclude(self, weight: Decimal | None) -> str:
        if self._limits is None:
            return ""
        if weight is None:
            return "adult without weight"
        low, high = self._limits
        return "" if low <= weight <= high else self._outside

    def _find_bands(self, age: Decimal, weight: Decimal | None) -> list[str]:
        by_weight = NO_WEIGHT if weight is None else _find_band(_WEIGHT_BANDS, weight)
        by_age = _find_band(_AGE_BANDS, age)
        return {BY_WEIGHT: [by_weight], BY_AGE: [by_age], BY_BOTH: [by_weight, by_age]}[self._bands]


def write_populations(age: str, weight: str, options: Mapping[str, str]) -> str:
    """Return SQL for the array of the populations of a study, empty for one that is left out.

    `age` and `weight` are SQL of numbers. The populations are those of PatientReader.
    """
    is_weight = f"{weight} > 0 AND {weight} <> 'NaN'"
    low, _, high = options["adult_weight"].partition("-")
    adults = f"{is_weight} AND {weight} BETWEEN {low} AND {high}" if low else "true"
    by_weight = f"CASE WHEN {is_weight} THEN {_write_band(_WEIGHT_BANDS, weight)} ELSE '{NO_WEIGHT}' END"
    by_age = _write_band(_AGE_BANDS, age)
    bands = {BY_WEIGHT: by_weight, BY_AGE: by_age, BY_BOTH: f"{by_weight}, {by_age}"}
    return (
        f"CASE WHEN {age} >= 0 AND {age} <> 'NaN' THEN CASE"
        f" WHEN {age} < {options['adult_age']} THEN ARRAY[{bands[options['child_bands']]}]"
        f" WHEN {adults} THEN ARRAY['{ADULT}'] ELSE ARRAY[]::text[] END"
        f" ELSE ARRAY['{UNKNOWN}'] END"
    )


def _write_band(bands: tuple[tuple[Decimal, str], ...], number: str) -> str:
    *limited, (_, last) = bands
    cases = " ".join(f"WHEN {number} < {limit} THEN '{name}'" for limit, name in limited)
    return f"CASE {cases} ELSE '{last}' END"


def _read_number(text: str) -> Decimal | None:
    return None if text in ("", "NaN") else Decimal(text)


@lru_cache(maxsize=4_000)
def _read_weight(text: str) -> tuple[Decimal | None, int | None]:
    """Return a weight, and the whole number that holds it. Both are None without a weight above 0."""
    weight = _read_number(text)
    if weight is None or weight <= 0:
        return None, None
    return weight, int(weight.scaleb(WEIGHT_DECIMALS))


def _find_band(bands: tuple[tuple[Decimal, str], ...], number: Decimal) -> str:
    return next(name for limit, name in bands if number < limit)
