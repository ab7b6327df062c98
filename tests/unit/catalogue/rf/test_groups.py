"""Groups of similar exposures: each rule, and all of them against a plain second computation."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doseexport.catalogue import find_spec
from doseexport.catalogue.rf.groups import group_exposures, read_exposure, summarize

FACTORS = ("Fluoroscopy", "Coronary", "Single Plane", "15", "220")
CU, AL = ["Copper", "0.2"], ["Aluminum", "1"]

# Type, protocol, plane, pulse rate, field size; filters; primary and secondary angle.
Shot = tuple[tuple[str, ...], list[list[str | None]], str, str]


def shoot(factors=FACTORS, filters=(), primary="0", secondary="0") -> Shot:
    return factors, list(filters), primary, secondary


def group(*shots: Shot) -> list[list[int]]:
    exposures = [
        read_exposure(factors, json.dumps(filters) if filters else "", primary, secondary)
        for factors, filters, primary, secondary in shots
    ]
    return list(group_exposures(exposures))


def group_plainly(shots: list[Shot]) -> list[list[int]]:
    """The same groups, worked out pair by pair as the rules read."""
    remaining, groups = list(range(len(shots))), []
    while remaining:
        groups.append([n for n in remaining if joins(shots[remaining[0]], shots[n])])
        remaining = [n for n in remaining if n not in groups[-1]]
    return groups


def joins(first: Shot, other: Shot) -> bool:
    if any(wanted not in ("", found) for wanted, found in zip(first[0], other[0], strict=True)):
        return False
    for wanted, found in zip(first[2:], other[2:], strict=True):
        if wanted and (not found or abs(Decimal(wanted) - Decimal(found)) > 5):
            return False
    return all(
        any(material == has and most in (None, limit) for has, limit in other[1])
        for material, most in first[1]
    )


@pytest.mark.parametrize("place", range(5))
def test_factor_must_be_equal_unless_the_first_has_none(place):
    other = shoot((*FACTORS[:place], "another", *FACTORS[place + 1 :]))
    none = shoot((*FACTORS[:place], "", *FACTORS[place + 1 :]))
    assert group(shoot(), other, shoot()) == [[0, 2], [1]]
    assert group(shoot(), none) == [[0], [1]]
    assert group(none, other, shoot()) == [[0, 1, 2]]


@pytest.mark.parametrize("place", [3, 4])
def test_rate_or_field_of_0_is_a_value(place):
    zero = shoot((*FACTORS[:place], "0", *FACTORS[place + 1 :]))
    assert group(zero, shoot(), zero) == [[0, 2], [1]]


@pytest.mark.parametrize("angle", ["primary", "secondary"])
@pytest.mark.parametrize(
    ("first", "other", "is_one"),
    [
        ("0", "5", True),
        ("0", "-5", True),
        ("0", "5.00000001", False),
        ("0.1", "5.1", True),
        ("-0.3", "4.7", True),
        ("89.99999999", "94.99999999", True),
        ("90", "84.99999999", False),
        ("0", "90", False),
        ("", "90", True),
        ("0", "", False),
        ("", "", True),
    ],
)
def test_angles_may_differ_by_exactly_5_degrees(angle, first, other, is_one):
    found = group(shoot(**{angle: first}), shoot(**{angle: other}))
    assert found == ([[0, 1]] if is_one else [[0], [1]])


def test_angles_are_measured_from_the_first_exposure():
    assert group(*(shoot(primary=str(4 * n)) for n in range(5))) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("first", "other", "is_one"),
    [
        ([CU], [CU, AL], True),
        ([CU, AL], [CU], False),
        ([CU], [["Copper", "0.3"]], False),
        ([["Copper", None]], [["Copper", "0.3"]], True),
        ([CU], [["Copper", None]], False),
        ([["Copper", None]], [AL], False),
        ([], [CU], True),
        ([CU], [], False),
        # The material of one filter with the thickness of another is no match.
        ([["Copper", "1"]], [CU, AL], False),
        ([["Copper", "1"], ["Aluminum", "0.2"]], [CU, AL], False),
        ([CU, CU], [CU], True),
        ([CU, AL], [AL, CU], True),
    ],
)
def test_filter_of_the_first_needs_one_of_its_material_and_thickness(first, other, is_one):
    found = group(shoot(filters=first), shoot(filters=other))
    assert found == ([[0, 1]] if is_one else [[0], [1]])


def test_filters_of_one_thickness_count_an_exposure_once():
    filters = [["Aluminum", None], ["Copper", None]]
    assert group(*[shoot(filters=filters)] * 20) == [list(range(20))]


def test_exposure_in_a_group_joins_no_later_one():
    assert group(shoot(), shoot(("", "Coronary", "", "", "")), shoot()) == [[0, 2], [1]]


def test_no_exposures_are_no_groups():
    assert group() == []


def test_thousand_exposures_may_be_a_thousand_groups():
    shots = [shoot(primary=str(6 * (n % 40)), secondary=str(6 * (n // 40))) for n in range(1_000)]
    assert group(*shots) == [[n] for n in range(1_000)]
    shots = [shoot((*FACTORS[:1], f"protocol {n}", *FACTORS[2:4], "")) for n in range(1_000)]
    assert group(*shots) == [[n] for n in range(1_000)]


TEXTS = st.sampled_from(["", "a", "b", "0"])
ANGLES = st.sampled_from(["", "0", "5", "-5", "5.00000001", "2.5", "7.5", "90"])
FILTERS = st.lists(
    st.tuples(st.sampled_from(["Cu", "Al"]), st.sampled_from([None, "0", "0.2", "1"])).map(list), max_size=3
)
SHOTS = st.lists(st.tuples(st.tuples(*[TEXTS] * 5), FILTERS, ANGLES, ANGLES), max_size=30)


@given(SHOTS)
def test_exposure_is_in_exactly_one_group(shots):
    places = [place for found in group(*shots) for place in found]
    assert sorted(places) == list(range(len(shots)))


@given(SHOTS)
def test_groups_are_those_of_a_plain_second_computation(shots):
    assert group(*shots) == group_plainly(shots)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ["", "", ""]),
        (["0"], ["0", "0", "0"]),
        (["70.5"], ["70.5", "70.5", "70.5"]),
        (["10", "9", "9.5"], ["9", "10", "9.5"]),
        (["-5", "5"], ["-5", "5", "0"]),
        (["0.0000000001", "1234567890.5"], ["0.0000000001", "1234567890.5", "617283945.25000000005"]),
        (["100", "200", "300"], ["100", "300", "200"]),
        (["1", "NaN", "3"], ["1", "3", "2"]),
        (["NaN", "Infinity"], ["", "", ""]),
    ],
)
def test_minimum_maximum_and_mean_are_plain_numbers(values, shown):
    assert summarize(values) == shown


def test_mean_has_28_digits():
    assert summarize(["70", "70", "71"])[2] == "70.33333333333333333333333333"


def make_events(*changes: dict[str, str], standard: bool = False) -> list[list[str]]:
    """Blocks of events that differ from an ordinary one in these cells."""
    spec = find_spec("rf-xlsx")
    read = [each for each in (*spec.events.columns, *spec.events.extras) if standard or not each.included_by]
    ordinary = {
        "Type": "Fluoroscopy", "Protocol": "Coronary", "Standard acquisition name": "One | Two",
        "Plane": "Single Plane", "Filter material": "Cu", "filters": '[["Copper", null]]',
        "all kVp": "70 71", "all mA": "", "all pulse widths": "5", "DAP (Gy.m^2)": "0.000001",
        "Primary angle": "0", "Secondary angle": "",
    }  # fmt: skip
    events = [{**ordinary, **change} for change in changes]
    make = spec.layout.blocks.make_builder(tuple(read))
    return make([[event.get(column.heading, "") for column in read] for event in events])


def test_block_shows_first_exposure_and_sums_up_all():
    columns = [
        column.heading for column in find_spec("rf-xlsx").layout.blocks.columns if not column.included_by
    ]
    (block,) = make_events({}, {"all kVp": "80", "Primary angle": "", "Filter material": "Cu | Al"}, {})[:1]
    shown = dict(zip(columns, block, strict=True))
    assert shown["No. exposures"] == "2"  # the second has no angle
    (block,) = make_events({}, {"all kVp": "80", "Filter material": "Cu | Al", "Primary angle": "4"})
    shown = dict(zip(columns, block, strict=True))
    assert {name: shown[name] for name in ("Type", "Protocol", "Plane", "Filter material")} == {
        "Type": "Fluoroscopy", "Protocol": "Coronary", "Plane": "Single Plane", "Filter material": "Cu",
    }  # fmt: skip
    assert [shown[f"kVp {what}"] for what in ("min", "max", "mean")][:2] == ["70", "80"]
    assert shown["kVp mean"] == "73.66666666666666666666666667"  # each row counts once
    assert [shown[f"{name} mean"] for name in ("mA", "Primary angle", "Secondary angle")] == ["", "2", ""]
    assert shown["DAP mean (Gy.m^2)"] == "0.000001"


def test_block_has_32_cells_and_one_more_with_standard_names():
    (block,) = make_events({})
    assert len(block) == 32
    (block,) = make_events({}, standard=True)
    assert len(block) == 33
    assert block[:4] == ["Fluoroscopy", "Coronary", "One | Two", "1"]
