"""Create, share, change, use and delete presets."""

import json
import logging
from dataclasses import replace
from functools import cache

import pytest

from doseexport.actions.presets import MAX_PRESETS, MAX_SHARED, delete_preset, load_for_use
from doseexport.aws.dynamodb.preset_rows import new_row
from doseexport.domain.preset import make_preset, parse_preset
from doseexport.domain.rights import Caller
from doseexport.errors import RequestError
from tests.component.answers import change_preset, create_preset, get_preset, list_presets, request_export
from tests.component.gateway import Gateway
from tests.fakes import ADA, ADMIN, BEN, PIA, SAVED_REQUESTS_TABLE, STRANGER, aws_client, take_messages
from tests.processes import Paced, services_of

REQUEST = {"type": "ct-csv", "filters": {"age_min": "16", "date_from": "2026-01-01"}}
BODY = {"name": "Adults", "request": REQUEST}
PROGRAM = Caller("client", "client", frozenset({"exportgroup"}), is_machine=True)
UNKNOWN = "x" * 32
NOT_FOUND = (404, "NOT_FOUND", "id")
FORBIDDEN = (403, "FORBIDDEN", "id")


def store_preset(services, caller=ADA, **fields):
    return create_preset(services, caller, {**BODY, **fields})["id"]


def names(services, caller):
    return [preset["name"] for preset in list_presets(services, caller)["presets"]]


def refusal(call, *arguments):
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code, caught.value.field


def rows(services):
    """Every row of the table of saved requests."""
    return aws_client("dynamodb").scan(TableName=SAVED_REQUESTS_TABLE)["Items"]


def test_preset_is_stored_and_shown(services, clock):
    shown = create_preset(services, ADA, BODY)
    assert (shown["name"], shown["shared"], shown["mine"], shown["owner_name"]) == (
        "Adults",
        False,
        True,
        "ada",
    )
    assert shown["request"] == {**REQUEST, "order": "newest_first", "options": {}}
    clock.move(days=1)
    assert get_preset(services, ADA, shown["id"]) == shown
    assert list_presets(services, ADA) == {"presets": [shown], "complete": True}


def test_preset_list_is_sorted_by_name_and_holds_own_and_shared(services):
    for name, caller, shared in [
        ("beta", ADA, False),
        ("Gamma", BEN, True),
        ("alpha", ADA, True),
        ("hidden", BEN, False),
        ("Alpha", BEN, True),
    ]:
        store_preset(services, caller, name=name, shared=shared)
    assert [name.casefold() for name in names(services, ADA)] == ["alpha", "alpha", "beta", "gamma"]
    assert sorted(names(services, BEN)) == ["Alpha", "Gamma", "alpha", "hidden"]
    assert names(services, ADMIN) == names(services, PROGRAM)
    assert sorted(names(services, ADMIN)) == ["Alpha", "Gamma", "alpha"]


def test_preset_list_beyond_limit_holds_newest_and_is_incomplete(services, clock):
    body = parse_preset({**BODY, "shared": True})
    for number in range(MAX_SHARED + 1):
        preset = make_preset(f"{number:032}", BEN, {**body, "name": f"{number:03}"}, clock.move(seconds=1))
        assert services.presets.create(preset, MAX_SHARED + 1)
        if number == MAX_SHARED - 1:
            assert list_presets(services, ADA)["complete"]
    assert names(services, ADA) == [f"{number:03}" for number in range(1, MAX_SHARED + 1)]
    assert not list_presets(services, ADA)["complete"]
    assert len(names(services, BEN)) == MAX_SHARED + 1


def test_preset_limit_is_not_exceeded(services):
    first = store_preset(services, name="0")
    for number in range(1, MAX_PRESETS):
        store_preset(services, name=str(number))
    before = rows(services)
    assert refusal(store_preset, services) == (409, "TOO_MANY_PRESETS", None)
    assert rows(services) == before
    store_preset(services, BEN)
    delete_preset(services, ADA, first)
    store_preset(services, name="0")
    assert refusal(store_preset, services)[1] == "TOO_MANY_PRESETS"


def test_preset_limit_is_not_exceeded_by_two_at_once(services):
    for number in range(MAX_PRESETS - 1):
        store_preset(services, name=str(number))
    slow = Paced()
    refused = []

    def store_slowly():
        try:
            store_preset(services_of(slow, services), name="Slow")
        except RequestError as error:
            refused.append(error.code)

    slow.start(store_slowly)
    store_preset(services)
    slow.finish()
    assert refused == ["TOO_MANY_PRESETS"]
    assert len(names(services, ADA)) == MAX_PRESETS


def test_preset_name_is_there_once_per_owner(services):
    first = store_preset(services)
    before = rows(services)
    assert refusal(store_preset, services) == (409, "NAME_TAKEN", "name")
    for name in ("Adults", " adults", "ADULTS"):
        with pytest.raises(RequestError, match="of this name already"):
            store_preset(services, name=name)
    assert rows(services) == before
    store_preset(services, BEN)
    second = store_preset(services, name="Children")
    taken = refusal(change_preset, services, ADA, second, {"name": "adults", "shared": True})
    assert taken == (409, "NAME_TAKEN", "name")
    assert not get_preset(services, ADA, second)["shared"]
    change_preset(services, ADA, first, {"name": "ADULTS"})
    change_preset(services, ADA, first, {"name": "Grown-ups"})
    change_preset(services, ADA, second, {"name": "Adults"})
    delete_preset(services, ADA, first)
    store_preset(services, name="Grown-ups")
    assert sorted(names(services, ADA)) == ["Adults", "Grown-ups"]


def test_preset_name_is_not_taken_by_two_at_once(services):
    slow = Paced()
    refused = []
    slow.start(lambda: refused.append(refusal(store_preset, services_of(slow, services))))
    store_preset(services)
    slow.finish()
    assert refused == [(409, "NAME_TAKEN", "name")]
    assert names(services, ADA) == ["Adults"]


def test_preset_name_is_not_stored_in_a_key(services):
    store_preset(services, name="Secret Smith")
    assert "secret" not in json.dumps([row["pk"] for row in rows(services)]).casefold()


def test_presets_of_one_name_of_an_older_release_can_be_renamed_and_deleted(services):
    first, second = store_preset(services), store_preset(services, name="Second")
    table = aws_client("dynamodb")
    table.update_item(
        TableName=SAVED_REQUESTS_TABLE,
        Key={"pk": {"S": f"PRESET#{second}"}},
        UpdateExpression="SET #name = :name",
        ExpressionAttributeNames={"#name": "name"},
        ExpressionAttributeValues={":name": {"S": "Adults"}},
    )
    assert names(services, ADA) == ["Adults", "Adults"]
    change_preset(services, ADA, second, {"name": "Third"})
    assert refusal(store_preset, services)[1] == "NAME_TAKEN"
    delete_preset(services, ADA, second)
    delete_preset(services, ADA, first)
    assert names(services, ADA) == []
    store_preset(services)


def test_preset_that_is_not_shared_is_unknown_to_others(services):
    preset_id = store_preset(services)
    for caller in (BEN, PIA, ADMIN, PROGRAM):
        assert refusal(get_preset, services, caller, preset_id) == NOT_FOUND
        assert refusal(change_preset, services, caller, preset_id, {"shared": False}) == NOT_FOUND
        assert refusal(delete_preset, services, caller, preset_id) == NOT_FOUND
        assert names(services, caller) == []
    for unknown in (UNKNOWN, "x", "", "../x"):
        assert refusal(get_preset, services, ADA, unknown) == NOT_FOUND


def test_preset_that_is_shared_is_readable_and_its_owner_changes_it(services):
    preset_id = store_preset(services, shared=True)
    for caller in (BEN, PIA, ADMIN, PROGRAM):
        shown = get_preset(services, caller, preset_id)
        assert (shown["name"], shown["mine"], "change" in shown["links"]) == ("Adults", False, False)
        for changes in ({"name": "x"}, {"request": REQUEST}, {"name": "x", "shared": False}):
            assert refusal(change_preset, services, caller, preset_id, changes) == FORBIDDEN
    for caller in (BEN, PIA, PROGRAM):
        assert refusal(change_preset, services, caller, preset_id, {"shared": False}) == FORBIDDEN
        assert refusal(delete_preset, services, caller, preset_id) == FORBIDDEN
    assert get_preset(services, ADA, preset_id)["name"] == "Adults"


def test_preset_is_unshared_by_admin(services):
    unshared, deleted = (
        store_preset(services, name="one", shared=True),
        store_preset(services, name="two", shared=True),
    )
    assert not change_preset(services, ADMIN, unshared, {"shared": False})["shared"]
    delete_preset(services, ADMIN, deleted)
    assert names(services, BEN) == []
    assert names(services, ADA) == ["one"]
    assert refusal(get_preset, services, ADMIN, unshared) == NOT_FOUND


def test_preset_change_is_visible_to_all(services, clock):
    preset_id = store_preset(services, shared=True)
    clock.move(hours=1)
    changed = change_preset(services, ADA, preset_id, {"name": "New", "request": {"type": "mg-csv"}})
    assert changed["request"] == {"type": "mg-csv", "filters": {}, "order": "newest_first", "options": {}}
    assert changed["changed_at"] > changed["created_at"]
    assert get_preset(services, BEN, preset_id) == {
        **changed,
        "mine": False,
        "links": {"self": f"/presets/{preset_id}"},
    }
    change_preset(services, ADA, preset_id, {"shared": False})
    assert names(services, BEN) == []
    change_preset(services, ADA, preset_id, {"shared": True})
    assert names(services, BEN) == ["New"]


def test_preset_window_is_stored_changed_and_used(services, clock):
    request = {"type": "ct-csv", "filters": {"age_min": "16"}}
    made = create_preset(services, ADA, {"name": "Months", "window": "last_month", "request": request})
    assert get_preset(services, ADA, made["id"]) == made
    change_preset(services, ADA, made["id"], {"window": "last_quarter"})
    assert get_preset(services, ADA, made["id"])["window"] == "last_quarter"
    exported = request_export(services, ADA, {"preset": made["id"]})
    assert exported["filters"] == {"age_min": "16", "date_from": "2026-07-01", "date_to": "2026-09-30"}
    clock.move(days=60)
    assert get_preset(services, ADA, made["id"])["dates"]["date_from"] == "2026-10-01"
    change_preset(services, ADA, made["id"], {"window": None})
    assert get_preset(services, ADA, made["id"])["dates"] is None


def test_preset_changes_at_once_lose_none(services):
    preset_id = store_preset(services)
    slow = Paced()
    slow.start(lambda: change_preset(services_of(slow, services), ADA, preset_id, {"name": "New"}))
    slow.step()  # it has read, and comes to write
    change_preset(services, ADA, preset_id, {"shared": True})
    slow.finish()
    shown = get_preset(services, ADA, preset_id)
    assert (shown["name"], shown["shared"]) == ("New", True)
    assert services.presets.load(preset_id).revision == 3


def test_preset_change_overtaken_by_deletion_makes_no_row(services):
    preset_id = store_preset(services)
    slow = Paced()
    refused = []

    def change_slowly():
        refused.append(refusal(change_preset, services_of(slow, services), ADA, preset_id, {"name": "New"}))

    slow.start(change_slowly)
    slow.step()
    delete_preset(services, ADA, preset_id)
    slow.finish()
    assert refused == [NOT_FOUND]
    assert services.presets.load(preset_id) is None


def test_preset_deletion_by_admin_overtaken_by_unsharing_deletes_nothing(services):
    preset_id = store_preset(services, shared=True)
    slow = Paced()
    refused = []
    slow.start(lambda: refused.append(refusal(delete_preset, services_of(slow, services), ADMIN, preset_id)))
    slow.step()
    change_preset(services, ADA, preset_id, {"shared": False})
    slow.finish()
    assert refused == [NOT_FOUND]
    assert names(services, ADA) == ["Adults"]


def test_preset_change_overtaken_repeatedly_is_reported(services, monkeypatch):
    preset_id = store_preset(services)
    monkeypatch.setattr(services.presets, "replace", lambda *_: False)
    assert refusal(change_preset, services, ADA, preset_id, {"name": "x"}) == (409, "PRESET_BUSY", "id")


def test_preset_deletion_leaves_nothing(services):
    delete_preset(services, ADA, store_preset(services))
    (owner,) = rows(services)
    assert owner == {"pk": {"S": "OWNER#ada-sub"}}
    assert names(services, ADA) == []


@pytest.mark.parametrize("caller", [ADA, PIA], ids=lambda caller: caller.name)
def test_preset_with_patients_is_refused(services, caller):
    naming = {"type": "ct-csv", "filters": {"patient_id": "Secret"}}
    expected = (422, "NO_PATIENTS_IN_PRESETS", "filters.patient_id")
    assert refusal(create_preset, services, caller, {"name": "x", "request": naming}) == expected
    preset_id = store_preset(services, caller)
    assert refusal(change_preset, services, caller, preset_id, {"request": naming}) == expected
    assert "Secret" not in str(rows(services))


def test_preset_that_is_shared_is_usable_by_programs_which_store_none(services):
    assert refusal(create_preset, services, PROGRAM, BODY) == (403, "PEOPLE_ONLY", None)
    shared = store_preset(services, shared=True)
    assert request_export(services, PROGRAM, {"preset": shared})["filters"] == REQUEST["filters"]
    assert rows(services) != []


@pytest.mark.parametrize("call", [create_preset, lambda services, caller, _: list_presets(services, caller)])
def test_preset_is_refused_to_strangers(services, call):
    assert refusal(call, services, STRANGER, BODY) == (403, "GROUP_NEEDED", None)
    assert rows(services) == []


def test_preset_of_another_release_is_listed_and_deleted(services):
    preset_id = store_preset(services, shared=True)
    preset = services.presets.load(preset_id)
    old = replace(preset, request=replace(preset.request, type="xx-csv", filters={"shoe_size": "44"}))
    assert "shoe_size" in str(new_row(old))
    assert services.presets.replace(preset, replace(old, revision=2))
    (shown,) = list_presets(services, BEN)["presets"]
    assert (shown["usable"], shown["request"]["filters"]) == (False, {"shoe_size": "44"})
    assert refusal(request_export, services, BEN, {"preset": preset_id}) == (
        422,
        "UNKNOWN_EXPORT_TYPE",
        "type",
    )
    delete_preset(services, ADA, preset_id)
    assert list_presets(services, BEN)["presets"] == []


# In use


def test_preset_in_export_leaves_its_real_filters(services):
    preset_id = store_preset(services, shared=True)
    export = request_export(services, BEN, {"preset": preset_id, "filters": {"age_min": "18"}})
    delete_preset(services, ADA, preset_id)
    row = services.exports.load(export["id"])
    assert row.request.filters == {"age_min": "18", "date_from": "2026-01-01"}
    assert (
        row.fingerprint
        == services.exports.load(
            request_export(services, BEN, {**REQUEST, "filters": row.request.filters})["id"]
        ).fingerprint
    )


def test_preset_changed_under_a_repeated_key_makes_another_request(services):
    preset_id = store_preset(services)
    requested = request_export(services, ADA, {"preset": preset_id}, "key")
    assert request_export(services, ADA, {"preset": preset_id}, "key")["id"] == requested["id"]
    change_preset(services, ADA, preset_id, {"request": {"type": "ct-csv"}})
    assert refusal(request_export, services, ADA, {"preset": preset_id}, "key")[:2] == (
        422,
        "IDEMPOTENCY_MISMATCH",
    )


def test_preset_that_is_not_visible_is_not_usable(services):
    preset_id = store_preset(services)
    expected = (422, "UNKNOWN_PRESET", "preset")
    for caller in (BEN, ADMIN):
        assert refusal(request_export, services, caller, {"preset": preset_id}) == expected
    for unknown in (UNKNOWN, "x", None, 7, ["x"], {}):
        assert refusal(request_export, services, ADA, {"preset": unknown}) == expected
    assert take_messages(services) == []


@pytest.mark.parametrize("body", [None, [], "preset", REQUEST])
def test_preset_free_request_stays_as_it_is(services, body):
    assert load_for_use(services, ADA, body) is body


def test_preset_calls_are_logged_by_id_without_name(load_handler, caplog):
    caplog.set_level(logging.DEBUG)
    gateway = Gateway(
        cache(load_handler), {"sub": ADA.id, "username": "ada", "cognito:groups": "[exportgroup]"}
    )
    made = gateway.call("POST", "/presets", {**BODY, "name": "Secret Smith"})
    where = f"/presets/{made.json['id']}"
    replies = [
        gateway.call("PATCH", where, {"name": "Secret Jones"}),
        gateway.call("PATCH", where, {"name": "Secret\nJones"}),
        gateway.call("POST", "/exports", {"preset": made.json["id"]}),
        gateway.call("DELETE", where),
    ]
    assert [made.status, *(reply.status for reply in replies)] == [201, 200, 422, 202, 204]
    logged = [record.__dict__ for record in caplog.records if record.name.startswith("doseexport")]
    assert made.json["id"] in {record.get("preset_id") for record in logged}
    assert "Secret" not in str(logged)
