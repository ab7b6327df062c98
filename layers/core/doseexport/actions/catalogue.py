"""List what can be requested: modalities with their filters, orders and export types."""

from __future__ import annotations

from itertools import groupby

from doseexport import catalogue
from doseexport.actions.features import find_schema
from doseexport.actions.results import Catalogue, ModalityEntry
from doseexport.aws.services import Services


def list_export_types(services: Services) -> Catalogue:
    """Return what this release can export from the database, as far as the worker has seen it."""
    schema = find_schema(services)
    specs = sorted(catalogue.list_specs(schema), key=lambda spec: (spec.modality.name, spec.type))
    groups = (tuple(found) for _, found in groupby(specs, key=lambda spec: spec.modality.name))
    entries = tuple(ModalityEntry(found[0].modality, found) for found in groups)
    return Catalogue(entries, services.settings.retention, services.settings.max_retention)
