"""docs/deviations.md and the tests agree: each row names its tests, and each test of a row is named."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "deviations.md"
# Numbers of the list of allowed differences; 27 is not in it.
ALLOWED = {f"D{number:02}" for number in range(1, 33)} - {"D27"} | {"D04b"}


def read_rows() -> list[list[str]]:
    """Return the cells of each deviation's row."""
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| [DP]\d\db? ", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def read_tests() -> set[str]:
    """Return the names of all conformance tests."""
    texts = (file.read_text() for file in HERE.rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


def test_deviation_has_kind_both_sides_reason_and_an_existing_test() -> None:
    tests = read_tests()
    for row in read_rows():
        assert len(row) == 7
        assert all(row)
        assert row[1] in ("fault", "intended")
        named = re.findall(r"`(test_\w+)`", row[6])
        assert named
        assert set(named) <= tests, row[0]


def test_deviation_names_all_its_tests() -> None:
    named = {row[0]: row[6] for row in read_rows()}
    for test in read_tests():
        if found := re.match(r"test_([dp]\d\db?)_", test):
            assert f"`{test}`" in named[_name(found[1])]


def _name(number: str) -> str:
    """Return a number as the page has it: d04b is D04b."""
    return number[0].upper() + number[1:]


def test_deviations_are_those_allowed() -> None:
    ids = [row[0] for row in read_rows()]
    assert len(set(ids)) == len(ids)
    assert {each for each in ids if each.startswith("D")} == ALLOWED
