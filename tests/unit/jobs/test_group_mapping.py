"""Groups of an identity provider become ours at each sign-in, and are taken away again."""

import copy
import importlib.util
import json
from pathlib import Path

import pytest

from doseexport.jobs.group_mapping import GroupMap, map_groups, read_claim
from tests.invocation import CONTEXT

REPOSITORY = Path(__file__).resolve().parents[3]
EVENT = json.loads((REPOSITORY / "events" / "map_groups.json").read_text())
ENVIRONMENT = {"EXPORT_CLAIM": "Medical Physics", "ADMIN_CLAIM": "", "PATIENT_CLAIM": "Named Patients"}
GROUPS = GroupMap.from_environment(ENVIRONMENT)


class Pool:
    """Notes whom it gives which group, in order."""

    def __init__(self, failing=""):
        self.calls = []
        self._failing = failing

    def admin_add_user_to_group(self, **arguments):
        self._note("add", arguments)

    def admin_remove_user_from_group(self, **arguments):
        self._note("remove", arguments)

    def _note(self, verb, arguments):
        assert (arguments["UserPoolId"], arguments["Username"]) == (EVENT["userPoolId"], EVENT["userName"])
        if verb == self._failing:
            raise ConnectionError(verb)
        self.calls.append((verb, arguments["GroupName"]))


def sign_in(groups, claim, pool=None, **attributes):
    event = copy.deepcopy(EVENT)
    event["request"]["groupConfiguration"]["groupsToOverride"] = groups
    event["request"]["userAttributes"] |= {"custom:groups": claim, **attributes}
    pool = pool or Pool()
    answer = map_groups(event, GROUPS, pool)
    details = (answer["response"]["claimsAndScopeOverrideDetails"] or {}).get("groupOverrideDetails", {})
    return details.get("groupsToOverride"), pool.calls


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        ("", set()),
        ("[]", set()),
        ("Physics", {"Physics"}),
        ("Physics,Staff", {"Physics", "Staff"}),
        ("[Physics, Staff]", {"Physics", "Staff"}),
        ('["Physics", "Staff, all"]', {"Physics", "Staff, all"}),
        (
            "[Medical+Physics, Staff%2C+all]",
            {"Medical+Physics", "Medical Physics", "Staff%2C+all", "Staff, all"},
        ),
        ("12", {"12"}),
        ('{"Physics": 1}', {'{"Physics": 1}'}),
        ("[1, 2]", {"1", "2"}),
    ],
)
def test_claim_is_read_in_every_form_of_cognito(claim, names):
    assert read_claim(claim) == names


def test_provider_group_adds_mapped_group_to_token_and_pool():
    assert sign_in([], "[Medical Physics, Staff]") == (["exportgroup"], [("add", "exportgroup")])


def test_lost_provider_group_removes_mapped_group_first():
    groups, calls = sign_in(["pidgroup"], "Medical Physics")
    assert groups == ["exportgroup"]
    assert calls == [("remove", "pidgroup"), ("add", "exportgroup")]


@pytest.mark.parametrize("claim", ["", "[]", "Staff", "medical physics", "Medical Physics Guests"])
def test_unmapped_claim_removes_mapped_group(claim):
    assert sign_in(["exportgroup"], claim) == ([], [("remove", "exportgroup")])


def test_missing_claim_removes_mapped_group():
    event = copy.deepcopy(EVENT)
    del event["request"]["userAttributes"]["custom:groups"]
    pool = Pool()
    map_groups(event, GROUPS, pool)
    assert pool.calls == [("remove", "pidgroup")]


def test_unmapped_groups_stay():
    assert sign_in(["admingroup", "eu-west-2_example_hospital"], "") == (
        ["admingroup", "eu-west-2_example_hospital"],
        [],
    )


def test_claim_cannot_name_our_groups_directly():
    assert sign_in([], "[exportgroup, admingroup, pidgroup]") == ([], [])


def test_nothing_is_written_where_nothing_changes(caplog):
    assert sign_in(["exportgroup"], "Medical Physics") == (["exportgroup"], [])
    assert caplog.records == []


@pytest.mark.parametrize("status", ["CONFIRMED", "FORCE_CHANGE_PASSWORD", ""])
def test_accounts_of_the_pool_itself_are_left_alone(status):
    """Whatever they have written into their own profile."""
    groups, calls = sign_in(["admingroup"], "Medical Physics", **{"cognito:user_status": status})
    assert (groups, calls) == (None, [])


@pytest.mark.parametrize("failing", ["add", "remove"])
def test_pool_that_fails_refuses_the_sign_in(failing):
    with pytest.raises(ConnectionError):
        sign_in(["pidgroup"], "Medical Physics", Pool(failing))


def test_log_says_who_got_what_without_names(caplog):
    caplog.set_level("INFO", logger="doseexport.jobs.group_mapping")
    sign_in([], "Medical Physics")
    (record,) = caplog.records
    assert (record.message, record.caller, record.added, record.removed) == (
        "groups_mapped",
        "ada-sub",
        ["exportgroup"],
        [],
    )
    assert "ada@example.org" not in json.dumps({key: str(value) for key, value in vars(record).items()})


def test_empty_parameter_maps_nothing():
    assert GroupMap.from_environment({}).provider_groups == {}
    assert GroupMap.from_environment({"ADMIN_CLAIM": " "}).provider_groups == {}
    assert GROUPS.provider_groups == {"exportgroup": "Medical Physics", "pidgroup": "Named Patients"}


def test_handler_answers_cognitos_event(monkeypatch):
    path = REPOSITORY / "functions" / "map_groups" / "handler.py"
    spec = importlib.util.spec_from_file_location("map_groups_handler", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pool, requested = Pool(), []
    monkeypatch.setattr(module, "make_client", lambda service: requested.append(service) or pool)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    answer = module.handler(copy.deepcopy(EVENT), CONTEXT)
    assert requested == ["cognito-idp"]
    assert answer["response"]["claimsAndScopeOverrideDetails"] == {
        "groupOverrideDetails": {
            "groupsToOverride": ["eu-west-2_example_hospital", "exportgroup"],
            "iamRolesToOverride": [],
            "preferredRole": None,
        }
    }
    assert pool.calls == [("remove", "pidgroup"), ("add", "exportgroup")]
