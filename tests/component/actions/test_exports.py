"""Request, list, abort and download exports."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest

from doseexport.actions.exports import delete_export
from doseexport.actions.listing import find_position, make_cursor
from doseexport.aws.clients import BotoCoreError, ClientError
from doseexport.aws.dynamodb.export_indexes import Position
from doseexport.domain.export import Cleanup, State, make_id
from doseexport.domain.export_list import ExportTerms
from doseexport.errors import RequestError
from tests.component.answers import (
    abort_export,
    assert_refused,
    create_schedule,
    download_export,
    get_export,
    list_exports,
    request_export,
    run_schedule_now,
    show_audit_trail,
)
from tests.fakes import (
    ADA,
    ADMIN,
    BEN,
    NOW,
    PIA,
    RETENTION,
    STRANGER,
    active_ids,
    add,
    aws_client,
    finish,
    list_keys,
    make_new,
    read_audit_trail,
    read_row,
    run,
    take_messages,
)

BODY = {"type": "ct-csv", "filters": {"date_from": "2026-01-01"}}
# Its time is before the first one that Python has.
EARLY_CURSOR = make_cursor(ExportTerms(), Position("a" * 32, "0001-01-01T00:00:00.000000+23:59"))


def ids(answer):
    return [export["id"] for export in answer["exports"]]


# Requesting


def test_request_writes_row_and_sends_message(services):
    shown = request_export(services, ADA, BODY)
    row = services.exports.load(shown["id"])
    assert (row.state, row.attempt, row.sends, row.owner) == (State.QUEUED, 1, 1, ADA.id)
    assert row.request.filters == {"date_from": "2026-01-01"}
    assert len(take_messages(services)) == 1
    assert (shown["state"], shown["mine"], shown["owner_name"]) == ("QUEUED", True, "ada")


def test_request_by_stranger_is_refused(services):
    assert_refused(403, "GROUP_NEEDED", request_export, services, STRANGER, BODY)
    assert take_messages(services) == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (None, 422, "body"),
        ({"type": "nonsense"}, 422, "type"),
        ({"type": "ct-csv", "filters": {"nonsense": "1"}}, 422, "filters.nonsense"),
        ({"type": "ct-csv", "filters": {"date_from": "yesterday"}}, 422, "filters.date_from"),
        ({"type": "ct-csv", "include_names": True}, 403, "include_names"),
        ({"type": "ct-csv", "filters": {"patient_name": "x"}}, 403, "filters.patient_name"),
    ],
)
def test_request_that_is_invalid_changes_nothing(services, body, status, field):
    with pytest.raises(RequestError) as caught:
        request_export(services, ADA, body)
    assert (caught.value.status, caught.value.field) == (status, field)
    assert take_messages(services) == []
    assert list_exports(services, ADA, {})["exports"] == []


def test_request_with_names_is_allowed_to_members_of_pidgroup(services):
    assert request_export(services, PIA, {"type": "ct-csv", "include_names": True})["has_patient_data"]


def test_request_with_names_is_refused_to_admin_without_pidgroup(services):
    assert_refused(
        403, "PIDGROUP_NEEDED", request_export, services, ADMIN, {"type": "ct-csv", "include_ids": True}
    )


def test_request_is_limited_per_person(services):
    shown = [request_export(services, ADA, BODY) for _ in range(3)]
    assert_refused(429, "TOO_MANY_ACTIVE", request_export, services, ADA, BODY)
    assert request_export(services, BEN, BODY)
    abort_export(services, ADA, shown[0]["id"])
    assert request_export(services, ADA, BODY)


def test_request_with_same_key_returns_same_export_and_sends_again(services):
    first = request_export(services, ADA, BODY, "key")
    second = request_export(services, ADA, BODY, "key")
    assert first["id"] == second["id"]
    assert len(take_messages(services)) == 2
    assert active_ids(ADA) == {first["id"]}


def test_request_repeated_while_running_sends_nothing(services):
    shown = request_export(services, ADA, BODY, "key")
    take_messages(services)
    run(services, services.exports.load(shown["id"]))
    assert request_export(services, ADA, BODY, "key")["state"] == "RUNNING"
    assert take_messages(services) == []


def test_request_repeated_at_the_limit_is_answered(services):
    first = request_export(services, ADA, BODY, "key")
    for _ in range(2):
        request_export(services, ADA, BODY)
    assert request_export(services, ADA, BODY, "key")["id"] == first["id"]


def test_request_with_same_key_but_other_content_is_refused(services):
    request_export(services, ADA, BODY, "key")
    other = {"type": "ct-xlsx"}
    assert_refused(
        422, "IDEMPOTENCY_MISMATCH", request_export, services, ADA, other, "key", field="Idempotency-Key"
    )


def test_request_with_same_key_but_another_name_is_refused(services):
    named = {**BODY, "name": "Van 3"}
    request_export(services, ADA, named, "key")
    assert request_export(services, ADA, named, "key")["name"] == "Van 3"
    other = {**BODY, "name": "Van 4"}
    assert_refused(422, "IDEMPOTENCY_MISMATCH", request_export, services, ADA, other, "key")


def test_name_is_in_the_row_and_the_file_name_but_in_no_key_and_no_audit_entry(services):
    shown = request_export(services, ADA, {**BODY, "name": "Försök 3"})
    export = finish(services, services.exports.load(shown["id"]))
    download = download_export(services, ADA, export.id)
    assert download["file_name"] == "Försök 3_ct.csv"
    assert get_export(services, BEN, export.id)["file_name"] == "Försök 3_ct.csv"
    assert "F%C3%B6rs%C3%B6k%203_ct.csv" in unquote(download["url"])
    assert 'filename="ct.csv"' in unquote(download["url"]).replace("+", " ")
    assert not [key for key in list_keys(services) if "3" in key.rpartition("/")[2]]
    assert "rsök" not in str(read_audit_trail(services, export))
    services.exports.delete(export.id, ADA, services.clock())
    assert "name" not in read_row(f"EXPORT#{export.id}")


def test_run_of_a_schedule_has_its_name_and_dates_in_the_file_name(services):
    body = {"type": "ct-csv", "name": "Monthly", "window": "last_month", "expression": "cron(0 7 1 * ? *)"}
    schedule = create_schedule(services, ADA, body)
    export = run_schedule_now(services, ADA, schedule["id"])
    assert export["schedule_name"] == "Monthly"
    finish(services, services.exports.load(export["id"]))
    names = [download_export(services, caller, export["id"])["file_name"] for caller in (ADA, ADMIN, BEN)]
    assert names == ["Monthly_2026-10-01_2026-10-31_ct.csv"] * 2 + ["ct.csv"]


def test_request_with_same_key_of_two_people_makes_two_exports(services):
    assert (
        request_export(services, ADA, BODY, "key")["id"] != request_export(services, BEN, BODY, "key")["id"]
    )


def test_request_with_key_of_deleted_export_is_refused(services):
    shown = request_export(services, ADA, BODY, "key")
    abort_export(services, ADA, shown["id"])
    delete_export(services, ADA, shown["id"])
    assert_refused(
        409, "IDEMPOTENCY_KEY_SPENT", request_export, services, ADA, BODY, "key", field="Idempotency-Key"
    )


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "schlüssel"])
def test_request_with_invalid_key_is_refused(services, key):
    assert_refused(
        400, "BAD_IDEMPOTENCY_KEY", request_export, services, ADA, BODY, key, field="Idempotency-Key"
    )


@pytest.mark.parametrize("failure", [ClientError({"Error": {"Code": "Throttled"}}, "Send"), BotoCoreError()])
def test_request_whose_message_cannot_be_sent_keeps_its_row(services, monkeypatch, caplog, failure):
    def fail(**_):
        raise failure

    monkeypatch.setattr(aws_client("sqs"), "send_message", fail)
    with caplog.at_level(logging.WARNING):
        shown = request_export(services, ADA, {"type": "ct-csv", "filters": {"study_description": "Secret"}})
    assert services.exports.load(shown["id"]).sends == 0
    assert "send_failed" in caplog.messages
    assert "Secret" not in str([vars(record) for record in caplog.records])


# Reading


@pytest.mark.parametrize("export_id", ["", "x", "../etc", make_id("ada", "a key"), "a" * 33])
def test_every_action_on_unknown_export_is_404(services, export_id):
    for call in (get_export, abort_export, download_export, delete_export):
        assert_refused(404, "NOT_FOUND", call, services, ADMIN, export_id, field="id")


def test_get_shows_others_that_an_export_exists_but_no_patient(services):
    plain, named = (
        add(services, ADA),
        add(services, PIA, include_ids=True, filters={"date_from": "2026-01-01"}),
    )
    assert get_export(services, BEN, plain.id)["filters"] == {}
    assert get_export(services, BEN, named.id)["filters"] is None
    assert get_export(services, ADMIN, named.id)["filters"] is None
    assert get_export(services, PIA, named.id)["filters"] == {"date_from": "2026-01-01"}
    assert [each["filters"] for each in list_exports(services, BEN, {"scope": "all"})["exports"]].count(
        {}
    ) == 1
    assert_refused(403, "GROUP_NEEDED", get_export, services, STRANGER, plain.id)


def test_list_is_newest_first_and_of_own_exports_by_default(services, clock):
    exports = []
    for owner in (ADA, BEN, ADA):
        exports.append(add(services, owner))
        clock.move(seconds=1)
    assert ids(list_exports(services, ADA, {})) == [exports[2].id, exports[0].id]
    everyone = list_exports(services, ADA, {"scope": "all"})
    assert ids(everyone) == [export.id for export in reversed(exports)]
    assert [each["mine"] for each in everyone["exports"]] == [True, False, True]


@pytest.mark.parametrize("scope", ["mine", "all"])
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_list_pages_join_over_months_and_gaps(services, clock, scope, limit):
    expected_ids = []
    for number in range(9):
        export = finish(services, add(services)) if number % 3 == 1 else add(services)
        if number % 3 == 1:
            services.exports.delete(export.id, ADA, clock())
        else:
            expected_ids.insert(0, export.id)
        clock.move(days=4)
    found, parameters = [], {"scope": scope, "limit": str(limit)}
    while True:
        answer = list_exports(services, ADA, parameters)
        found += ids(answer)
        if answer["next_cursor"] is None:
            break
        assert len(answer["exports"]) == limit
        parameters["cursor"] = answer["next_cursor"]
    assert found == expected_ids


def test_list_can_select_one_state(services, clock):
    add(services)
    clock.move(seconds=1)
    done = finish(services, add(services))
    assert ids(list_exports(services, ADA, {"state": "COMPLETED"})) == [done.id]
    assert ids(list_exports(services, ADA, {"state": "FAILED", "scope": "all"})) == []


def test_list_omits_expired_exports(services, clock):
    finish(services, add(services))
    clock.now = NOW + RETENTION
    assert ids(list_exports(services, ADA, {})) == ids(list_exports(services, ADA, {"scope": "all"})) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scope", "yours"),
        ("state", "completed-ish"),
        ("state", ""),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "٣"),
        ("limit", "9" * 5000),
        ("cursor", ""),
        ("cursor", "!!!!"),
        ("cursor", "é"),
        ("cursor", "bnVsbA"),
        ("cursor", "W10"),
        ("cursor", EARLY_CURSOR),
    ],
)
def test_list_names_the_invalid_parameter(services, name, value):
    assert_refused(400, f"BAD_{name.upper()}", list_exports, services, ADA, {name: value}, field=name)


def test_list_refuses_cursor_of_another_scope(services):
    cursor = make_cursor(ExportTerms("all"), find_position(make_new()))
    assert list_exports(services, ADA, {"cursor": cursor, "scope": "all"})["exports"] == []
    assert_refused(400, "BAD_CURSOR", list_exports, services, ADA, {"cursor": cursor}, field="cursor")


@pytest.mark.parametrize("year", [1, 1999, 9999])
def test_list_with_forged_cursor_reads_no_more_than_the_list(services, year):
    add(services)
    when = datetime(year, 1, 31, tzinfo=UTC)
    for scope in ("mine", "all"):
        cursor = make_cursor(ExportTerms(scope), find_position(make_new(now=when)))
        page = list_exports(services, ADA, {"scope": scope, "cursor": cursor})
        assert len(ids(page)) == (year == 9999)
        assert page["next_cursor"] is None


def test_list_with_anothers_cursor_holds_only_own_exports(services, clock):
    mine = add(services, ADA)
    add(services, BEN)
    clock.move(seconds=1)
    theirs = add(services, BEN)
    cursor = make_cursor(ExportTerms("mine"), find_position(theirs))
    assert ids(list_exports(services, ADA, {"cursor": cursor})) == [mine.id]


# Aborting


def test_abort_stops_queued_running_and_aborting_exports(services):
    waiting, running = add(services), run(services, add(services))
    assert abort_export(services, ADA, waiting.id)["state"] == "ABORTED"
    assert abort_export(services, ADA, running.id)["state"] == "ABORTING"
    assert abort_export(services, ADA, running.id)["state"] == "ABORTING"


def test_abort_of_aborted_export_succeeds(services):
    export = add(services)
    abort_export(services, ADA, export.id)
    assert abort_export(services, ADA, export.id)["state"] == "ABORTED"


def test_abort_of_settled_export_is_refused(services):
    export = finish(services, add(services))
    assert_refused(409, "NOT_ACTIVE", abort_export, services, ADA, export.id, field="id")


def test_abort_is_for_owners_and_admins(services):
    export = add(services, ADA)
    for caller in (BEN, PIA):
        assert_refused(403, "FORBIDDEN", abort_export, services, caller, export.id)
    assert services.exports.load(export.id).state is State.QUEUED
    assert abort_export(services, ADMIN, export.id)["state"] == "ABORTED"


# Downloading


def test_download_without_patients_is_for_everyone(services):
    export = finish(services, add(services, ADA))
    for caller in (ADA, BEN, ADMIN):
        answer = download_export(services, caller, export.id)
        assert export.result.key in answer["url"]
        assert answer["sha256"] == export.result.sha256
    assert_refused(403, "GROUP_NEEDED", download_export, services, STRANGER, export.id)


def test_download_with_patients_is_for_owner_and_pidgroup(services):
    export = finish(services, add(services, PIA, include_names=True))
    for caller in (BEN, ADMIN):
        assert_refused(403, "FORBIDDEN", download_export, services, caller, export.id)
        assert "download" not in get_export(services, caller, export.id)["links"]
    assert download_export(services, PIA, export.id)["url"]
    mine = finish(services, add(services, ADA, include_names=True))
    assert download_export(services, ADA, mine.id)["url"]
    assert download_export(services, PIA, mine.id)["url"]


def test_download_is_refused_before_the_end_and_after_expiry(services, clock):
    export = add(services)
    assert_refused(409, "NOT_READY", download_export, services, ADA, export.id, field="id")
    finish(services, export)
    assert download_export(services, ADA, export.id)
    clock.now = NOW + RETENTION
    assert_refused(404, "NOT_FOUND", download_export, services, ADA, export.id)


@pytest.mark.parametrize("how", ["fail", "abort"])
def test_download_of_failed_or_aborted_export_is_refused(services, how):
    export = add(services)
    if how == "fail":
        run(services, export)
        services.exports.fail(export.id, 1, "X", "Y.", NOW)
    else:
        services.exports.request_abort(export.id, ADA, NOW)
    assert_refused(409, "NOT_READY", download_export, services, ADA, export.id)


def test_list_reads_on_past_many_unwanted_rows(services, clock):
    wanted = finish(services, add(services))
    clock.move(seconds=1)
    for _ in range(30):
        add(services)
    clock.move(seconds=1)
    answer = list_exports(services, ADA, {"state": "COMPLETED", "limit": "1"})
    assert (ids(answer), answer["next_cursor"]) == ([wanted.id], None)
    assert clock() - NOW == timedelta(seconds=2)


def test_get_shows_filters_of_one_study_to_owner_and_pidgroup_only(services):
    body = {"type": "ct-csv", "filters": {"accession_number": "A-1", "model": "X"}}
    export_id = request_export(services, ADA, body)["id"]
    for caller in (BEN, ADMIN):
        assert get_export(services, caller, export_id)["filters"] is None
    for caller in (ADA, PIA):
        assert get_export(services, caller, export_id)["filters"] == body["filters"]
    entries = show_audit_trail(services, ADMIN, export_id)["entries"]
    (request,) = [entry["request"] for entry in entries if entry["request"]]
    assert (request["filters"], request["patient_filters"]) == ({"model": "X"}, None)


def test_request_rate_is_limited_per_user_and_minute(services, clock):
    services = replace(services, settings=replace(services.settings, max_requests_per_minute=4))
    for _ in range(4):
        abort_export(services, ADA, request_export(services, ADA, BODY)["id"])
    clock.move(seconds=20)
    error = assert_refused(429, "TOO_MANY_REQUESTS", request_export, services, ADA, BODY)
    assert error.retry_after == 60 - clock().second
    assert request_export(services, BEN, BODY)
    clock.move(seconds=error.retry_after)
    assert request_export(services, ADA, BODY)


def test_request_and_abort_in_a_loop_leaves_nothing_for_the_sweep(services, clock):
    for _ in range(20):
        abort_export(services, ADA, request_export(services, ADA, BODY)["id"])
    rows = [row for cleanup in Cleanup for page in services.indexes.list_for_cleanup(cleanup) for row in page]
    assert rows == []
