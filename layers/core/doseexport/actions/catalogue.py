"""What may be asked for, in JSON, as a form needs it: modalities, filters, orders, export types. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any

from doseexport import catalogue
from doseexport.catalogue import ID, NAME, Modality, Spec
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter
from doseexport.catalogue.options import Option
from doseexport.domain.rights import PATIENT_GROUP, Caller


def describe_catalogue(caller: Caller, kept: timedelta, most: timedelta) -> dict[str, Any]:
    """Return every modality with its filters, orders and types, and what this caller may do.

    ExportBucket are `kept` for so long by themselves, and for `most` if somebody wants it.
    """
    return {
        "modalities": [_describe_modality(specs) for specs in _group_by_modality()],
        "default_order": DEFAULT_ORDER,
        "may_see_patients": caller.may_see_patients,
        "is_admin": caller.is_admin,
        "user": caller.name,
        "retention_days": {"default": kept.days, "max": most.days},
    }


def _group_by_modality() -> list[list[Spec]]:
    specs = sorted(catalogue.load_specs().values(), key=lambda spec: (spec.modality.name, spec.type))
    return [list(found) for _, found in groupby(specs, key=lambda spec: spec.modality.name)]


def _describe_modality(specs: list[Spec]) -> dict[str, Any]:
    modality: Modality = specs[0].modality
    return {
        "name": modality.name,
        "filters": [_describe_filter(each) for each in modality.filters],
        "orders": [{"name": each.name, "help": each.help} for each in modality.orders],
        "types": [_describe_type(spec) for spec in specs],
    }


def _describe_filter(known: Filter) -> dict[str, Any]:
    return {
        "name": known.name,
        "value_type": known.value_type.name,
        "unit": known.unit,
        "help": known.help,
        "aliases": list(known.aliases),
        "needs_group": PATIENT_GROUP if known.pid else None,
    }


def _describe_type(spec: Spec) -> dict[str, Any]:
    return {
        "type": spec.type,
        "format": spec.format,
        "help": spec.help,
        "include_names": spec.can_include(NAME),
        "include_ids": spec.can_include(ID),
        "options": [_describe_option(each) for each in spec.options],
        "own_filters": [_describe_filter(each) for each in spec.own_filters],
        "needs": list(spec.needs),
    }


def _describe_option(known: Option) -> dict[str, str]:
    return {
        "name": known.name,
        "value_type": known.value_type.name,
        "default": known.default,
        "help": known.help,
    }
