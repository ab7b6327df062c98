"""No spreadsheet runs a text of a csv, and no number is changed."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doseexport.engine.writers.csv import guard_row, guard_text

TEXT, NUMBER = True, False


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+44 20",
        "-x",
        "- - -",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "=",
        "-",
        "+",
        "-1e5",
        "+1,5",
        "-.5",
        *("\uff1d1", "\uff0b1", "\uff0dx", "\uff20x", "-1-1", "--1", "-٣"),
    ],
)
def test_text_that_would_run_gets_an_apostrophe(text):
    assert guard_text(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["", "-5", "+5", "-0.25", "12", "a=1", " =1", "'=1", "x-y", "\ufeffx", "\uff0e"]
)
def test_harmless_text_and_plain_number_stay(text):
    assert guard_text(text) == text


@pytest.mark.parametrize(
    ("row", "guarded"),
    [
        (b"=1,2", b"'=1,2"),
        (b'"=1,""x""",-2', b'"\'=1,""x""",-2'),
        (b'"a,=1",-2', b'"a,=1",-2'),
        (b"-5,-5", b"-5,-5"),
        (b",", b","),
        (b'"",-1', b'"",-1'),
        (b'"a,b",-x', b'"a,b",-x'),
        (b'"a,-5,""b",-x', b'"a,-5,""b",-x'),
        (b'"""=1",=1', b'"""=1",=1'),
        (b'"+1,5",+x', b'"\'+1,5",+x'),
        (b"=1,=1", b"'=1,=1"),
        (b'"\r=1",', b'"\'\r=1",'),
        (b'"a\nb",-1', b'"a\nb",-1'),
        (b'"a\rb",-1', b'"a\rb",-1'),
        ("\uff1d1,1".encode(), "'\uff1d1,1".encode()),
    ],
)
def test_guard_changes_only_the_dangerous_cell(row, guarded):
    assert guard_row(row, (TEXT, NUMBER)) == guarded


def test_guard_finds_cell_in_the_middle_and_at_the_end():
    row = next(csv.reader(io.StringIO(guard_row(b"a,=b,c,@d", (TEXT,) * 4).decode())))
    assert row == ["a", "'=b", "c", "'@d"]


def test_guard_leaves_number_columns():
    assert guard_row(b"-x,-x", (TEXT, NUMBER)) == b"'-x,-x"


CELLS = st.text(st.sampled_from("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20,\"'x1. ü"), max_size=4)


@given(st.lists(CELLS, min_size=2, max_size=5))
def test_guard_of_a_row_guards_each_of_its_texts(cells):
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerow(cells)  # it quotes what COPY quotes
    guarded = guard_row(written.getvalue()[:-2].encode(), (TEXT,) * len(cells)).decode()
    assert next(csv.reader(io.StringIO(guarded, newline=""))) == [guard_text(cell) for cell in cells]
