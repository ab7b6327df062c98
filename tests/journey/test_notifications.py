"""Every change of an export is published in order, and its end is mailed to the topic."""

import json

from local.stack.service import Service

from tests.journey.backstage import until
from tests.journey.listening import Listener


def test_notifications_report_the_whole_life_of_an_export(listener: Listener, physicist: Service) -> None:
    export = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    assert physicist.call("POST", f"/exports/{export['id']}/download").status == 200
    assert physicist.call("DELETE", f"/exports/{export['id']}").status == 204
    events = ["requested", "started", "completed", "link_issued", "deleted"]
    until(lambda: listener.list_events(export["id"]) == events or None)
    until(lambda: [mail for mail in listener.hear(listener.topic) if export["id"] in mail["Message"]])


def test_failure_is_mailed_by_its_code(listener: Listener, physicist: Service) -> None:
    requested = physicist.request_export(
        type="ct-csv", filters={"date_from": "2199-01-01", "acquisition_protocol": "Qqz"}
    )
    export = physicist.wait(requested.json["id"])
    (mail,) = until(lambda: [one for one in listener.hear(listener.topic) if export["id"] in one["Message"]])
    assert "NO_STUDIES" in mail["Message"]
    assert "Qqz" not in json.dumps([mail, listener.hear(listener.bus)])
