"""Every change of an export is published in order, and its end is mailed to the topic."""

import json

from local.stack import users
from local.stack.service import Service
from local.stack.stack import Stack

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


def test_owner_who_asked_gets_a_mail(stack: Stack) -> None:
    """The mail leaves by SES to the verified address, once, and the audit trail says so."""
    user = users.create(stack, "mailed", users.EXPORT, has_mail=True)
    service = Service(stack.url, users.sign_in(stack, user))
    assert service.call("GET", "/export-types?columns=none").json["can_send_mail"]
    silent = service.wait(service.request_export(type="ct-csv").json["id"])
    filters = {"station": "Qqz"}
    export = service.wait(service.request_export(type="ct-csv", filters=filters, send_mail=True).json["id"])
    assert export["send_mail"]
    (text,) = until(lambda: users.read_mail(stack, user.name))
    assert f"#exports?export={export['id']}" in text
    assert "Qqz" not in text

    def list_events() -> list[str]:
        trail = service.call("GET", f"/exports/{export['id']}/audit-trail").json["entries"]
        return [entry["event"] for entry in trail if entry["event"].startswith("mail_")]

    assert until(list_events) == ["mail_sent"]
    assert silent["id"] not in text
