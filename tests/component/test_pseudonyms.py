"""Pseudonyms through the whole service: rights, keys, files for everyone, and silence about patients."""

import csv
import io
from dataclasses import replace

import psycopg
import pytest

from doseexport.aws.settings import PseudonymSettings
from doseexport.domain.export import State, name_manifest
from doseexport.domain.schedule import Pause
from doseexport.engine.first_rows import fetch_first_rows
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.errors import ExportError, RequestError
from doseexport.jobs.occurrences import run_occurrence
from tests.component import answers
from tests.component.canary import BORN, CANARY, find_traces
from tests.component.exporting import KEY, parse
from tests.component.running import assert_no_file, read_object, run, services_with
from tests.component.schedules import DECEMBER, create, exports_of, join
from tests.fakes import ADA, ADMIN, BEN, PIA, PSEUDONYM_PREFIX, add, aws_client

POOL = {"pseudonyms": "pool"}
ENCODED = {CANARY.encode().hex(), CANARY.upper().encode().hex(), f"ID{CANARY}".upper().encode().hex()}


def restrict(services, group):
    """The services of a deployment whose parameter names this group."""
    pseudonyms = PseudonymSettings(group, PSEUDONYM_PREFIX, "")
    return replace(services, settings=replace(services.settings, pseudonyms=pseudonyms))


def export(stage, kind, caller=ADA, options=POOL):
    bodies = {"type": kind, "filters": {}, "include_names": False, "include_ids": False, "options": options}
    row = stage.work(stage.request_export(caller, **bodies))
    assert row.failure is None
    return row


@pytest.fixture
def numbers(stage):
    """The accession numbers and UIDs of the canary's studies, which no file may hold."""
    with psycopg.connect(stage.url) as connection:
        rows = connection.execute(
            "SELECT accession_number, study_instance_uid FROM remapp_generalstudymoduleattr"
        ).fetchall()
    return {text for row in rows for text in row if text}


def test_export_with_pseudonyms_is_for_everyone_and_names_nobody(stage, numbers):
    made = {}
    for kind in ("ct-csv", "mg-xlsx", "nm-csv", "ct-tables", "ct-audit"):
        row = export(stage, kind)
        for text in (
            stage.read_file(row),
            read_object(stage.services, name_manifest(row.result.key)).decode(),
        ):
            assert find_traces(text) == set()
            assert not [each for each in ENCODED | numbers if each in text]
            made[kind] = text
        stage.collect_views_of_others(row.id)
        stage.collect(made[kind])
        assert stage.sign_in(BEN).call("POST", f"/exports/{row.id}/download").status == 200
    (secret,) = aws_client("secretsmanager").list_secrets(
        Filters=[{"Key": "name", "Values": [PSEUDONYM_PREFIX]}]
    )["SecretList"]
    assert secret["Name"] == f"{PSEUDONYM_PREFIX}pool"
    key = aws_client("secretsmanager").get_secret_value(SecretId=secret["Name"])["SecretBinary"]
    said = stage.assert_silent()
    assert not [each for each in (key.hex(), repr(key), *ENCODED) if each in said]
    assert BORN not in said


def test_no_preview_shows_encoded_identifiers(stage, numbers):
    signed_in = stage.sign_in(ADA)
    body = {"type": "ct-csv", "options": POOL}
    rows = signed_in.call("POST", "/exports/preview/rows", body)
    assert (rows.status, rows.json["code"]) == (422, "NO_FIRST_ROWS")
    counted = signed_in.call("POST", "/exports/preview", body)
    assert counted.status == 200
    said = f"{rows.body} {counted.body}"
    assert not [each for each in ENCODED | numbers if each in said]
    context = RequestContext(parse(**body), "ada", stage.clock(), KEY)
    with pytest.raises(ExportError) as failed:
        fetch_first_rows(context, Database({"conninfo": stage.url}), lambda _: None)
    assert failed.value.code == "PSEUDONYM_KEY_MISSING"


def read_pseudonyms(stage, row):
    rows = csv.reader(io.StringIO(stage.read_file(row), newline=""))
    next(rows)
    return sorted(tuple(row[:3]) for row in rows)


def test_projects_have_own_pseudonyms_and_runs_the_same(stage):
    first, again = (read_pseudonyms(stage, export(stage, "ct-csv")) for _ in range(2))
    other = read_pseudonyms(stage, export(stage, "ct-csv", options={"pseudonyms": "other"}))
    assert first == again
    assert {cell for row in first for cell in row} & {cell for row in other for cell in row} <= {""}


def test_audit_trail_has_the_project(stage):
    row = export(stage, "ct-csv", options={"pseudonyms": "pool", "dates": "shifted"})
    (requested,) = [
        entry
        for entry in answers.show_audit_trail(stage.services, ADA, row.id)["entries"]
        if entry["event"] == "requested"
    ]
    assert requested["request"]["pseudonyms"] == "pool"
    plain = export(stage, "ct-csv", options={})
    assert [
        entry["request"]["pseudonyms"]
        for entry in answers.show_audit_trail(stage.services, ADA, plain.id)["entries"]
        if entry["request"]
    ] == [None]


@pytest.fixture
def ready(services, sample_url):
    return services_with(services, sample_url)


def test_deleted_key_fails_the_export_with_advice_and_no_file(ready):
    secrets = aws_client("secretsmanager")
    name = f"{PSEUDONYM_PREFIX}pool"
    secrets.create_secret(Name=name, SecretBinary=b"k" * 32)
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    row = run(ready, add(ready, options=POOL | {"dates": "month"}))
    assert (row.state, row.failure.code) == (State.FAILED, "PSEUDONYM_KEY_REFUSED")
    assert "Ask an administrator" in row.failure.message
    assert_no_file(ready)


def test_export_without_pseudonyms_reads_no_key(ready):
    broken = replace(ready, pseudonym_keys=None)
    assert run(broken, add(broken)).state is State.COMPLETED


PREVIEW, REQUEST, SCHEDULE = "/exports/preview", "/exports", "/schedules"


@pytest.mark.parametrize(
    ("group", "caller", "allowed"),
    [
        ("exportgroup", ADA, True),
        ("admingroup", ADA, False),
        ("admingroup", ADMIN, True),
        ("pidgroup", ADMIN, False),
        ("pidgroup", PIA, True),
    ],
)
def test_pseudonyms_are_for_the_group_of_the_parameter(stage, group, caller, allowed):
    stage.services = restrict(stage.services, group)
    body = {"type": "ct-csv", "options": POOL}
    schedule = {**body, "name": "Weekly", "expression": "rate(7 days)"}
    signed_in = stage.sign_in(caller)
    for path, sent, taken in ((REQUEST, body, 202), (PREVIEW, body, 200), (SCHEDULE, schedule, 201)):
        answer = signed_in.call("POST", path, sent)
        assert answer.status == (taken if allowed else 403), path
        if not allowed:
            assert (answer.json["code"], answer.json["field"]) == ("PSEUDONYMS_REFUSED", "options.pseudonyms")


def test_schedule_whose_owner_has_lost_the_right_is_paused(services):
    owner = join(services, "ada", "exportgroup")
    schedule = create(services, owner, options=POOL)
    services.clock.now = DECEMBER
    restricted = restrict(services, "pidgroup")
    assert run_occurrence(restricted, schedule.id, DECEMBER) == "paused"
    assert services.schedules.load(schedule.id).paused == Pause.REQUEST_REFUSED
    assert exports_of(services, owner) == []


def test_preset_with_pseudonyms_needs_the_right_when_it_is_used(services):
    body = {"name": "Pool", "shared": True, "request": {"type": "ct-csv", "options": POOL}}
    preset = answers.create_preset(services, ADA, body)["id"]
    assert answers.request_export(services, BEN, {"preset": preset})["options"]["pseudonyms"] == "pool"
    with pytest.raises(RequestError, match="another group"):
        answers.request_export(restrict(services, "admingroup"), BEN, {"preset": preset})
