"""Medians compared with the standard library's."""

import errno
import sqlite3
from collections import defaultdict
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doseexport.catalogue.mg.nhsbsp.medians import Medians, Summary

NUMBERS = st.one_of(
    st.sampled_from(["", "NaN"]),
    st.decimals(0, Decimal("99999999.99999999"), places=8).map(lambda number: f"{number.normalize():f}"),
)
EXPOSURES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["LCC", "ROB", "é'\"x"]), NUMBERS, NUMBERS))


def summarise(exposures):
    medians = Medians()
    for exposure in exposures:
        medians.add(*exposure)
    return list(medians.summarise())


def middle(numbers):
    known = [Decimal(number) for number in numbers if number not in ("", "NaN")]
    return f"{median(known).normalize():f}" if known else ""


@given(EXPOSURES)
def test_medians_are_exact_and_of_known_values(exposures):
    groups = defaultdict(list)
    for survey, view, *values in exposures:
        groups[survey, view].append(values)
    wanted = [
        Summary(survey, view, len(values), *(middle(numbers) for numbers in zip(*values, strict=True)))
        for (survey, view), values in groups.items()
    ]
    assert summarise(exposures) == sorted(wanted, key=lambda each: (each.survey, each.view))


def test_medians_hold_more_exposures_than_memory():
    found = summarise((0, "LCC", str(n), str(3001 - n)) for n in range(1, 3001))
    assert found == [Summary(0, "LCC", 3000, "1500.5", "1500.5")]


def test_medians_of_nothing_are_none():
    assert summarise([]) == []


@pytest.fixture
def opened(monkeypatch):
    """The connections to SQLite that the test makes."""
    connect, connections = sqlite3.connect, []

    def remember(*arguments, **options):
        connections.append(connect(*arguments, **options))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", remember)
    return connections


def test_medians_report_full_disk(opened):
    medians = Medians()
    opened[-1].execute("PRAGMA max_page_count = 2")
    with pytest.raises(OSError, match="full") as caught:
        summarise_into(medians, 5000)
    assert caught.value.errno == errno.ENOSPC


def test_medians_pass_on_any_other_error(opened):
    medians = Medians()
    opened[-1].execute("DROP TABLE exposure")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        summarise_into(medians, 1)


def summarise_into(medians, exposures):
    for n in range(exposures):
        medians.add(0, f"view {n}", "1", "1")
    list(medians.summarise())
