"""The export types. A new file is found by itself, through its SPECS."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from doseexport.exports._columns import ID, NAME, Cells, Column, ColumnKind, Stream, Wishes
from doseexport.exports._layouts import Arranger, Blocks, Book, Frequency, Long, Rows, Sheet, Start, Wide
from doseexport.exports._spec import Modality, Spec

__all__ = [
    "ID",
    "NAME",
    "Arranger",
    "Blocks",
    "Book",
    "Cells",
    "Column",
    "ColumnKind",
    "Frequency",
    "Long",
    "Modality",
    "Rows",
    "Sheet",
    "Spec",
    "Start",
    "Stream",
    "Wide",
    "Wishes",
    "catalogue",
    "find",
]


@functools.cache
def catalogue() -> dict[str, Spec]:
    """Return every export type by its name, sorted."""
    modules = [each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_")]
    specs = [spec for name in modules for spec in importlib.import_module(f"{__name__}.{name}").SPECS]
    return {spec.type: spec for spec in sorted(specs, key=lambda spec: spec.type)}


def find(export_type: str) -> Spec:
    """Return the spec of an export type; KeyError when there is none."""
    return catalogue()[export_type]
