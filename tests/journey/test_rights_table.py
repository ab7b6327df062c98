"""docs/rights.md with real tokens through the API: one user per set of groups, and one line per request.

Every other line is tried through the handlers in tests/component/api/test_rights_table.py.
"""

import base64
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack

from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.aws.dynamodb.presets import PresetRepository
from doseexport.domain.export import Export, Result, make_export, make_id
from doseexport.domain.preset import Preset, make_preset
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller
from doseexport.domain.schedule import Schedule
from tests.journey.backstage import Backstage, until
from tests.rights_table import ACTIVE, LINES, REQUESTS, Line, make_schedule


def find_line(what: str) -> Line:
    """Return the request's last line of those that tell groups apart, about another's patients if it can."""
    lines = [line for line in LINES if line.what == what]
    return max(reversed(lines), key=lambda line: len(set(line.allowed.values())))


TRIED = [find_line(what) for what in REQUESTS]
PRESETS = [line for line in TRIED if line.about_preset]
MADE = [line for line in TRIED if "{}" in str(REQUESTS[line.what]) and line not in PRESETS]


class Member:
    """A user who is signed in, and the user's id."""

    def __init__(self, stack: Stack, groups: frozenset[str]) -> None:
        name = "-".join(["member", *sorted(groups)])
        token = users.sign_in(stack, users.create(stack, name, *groups))
        claims = token.split(".")[1]
        self.id: str = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
        self.service = Service(stack.url, token)


@pytest.fixture(scope="module")
def members(stack: Stack) -> dict[frozenset[str], Member]:
    return {groups: Member(stack, groups) for groups in LINES[0].allowed}


class Maker:
    """Makes exports' rows as requests and attempts would, without the minutes that they take."""

    def __init__(self, backstage: Backstage) -> None:
        self.backstage = backstage
        self.exports = ExportRepository(backstage.client("dynamodb"), backstage.table, backstage.audit)
        self.presets = PresetRepository(backstage.client("dynamodb"), backstage.saved_requests_table)
        self.keys: set[str] = set()
        self.presets_made: list[Preset] = []

    def make(self, line: Line, owner: str) -> Export | Schedule:
        if line.is_about_a_schedule:
            schedule = make_schedule(line, owner, datetime.now(UTC))
            assert self.backstage.schedules.create(schedule, limit=1000)
            return schedule
        filters = {"patient_name": "Secret"} if line.has_patient_data else {}
        request = ExportRequest("ct-csv", filters, include_ids=line.has_patient_data)
        requested = make_export(make_id(owner, None), owner, "somebody", request, datetime.now(UTC))
        export = self.exports.create(requested, limit=1000)
        assert export is not None
        self.keys |= {f"EXPORT#{export.id}", f"OWNER#{owner}"}
        if line.what not in ACTIVE:
            self._finish(export)
        return export

    def look(self, made: Export | Schedule) -> Any:
        """Return the current row."""
        if isinstance(made, Schedule):
            return self.backstage.schedules.load(made.id)
        return self.backstage.row(made.id)

    def share(self, owner: str) -> Preset:
        fields = {"name": secrets.token_hex(8), "request": ExportRequest("ct-csv"), "shared": True}
        caller = Caller(owner, "somebody", frozenset())
        preset = make_preset(make_id(owner, None), caller, fields, datetime.now(UTC))
        assert self.presets.create(preset, limit=1000)
        self.presets_made.append(preset)
        return preset

    def _finish(self, export: Export) -> None:
        result = Result(f"exports/{export.id}/1/x.csv", "x.csv", 1, "0" * 64, 1, 1)
        now = datetime.now(UTC)
        assert self.exports.claim(export.id, 1, now)
        assert self.exports.complete(export.id, 1, result, now, timedelta(days=1))

    def forget(self) -> None:
        client = self.backstage.client("dynamodb")
        for key in self.keys:
            client.delete_item(TableName=self.backstage.table, Key={"pk": {"S": key}})
        for preset in filter(None, [self.presets.load(each.id) for each in self.presets_made]):
            self.presets.delete(preset)


@pytest.fixture
def maker(backstage: Backstage) -> Iterator[Maker]:
    made = Maker(backstage)
    yield made
    made.forget()


@pytest.mark.parametrize("line", MADE, ids=str)
def test_rights_table_line_about_an_export(
    members: dict[frozenset[str], Member], maker: Maker, line: Line
) -> None:
    found = {}
    for groups, member in members.items():
        export = maker.make(line, member.id if line.mine else "another")
        before = maker.look(export)
        found[groups] = line.may(member.service.call, export.id)
        if not found[groups]:
            assert maker.look(export) == before
    assert found == line.allowed


@pytest.mark.parametrize("line", PRESETS, ids=str)
def test_rights_table_line_about_a_preset(
    members: dict[frozenset[str], Member], backstage: Backstage, maker: Maker, line: Line
) -> None:
    found = {}
    for groups, member in members.items():
        preset = maker.share(member.id if line.mine else "another")
        found[groups] = line.may(member.service.call, preset.id)
        if not found[groups]:
            assert maker.presets.load(preset.id) == preset
    assert found == line.allowed
    until(lambda: backstage.waiting() == 0)


@pytest.mark.parametrize("line", [line for line in TRIED if line not in (*MADE, *PRESETS)], ids=str)
def test_rights_table_line_about_the_service(
    members: dict[frozenset[str], Member], backstage: Backstage, maker: Maker, line: Line
) -> None:
    shown = maker.make(line, "another")
    until(lambda: backstage.waiting() == 0)
    before = backstage.states()
    found = {groups: line.may(member.service.call, shown.id) for groups, member in members.items()}
    assert found == line.allowed
    requested = {key for key in backstage.states() if key.startswith("EXPORT#")} - set(before)
    assert len(requested) == (sum(found.values()) if line.what.startswith("request") else 0)
    until(lambda: backstage.waiting() == 0)
