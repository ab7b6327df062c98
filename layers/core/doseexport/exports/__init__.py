"""The export types. One file a modality; a new one is found by itself through its SPECS."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from doseexport.exports._spec import Column, Dataset, Spec, Stream

__all__ = ["Column", "Dataset", "Spec", "Stream", "catalogue", "find"]


@functools.cache
def catalogue() -> dict[str, Spec]:
    """Return every export type by its name, sorted."""
    modules = [each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_")]
    specs = [spec for name in modules for spec in importlib.import_module(f"{__name__}.{name}").SPECS]
    return {spec.type: spec for spec in sorted(specs, key=lambda spec: spec.type)}


def find(export_type: str) -> Spec:
    """Return the spec of an export type; KeyError when there is none."""
    return catalogue()[export_type]
