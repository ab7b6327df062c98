"""The terms of a schedule: what it exports and when, as a person gives them, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from doseexport.errors import RequestError, unprocessable
from doseexport.recurrence import Cron, Rate, parse_expression
from doseexport.request import FIELDS as REQUEST_FIELDS
from doseexport.request import parse_request
from doseexport.windows import Window, parse_window

MAX_NAME = 80
FIELDS = frozenset({"name", "window", "expression", "time_zone", "ends_on", "enabled"})
"""What a schedule has beside what an export has."""
DATES = frozenset({"date_from", "date_to"})
"""The filters that a window stands for."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person decides.

    `asked` is an export request's body, in canonical form, without the window's dates. `ends_on` is the last
    day, in `zone`, on which it may be due.
    """

    name: str
    asked: Mapping[str, Any]
    with_patients: bool
    window: Window | None
    expression: Rate | Cron
    zone: ZoneInfo
    ends_on: date | None = None
    enabled: bool = True

    @property
    def body(self) -> dict[str, Any]:
        """The request body that says the same."""
        return {
            **self.asked,
            "name": self.name,
            "window": self.window.name if self.window else None,
            "expression": self.expression.text,
            "time_zone": self.zone.key,
            "ends_on": self.ends_on.isoformat() if self.ends_on else None,
            "enabled": self.enabled,
        }

    @property
    def ends_at(self) -> datetime | None:
        """The moment, in UTC, from which it is due no more."""
        if self.ends_on is None:
            return None
        return datetime.combine(self.ends_on + _DAY, time(), self.zone).astimezone(UTC)


def parse_terms(body: object, now: datetime, zone: ZoneInfo, *, may_see_patients: bool) -> Terms:
    """Return the terms that a JSON body asks for; `zone` if it names none. RequestError names the field."""
    fields = _check_fields(body)
    window = None if fields.get("window") is None else parse_window(fields["window"])
    of_zone = zone if fields.get("time_zone") is None else _parse_zone(fields["time_zone"])
    asked = {name: value for name, value in fields.items() if name in REQUEST_FIELDS}
    if window is not None:
        asked["filters"] = _add_window(asked.get("filters"), window, now, of_zone)
    request = parse_request(asked, may_see_patients=may_see_patients)
    filters = {name: value for name, value in request.filters.items() if window is None or name not in DATES}
    terms = Terms(
        name=_parse_name(fields.get("name")),
        asked={**asdict(request), "filters": filters},
        with_patients=request.with_patients,
        window=window,
        expression=_parse_recurrence(fields.get("expression")),
        zone=of_zone,
        ends_on=None if fields.get("ends_on") is None else _parse_last_day(fields["ends_on"]),
        enabled=_parse_enabled(fields.get("enabled")),
    )
    _check_due(terms, now)
    return terms


def change_terms(terms: Terms, changes: object, now: datetime, *, may_see_patients: bool) -> Terms:
    """Return the terms with a PATCH's fields in the place of its own. RequestError names the field."""
    if not isinstance(changes, Mapping):
        raise unprocessable("NOT_AN_OBJECT", "The body must be a JSON object.", "body")
    return parse_terms({**terms.body, **changes}, now, terms.zone, may_see_patients=may_see_patients)


def disable(terms: Terms) -> Terms:
    """Return the terms, not enabled."""
    return replace(terms, enabled=False)


def _check_fields(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise unprocessable("NOT_AN_OBJECT", "The body must be a JSON object.", "body")
    known = FIELDS | REQUEST_FIELDS
    for name in body:
        if name not in known:
            sentence = f"A schedule has no field of this name; it has {', '.join(sorted(known))}."
            raise unprocessable("UNKNOWN_FIELD", sentence, str(name))
    return body


def _add_window(filters: object, window: Window, now: datetime, zone: ZoneInfo) -> Any:
    """Return the filters with dates such as the window will give, so that they are checked together."""
    if not isinstance(filters, Mapping | None):
        return filters
    given = dict(filters or {})
    period = window.resolve(now, zone, None)
    if DATES & given.keys() or period is None:
        sentence = "Give a window, or dates among the filters, not both."
        raise unprocessable("WINDOW_AND_DATES", sentence, "window")
    return given | period.filters


def _parse_name(value: object) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not (0 < len(name) <= MAX_NAME and name.isprintable()):
        raise unprocessable("BAD_NAME", f"A name has 1 to {MAX_NAME} printable characters.", "name")
    return name


def _parse_zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(value)  # type: ignore[arg-type]  # whatever it is, it is tried
    except (TypeError, ValueError, OSError, KeyError) as error:
        sentence = "A time zone is a name like Europe/London."
        raise unprocessable("BAD_TIME_ZONE", sentence, "time_zone") from error


def _parse_recurrence(value: object) -> Rate | Cron:
    expression = parse_expression(value)
    if expression.is_too_frequent:
        raise unprocessable("TOO_FREQUENT", "A schedule is due once an hour at most.", "expression")
    return expression


def _parse_last_day(value: object) -> date:
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]  # whatever it is, it is tried
    except (TypeError, ValueError) as error:
        raise unprocessable("BAD_DATE", "A date is written 2026-11-30.", "ends_on") from error


def _parse_enabled(value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, bool):
        raise unprocessable("NOT_A_BOOLEAN", "enabled must be true or false.", "enabled")
    return value


def _check_due(terms: Terms, now: datetime) -> None:
    due = terms.expression.next_after(now, terms.zone, now)
    if terms.enabled and (due is None or (terms.ends_at is not None and due >= terms.ends_at)):
        raise RequestError("NEVER_DUE", "With this expression and end it is never due.", "expression", 422)
