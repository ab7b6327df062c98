"""An export request, checked and in canonical form."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from doseexport import catalogue
from doseexport.catalogue import ID, NAME, Spec
from doseexport.catalogue.filters import DEFAULT_ORDER
from doseexport.catalogue.options import DATES, LEAVE_OUT, PSEUDONYMS
from doseexport.catalogue.shared.column_choice import leave_out, split_headings
from doseexport.catalogue.shared.dap_units import DAP_UNIT, convert_spec
from doseexport.catalogue.shared.pseudonyms import DERIVED_FROM, pseudonymise
from doseexport.domain.parsing import read_flag, read_object
from doseexport.domain.rights import require_patient_access, require_pseudonyms
from doseexport.errors import RequestError, unprocessable

HIDDEN_FILTERS = frozenset({"date_from", "date_to", "age_min", "age_max", "physician"})
"""Filters of what a file with pseudonyms makes coarse or leaves out."""
OPENREM_ORDER = "o"
"""The name of the order among the filters of OpenREM's own URLs."""
EXPORT_REQUEST_FIELDS = frozenset(
    {
        *("type", "filters", "order", "options"),
        *("include_names", "include_ids", "retention_days", "send_mail"),
    }
)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One request, with canonical names and checked values.

    `filters` maps a filter's canonical name to its value as text (ISO dates, plain numbers). `options` holds
    the given options in the same way. `retention_days` is None for the service's default. `send_mail` asks
    for a mail to the owner when the export ends.
    """

    type: str
    filters: Mapping[str, str] = field(default_factory=dict)
    order: str = DEFAULT_ORDER
    options: Mapping[str, str] = field(default_factory=dict)
    include_names: bool = False
    include_ids: bool = False
    retention_days: int | None = None
    send_mail: bool = False

    @property
    def spec(self) -> Spec:
        """The export type's spec, which warns of computed totals if this request uses totals.

        It lacks the columns that are left out. Others show DAP in the requested unit, and pseudonyms in the
        place of patients.
        """
        dates = self.options[DATES.name] if self.has_pseudonyms else None
        spec = _find_spec(self.type, self.options.get(LEAVE_OUT, ""), dates)
        spec = spec.warn_of_totals(self.filters, self.order)
        return convert_spec(spec, self.options.get(DAP_UNIT.name, DAP_UNIT.default))

    @property
    def has_pseudonyms(self) -> bool:
        """Whether the file shows pseudonyms in the place of patients."""
        return PSEUDONYMS.name in self.options

    @property
    def hidden_filters(self) -> frozenset[str]:
        """The filters whose values the file and its manifest must not show."""
        naming = {name for name in self.filters if self.spec.filter(name).identifies_patient}
        return frozenset(naming | (HIDDEN_FILTERS if self.has_pseudonyms else set()))

    @property
    def has_patient_data(self) -> bool:
        """Whether the file holds names or IDs of patients, or the request a filter that identifies one."""
        identifying = any(self.spec.filter(name).identifies_patient for name in self.filters)
        return self.include_names or self.include_ids or identifying

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the canonical request. Equal requests have equal fingerprints."""
        fields = asdict(self)
        if not self.send_mail:  # as in releases without mails
            del fields["send_mail"]
        text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def list_patient_fields(self) -> Iterator[str]:
        """Yield the fields that name patients, such as include_names and filters.patient_name."""
        if self.include_names:
            yield "include_names"
        if self.include_ids:
            yield "include_ids"
        yield from (f"filters.{name}" for name in self.filters if self.spec.filter(name).pid)


@functools.lru_cache(maxsize=64)
def _find_spec(export_type: str, left_out: str, dates: str | None) -> Spec:
    """Return the spec of a type without the columns left out, with pseudonyms if `dates` is given.

    A request asks for it many times.
    """
    spec = leave_out(catalogue.find_spec(export_type), left_out)
    return spec if dates is None else pseudonymise(spec, dates)


def parse_request(body: object, *, may_see_patients: bool, may_use_pseudonyms: bool = False) -> ExportRequest:
    """Return the request that a JSON body describes. Raise RequestError (403, 422) naming the field."""
    fields = read_object(body, EXPORT_REQUEST_FIELDS)
    spec = parse_type(fields.get("type"))
    filters = dict(_read_mapping(fields, "filters"))
    request = ExportRequest(
        type=spec.type,
        order=_read_order(spec, fields.get("order"), filters.pop(OPENREM_ORDER, None)),
        filters=spec.parse_filters(filters),
        options=spec.parse_options(_read_mapping(fields, "options")),
        include_names=read_flag(fields.get("include_names", False), "include_names"),
        include_ids=read_flag(fields.get("include_ids", False), "include_ids"),
        retention_days=_read_days(fields.get("retention_days")),
        send_mail=read_flag(fields.get("send_mail", False), "send_mail"),
    )
    if request.has_pseudonyms:
        require_pseudonyms(may_use_pseudonyms=may_use_pseudonyms)
        _check_exclusions(request)
        _check_columns(request)
    _check_inclusions(request)
    require_patient_access(request.list_patient_fields(), may_see_patients=may_see_patients)
    return request


def parse_retention(body: object, maximum: timedelta) -> int:
    """Return the days in {"retention_days": N}: a whole number within `maximum`.

    Raise RequestError (422) otherwise.
    """
    is_alone = isinstance(body, Mapping) and set(body) == {"retention_days"}
    days = _read_days(body["retention_days"]) if is_alone else None  # type: ignore[index]
    if days is None:
        raise bad_retention('The body must be {"retention_days": N}.')
    check_retention(days, maximum)
    return days


def check_retention(days: int | None, maximum: timedelta) -> None:
    """Raise RequestError (422) if the retention is longer than `maximum`."""
    if days is not None and days > maximum.days:
        raise bad_retention(f"The longest retention is {maximum.days} days.")


def check_mail(*, send_mail: bool, has_sender: bool, is_machine: bool) -> None:
    """Raise RequestError (422) if a request asks for a mail that nobody could send or get."""
    if send_mail and is_machine:
        raise unprocessable("NO_MAIL", "A program has no mail address. Leave out send_mail.", "send_mail")
    if send_mail and not has_sender:
        message = "This service sends no mail to users. Leave out send_mail."
        raise unprocessable("NO_MAIL", message, "send_mail")


def bad_retention(message: str) -> RequestError:
    """Return the error for a retention period that is not possible."""
    return unprocessable("BAD_RETENTION_DAYS", message, "retention_days")


def parse_type(name: object) -> Spec:
    """Return the spec of an export type. Raise RequestError (422) if there is none of this name."""
    try:
        return catalogue.find_spec(name if isinstance(name, str) else "")
    except KeyError:
        known = ", ".join(catalogue.load_specs())
        raise unprocessable(
            "UNKNOWN_EXPORT_TYPE", f"There is no such export type. Choose from: {known}.", "type"
        ) from None


def _read_order(spec: Spec, given: object, openrem: object) -> str:
    order = spec.parse_order(given if openrem in (None, "") else openrem)
    if given not in (None, "") and spec.parse_order(given) != order:
        raise unprocessable("ORDER_GIVEN_TWICE", "The order is given twice, with two values.", "order")
    return order


def _read_mapping(fields: Mapping[str, Any], name: str) -> Mapping[str, object]:
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise unprocessable("NOT_AN_OBJECT", f"{name} must be an object of names and values.", name)
    return value


def _read_days(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise bad_retention("retention_days must be a whole number, at least 1.")
    return value


def _check_exclusions(request: ExportRequest) -> None:
    """Refuse names, IDs and filters that identify a patient: they would say whose the pseudonym is."""
    naming = (f"filters.{name}" for name in request.filters if request.spec.filter(name).identifies_patient)
    for name in (*request.list_patient_fields(), *naming):
        message = "An export with pseudonyms cannot name patients. Leave out the one or the other."
        raise unprocessable("PSEUDONYMS_EXCLUDE_PATIENTS", message, name)


def _check_columns(request: ExportRequest) -> None:
    """Refuse to leave out what pseudonyms replace, and every column of events that they keep."""
    left_out = DERIVED_FROM & set(split_headings(request.options.get(LEAVE_OUT, "")))
    events = request.spec.events
    has_events = events is None or any(not column.included_by for column in events.columns)
    if left_out or not has_events:
        message = (
            f"With pseudonyms a file has other columns for {', '.join(sorted(DERIVED_FROM))}, and keeps a"
            " column of events. Leave fewer columns out."
        )
        raise unprocessable("PSEUDONYMS_NEED_COLUMNS", message, f"options.{LEAVE_OUT}")


def _check_inclusions(request: ExportRequest) -> None:
    for inclusion, name in ((NAME, "include_names"), (ID, "include_ids")):
        if getattr(request, name) and not request.spec.can_include(inclusion):
            message = "Files of this export type never hold names or IDs of patients."
            raise unprocessable("NO_PATIENT_COLUMNS", message, name)
