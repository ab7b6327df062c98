"""The terms of a schedule: what it exports and when, as its owner decides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from doseexport.domain.parsing import read_flag, read_name, read_object
from doseexport.domain.recurrence import Cron, Rate, parse_expression
from doseexport.domain.request import EXPORT_REQUEST_FIELDS, ExportRequest, parse_request
from doseexport.domain.window import DATES, Window, parse_window
from doseexport.errors import unprocessable

SCHEDULE_FIELDS = frozenset({"name", "window", "expression", "time_zone", "ends_on", "enabled"})
"""The fields of a schedule that an export request does not have."""
LAST_YEAR = 2199
"""The last year that a cron expression accepts."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ZONE = re.compile(r"UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the owner of a schedule decides.

    `request` is the body of an export request, in canonical form, without the dates of the window.
    `ends_on` is the last day, in `zone`, on which the schedule may be due.
    """

    name: str
    request: Mapping[str, Any]
    has_patient_data: bool
    window: Window | None
    expression: Rate | Cron
    zone: ZoneInfo
    ends_on: date | None = None
    enabled: bool = True

    @property
    def body(self) -> dict[str, Any]:
        """The terms as a request body."""
        return {
            **self.request,
            "name": self.name,
            "window": self.window.name if self.window else None,
            "expression": self.expression.text,
            "time_zone": self.zone.key,
            "ends_on": self.ends_on.isoformat() if self.ends_on else None,
            "enabled": self.enabled,
        }

    @property
    def ends_at(self) -> datetime | None:
        """The moment, in UTC, from which the schedule is no longer due."""
        if self.ends_on is None:
            return None
        return datetime.combine(self.ends_on + _DAY, time(), self.zone).astimezone(UTC)


def parse_terms(  # noqa: PLR0913  each right is an argument
    body: object,
    now: datetime,
    zone: ZoneInfo,
    *,
    may_see_patients: bool,
    may_use_pseudonyms: bool = False,
    rate_start: datetime | None = None,
) -> Terms:
    """Return the terms in a JSON body. Raise RequestError (403, 422) naming the field.

    `zone` is the time zone of a body that names none. `rate_start` is when the schedule was created, from
    which a rate counts. None means now.
    """
    fields = read_object(body, SCHEDULE_FIELDS | EXPORT_REQUEST_FIELDS)
    window = None if fields.get("window") is None else parse_window(fields["window"])
    zone = zone if fields.get("time_zone") is None else _parse_zone(fields["time_zone"])
    requested = {name: value for name, value in fields.items() if name in EXPORT_REQUEST_FIELDS}
    parse = partial(parse_request, may_see_patients=may_see_patients, may_use_pseudonyms=may_use_pseudonyms)
    request = parse(requested)
    if window is not None:
        filters = _add_window(request.filters, window, now, zone)
        request = parse({**requested, "filters": filters, "order": request.order})
    terms = Terms(
        name=read_name(fields.get("name")),
        request=_describe_request(request, window),
        has_patient_data=request.has_patient_data,
        window=window,
        expression=_parse_recurrence(fields.get("expression")),
        zone=zone,
        ends_on=None if fields.get("ends_on") is None else _parse_last_day(fields["ends_on"]),
        enabled=fields.get("enabled") is None or read_flag(fields["enabled"], "enabled"),
    )
    _check_due(terms, now, rate_start or now)
    return terms


def change_terms(  # noqa: PLR0913  each right is an argument
    terms: Terms,
    changes: object,
    now: datetime,
    *,
    may_see_patients: bool,
    may_use_pseudonyms: bool = False,
    rate_start: datetime,
) -> Terms:
    """Return the terms with the given fields changed. Raise RequestError (403, 422) naming the field."""
    body = {**terms.body, **read_object(changes, SCHEDULE_FIELDS | EXPORT_REQUEST_FIELDS)}
    return parse_terms(
        body,
        now,
        terms.zone,
        may_see_patients=may_see_patients,
        may_use_pseudonyms=may_use_pseudonyms,
        rate_start=rate_start,
    )


def disable(terms: Terms) -> Terms:
    """Return the same terms, disabled."""
    return replace(terms, enabled=False)


def _describe_request(request: ExportRequest, window: Window | None) -> dict[str, Any]:
    """Return the body of the request, without the dates of the window."""
    filters = {name: value for name, value in request.filters.items() if window is None or name not in DATES}
    return {**asdict(request), "filters": filters}


def _add_window(filters: Mapping[str, str], window: Window, now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return canonical filters with the dates that the window gives now, to be checked together."""
    period = window.resolve(now, zone, None)
    if DATES & filters.keys() or period is None:
        message = "Give either a window or date filters, not both."
        raise unprocessable("WINDOW_AND_DATES", message, "window")
    return {**filters, **period.filters}


def _parse_zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(_match(_ZONE, value))
    except (ValueError, OSError, KeyError) as error:
        message = "Enter a time zone such as Europe/London."
        raise unprocessable("BAD_TIME_ZONE", message, "time_zone") from error


def _parse_recurrence(value: object) -> Rate | Cron:
    expression = parse_expression(value)
    if expression.is_too_frequent:
        raise unprocessable("TOO_FREQUENT", "A schedule may run at most once an hour.", "expression")
    return expression


def _parse_last_day(value: object) -> date:
    try:
        day = date.fromisoformat(_match(_DATE, value))
    except ValueError as error:
        raise unprocessable("BAD_DATE", "Enter a date such as 2026-11-30.", "ends_on") from error
    if day.year > LAST_YEAR:
        raise unprocessable("BAD_DATE", f"The year must be {LAST_YEAR} or earlier.", "ends_on")
    return day


def _match(pattern: re.Pattern[str], value: object) -> str:
    if not (isinstance(value, str) and pattern.fullmatch(value)):
        raise ValueError("does not match the pattern")
    return value


def _check_due(terms: Terms, now: datetime, rate_start: datetime) -> None:
    if not terms.enabled:
        return
    due = terms.expression.next_after(now, terms.zone, rate_start)
    if due is None:
        message = "It would never run: no coming day matches the expression."
        raise unprocessable("NEVER_DUE", message, "expression")
    if terms.ends_at is not None and due >= terms.ends_at:
        message = "It would never run: its first run would be after the end date."
        raise unprocessable("NEVER_DUE", message, "ends_on")
