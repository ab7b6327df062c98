"""Sheet names follow OpenREM's rule, are legal for Excel, and are unique."""

import sys

import pytest

from doseexport.engine.writers.sheet_names import MAX_NAME, SheetNames, legal_name


def units(name):
    return len(name.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        ("Thorax Routine", "thorax_routine"),
        ("[a]:b?c*d/e\\f", "(a);b;c#d|e|f"),
        ("", "unknown"),
        ("x" * 40, "x" * 31),
        ("'quoted'", "_quoted_"),
        ("it's", "it's"),
        ("'", "_"),
        ("x" * 30 + "'y", "x" * 30 + "_"),
        ("a\nb\x00\x1f\x7f\uffff", "a_b____"),
        ("Ångström", "ångström"),
        (" ", "_"),
        ("a" * 30 + "🫀", "a" * 30),
        ("🫀" * 16, "🫀" * 15),
        ("a_x0041_b", "a-x0041_b"),
        ("a x0041 X005F b", "a-x0041-x005f_b"),
        ("a_x004_b", "a_x004_b"),
    ],
)
def test_sheet_name_follows_openrems_rule_made_legal(protocol, name):
    assert legal_name(protocol) == name
    assert units(name) <= MAX_NAME


@pytest.mark.parametrize("protocol", ["Summary", "SUMMARY", "about", "History", "hIsToRy"])
def test_sheet_name_that_is_reserved_is_not_given(protocol):
    assert SheetNames().name_protocol(protocol) == f"{protocol.lower()}_2"


def test_sheet_name_all_data_is_never_a_protocols():
    names = SheetNames()
    assert names.name_protocol("All data") == "all_data"
    assert names.name_block_sheet("E682") == "All data from E682"


def test_sheet_name_is_never_shared_by_protocols():
    names = SheetNames()
    given = [
        names.name_protocol(each) for each in ("", "Unknown", "UNKNOWN", "unknown_2", "a:b", "a?b", "A;b")
    ]
    assert given == ["unknown", "unknown_2", "unknown_3", "unknown_2_2", "a;b", "a;b_2", "a;b_3"]


def test_sheet_names_that_differ_after_the_cut_only_are_numbered():
    names = SheetNames()
    given = [names.name_protocol("p" * 31 + str(n)) for n in range(12)]
    assert given[0] == "p" * 31
    assert given[1] == "p" * 29 + "_2"
    assert given[11] == "p" * 28 + "_12"
    assert len({each.casefold() for each in given}) == 12


def test_sheet_name_number_never_splits_an_emoji():
    names = SheetNames()
    first, second = names.name_protocol("🫀" * 20), names.name_protocol("🫀" * 21)
    assert (first, second) == ("🫀" * 15, "🫀" * 14 + "_2")


def test_sheet_names_equal_for_excel_are_numbered():
    names = SheetNames()
    assert names.name_protocol("STRASSE") == "strasse"
    assert names.name_protocol("Straße") == "straße_2"


def test_sheet_that_is_full_continues_under_its_own_name():
    names = SheetNames()
    names.name_protocol("head (2)")
    assert names.name_continuation("head", 2) == "head (2)"
    assert names.name_continuation("head", 3) == "head (3)"
    assert names.name_continuation("All data", 2) == "All data (2)"
    assert names.name_continuation("q" * 31, 10) == "q" * 26 + " (10)"


def test_sheet_names_of_two_long_continued_ones_stay_apart():
    names = SheetNames()
    first, second = names.name_protocol("p" * 27), names.name_protocol("p" * 27 + "0")
    assert names.name_continuation(first, 2) == "p" * 27 + " (2)"
    assert names.name_continuation(second, 2) == "p" * 25 + "_2 (2)"


def test_sheet_name_number_makes_no_escape():
    names = SheetNames()
    given = [names.name_protocol(each) for each in ("a_x0041", "A_x0041")]
    assert given == ["a_x0041", "a-x0041_2"]


def count_calls(protocols):
    """How many functions are called to name these protocols."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    names = SheetNames()
    sys.setprofile(count)
    try:
        for each in protocols:
            names.name_protocol(each)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("form", ["p" * 31 + "{}", "p" * 26 + "{:05}p", "p" * 31])
def test_sheet_names_cost_the_same_however_many_share_their_beginning(form):
    few, many = (count_calls(form.format(n % 5_000) for n in range(total)) for total in (1_000, 8_000))
    assert many < 8 * few * 1.5


def test_sheet_names_with_the_same_stem_share_their_numbers():
    names = SheetNames()
    protocols = [f"{'p' * 26}{n:05}" for n in range(3_000)]
    given = [names.name_protocol(each) for _ in range(2) for each in protocols]
    assert len({each.casefold() for each in given}) == 6_000
