"""How much each user requested in a month."""

import pytest

from doseexport.actions import usage
from doseexport.errors import RequestError
from tests.component.answers import show_usage
from tests.fakes import ADA, ADMIN, BEN, PIA, STRANGER, add, finish


def counts(answer):
    return {
        each["user"]["name"]: (each["requested"], each["bytes"], each["bytes_retained"])
        for each in answer["users"]
    }


def test_usage_of_this_month_includes_deleted_and_expired_exports(services, clock):
    finish(services, add(services))
    deleted, expired = finish(services, add(services)), finish(services, add(services, BEN, retention_days=1))
    assert services.exports.delete(deleted.id, ADA, clock.move(days=1))
    assert expired.expires_at == clock()
    add(services, PIA)
    answer = show_usage(services, ADMIN, {})
    assert (answer["month"], answer["complete"]) == ("2026-11", True)
    assert counts(answer) == {"ada": (2, 24, 12), "ben": (1, 12, 0), "pia": (1, 0, 0)}


def test_usage_of_a_month_holds_what_was_requested_in_it(services, clock):
    add(services)
    clock.move(days=10)
    add(services, BEN)
    assert counts(show_usage(services, ADMIN, {"month": "2026-11"})) == {"ada": (1, 0, 0)}
    assert counts(show_usage(services, ADMIN, {})) == {"ben": (1, 0, 0)}
    assert show_usage(services, ADMIN, {"month": "2020-01"})["users"] == []


def test_usage_of_too_many_counts_the_newest_and_says_so(services, clock, monkeypatch):
    monkeypatch.setattr(usage, "MAX_COUNTED", 2)
    for caller in (ADA, BEN, BEN):
        add(services, caller)
        clock.move(seconds=1)
    answer = show_usage(services, ADMIN, {})
    assert (counts(answer), answer["complete"]) == ({"ben": (2, 0, 0)}, False)
    monkeypatch.setattr(usage, "MAX_COUNTED", 3)
    assert show_usage(services, ADMIN, {})["complete"]


@pytest.mark.parametrize("caller", [ADA, PIA, STRANGER], ids=lambda caller: caller.name)
def test_usage_is_for_admins(services, caller):
    with pytest.raises(RequestError) as caught:
        show_usage(services, caller, {})
    assert caught.value.status == 403
