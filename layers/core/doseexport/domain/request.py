"""What may be asked: one export request, checked and in canonical form. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from doseexport import catalogue
from doseexport.catalogue import ID, NAME, Spec
from doseexport.catalogue.filters import DEFAULT_ORDER
from doseexport.domain.parsing import read_flag, read_object
from doseexport.errors import RequestError, forbidden, unprocessable

OPENREM_ORDER = "o"
FIELDS = frozenset({"type", "filters", "order", "options", "include_names", "include_ids", "retention_days"})


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One export as asked for: canonical names, checked values.

    `filters` maps a filter's canonical name to its value as text (dates ISO, numbers plain);
    `options` are those given, in canonical form too; `retention_days` is None for the service's default.
    """

    type: str
    filters: Mapping[str, str] = field(default_factory=dict)
    order: str = DEFAULT_ORDER
    options: Mapping[str, str] = field(default_factory=dict)
    include_names: bool = False
    include_ids: bool = False
    retention_days: int | None = None

    @property
    def spec(self) -> Spec:
        """The export type's spec."""
        return catalogue.find_spec(self.type)

    @property
    def has_patient_data(self) -> bool:
        """Whether the file, or the request itself, names patients."""
        return (
            self.include_names or self.include_ids or any(self.spec.filter(name).pid for name in self.filters)
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical request: equal requests have equal fingerprints."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def parse_request(body: object, *, may_see_patients: bool) -> ExportRequest:
    """Return the request that a JSON body asks for, or raise RequestError naming the field."""
    fields = read_object(body, FIELDS)
    spec = _find_spec(fields.get("type"))
    filters = dict(_mapping(fields, "filters"))
    request = ExportRequest(
        type=spec.type,
        order=_read_order(spec, fields.get("order"), filters.pop(OPENREM_ORDER, None)),
        filters=spec.parse_filters(filters),
        options=spec.parse_options(_mapping(fields, "options")),
        include_names=read_flag(fields.get("include_names", False), "include_names"),
        include_ids=read_flag(fields.get("include_ids", False), "include_ids"),
        retention_days=_days(fields.get("retention_days")),
    )
    _check_wishes(request)
    _check_rights(request, may_see_patients=may_see_patients)
    return request


def parse_retention(body: object, most: timedelta) -> int:
    """Return the days in {"retention_days": N}, a whole number within `most`; RequestError (422) names it."""
    days = (
        _days(body["retention_days"])
        if isinstance(body, Mapping) and set(body) == {"retention_days"}
        else None
    )
    if days is None:
        raise bad_retention('The body must be {"retention_days": N}.')
    check_retention(days, most)
    return days


def check_retention(days: int | None, most: timedelta) -> None:
    """Raise RequestError (422) if a file shall be kept for longer than `most`."""
    if days is not None and days > most.days:
        raise bad_retention(f"ExportBucket are kept for {most.days} days at most.")


def bad_retention(message: str) -> RequestError:
    """Return the error for a time that a file cannot be kept."""
    return unprocessable("BAD_RETENTION_DAYS", message, "retention_days")


def _find_spec(name: object) -> Spec:
    if not isinstance(name, str) or name not in catalogue.load_specs():
        known = _listed(catalogue.load_specs())
        raise unprocessable(
            "UNKNOWN_EXPORT_TYPE", f"There is no such export type; there are {known}.", "type"
        )
    return catalogue.find_spec(name)


def _read_order(spec: Spec, given: object, openrem: object) -> str:
    """Return the order; OpenREM's addresses carry it among the filters, as `o`."""
    order = spec.parse_order(given if openrem in (None, "") else openrem)
    if given not in (None, "") and spec.parse_order(given) != order:
        raise unprocessable("ORDER_GIVEN_TWICE", "The order is given twice, with two values.", "order")
    return order


def _mapping(fields: Mapping[str, Any], name: str) -> Mapping[str, object]:
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise unprocessable("NOT_AN_OBJECT", f"{name} must be an object of names and values.", name)
    return value


def _days(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise bad_retention("retention_days must be a whole number from 1.")
    return value


def _check_wishes(request: ExportRequest) -> None:
    for wish, field_name, asked in (
        (NAME, "include_names", request.include_names),
        (ID, "include_ids", request.include_ids),
    ):
        if asked and not request.spec.can_include(wish):
            message = "ExportBucket of this export type never hold names or IDs of patients."
            raise unprocessable("NO_PATIENT_COLUMNS", message, field_name)


def _check_rights(request: ExportRequest, *, may_see_patients: bool) -> None:
    if may_see_patients:
        return
    for name in ("include_names", "include_ids"):
        if getattr(request, name):
            raise forbidden(
                "Names and IDs of patients are for members of pidgroup only.", name, "PIDGROUP_NEEDED"
            )
    for name in request.filters:
        if request.spec.filter(name).pid:
            raise forbidden(
                "This filter names patients and is for members of pidgroup only.",
                f"filters.{name}",
                "PIDGROUP_NEEDED",
            )


def _listed(names: object) -> str:
    return ", ".join(sorted(names))  # type: ignore[call-overload]
