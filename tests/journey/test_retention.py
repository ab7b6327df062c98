"""A file is retained as long as its owner sets, and then it is gone. An admin sees the usage."""

from datetime import datetime, timedelta

from local.stack.service import Service

from tests.journey.backstage import Backstage
from tests.journey.conftest import UserPool
from tests.journey.test_export import download

DAY = timedelta(days=1)
FEW = {"type": "ct-csv", "filters": {"date_from": "2025-10-25"}}


def time_of(export, name):
    return datetime.fromisoformat(export[name])


def test_file_of_shortened_retention_is_gone_and_no_other(physicist: Service, backstage: Backstage) -> None:
    unchanged, cut = (
        physicist.wait(physicist.request_export(**FEW, retention_days=60).json["id"]) for _ in range(2)
    )
    assert time_of(cut, "expires_at") - time_of(cut, "finished_at") == 60 * DAY
    shown = physicist.call("PATCH", cut["links"]["set_retention"], {"retention_days": 1}).json
    assert time_of(shown, "expires_at") - time_of(shown, "finished_at") == DAY
    backstage.sweep()
    assert len(backstage.objects(cut["id"])) == 2
    for each in (unchanged, cut):
        backstage.age(each["id"], DAY)
    assert physicist.call("GET", f"/exports/{cut['id']}").status == 404
    backstage.sweep()
    assert backstage.objects(cut["id"]) == []
    assert "cleanup" not in backstage.row(cut["id"])
    assert download(physicist, unchanged).status == 200
    entries = physicist.call("GET", f"/exports/{cut['id']}/audit-trail").json["entries"]
    assert [entry["event"] for entry in entries] == [
        "requested",
        "started",
        "completed",
        "retention_changed",
        "expired",
    ]
    assert entries[3]["retention"] == {"days": 1, "until": shown["expires_at"]}


def test_retention_never_exceeds_the_maximum(physicist: Service) -> None:
    most = physicist.call("GET", "/export-types").json["retention_days"]["max"]
    refused = physicist.request_export(**FEW, retention_days=most + 1)
    assert (refused.status, refused.json["field"]) == (422, "retention_days")
    export = physicist.wait(physicist.request_export(**FEW).json["id"])
    refused = physicist.call("PATCH", f"/exports/{export['id']}", {"retention_days": most + 1})
    assert (refused.status, refused.json["field"]) == (422, "retention_days")
    assert physicist.get(export["id"]) == export


def test_usage_shows_admins_requests_with_deleted_files_included(people: UserPool) -> None:
    export = people.privileged.wait(people.privileged.request_export(**FEW).json["id"])
    before = people.admin.call("GET", "/usage").json
    assert people.privileged.call("DELETE", f"/exports/{export['id']}").status == 204
    after = people.admin.call("GET", "/usage").json
    assert (before["month"], before["complete"]) == (export["created_at"][:7], True)
    (had,), (has,) = (
        [each for each in answer["users"] if each["user"]["name"] == export["owner_name"]]
        for answer in (before, after)
    )
    assert had["bytes"] >= export["size"]
    assert {**has, "bytes_retained": had["bytes_retained"]} == had
    assert has["bytes_retained"] == had["bytes_retained"] - export["size"]
