"""Cells as XML: exact values, legal XML, and Excel's own calendar and escapes."""

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from doseexport.exports import Column
from doseexport.exports._columns import DATE, NUMBER, TEXT, TIME
from doseexport.writers.cells import (
    BLANK,
    DATETIME_STYLE,
    MAX_TEXT,
    column_letters,
    compile_block,
    compile_bodies,
    cut_text,
    escape,
    is_cut,
    split_at_row,
    write_date,
    write_datetime,
    write_number,
    write_text,
    write_time,
)
from doseexport.writers.copy_text import split_row


def number_in(body):
    return float(ET.fromstring(f'<c r="A1{body}').findtext("v"))


def text_in(body):
    cell = ET.fromstring(f'<c r="A1{body}')
    assert cell.get("t") == "inlineStr"
    return cell.findtext("is/t")


@pytest.mark.parametrize("write", [write_text, write_date, write_time, write_number])
def test_nothing_is_a_blank_cell(write):
    assert write("") == BLANK


@pytest.mark.parametrize(
    "day", [date(1900, 3, 1), date(1999, 12, 31), date(2000, 2, 29), date(2026, 11, 23), date(9999, 12, 31)]
)
def test_a_day_is_excels_number_of_it(day):
    assert date(1899, 12, 30) + timedelta(number_in(write_date(day.isoformat()))) == day


@pytest.mark.parametrize(
    "day",
    ["1900-02-28", "1900-01-01", "1899-12-31", "0001-01-01", "0044-03-15 BC", "10000-01-01", "infinity"],
)
def test_a_day_excel_does_not_have_stays_text(day):
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
def test_a_time_is_a_fraction_of_a_day(time, seconds):
    assert number_in(write_time(time)) * 86_400 == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("moment", "days", "seconds"),
    [
        ("2026-11-23 00:00:00", 46_349, 0),
        ("2016-07-14 13:13:26.048800", 42_565, 47_606.0488),
        ("1900-03-01 23:59:59.999999", 61, 86_399.999999),
    ],
)
def test_a_date_time_is_days_and_a_fraction_of_one(moment, days, seconds):
    assert number_in(write_datetime(moment)) == pytest.approx(days + seconds / 86_400, abs=1e-10)
    assert f's="{DATETIME_STYLE}"' in write_datetime(moment)


@pytest.mark.parametrize("moment", ["1900-02-28 12:00:00", "10000-01-01 00:00:00"])
def test_a_date_time_that_excel_lacks_stays_text(moment):
    assert text_in(write_datetime(moment)) == moment
    assert write_datetime("") == BLANK


@pytest.mark.parametrize("words", ["100 | 140", "Multiple rates", "1e5", "0x1F", "1,5"])
def test_words_in_a_number_column_stay_words(words):
    assert text_in(write_number(words)) == words


@pytest.mark.parametrize("number", ["0", "-7976.7", "99999999.99999999", "0.00000001", "120"])
def test_a_number_keeps_every_digit(number):
    assert write_number(number) == f'"><v>{number}</v></c>'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_for_excel_stays_text(number):
    assert text_in(write_number(number)) == number


def test_no_number_is_met_in_a_row_as_well():
    write = compile_bodies((Column("a", "", NUMBER), Column("b", "", TEXT), Column("c", "", NUMBER)))
    first, _, last = write(b"NaN\tx\t5")
    assert (text_in(first), number_in(last)) == ("NaN", 5)
    assert write(b"\tNaN\t5") == (BLANK, write_text("NaN"), write_number("5"))


def test_every_kind_of_column_is_written_in_its_own_way():
    kinds = (TEXT, NUMBER, DATE, TIME)
    write = compile_bodies(tuple(Column("x", "", kind) for kind in kinds))
    day, time = "2026-11-23", "01:02:03"
    assert write(f"12\t12\t{day}\t{time}".encode()) == (
        write_text("12"),
        write_number("12"),
        write_date(day),
        write_time(time),
    )


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("<&>", "&lt;&amp;&gt;"),
        ("a\r\nb", "a_x000D_\nb"),
        ("\x00\x0b\x1f\ufffe\uffff", "_x0000__x000B__x001F__xFFFE__xFFFF_"),
        ("\t\n\x7f\x85", "\t\n\x7f\x85"),
        ("_x000D_", "_x005F_x000D_"),
        ("_x000d_x000D_", "_x005F_x000d_x005F_x000D_"),
        ("_x00g0_ _x_", "_x00g0_ _x_"),
        ("_x0041\r", "_x005F_x0041_x000D_"),
    ],
)
def test_what_xml_or_excel_would_change_is_escaped(text, xml):
    assert escape(text) == xml


@pytest.mark.parametrize("text", [" x", "x ", "\n", "x\t", "\u00a0x", "in side"])
def test_spaces_at_the_ends_are_kept(text):
    body = write_text(text)
    assert text_in(body) == text
    assert ("preserve" in body) == (text != "in side")


def test_a_text_is_cut_where_excels_cell_ends_and_never_inside_a_character():
    assert cut_text("a" * MAX_TEXT) == "a" * MAX_TEXT
    assert cut_text("a" * (MAX_TEXT + 1)) == "a" * MAX_TEXT
    assert cut_text("🫀" * 20_000) == "🫀" * (MAX_TEXT // 2)
    assert cut_text("é" * 30_000) == "é" * 30_000
    assert [is_cut("a" * MAX_TEXT), is_cut("a" * (MAX_TEXT + 1))] == [False, True]
    assert text_in(write_text("&" * (MAX_TEXT + 5))) == "&" * MAX_TEXT


def test_copys_escapes_are_undone():
    assert split_row(rb"a\tb	c\\n	\b\f\n\r\t\v		\\N	\.") == [
        "a\tb", "c\\n", "\b\f\n\r\t\v", "", "\\N", ".",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
)
def test_columns_have_letters(index, letters):
    assert column_letters(index) == letters


def test_cells_know_where_they_are():
    bodies = (write_number("1"), BLANK, write_text("x"))
    row = "7".join(split_at_row(0, bodies)) + compile_block(25, 3)("7", bodies)
    cells = ET.fromstring(f"<row>{row}</row>")
    assert [cell.get("r") for cell in cells] == ["A7", "B7", "C7", "Z7", "AA7", "AB7"]
    assert "".join(cells.itertext()) == "1x1x"
