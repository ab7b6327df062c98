"""Delete exports: one, or several at once."""

from threading import Barrier

import pytest

from doseexport.actions.exports import DELETED_AT_ONCE, delete_export
from doseexport.aws.clients import ClientError
from tests.component.answers import (
    assert_refused,
    delete_exports,
    download_export,
    get_export,
    list_exports,
)
from tests.fakes import ADA, ADMIN, BEN, PIA, add, finish, list_keys, make_new, run


def test_delete_hides_the_row_and_removes_the_objects(services):
    export = finish(services, add(services))
    delete_export(services, ADA, export.id)
    assert_refused(404, "NOT_FOUND", get_export, services, ADA, export.id)
    assert_refused(404, "NOT_FOUND", delete_export, services, ADA, export.id)
    assert list_exports(services, ADA, {"scope": "all"})["exports"] == []
    assert list_keys(services) == []


def test_delete_succeeds_though_its_objects_remain(services, monkeypatch, caplog):
    export = finish(services, add(services))

    def fail(*_):
        raise OSError

    monkeypatch.setattr(type(services.files), "delete_export", fail)
    delete_export(services, ADA, export.id)
    assert "delete_failed" in caplog.messages
    assert_refused(404, "NOT_FOUND", download_export, services, ADA, export.id)


def test_delete_of_many_tells_which_one_failed(services, monkeypatch, caplog):
    first, second = (finish(services, add(services)) for _ in range(2))
    delete = services.exports.delete

    def delete_second(export_id, *others):
        if export_id == first.id:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "TransactWriteItems")
        return delete(export_id, *others)

    monkeypatch.setattr(services.exports, "delete", delete_second)
    answer = delete_exports(services, ADA, {"ids": [first.id, second.id]})
    assert answer["deleted"] == [second.id]
    assert [(each["id"], each["code"]) for each in answer["refused"]] == [(first.id, "NOT_DELETED")]
    assert "not_deleted" in caplog.messages


def test_delete_of_unfinished_export_is_refused(services):
    for export in (add(services), run(services, add(services))):
        assert_refused(409, "STILL_ACTIVE", delete_export, services, ADA, export.id, field="id")


def test_delete_of_many_answers_for_each(services):
    mine, others, waiting = (
        finish(services, add(services)),
        finish(services, add(services, BEN)),
        add(services),
    )
    unknown = make_new().id
    wanted = [mine.id, others.id, waiting.id, unknown, "nonsense", mine.id]
    answer = delete_exports(services, ADA, {"ids": wanted})
    assert answer["deleted"] == [mine.id]
    codes = {each["id"]: each["code"] for each in answer["refused"]}
    assert codes == {
        others.id: "FORBIDDEN",
        waiting.id: "STILL_ACTIVE",
        unknown: "NOT_FOUND",
        "nonsense": "NOT_FOUND",
    }
    assert get_export(services, BEN, others.id)


def test_delete_of_many_does_not_wait_for_one_after_the_other(services, monkeypatch):
    """A hundred would otherwise take longer than the function may run."""
    exports = [finish(services, add(services)).id for _ in range(DELETED_AT_ONCE)]
    all_at_once = Barrier(DELETED_AT_ONCE, timeout=20)
    delete = type(services.files).delete_export

    def delete_together(self, export_id):
        all_at_once.wait()
        delete(self, export_id)

    monkeypatch.setattr(type(services.files), "delete_export", delete_together)
    assert delete_exports(services, ADA, {"ids": exports})["deleted"] == exports
    assert list_keys(services) == []


def test_delete_is_allowed_to_admins(services):
    export = finish(services, add(services, PIA, include_names=True))
    assert delete_exports(services, ADMIN, {"ids": [export.id]})["deleted"] == [export.id]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"ids": []},
        {"ids": "x"},
        {"ids": [1]},
        {"ids": ["x"] * 101},
        {"ids": ["x"], "all": True},
    ],
)
def test_delete_refuses_invalid_list_of_ids(services, body):
    assert_refused(422, "BAD_IDS", delete_exports, services, ADA, body, field="ids")
