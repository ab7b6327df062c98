"""Cells as XML: exact values, legal XML, and Excel's own calendar."""

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from doseexport.engine.copy_text import split_row
from doseexport.engine.writers.cells import (
    DATETIME_STYLE,
    CellWriter,
    column_heads,
    column_letters,
    has_odd_numbers,
    split_at_row,
    write_date,
    write_datetime,
    write_number,
    write_time,
)
from doseexport.engine.writers.texts import SharedTexts

KINDS = ("text", "number", "date", "time", "datetime")


def number_in(body):
    return float(ET.fromstring(f'<c r="A1{body}').findtext("v"))


def text_in(body):
    cell = ET.fromstring(f'<c r="A1{body}')
    assert cell.get("t") == "inlineStr"
    return cell.findtext("is/t")


@pytest.mark.parametrize(
    "day", [date(1900, 3, 1), date(1999, 12, 31), date(2000, 2, 29), date(2026, 11, 23), date(9999, 12, 31)]
)
def test_date_is_excels_number(day):
    assert date(1899, 12, 30) + timedelta(number_in(write_date(day.isoformat()))) == day


@pytest.mark.parametrize(
    "day",
    ["1900-02-28", "1900-01-01", "1899-12-31", "0001-01-01", "0044-03-15 BC", "10000-01-01", "infinity"],
)
def test_date_unknown_to_excel_stays_text(day):
    assert text_in(write_date(day)) == day


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("00:00:00", 0),
        ("11:50:25.472000", 42_625.472),
        ("23:59:59.999999", 86_399.999999),
        ("24:00:00", 86_400),
    ],
)
def test_time_is_a_fraction_of_a_day(time, seconds):
    assert number_in(write_time(time)) * 86_400 == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("moment", "days", "seconds"),
    [
        ("2026-11-23 00:00:00", 46_349, 0),
        ("2016-07-14 13:13:26.048800", 42_565, 47_606.0488),
        ("1900-03-01 23:59:59.999999", 61, 86_399.999999),
    ],
)
def test_date_time_is_days_and_a_fraction(moment, days, seconds):
    assert number_in(write_datetime(moment)) == pytest.approx(days + seconds / 86_400, abs=1e-10)
    assert f's="{DATETIME_STYLE}"' in write_datetime(moment)


@pytest.mark.parametrize("moment", ["1900-02-28 12:00:00", "10000-01-01 00:00:00", "2020-01-01 10:00:00 BC"])
def test_date_time_unknown_to_excel_stays_text(moment):
    assert text_in(write_datetime(moment)) == moment


@pytest.mark.parametrize("words", ["100 | 140", "Multiple rates", "1e5", "0x1F", "1,5"])
def test_words_in_a_number_column_stay_words(words):
    assert text_in(write_number(words)) == words


@pytest.mark.parametrize("number", ["0", "-7976.7", "99999999.99999999", "0.00000001", "120"])
def test_number_keeps_every_digit(number):
    assert write_number(number) == f'"><v>{number}</v></c>'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_number_unknown_to_excel_stays_text(number):
    assert text_in(write_number(number)) == number


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_row_with_odd_number_is_written_correctly(number):
    assert has_odd_numbers(f"a\t{number}\t5".encode())
    write = CellWriter(KINDS[:2], SharedTexts()).careful
    assert write("7", column_heads(0, 2), ["", number]) == f'<c r="B7{write_number(number)}'
    assert not has_odd_numbers(b"a\t7\t5")


@pytest.mark.parametrize("how", ["quick", "careful"])
def test_column_of_every_kind_is_written_in_its_way(how):
    write = getattr(CellWriter(KINDS, SharedTexts()), how)
    cells = ["12", "12", "2026-11-23", "01:02:03", "2026-11-23 01:02:03"]
    row = ET.fromstring(f"<row>{write('7', column_heads(24, 5), cells)}</row>")
    assert [cell.get("r") for cell in row] == ["Y7", "Z7", "AA7", "AB7", "AC7"]
    assert [cell.get("t") or cell.get("s") for cell in row] == ["s", None, "1", "2", "3"]
    values = [float(cell.findtext("v")) for cell in row]
    assert values == pytest.approx([0, 12, 46_349, 3_723 / 86_400, 46_349 + 3_723 / 86_400])


@pytest.mark.parametrize("how", ["quick", "careful"])
def test_blank_cells_and_cells_beyond_the_columns_are_left_out(how):
    write = getattr(CellWriter(KINDS, SharedTexts()), how)
    assert write("7", column_heads(0, 5), ["", "5", "", "", "", "for a function"]) == '<c r="B7"><v>5</v></c>'
    assert write("7", column_heads(0, 5), [""] * 5) == ""


def test_files_with_columns_of_the_same_kinds_have_their_own_texts():
    files = [SharedTexts(), SharedTexts()]
    files[0].number("only in the first")
    written = [CellWriter(KINDS[:1], texts).quick("7", column_heads(0, 1), ["Head"]) for texts in files]
    assert [ET.fromstring(cell).findtext("v") for cell in written] == ["1", "0"]


def test_cells_are_cut_at_any_row_number():
    write = CellWriter(KINDS[:2], SharedTexts()).quick
    heads, cells = column_heads(0, 2), ["\x00", "1"]
    assert "123".join(split_at_row(write, heads, cells)) == write("123", heads, cells)
    assert split_at_row(write, heads, ["", ""]) == [""]


def test_escapes_of_copy_are_undone():
    assert split_row(rb"a\tb	c\\n	\b\f\n\r\t\v		\\N	\.") == [
        "a\tb", "c\\n", "\b\f\n\r\t\v", "", "\\N", ".",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
)
def test_columns_have_letters(index, letters):
    assert column_letters(index) == letters


@pytest.mark.parametrize(
    ("moment", "is_date"),
    [
        ("9999-12-31 23:59:59", True),
        ("9999-12-31 23:59:59.999", True),
        ("9999-12-31 23:59:59.999999", False),
        ("10000-01-01 00:00:00", False),
    ],
)
def test_moment_at_the_end_of_the_calendar_is_in_range_or_text(moment, is_date):
    """The greatest number of a date cell is below that of the first day of the year 10000."""
    if is_date:
        assert number_in(write_datetime(moment)) < 2_958_466
    else:
        assert text_in(write_datetime(moment)) == moment
