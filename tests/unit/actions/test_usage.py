"""Sum up the requests of each user."""

from dataclasses import replace
from datetime import timedelta

import pytest

from doseexport.actions.results import OwnerUsage
from doseexport.actions.usage import parse_month, sum_usage
from doseexport.domain.export import State
from doseexport.errors import RequestError
from tests.fakes import ADA, BEN, NOW, make_new, make_result

DAY = timedelta(days=1)


def done(caller, size, studies, expires_at=NOW + DAY, **changes):
    export = make_new(caller)
    result = make_result(export, size=size, studies=studies)
    return replace(export, state=State.COMPLETED, result=result, expires_at=expires_at, **changes)


def test_usage_sums_the_requests_of_each_user():
    exports = [
        done(ADA, 100, 3),
        replace(make_new(BEN), state=State.FAILED),
        done(ADA, 20, 2, expires_at=NOW),
        replace(make_new(ADA), state=State.ABORTED),
        make_new(ADA),
        replace(make_new(ADA), state=State.ABORTING),
        done(ADA, 3, 1, deleted_at=NOW),
    ]
    ada, ben = sum_usage(exports, NOW)
    assert ada == OwnerUsage(
        owner="ada-sub",
        owner_name="ada",
        requested=6,
        active=2,
        completed=3,
        failed=0,
        aborted=1,
        studies=6,
        bytes=123,
        bytes_retained=100,
    )
    assert (ben.owner_name, ben.requested, ben.failed, ben.bytes) == ("ben", 1, 1, 0)


def test_usage_is_sorted_by_size_then_by_requests():
    exports = [make_new(ADA), done(BEN, 1, 1), *(make_new(replace(ADA, id="eve", name="eve")) for _ in "12")]
    assert [each.owner_name for each in sum_usage(exports, NOW)] == ["ben", "eve", "ada"]


def test_usage_of_renamed_user_is_one_entry_under_the_newest_name():
    before = make_new(ADA, NOW)
    after = make_new(replace(ADA, name="ada lovelace"), NOW + DAY)
    (one,) = sum_usage([after, before], NOW)
    assert (one.owner_name, one.requested) == ("ada lovelace", 2)


def test_usage_without_exports_has_no_users():
    assert sum_usage([], NOW) == []


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "2026-11-01", " 2026-11", "202\uff16-11"]
)
def test_usage_month_that_is_invalid_is_refused(text):
    with pytest.raises(RequestError) as caught:
        parse_month(text)
    assert (caught.value.status, caught.value.code, caught.value.field) == (400, "BAD_MONTH", "month")


def test_usage_month_is_written_as_in_rows():
    assert parse_month("2026-11") == "2026-11"
