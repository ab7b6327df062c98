"""The option dap_unit: every DAP of a file in one unit, headings and values together, in exact decimals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from doseexport.catalogue.columns import Column, Stream
from doseexport.catalogue.layouts import ModalityWorkbook
from doseexport.catalogue.options import Option
from doseexport.catalogue.spec import Spec
from doseexport.catalogue.values import choose_from

PER_GYM2: Mapping[str, int] = MappingProxyType(
    {"Gy·cm²": 10**4, "cGy·cm²": 10**6, "µGy·m²": 10**6, "mGy·cm²": 10**7, "Gy·m²": 1}
)
"""Units of DAP, and how many of each are one Gy·m², which OpenREM stores."""

_SPELLINGS = {
    spelling: unit
    for unit in PER_GYM2
    for spelling in (
        unit.replace("·", ".").replace("²", "2").replace("µ", "u"),
        unit.replace("·", ".").replace("²", "^2").replace("µ", "u"),
        unit.replace("µ", "μ"),  # the Greek letter
    )
    if spelling != unit
}
_CHOICES = tuple(unit for unit in PER_GYM2 if unit != "Gy·m²")
DAP_UNIT_VALUE = choose_from(_CHOICES, _SPELLINGS)
"""One of the units that people use, however it is spelled."""

AS_OPENREM = "as_openrem"
DAP_UNIT = Option(
    "dap_unit",
    choose_from((AS_OPENREM, *_CHOICES), _SPELLINGS),
    AS_OPENREM,
    "unit of every DAP; by default OpenREM's, which differ between columns",
)
"""The option of types that show DAP in columns."""

_IN_HEADINGS = {unit: unit.replace("·", ".").replace("²", "^2").replace("µ", "u") for unit in PER_GYM2}
_PER_GYM2 = {_IN_HEADINGS[unit]: Decimal(number) for unit, number in PER_GYM2.items()}
_HEADING = re.compile(r"\((c?Gy\.c?m\^2)\)$")


def convert_spec(spec: Spec, unit: str) -> Spec:
    """Return the spec with every DAP in a unit of the option, if it has the option."""
    if unit == AS_OPENREM or DAP_UNIT not in spec.options:
        return spec
    layout = spec.layout
    if isinstance(layout, ModalityWorkbook) and layout.blocks:
        blocks = replace(layout.blocks, columns=_convert_columns(layout.blocks.columns, unit))
        layout = replace(layout, blocks=blocks)
    events = None if spec.events is None else _convert_stream(spec.events, unit)
    return replace(spec, studies=_convert_stream(spec.studies, unit), events=events, layout=layout)


def _convert_stream(stream: Stream, unit: str) -> Stream:
    # Functions find the extras by their headings, which nobody is shown.
    extras = (replace(_convert(each, unit), heading=each.heading) for each in stream.extras)
    return replace(stream, columns=_convert_columns(stream.columns, unit), extras=tuple(extras))


def _convert_columns(columns: tuple[Column, ...], unit: str) -> tuple[Column, ...]:
    return tuple(_convert(each, unit) for each in columns)


def _convert(column: Column, unit: str) -> Column:
    found = _HEADING.search(column.heading)
    if found is None:
        return column
    name = _IN_HEADINGS[unit]
    factor = _PER_GYM2[name] / _PER_GYM2[found[1]]
    return replace(
        column,
        heading=f"{column.heading[: found.start()]}({name})",
        sql=f"({column.sql}) * {factor:f}" if column.sql else "",
        unit=unit,
        conversion=f"× {PER_GYM2[unit]:,} from Gy·m²",
    )
