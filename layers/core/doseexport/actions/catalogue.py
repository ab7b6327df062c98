"""List what can be requested: modalities with their filters, orders and export types."""

from __future__ import annotations

from itertools import groupby

from doseexport import catalogue
from doseexport.actions.results import Catalogue, ModalityEntry
from doseexport.aws.services import Services


def list_export_types(services: Services) -> Catalogue:
    """Return the catalogue of this release."""
    specs = sorted(catalogue.load_specs().values(), key=lambda spec: (spec.modality.name, spec.type))
    groups = (tuple(found) for _, found in groupby(specs, key=lambda spec: spec.modality.name))
    entries = tuple(ModalityEntry(found[0].modality, found) for found in groups)
    return Catalogue(entries, services.settings.retention, services.settings.max_retention)
