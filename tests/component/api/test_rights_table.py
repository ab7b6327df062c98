"""Every cell of docs/rights.md through the handlers, with both shapes of the claim of groups."""

import secrets
from functools import cache
from itertools import product

import pytest

from doseexport.actions import previews as preview
from doseexport.actions import suggestions
from doseexport.domain.rights import Caller
from doseexport.engine.preview_query import PreviewRow
from tests.component.gateway import Gateway
from tests.fakes import (
    BEN,
    active_ids,
    add,
    finish,
    list_keys,
    read_audit_trail,
    read_row,
    share_preset,
    take_messages,
)
from tests.rights_table import ACTIVE, LINES, REQUESTS, make_schedule

GROUPS = sorted(LINES[0].allowed, key=lambda groups: (len(groups), sorted(groups)))


def as_text(groups):
    """Return the list as the text that API Gateway passes to Lambda."""
    return f"[{' '.join(sorted(groups))}]"


# Amazon documents the claim's value as a text; its own emulator of a local API gives the list.
SHAPES = [as_text, sorted]
# The claim is read in one place for every request: these need each of the groups.
WITH_BOTH_SHAPES = {"preview", "request with IDs", "list everyone's exports"}


@pytest.fixture
def gateway(load_handler, monkeypatch):
    row = PreviewRow(1, 2, 2, "2026-01-01", "2026-01-01")
    monkeypatch.setattr(preview, "count_export", lambda *_: row)
    monkeypatch.setattr(preview, "read_first_rows", lambda *_: [])
    monkeypatch.setattr(suggestions, "fetch_values", lambda *_: [("CT1", 9), ("CT2", 4)])
    return Gateway(cache(load_handler))


def sign_in(gateway, caller, claim):
    claims = {"sub": caller.id, "username": caller.name}
    if caller.groups:
        claims["cognito:groups"] = claim(caller.groups)
    return Gateway(gateway.load_handler, claims)


def prepare(services, line, caller):
    """Create the export or schedule that a line is about. One with patient data has a filter by name."""
    if "{}" not in str(REQUESTS[line.what]) and line.what != "read filters in the list":
        return None
    if line.is_about_a_schedule:
        schedule = make_schedule(line, (caller if line.mine else BEN).id, services.clock())
        assert services.schedules.create(schedule, limit=1000)
        return schedule
    request = {"include_ids": True, "filters": {"patient_name": "Secret"}} if line.has_patient_data else {}
    export = add(services, caller if line.mine else BEN, **request)
    return export if line.what in ACTIVE else finish(services, export)


def look(services, export, caller):
    """Return everything that a refused call could have changed."""
    owners = [active_ids(each) for each in (caller, BEN)]
    if export is None:
        saved = list(services.schedules.list_all()), services.presets.list_owned(caller.id)
        return list_keys(services), owners, saved
    return (
        read_row(f"EXPORT#{export.id}"),
        services.schedules.load(export.id),
        list_keys(services),
        owners,
        read_audit_trail(services, export),
        services.audit.read_first_rows("2026-11", 1000),
    )


@pytest.mark.parametrize("line", [line for line in LINES if not line.about_preset], ids=str)
def test_rights_table_line(services, gateway, line):
    found = {}
    shapes = SHAPES if line.what in WITH_BOTH_SHAPES else SHAPES[:1]
    for claim, groups in product(shapes, GROUPS):
        caller = Caller(secrets.token_hex(4), "ada", groups)
        export = prepare(services, line, caller)
        before = None if line.allowed[groups] else look(services, export, caller)
        found[groups] = line.may(sign_in(gateway, caller, claim).call, export.id if export else "")
        assert found[groups] == line.allowed[groups], (groups, claim)
        if not found[groups]:
            assert look(services, export, caller) == before
            assert take_messages(services) == []
        take_messages(services)
    assert found == line.allowed


@pytest.mark.parametrize("line", [line for line in LINES if line.about_preset], ids=str)
def test_rights_table_line_about_a_preset(services, gateway, line):
    found = {}
    for groups in GROUPS:
        caller = Caller(secrets.token_hex(4), "ada", groups)
        preset = share_preset(services, caller if line.mine else BEN)
        found[groups] = line.may(sign_in(gateway, caller, as_text).call, preset.id)
        if not found[groups]:
            assert services.presets.load(preset.id) == preset
        assert take_messages(services) == [] or (found[groups] and line.what == "request by preset")
    assert found == line.allowed


def test_rights_table_has_every_group_and_every_request():
    assert {len(line.allowed) for line in LINES} == {8}
    assert {line.what for line in LINES} == set(REQUESTS)


def test_rights_table_requests_are_refused_without_token(services, gateway):
    export = add(services)
    for method, path, body in REQUESTS.values():
        assert gateway.call(method, path.replace("{}", export.id), body).status == 401
