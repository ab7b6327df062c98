"""The catalogue of export types: every module below this package that defines SPECS adds its types."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from doseexport.catalogue.columns import ID, NAME, Cells, Column, ColumnKind, Inclusions, Stream
from doseexport.catalogue.layouts import (
    AuditWorkbook,
    Blocks,
    CustomRows,
    FileContext,
    Frequency,
    Long,
    ModalityWorkbook,
    RowBuilder,
    Sheet,
    Table,
    Tables,
    Wide,
)
from doseexport.catalogue.schema import Schema
from doseexport.catalogue.spec import Modality, Spec

__all__ = [
    "ID",
    "NAME",
    "AuditWorkbook",
    "Blocks",
    "Cells",
    "Column",
    "ColumnKind",
    "CustomRows",
    "FileContext",
    "Frequency",
    "Inclusions",
    "Long",
    "Modality",
    "ModalityWorkbook",
    "RowBuilder",
    "Sheet",
    "Spec",
    "Stream",
    "Table",
    "Tables",
    "Wide",
    "find_spec",
    "list_specs",
    "load_specs",
]


@functools.cache
def load_specs() -> dict[str, Spec]:
    """Return every export type by its name, sorted.

    All modules below this package are searched for SPECS, so a new type needs no registration.
    """
    modules = [each.name for each in pkgutil.walk_packages(__path__, f"{__name__}.")]
    specs = [spec for name in modules for spec in getattr(importlib.import_module(name), "SPECS", ())]
    return {spec.type: spec for spec in sorted(specs, key=lambda spec: spec.type)}


def list_specs(schema: Schema) -> list[Spec]:
    """Return the export types that a database with this schema can make, with the filters it can answer."""
    return [spec.limit_to(schema) for spec in load_specs().values() if spec.is_offered(schema)]


def find_spec(export_type: str) -> Spec:
    """Return the spec of an export type, or raise KeyError if it does not exist."""
    return load_specs()[export_type]
