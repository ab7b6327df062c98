"""docs/rights.md as tests read it, and what each of its lines does through the API."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rights.md"

# method, path and body; {} in a path is the export's id.
REQUESTS: dict[str, tuple[str, str, Any]] = {
    "list export types": ("GET", "/export-types", None),
    "list exports": ("GET", "/exports", None),
    "list everyone's exports": ("GET", "/exports?scope=all", None),
    "ask": ("POST", "/exports", {"type": "ct-csv"}),
    "ask for names": ("POST", "/exports", {"type": "ct-csv", "names": True}),
    "ask for IDs": ("POST", "/exports", {"type": "ct-csv", "ids": True}),
    "ask by a patient's name": ("POST", "/exports", {"type": "ct-csv", "filters": {"patient_name": "x"}}),
    "ask by a patient's ID": ("POST", "/exports", {"type": "ct-csv", "filters": {"patient_id": "x"}}),
    "preview": ("POST", "/exports/preview", {"type": "ct-csv"}),
    "preview by a patient's name": (
        "POST",
        "/exports/preview",
        {"type": "ct-csv", "filters": {"patient_name": "x"}},
    ),
    "see": ("GET", "/exports/{}", None),
    "read filters": ("GET", "/exports/{}", None),
    "read filters in the list": ("GET", "/exports?scope=all", None),
    "download": ("POST", "/exports/{}/download", None),
    "abort": ("POST", "/exports/{}/abort", None),
    "delete": ("DELETE", "/exports/{}", None),
    "keep": ("PATCH", "/exports/{}", {"keep_days": 7}),
    "see usage": ("GET", "/usage", None),
    "read trail": ("GET", "/exports/{}/trail", None),
    "read patients in the trail": ("GET", "/exports/{}/trail", None),
    "delete many": ("DELETE", "/exports", {"ids": ["{}"]}),
}
ACTIVE = ("see", "abort")
"""What is tried with an export that waits; all else with one that has ended."""


@dataclass(frozen=True)
class Line:
    """One line of the table: what is done to which export, and by whose groups it may be done."""

    what: str
    mine: bool
    with_patients: bool
    allowed: dict[frozenset[str], bool]

    def __str__(self) -> str:
        whose = "own" if self.mine else "another's"
        return f"{self.what}, {whose}, {'with' if self.with_patients else 'without'} patients"

    def may(self, call: Callable[[str, str, Any], Any], export_id: str) -> bool:
        """Do it and tell whether it was done; `call` answers with `status` and `json`."""
        method, path, body = REQUESTS[self.what]
        if self.what == "delete many":
            body = {"ids": [export_id]}
        reply = call(method, path.replace("{}", export_id), body)
        if reply.status == 403:
            assert reply.json["code"] in {"GROUP_NEEDED", "PIDGROUP_NEEDED", "FORBIDDEN"}
            return False
        assert reply.status in {200, 202, 204}, reply.body
        return reply.status == 204 or _was_done(self.what, reply.json, export_id)


def _was_done(what: str, answer: Any, export_id: str) -> bool:
    if what == "read filters":
        return answer["filters"] is not None and answer["options"] is not None
    if what == "read filters in the list":
        (shown,) = [export for export in answer["exports"] if export["id"] == export_id]
        return shown["filters"] is not None
    if what == "read patients in the trail":
        (asked,) = [entry["asked"] for entry in answer["entries"] if entry["kind"] == "requested"]
        return asked["patient_filters"] is not None
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
    for what, whose, with_patients, *cells in rows:
        assert set(cells) <= {"yes", "\N{EN DASH}"}
        allowed = {group: cell == "yes" for group, cell in zip(groups, cells, strict=True)}
        yield Line(what, whose != "another's", with_patients == "yes", allowed)


def _read_groups(heading: str) -> frozenset[str]:
    return frozenset() if heading == "nobody" else frozenset(f"{name}group" for name in heading.split())


LINES = tuple(read_lines())
