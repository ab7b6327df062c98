"""The catalogue of export types: every module of a modality that defines SPECS adds its types."""

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
from doseexport.catalogue.shared.column_choice import offer_choice
from doseexport.catalogue.shared.pseudonyms import offer_pseudonyms
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
    "find_frequency",
    "find_spec",
    "list_specs",
    "load_specs",
]


@functools.cache
def load_specs() -> dict[str, Spec]:
    """Return every export type by its name, sorted."""
    specs = [spec for package in _list_packages() for spec in _load_package(package)]
    return {spec.type: spec for spec in sorted(specs, key=lambda spec: spec.type)}


def list_specs(schema: Schema) -> list[Spec]:
    """Return the export types that a database with this schema can make, with the filters it can answer."""
    return [spec.limit_to(schema) for spec in load_specs().values() if spec.is_offered(schema)]


def find_spec(export_type: str) -> Spec:
    """Return the spec of an export type, or raise KeyError if it does not exist.

    Only the package of its modality is loaded.
    """
    return {spec.type: spec for spec in _load_relatives(export_type)}[export_type]


def find_frequency(export_type: str) -> Frequency:
    """Return what characterises the studies of a type: a workbook of its modality has a sheet for each value.

    Only the package of its modality is loaded.
    """
    for spec in _load_relatives(export_type):
        if isinstance(spec.layout, ModalityWorkbook):
            return spec.layout.sheets
        if isinstance(spec.layout, CustomRows) and spec.layout.summary:
            return spec.layout.frequencies[0]
    raise LookupError(f"no workbook like {export_type} has a sheet for each value of a column")


def _load_relatives(export_type: str) -> tuple[Spec, ...]:
    """Return the types of the same package: a type's name begins with the name of its package."""
    package = export_type.partition("-")[0]
    return _load_package(package) if package in _list_packages() else ()


@functools.cache
def _list_packages() -> frozenset[str]:
    return frozenset(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg)


@functools.cache
def _load_package(name: str) -> tuple[Spec, ...]:
    """Return the export types of a package. All its modules are searched for SPECS: no type is registered."""
    package = importlib.import_module(f"{__name__}.{name}")
    modules = [each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    found = (spec for each in modules for spec in getattr(importlib.import_module(each), "SPECS", ()))
    return tuple(offer_pseudonyms(offer_choice(spec)) for spec in found)
