"""Show the catalogue as JSON objects to one caller: modalities, filters, orders, types and columns."""

from __future__ import annotations

from typing import Any

from doseexport.actions.results import Catalogue, ModalityEntry
from doseexport.catalogue import ID, NAME, Spec
from doseexport.catalogue.dictionary import Entry, describe_type
from doseexport.catalogue.filters import Filter
from doseexport.catalogue.options import Option
from doseexport.domain.rights import PATIENT_GROUP, Caller

Json = dict[str, Any]


def view_catalogue(catalogue: Catalogue, caller: Caller) -> Json:
    """Return every modality with its filters, orders and types, and what the caller may do.

    The columns of the types are null if the request omitted them.
    """
    return {
        "modalities": [_view_modality(each, catalogue.has_columns) for each in catalogue.modalities],
        "default_order": catalogue.default_order,
        "may_see_patients": caller.may_see_patients,
        "is_admin": caller.is_admin,
        "user": caller.name,
        "can_send_mail": catalogue.has_mail and not caller.is_machine,
        "retention_days": {
            "default": catalogue.retention.days,
            "max": catalogue.max_retention.days,
        },
    }


def _view_modality(entry: ModalityEntry, has_columns: bool) -> Json:
    return {
        "name": entry.modality.name,
        "filters": [_view_filter(each) for each in entry.modality.filters],
        "orders": [{"name": each.name, "help": each.help} for each in entry.modality.orders],
        "types": [_view_type(spec, has_columns) for spec in entry.specs],
    }


def _view_filter(known: Filter) -> Json:
    return {
        "name": known.name,
        "value_type": known.value_type.name,
        "unit": known.unit,
        "help": known.help,
        "aliases": list(known.aliases),
        "needs_group": PATIENT_GROUP if known.pid else None,
        "identifies_patient": known.identifies_patient,
        "suggests": known.suggests,
    }


def _view_type(spec: Spec, has_columns: bool) -> Json:
    return {
        "type": spec.type,
        "format": spec.format,
        "help": spec.help,
        "include_names": spec.can_include(NAME),
        "include_ids": spec.can_include(ID),
        "options": [_view_option(each) for each in spec.options],
        "own_filters": [_view_filter(each) for each in spec.own_filters],
        "needs": list(spec.needs),
        "default_filters": dict(spec.default_filters),
        "is_ordered": spec.is_ordered,
        "columns": [_view_column(entry) for entry in describe_type(spec.type)] if has_columns else None,
    }


def _view_column(entry: Entry) -> Json:
    return {**entry.texts, "included_by": entry.included_by, "column": entry.column}


def _view_option(known: Option) -> Json:
    return {
        "name": known.name,
        "value_type": known.value_type.name,
        "default": known.default,
        "help": known.help,
        "choices": list(known.value_type.choices),
    }
