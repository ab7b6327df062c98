"""List what can be requested: modalities with their filters, orders and export types."""

from __future__ import annotations

from itertools import groupby

from doseexport import catalogue
from doseexport.actions.features import find_schema
from doseexport.actions.results import Catalogue, ModalityEntry
from doseexport.aws.services import Services
from doseexport.errors import RequestError

ALL, NONE = COLUMN_CHOICES = ("all", "none")
"""The values of the parameter columns: the columns of every type, or none to keep the answer small."""


def list_export_types(services: Services, columns: str = ALL) -> Catalogue:
    """Return what this release can export from the database, as far as the worker has seen it.

    Raise RequestError (400) if `columns` is not one of COLUMN_CHOICES.
    """
    if columns not in COLUMN_CHOICES:
        raise RequestError("BAD_COLUMNS", "columns must be all or none.", "columns", 400)
    schema = find_schema(services)
    specs = sorted(catalogue.list_specs(schema), key=lambda spec: (spec.modality.name, spec.type))
    groups = (tuple(found) for _, found in groupby(specs, key=lambda spec: spec.modality.name))
    entries = tuple(ModalityEntry(found[0].modality, found) for found in groups)
    settings = services.settings
    return Catalogue(
        entries,
        settings.retention,
        settings.max_retention,
        has_columns=columns == ALL,
        has_mail=settings.has_mail_sender,
    )
