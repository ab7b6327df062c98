"""Columns of tables: names in snake_case with their unit, keys, and coded values (docs/tables.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from doseexport.catalogue.columns import DATETIME, INTEGER, ISO_DATETIME, Column
from doseexport.catalogue.shared.xray import code, code_meaning

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
    "_per_s": "1/s",
    "_years": "years",
    "_percent": "percent",
    "_degrees": "degrees",
    "_kv": "kV",
    "_ma": "mA",
    "_kev": "keV",
    "_ml": "ml",
    "_mg_dl": "mg/dl",
    "_mmol_l": "mmol/l",
    "_ml_min_173m2": "ml/min/1.73m²",
}
"""The unit of a column by the end of its name. The longest end that fits is the right one."""

Names = Mapping[str, str | Iterable[Column]]
"""The name of a column in a table by its heading in other files, or the columns in its place."""


def find_unit(name: str) -> str:
    """Return the unit that the name of a column ends with, or the empty text."""
    ends = [end for end in UNITS if name.endswith(end)]
    return UNITS[max(ends, key=len)] if ends else ""


def make_column(name: str, column: Column) -> Column:
    """Return a column of other files under its name in a table, which tells its unit."""
    kind = ISO_DATETIME if column.kind is DATETIME else column.kind
    return replace(column, heading=name, kind=kind, unit=find_unit(name))


def rename_columns(columns: Iterable[Column], names: Names) -> tuple[Column, ...]:
    """Return the columns of other files as those of a table. Raise KeyError if one has no place."""
    return tuple(_rename(columns, names))


def _rename(columns: Iterable[Column], names: Names) -> Iterator[Column]:
    for column in columns:
        place = names[column.heading]
        if isinstance(place, str):
            yield make_column(place, column)
        else:
            yield from place


def make_code(name: str, column: str, meaning: str, dicom: str = "", source: str = "") -> tuple[Column, ...]:
    """Return the two columns of a coded value. `column` refers to the table of codes."""
    return make_joined_code(name, (code(column), code_meaning(column)), meaning, dicom, source)


def make_joined_code(
    name: str, sql: tuple[str, str], meaning: str, dicom: str = "", source: str = ""
) -> tuple[Column, ...]:
    """Return the two columns of a coded value, from the SQL of its code and of the code's meaning."""
    parts = (("code", "code"), ("meaning", "meaning of the code"))
    return tuple(
        Column(f"{name}_{part}", each, meaning=f"{meaning}: {words}", source=source, dicom=dicom)
        for each, (part, words) in zip(sql, parts, strict=True)
    )


def number_rows(order: str, within: str = "event.id", meaning: str = "") -> Column:
    """Return the column n, which counts rows from 1 by `order` within each value of `within`."""
    sql = f"row_number() OVER (PARTITION BY chosen.position, {within} ORDER BY {order})"
    return Column("n", sql, INTEGER, meaning=meaning or "number of the row, from 1, in the order of OpenREM")
