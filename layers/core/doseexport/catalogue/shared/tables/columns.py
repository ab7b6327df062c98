"""Columns of tables: names in snake_case with their unit, keys, and coded values (docs/tables.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from doseexport.catalogue.columns import COUNTED, DATETIME, INTEGER, ISO_DATETIME, NEVER, Column

UNITS: Mapping[str, str] = {
    "_mgy_cm": "mGy·cm",
    "_gy_cm2": "Gy·cm²",
    "_mgy": "mGy",
    "_mbq": "MBq",
    "_msv": "mSv",
    "_mm": "mm",
    "_m": "m",
    "_m2": "m²",
    "_kg": "kg",
    "_kg_m2": "kg/m²",
    "_g": "g",
    "_n": "N",
    "_s": "s",
    "_ms": "ms",
    "_ns": "ns",
    "_hours": "hours",
    "_per_s": "pulses/s",
    "_years": "years",
    "_percent": "percent",
    "_degrees": "degrees",
    "_kv": "kV",
    "_ma": "mA",
    "_kev": "keV",
    "_ml": "ml",
    "_mg_dl": "mg/dl",
    "_mmol_l": "mmol/l",
    "_ml_min_173m2": "ml/min/1.73 m²",
}
"""The unit of a column by the end of its name. The longest end that fits is the right one."""

CODED = "_*"
"""The end of a name that stands for the two columns of a coded value, such as type_*."""
_PARTS = ("code", "meaning")

Names = Mapping[str, str | Iterable[Column]]
"""The name of a column in a table by its heading in other files, or the columns in its place."""


def find_unit(name: str) -> str:
    """Return the unit that the name of a column ends with, or the empty text."""
    ends = [end for end in UNITS if name.endswith(end)]
    return UNITS[max(ends, key=len)] if ends else ""


def rename_columns(columns: Iterable[Column], names: Names) -> tuple[Column, ...]:
    """Return the columns of other files as those of a table. Raise KeyError if one has no place."""
    return tuple(_rename(columns, names))


def _rename(columns: Iterable[Column], names: Names) -> Iterator[Column]:
    for column in columns:
        place = names[column.heading]
        if not isinstance(place, str):
            yield from place
        elif place.endswith(CODED):
            yield from make_coded(column.named(place.removesuffix(CODED)))
        else:
            kind = ISO_DATETIME if column.kind is DATETIME else column.kind
            yield column.named(place, kind=kind, unit=find_unit(place) or column.unit)


def make_coded(column: Column) -> Iterator[Column]:
    """Yield the columns of a code and of its meaning, which `column` reads.

    Its heading is the beginning of their names.
    """
    for part in _PARTS:
        yield column.named(
            f"{column.heading}_{part}",
            sql=column.sql.replace(".code_meaning", f".code_{'value' if part == 'code' else part}"),
            meaning=column.meaning if part == "meaning" else f"{column.meaning}: the code",
            conversion=_CONVERSIONS[part],
        )


_CONVERSIONS = {"code": "the code", "meaning": "the meaning of the code"}


def number_rows(order: str, within: str = "event.id", meaning: str = "Number of the row, from 1") -> Column:
    """Return the column n, which counts rows from 1 by `order` within each value of `within`."""
    sql = f"row_number() OVER (PARTITION BY chosen.position, {within} ORDER BY {order})"
    return Column("n", sql, INTEGER, meaning, COUNTED, blank=NEVER)
