"""Whatever happens to an export about a patient, only its file names the patient."""

import contextlib
import threading
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from doseexport import cli
from doseexport.aws.dynamodb.audit import AuditRepository
from doseexport.errors import DoseExportError
from tests.component.canary import CANARY, FILTERS
from tests.component.running import PATIENCE, read_object, services_with
from tests.component.schedules import exports_of, firing, join, leave
from tests.fakes import ADA, ADMIN, AUDIT_RETENTION, BEN, PIA, read_row
from tests.invocation import CONTEXT

REFUSED = [
    {"type": CANARY},
    {"type": "ct-csv", CANARY: 1},
    {"type": "ct-csv", "filters": {"date_from": CANARY}},
    {"type": "ct-csv", "filters": {"dlp_min": CANARY}},
    {"type": "ct-csv", "filters": {"age_min": CANARY, "patient_id": CANARY}},
    {"type": "ct-csv", "filters": {"num_events": CANARY}},
    {"type": "ct-csv", "filters": {"patient_id": [CANARY]}},
    {"type": "ct-csv", "filters": {"patient_name": CANARY, "patient_name ": "x"}},
    {"type": "ct-csv", "order": CANARY},
    {"type": "ct-csv", "options": {"a": CANARY}},
    {"type": "ct-csv", "include_names": CANARY},
    CANARY,
    [CANARY],
]
DAMAGES = [
    "DROP TABLE remapp_ctirradiationeventdata CASCADE",
    "ALTER TABLE remapp_patientmoduleattr DROP COLUMN patient_sex CASCADE",
    # Fails in the middle of a row, and PostgreSQL's own words hold the value.
    "ALTER TABLE remapp_patientstudymoduleattr ALTER patient_size TYPE text USING 'tall'",
]


def test_canary_is_not_repeated_by_refusals(stage):
    for caller in (ADA, PIA):
        for body in REFUSED:
            for path in ("/exports", "/exports/preview"):
                answer = stage.sign_in(caller).call("POST", path, body)
                assert 400 <= answer.status < 500
                # Only a name that the caller made up is repeated, to that caller alone.
                stage.collect({**answer.json, "field": None})
    for method, path, body in (
        ("GET", f"/exports/{CANARY}", None),
        ("GET", f"/exports?cursor={CANARY}", None),
        ("GET", f"/exports?state={CANARY}", None),
        ("DELETE", "/exports", {"ids": [1, CANARY]}),
        ("POST", "/presets", {"name": CANARY, "request": {"type": "ct-csv", "filters": FILTERS}}),
        ("POST", "/presets", {"name": f"{CANARY}\n{CANARY}", "request": {"type": "ct-csv"}}),
        ("PATCH", f"/presets/{CANARY}", {"request": {"type": "ct-csv", "filters": FILTERS}}),
    ):
        stage.collect(stage.sign_in(ADA).call(method, path, body).body)
    stage.assert_silent()


def test_canary_is_not_named_by_previews(stage):
    answer = stage.sign_in(PIA).call("POST", "/exports/preview", {"type": "ct-csv", "filters": FILTERS})
    assert answer.json["studies"] > 0
    stage.collect([answer.body, " " * 1000])
    stage.assert_silent()


def test_canary_stays_in_first_rows(stage):
    body = {"type": "ct-csv", "filters": FILTERS, "include_names": True, "include_ids": True}
    shown = stage.sign_in(PIA).call("POST", "/exports/preview/rows", body)
    assert CANARY in shown.body
    stage.collect(stage.sign_in(ADMIN).call("GET", "/usage").body)
    for caller in (ADA, ADMIN):
        refused = stage.sign_in(caller).call("POST", "/exports/preview/rows", body)
        assert refused.status == 403
        stage.collect(refused.body)
    stage.services = replace(stage.services, audit=AuditRepository(None, "", AUDIT_RETENTION))
    failed = stage.sign_in(PIA).call("POST", "/exports/preview/rows", body)
    assert failed.status == 500
    stage.collect([failed.body, " " * 1000])
    stage.assert_silent()


@contextlib.contextmanager
def running(stage, export_id):
    """An export under way, whose query waits for a table as long as the block lasts."""
    with psycopg.connect(stage.url) as connection:
        connection.execute("LOCK TABLE remapp_generalstudymoduleattr IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=stage.work, args=(export_id,))
        thread.start()
        wait_for_statement(stage.url, export_id)
        yield connection
        thread.join(PATIENCE)
        assert not thread.is_alive()


def wait_for_statement(url, export_id):
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND query LIKE %s"
    values = (f"doseexport:{export_id}", "%remapp_generalstudymoduleattr%")
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(200):
            if connection.execute(query, values).fetchone()[0]:
                return
            connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("the export did not start")


def test_canary_is_not_traced_by_aborted_export_even_in_postgresqls_log(stage):
    waiting, stopped = stage.request_export(), stage.request_export()
    stage.sign_in(PIA).call("POST", f"/exports/{waiting}/abort")
    with running(stage, stopped) as connection:
        stage.collect(connection.execute("SELECT to_json(a)::text FROM pg_stat_activity a").fetchall())
        stage.collect_views_of_others(stopped)
        stage.sign_in(ADMIN).call("POST", f"/exports/{stopped}/abort")
    assert {stage.services.exports.load(one).state for one in (waiting, stopped)} == {"ABORTED"}
    assert "canceling statement" in stage.read_server_log()
    stage.collect_views_of_others(stopped)
    stage.assert_silent()


@pytest.mark.parametrize("damage", DAMAGES)
def test_canary_is_not_named_by_failed_export(stage, make_database, damage):
    url = make_database(stage.url)
    with psycopg.connect(url) as connection:
        connection.execute(damage)
    export_id = stage.request_export()
    stage.services = services_with(stage.services, url)
    row = stage.work(export_id)
    assert row.failure is not None
    assert "STATEMENT" in stage.read_server_log()
    stage.collect_views_of_others(export_id)
    stage.collect(row.failure)
    body = {"type": "ct-csv", "filters": {**FILTERS, "dlp_min": "1"}}
    stage.collect(stage.sign_in(PIA).call("POST", "/exports/preview", body).body)
    assert "ExportsFailed" in stage.assert_silent()


@pytest.mark.parametrize(
    ("kind", "name", "column"),
    [
        ("ct-csv", "accession_number", "accession_number"),
        ("rf-openskin", "study_uid", "study_instance_uid"),
    ],
)
def test_canary_in_filter_by_one_study_is_shown_to_its_owner_alone(stage, make_database, kind, name, column):
    """Anyone may filter by an accession number or a study UID, but both tell who the patient is."""
    url = make_database(stage.url)
    studies = "remapp_generalstudymoduleattr"
    first = f"(SELECT min(id) FROM {studies} WHERE modality_type = %s)"
    with psycopg.connect(url) as connection:
        connection.execute(
            f"UPDATE {studies} SET {column} = %s WHERE id = {first}", [CANARY, kind[:2].upper()]
        )
    stage.services = services_with(stage.services, url)
    body = {"type": kind, "filters": {name: CANARY}, "include_names": False, "include_ids": False}
    export_id = stage.request_export(ADA, **body)
    row = stage.work(export_id)
    assert row.failure is None
    assert CANARY in str(stage.sign_in(ADA).call("GET", f"/exports/{export_id}").json["filters"])
    for caller in (BEN, ADMIN):
        stage.collect(stage.sign_in(caller).call("GET", f"/exports/{export_id}").body)
        stage.collect(stage.sign_in(caller).call("GET", "/exports?scope=all").body)
        stage.collect(stage.sign_in(caller).call("GET", f"/exports/{export_id}/audit-trail").body)
    stage.collect(read_object(stage.services, f"{row.result.key}.manifest.json"))
    stage.collect(stage.sign_in(ADA).call("POST", "/exports/preview", body).body)
    assert stage.sign_in(ADA).call("DELETE", f"/exports/{export_id}").status == 204
    stage.collect(read_row(f"EXPORT#{export_id}"))
    stage.assert_silent()


def test_canary_is_not_named_by_unexpected_failure(stage, monkeypatch):
    export_id = stage.request_export()

    def fail(*_):
        raise RuntimeError(CANARY)

    monkeypatch.setattr("doseexport.engine.export_file.build_queries", fail)
    assert stage.work(export_id).failure is not None
    stage.collect_views_of_others(export_id)
    stage.assert_silent()


def test_canary_is_gone_with_filters_of_deleted_and_expired_exports(stage):
    deleted, expired, lost = stage.request_export(), stage.request_export(), stage.request_export()
    for one in (deleted, expired):
        assert stage.work(one).result is not None
    assert stage.sign_in(PIA).call("DELETE", f"/exports/{deleted}").status == 204
    stage.services.exports.claim(lost, 1, stage.clock())
    for _ in range(3):
        stage.clock.move(minutes=11)
        stage.sweep()
    assert stage.services.exports.load(lost).attempt == 2
    stage.collect_views_of_others(lost)
    stage.clock.move(days=31)
    stage.sweep()
    for one in (deleted, expired):
        stage.collect(read_row(f"EXPORT#{one}"))
        stage.collect(stage.sign_in(PIA).call("GET", f"/exports/{one}").body)
    stage.assert_silent()


def test_canary_stays_in_the_file_of_the_command_line(stage, tmp_path):
    output = tmp_path / "ct.csv"
    plain = ["ct-csv", "--output", str(output), "--include-names", "--filter", f"patient_name={CANARY}"]
    there = [*plain, "--database-url", stage.url]
    nowhere = [*plain, "--database-url", f"postgresql://x:{CANARY}@127.0.0.1:1/x"]
    assert cli.main(there) == 0
    assert CANARY in output.read_text(encoding="utf-8-sig")
    output.unlink()
    assert cli.main([*there, "--filter", "dlp_min=9999999"]) == 1
    assert cli.main([*there, "--filter", f"age_min={CANARY}"]) == 2
    assert cli.main([*there, "--order", CANARY]) == 2
    assert cli.main(nowhere) == 1
    assert list(tmp_path.iterdir()) == []
    stage.collect(" " * 1000)
    stage.assert_silent()


def test_canary_is_not_named_by_schedule(stage, monkeypatch):
    """Made, due, followed, paused, broken: what Scheduler, its queue, the logs and others get to know."""
    services, due = stage.services, [datetime(2026, 11, day, 7, tzinfo=UTC) for day in (24, 25, 26)]
    pia = join(services, "pia", "exportgroup", "pidgroup")
    terms = {
        "name": "x",
        "type": "ct-csv",
        "filters": FILTERS,
        "include_names": True,
        "expression": "cron(0 7 * * ? *)",
    }
    made = stage.sign_in(pia).call("POST", "/schedules", terms)
    assert made.status == 201, made.body
    schedule = services.schedules.load(made.json["id"])
    stage.collect(firing(services, schedule))

    def fall_due(at):
        services.clock.now = at
        event = {"schedule_id": schedule.id, "scheduled_at": at.isoformat()}
        stage.collect(stage.load("run_schedule")(event, CONTEXT))

    fall_due(due[0])
    (export,) = exports_of(services, pia)
    assert CANARY in stage.read_file(stage.work(export.id))
    stage.collect(stage.load("reconcile_schedules")({}, CONTEXT))
    stage.collect_views_of_others(export.id)
    leave(services, pia, "pidgroup")
    fall_due(due[1])
    assert services.schedules.load(schedule.id).paused
    without = replace(pia, groups=frozenset({"exportgroup"}))
    refused = stage.sign_in(without).call("PATCH", f"/schedules/{schedule.id}", {"enabled": True})
    assert refused.json["code"] == "PIDGROUP_NEEDED"
    stage.collect(refused.body)
    for address in ("/schedules?scope=all", f"/schedules/{schedule.id}"):
        stage.collect(stage.sign_in(ADMIN).call("GET", address).body)

    def fail(*_):
        raise RuntimeError(CANARY)

    monkeypatch.setattr(services.schedules, "load", fail)
    with pytest.raises(DoseExportError) as caught:
        fall_due(due[2])
    stage.collect([str(caught.value), repr(caught.value.__cause__)])
    stage.assert_silent()
