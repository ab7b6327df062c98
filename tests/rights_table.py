"""docs/rights.md as tests read it, and the request behind each of its lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from doseexport.domain.export import make_id
from doseexport.domain.schedule import Schedule
from doseexport.domain.schedule_terms import parse_terms

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rights.md"

SCHEDULE = {"name": "Weekly", "type": "ct-csv", "expression": "rate(7 days)"}
# method, path and body; {} in a path is the export's id, or the schedule's.
REQUESTS: dict[str, tuple[str, str, Any]] = {
    "list export types": ("GET", "/export-types", None),
    "list exports": ("GET", "/exports", None),
    "list everyone's exports": ("GET", "/exports?scope=all", None),
    "request": ("POST", "/exports", {"type": "ct-csv"}),
    "request with names": ("POST", "/exports", {"type": "ct-csv", "include_names": True}),
    "request with IDs": ("POST", "/exports", {"type": "ct-csv", "include_ids": True}),
    "request with pseudonyms": ("POST", "/exports", {"type": "ct-csv", "options": {"pseudonyms": "pool"}}),
    "request by a patient's name": ("POST", "/exports", {"type": "ct-csv", "filters": {"patient_name": "x"}}),
    "request by a patient's ID": ("POST", "/exports", {"type": "ct-csv", "filters": {"patient_id": "x"}}),
    "preview": ("POST", "/exports/preview", {"type": "ct-csv"}),
    "preview by a patient's name": (
        "POST",
        "/exports/preview",
        {"type": "ct-csv", "filters": {"patient_name": "x"}},
    ),
    "see first rows": ("POST", "/exports/preview/rows", {"type": "ct-csv"}),
    "see first rows with names": (
        "POST",
        "/exports/preview/rows",
        {"type": "ct-csv", "include_names": True},
    ),
    "see first rows with IDs": ("POST", "/exports/preview/rows", {"type": "ct-csv", "include_ids": True}),
    "list suggestions": ("GET", "/suggestions?type=ct-csv&filter=station", None),
    "see": ("GET", "/exports/{}", None),
    "read filters": ("GET", "/exports/{}", None),
    "read filters in the list": ("GET", "/exports?scope=all", None),
    "download": ("POST", "/exports/{}/download", None),
    "abort": ("POST", "/exports/{}/abort", None),
    "delete": ("DELETE", "/exports/{}", None),
    "set retention": ("PATCH", "/exports/{}", {"retention_days": 7}),
    "see usage": ("GET", "/usage", None),
    "read audit trail": ("GET", "/exports/{}/audit-trail", None),
    "read patients in the audit trail": ("GET", "/exports/{}/audit-trail", None),
    "delete many": ("DELETE", "/exports", {"ids": ["{}"]}),
    "create a schedule": ("POST", "/schedules", SCHEDULE),
    "create a schedule with names": ("POST", "/schedules", {**SCHEDULE, "include_names": True}),
    "list schedules": ("GET", "/schedules", None),
    "list everyone's schedules": ("GET", "/schedules?scope=all", None),
    "see a schedule": ("GET", "/schedules/{}", None),
    "read a schedule's filters": ("GET", "/schedules/{}", None),
    "run a schedule now": ("POST", "/schedules/{}/run", None),
    "change a schedule": ("PATCH", "/schedules/{}", {"name": "Another name"}),
    "disable a schedule": ("PATCH", "/schedules/{}", {"enabled": False}),
    "preview a changed schedule": ("POST", "/schedules/{}/preview", {"expression": "rate(14 days)"}),
    "list a schedule's runs": ("GET", "/schedules/{}/runs", None),
    "delete a schedule": ("DELETE", "/schedules/{}", None),
    "save preset": ("POST", "/presets", {"name": "x", "request": {"type": "ct-csv"}}),
    "list presets": ("GET", "/presets", None),
    "see preset": ("GET", "/presets/{}", None),
    "request by preset": ("POST", "/exports", {"preset": "{}"}),
    "change preset": ("PATCH", "/presets/{}", {"name": "y"}),
    "unshare preset": ("PATCH", "/presets/{}", {"shared": False}),
    "delete preset": ("DELETE", "/presets/{}", None),
}
ACTIVE = ("see", "abort")
"""Requests that need a queued export. All others need a settled one."""


@dataclass(frozen=True)
class Line:
    """One line of the table: a request, its object, and the groups that may make it."""

    what: str
    mine: bool
    has_patient_data: bool
    allowed: dict[frozenset[str], bool]

    @property
    def about_preset(self) -> bool:
        """Whether it is tried with a shared preset instead of an export."""
        return "{}" in str(REQUESTS[self.what]) and "preset" in self.what

    def __str__(self) -> str:
        whose = "own" if self.mine else "another's"
        return f"{self.what}, {whose}, {'with' if self.has_patient_data else 'without'} patients"

    @property
    def is_about_a_schedule(self) -> bool:
        """Whether {} in its request is the id of a schedule."""
        return "/schedules/{}" in REQUESTS[self.what][1]

    def may(self, call: Callable[[str, str, Any], Any], its_id: str) -> bool:
        """Make the request and return whether it was allowed. `call` answers with `status` and `json`."""
        method, path, body = REQUESTS[self.what]
        if self.what == "delete many":
            body = {"ids": [its_id]}
        if self.what == "request by preset":
            body = {"preset": its_id}
        reply = call(method, path.replace("{}", its_id), body)
        if reply.status == 404 and self.is_about_a_schedule:
            return False  # another's schedule is not found
        if reply.status == 403:
            assert reply.json["code"] in {"GROUP_NEEDED", "PIDGROUP_NEEDED", "FORBIDDEN"}
            return False
        assert reply.status in {200, 201, 202, 204}, reply.body
        return reply.status == 204 or _was_done(self.what, reply.json, its_id)


def _was_done(what: str, answer: Any, export_id: str) -> bool:
    if what in {"read filters", "read a schedule's filters"}:
        return answer["filters"] is not None and answer["options"] is not None
    if what == "read filters in the list":
        (shown,) = [export for export in answer["exports"] if export["id"] == export_id]
        return shown["filters"] is not None
    if what == "read patients in the audit trail":
        (requested,) = [entry["request"] for entry in answer["entries"] if entry["event"] == "requested"]
        return requested["patient_filters"] is not None
    if what == "delete many":
        assert [one["code"] for one in answer["refused"]] in ([], ["FORBIDDEN"])
        return bool(answer["deleted"] == [export_id])
    return True


def read_lines() -> Iterator[Line]:
    """Yield every line of the table."""
    heading, _, *rows = [
        [cell.strip() for cell in text.strip("| \n").split("|")]
        for text in PAGE.read_text().splitlines()
        if text.startswith("|")
    ]
    groups = [_read_groups(name) for name in heading[3:]]
    for what, whose, has_patient_data, *cells in rows:
        assert set(cells) <= {"yes", "\N{EN DASH}"}
        allowed = {group: cell == "yes" for group, cell in zip(groups, cells, strict=True)}
        yield Line(what, whose != "another's", has_patient_data == "yes", allowed)


def _read_groups(heading: str) -> frozenset[str]:
    return frozenset() if heading == "no group" else frozenset(f"{name}group" for name in heading.split())


def make_schedule(line: Line, owner: str, now: datetime) -> Schedule:
    """The schedule that a line is about; that with patients exports one's studies by name."""
    filters = {"patient_name": "Secret"} if line.has_patient_data else {"date_from": "2199-01-01"}
    body = {**SCHEDULE, "filters": filters, "include_ids": line.has_patient_data}
    terms = parse_terms(body, now, ZoneInfo("Europe/London"), may_see_patients=True)
    return Schedule(make_id(owner, None), owner, "somebody", now, terms, handled_until=now)


LINES = tuple(read_lines())
