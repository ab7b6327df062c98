"""Search, filters and orders of the list of exports."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from doseexport.aws.services import Services
from doseexport.domain.export import State
from doseexport.domain.export_list import SORTS
from doseexport.domain.rights import Caller
from tests.component.actions.test_exports import assert_refused, ids
from tests.component.answers import get_export, list_exports
from tests.fakes import ADA, ADMIN, BEN, PIA, TABLE, add, aws_client, finish, make_new
from tests.invocation import CONTEXT

SCHEDULE = "s" * 32


def name_export(services: Services, caller: Caller, name: str | None = None, **request):
    new = replace(make_new(caller, services.clock(), **request), name=name)
    services.clock.move(seconds=1)
    return services.exports.create(new, limit=1000)


def search(services: Services, caller: Caller = ADA, **parameters: str) -> list[str]:
    return ids(list_exports(services, caller, {"scope": "all", **parameters}))


@pytest.mark.parametrize("scope", ["mine", "all"])
def test_search_finds_words_of_name_type_and_person_in_any_case(services, scope):
    van = name_export(services, ADA, "Van 3, Ängelholm")
    plain = name_export(services, ADA, type="rf-csv")
    for text in ("van", "VAN 3", "ängel", "ct-csv van", "ada van", "3, van"):
        assert search(services, scope=scope, q=text) == [van.id]
    assert search(services, scope=scope, q="rf") == [plain.id]
    assert search(services, scope=scope, q="ada") == [plain.id, van.id]
    assert search(services, scope=scope, q="van rf") == []
    assert search(services, scope=scope, q="%") == []


def test_filters_are_combined(services, clock):
    first = name_export(services, ADA, type="rf-csv")
    name_export(services, BEN, type="rf-csv")
    name_export(services, ADA)
    assert search(services, type="rf-csv", owner_name="ada") == [first.id]
    assert search(services, ADMIN, type="rf-csv", owner_name="ad") == []
    assert search(services, BEN, scope="mine", owner_name="ada") == []


def test_dates_of_requests_are_days_of_the_service(services, clock):
    clock.now = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # 2 July in London
    export = add(services)
    for scope in ("mine", "all"):
        day = {"scope": scope, "requested_from": "2026-07-02", "requested_to": "2026-07-02"}
        assert search(services, **day) == [export.id]
        assert search(services, scope=scope, requested_to="2026-07-01") == []
        assert search(services, scope=scope, requested_from="2026-07-03") == []
        assert search(services, scope=scope, requested_from="2020-01-01") == [export.id]


@pytest.mark.parametrize("scope", ["mine", "all"])
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", ["2"])
def test_pages_of_every_order_join(services, clock, scope, sort, limit):
    clock.now = datetime(2026, 10, 28, tzinfo=UTC)
    for number in range(6):
        export = add(services)
        clock.move(days=1)
        if number != 3:
            finish(services, export)
            open_row = {"pk": {"S": f"EXPORT#{export.id}"}}
            aws_client("dynamodb").update_item(
                TableName=TABLE,
                Key=open_row,
                UpdateExpression="SET #size = :size, studies = :size",
                ExpressionAttributeNames={"#size": "size"},
                ExpressionAttributeValues={":size": {"N": str((number * 5) % 7)}},
            )
    found, cursor = [], {}
    while True:
        answer = list_exports(services, ADA, {"scope": scope, "sort": sort, "limit": limit, **cursor})
        found += answer["exports"]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    values = [each[sort.removeprefix("-")] for each in found]
    given = [value for value in values if value is not None]
    assert len({each["id"] for each in found}) == len(found) == 6
    assert given == sorted(given, reverse=sort.startswith("-"))
    assert values == [*given, *[None] * (6 - len(given))]


def test_sorted_list_goes_on_though_its_last_export_is_deleted(services, clock):
    exports = [finish(services, add(services)) for _ in range(4)]
    first = list_exports(services, ADA, {"sort": "size", "limit": "2"})
    services.exports.delete(first["exports"][1]["id"], ADA, clock())
    rest = list_exports(services, ADA, {"sort": "size", "limit": "2", "cursor": first["next_cursor"]})
    left = {export.id for export in exports} - set(ids(first))
    assert set(ids(rest)) <= left
    assert len(ids(rest)) >= 1


def test_list_has_rows_of_the_first_release(services):
    """They have no name. Everything else that the index holds, they have had from the start."""
    export = finish(services, add(services))
    for parameters in ({"q": "ct-csv"}, {"sort": "-size"}, {"state": "COMPLETED"}, {"owner_name": "ada"}):
        assert search(services, **parameters) == [export.id]


def test_names_are_hidden_and_not_found_by_those_who_may_not_open_the_export(services):
    export = name_export(services, PIA, "Secretname", include_names=True)
    assert get_export(services, PIA, export.id)["name"] == "Secretname"
    assert get_export(services, BEN, export.id)["name"] is None
    assert search(services, PIA, q="secretname") == [export.id]
    for caller in (BEN, ADMIN):
        assert search(services, caller, q="secretname") == []


def test_name_of_a_schedule_is_for_those_who_may_see_the_schedule(services):
    new = replace(make_new(ADA, services.clock()), schedule_id=SCHEDULE, schedule_name="Monthly")
    export = services.exports.create(new, limit=10)
    for caller, name in ((ADA, "Monthly"), (ADMIN, "Monthly"), (BEN, None)):
        assert get_export(services, caller, export.id)["schedule_name"] == name
        assert search(services, caller, q="monthly") == ([export.id] if name else [])
        assert search(services, caller, schedule_id=SCHEDULE) == [export.id]


@pytest.mark.parametrize("state", ["QUEUED", "COMPLETED"])
def test_state_is_that_of_the_row_now(services, state):
    queued, done = add(services), finish(services, add(services))
    wanted = queued if state == State.QUEUED else done
    for scope in ("mine", "all"):
        assert search(services, scope=scope, state=state) == [wanted.id]
        assert search(services, BEN, scope="mine", state=state) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "ct"),
        ("type", ""),
        ("owner_name", ""),
        ("owner_name", "a\n"),
        ("schedule_id", "../exports"),
        ("requested_from", "2026-02-30"),
        ("requested_from", "20260201"),
        ("requested_to", "2026-02-\N{ARABIC-INDIC DIGIT TWO}1"),
        ("requested_to", "9999-12-31"),
        ("q", " "),
        ("q", "x" * 81),
        ("q", "\u202e"),
        ("sort", "name"),
        ("sort", "--size"),
    ],
)
def test_list_names_the_invalid_parameter(services, name, value):
    caught = assert_refused(
        400, f"BAD_{name.upper()}", list_exports, services, ADA, {name: value}, field=name
    )
    assert value.strip() == "" or value not in caught.message or name == "type"


def test_list_refuses_dates_in_the_wrong_order(services):
    dates = {"requested_from": "2026-11-02", "requested_to": "2026-11-01"}
    assert_refused(400, "BAD_REQUESTED_TO", list_exports, services, ADA, dates, field="requested_to")


@pytest.mark.parametrize("other", [{"q": "x"}, {"sort": "size"}, {"type": "ct-csv"}, {"scope": "all"}])
def test_cursor_belongs_to_one_search(services, clock, other):
    for _ in range(2):
        add(services)
        clock.move(seconds=1)
    cursor = list_exports(services, ADA, {"limit": "1"})["next_cursor"]
    assert_refused(
        400, "BAD_CURSOR", list_exports, services, ADA, {"cursor": cursor, **other}, field="cursor"
    )


def test_search_leaves_no_trace_in_the_log(services, load_handler, read_log):
    claims = {"sub": "a", "username": "ada", "cognito:groups": "[exportgroup]"}
    event = {
        "routeKey": "GET /exports",
        "queryStringParameters": {"q": "Secretname", "owner_name": "Ownername"},
        "headers": {},
        "requestContext": {"authorizer": {"jwt": {"claims": claims}}},
    }
    assert load_handler("list_exports")(event, CONTEXT)["statusCode"] == 200
    assert read_log()
    assert not any(word in str(read_log()) for word in ("Secretname", "Ownername"))
