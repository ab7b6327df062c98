"""The rights of every kind of caller."""

from dataclasses import replace

import pytest

from doseexport.domain.export import State
from doseexport.domain.rights import (
    Caller,
    list_rights,
    may_change,
    may_open,
    may_see_filters,
    may_use_pseudonyms,
    read_caller,
    read_groups,
    read_scopes,
    require_usage,
)
from doseexport.errors import RequestError
from tests.fakes import ADA, ADMIN, BEN, PIA, STRANGER, make_new, make_result

BOTH = Caller("both", "both", frozenset({"admingroup", "pidgroup"}))
PLAIN = make_new(ADA)
NAMED = make_new(ADA, include_names=True)


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("[exportgroup admingroup]", {"exportgroup", "admingroup"}),
        ("[exportgroup]", {"exportgroup"}),
        ("[]", set()),
        (["exportgroup", "pidgroup"], {"exportgroup", "pidgroup"}),
        ([], set()),
        ("exportgroup", set()),
        ("[exportgroup", set()),
        ("[exportgroup,pidgroup]", {"exportgroup,pidgroup"}),
        ("", set()),
        (None, set()),
        (1, set()),
        ({"exportgroup": True}, set()),
        (["exportgroup", 1], set()),
    ],
)
def test_groups_are_read_from_two_shapes_of_the_claim_only(claim, groups):
    assert read_groups(claim) == groups


def test_caller_is_named_by_either_claim():
    assert read_caller({"sub": "s", "cognito:username": "a", "username": "b"}).name == "a"
    assert read_caller({"sub": "s", "username": "b"}).name == "b"
    assert read_caller({"sub": "s"}) == Caller("s", "s", frozenset())


MACHINE = {"sub": "c", "client_id": "c", "token_use": "access", "scope": "doseexport/export doseexport/pid"}


def test_scopes_of_a_program_give_the_rights_of_groups():
    groups = frozenset({"exportgroup", "pidgroup"})
    assert read_caller(MACHINE) == Caller("c", "c", groups, is_machine=True)
    assert read_scopes(MACHINE | {"scope": "doseexport/admin other/export"}) == {"admingroup"}


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "a person"},
        {"token_use": None},
        {"username": "ada"},
        {"scope": ["doseexport/export"]},
        {"scope": "export"},
        {"scope": "doseexport/export2 DOSEEXPORT/ADMIN"},
        {"scope": None},
    ],
)
def test_malformed_scope_grants_no_right(change):
    assert read_caller(MACHINE | change).groups == frozenset()


def test_program_is_known_by_its_own_token_with_any_scope():
    assert read_caller(MACHINE | {"scope": "other/export"}).is_machine
    for change in ({"sub": "a person"}, {"username": "ada"}, {"client_id": None}):
        assert not read_caller(MACHINE | change).is_machine


def test_groups_in_a_programs_token_are_ignored():
    assert read_caller(MACHINE | {"cognito:groups": "[admingroup]"}).groups == {"exportgroup", "pidgroup"}


def test_scopes_in_a_persons_token_are_ignored():
    person = MACHINE | {"sub": "p", "username": "ada", "cognito:groups": "[exportgroup]"}
    assert read_caller(person).groups == {"exportgroup"}


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": None}, {"sub": 7}])
def test_caller_without_identity_is_401(claims):
    with pytest.raises(RequestError) as caught:
        read_caller(claims)
    assert caught.value.status == 401


def test_pidgroup_alone_gives_no_access():
    assert not STRANGER.may_use_service
    assert not STRANGER.may_see_patients
    for check in (may_open, may_see_filters, may_change):
        assert not check(STRANGER, PLAIN)
        assert not check(STRANGER, NAMED)


@pytest.mark.parametrize(
    ("caller", "opens_plain", "opens_named", "changes"),
    [
        (ADA, True, True, True),
        (BEN, True, False, False),
        (PIA, True, True, False),
        (ADMIN, True, False, True),
        (BOTH, True, True, True),
        (STRANGER, False, False, False),
        (replace(ADA, groups=frozenset()), False, False, False),
    ],
)
def test_rights_of_every_caller(caller, opens_plain, opens_named, changes):
    assert may_open(caller, PLAIN) is may_see_filters(caller, PLAIN) is opens_plain
    assert may_open(caller, NAMED) is may_see_filters(caller, NAMED) is opens_named
    assert may_change(caller, PLAIN) is may_change(caller, NAMED) is changes


def test_rights_follow_the_state():
    done = replace(PLAIN, state=State.COMPLETED, result=make_result(PLAIN))
    failed = replace(PLAIN, state=State.FAILED)
    assert set(list_rights(ADA, PLAIN)) == {"abort", "set_retention"}
    assert set(list_rights(ADA, replace(PLAIN, state=State.ABORTING))) == {"abort"}
    assert (
        set(list_rights(ADA, done))
        == set(list_rights(ADMIN, done))
        == {"download", "delete", "set_retention"}
    )
    assert set(list_rights(ADA, failed)) == {"delete"}
    assert set(list_rights(BEN, done)) == {"download"}
    assert set(list_rights(BEN, PLAIN)) == set()


@pytest.mark.parametrize("caller", [ADA, PIA, STRANGER], ids=lambda caller: caller.name)
def test_usage_is_for_admins(caller):
    require_usage(ADMIN)
    with pytest.raises(RequestError) as caught:
        require_usage(caller)
    assert caught.value.status == 403


def test_id_token_is_refused():
    with pytest.raises(RequestError) as caught:
        read_caller({"sub": "ada-sub", "cognito:username": "ada", "token_use": "id"})
    assert (caught.value.status, caught.value.code) == (401, "ACCESS_TOKEN_NEEDED")


@pytest.mark.parametrize(
    ("group", "allowed"),
    [
        ("exportgroup", {ADA, ADMIN, PIA, BOTH}),
        ("admingroup", {ADMIN, BOTH}),
        ("pidgroup", {PIA, BOTH}),
        ("nosuchgroup", set()),
    ],
)
def test_pseudonyms_are_for_members_of_one_group(group, allowed):
    callers = {
        ADA,
        ADMIN,
        PIA,
        BOTH,
        STRANGER,
        Caller("x", "x", frozenset({group}) - {"exportgroup", "admingroup"}),
    }
    assert {each for each in callers if may_use_pseudonyms(each, group)} == allowed
