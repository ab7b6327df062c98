"""A workbook from similar sheets, of which xlsxwriter makes only the first."""

import io
import re
import zipfile
from datetime import UTC, datetime

import openpyxl
import pytest
import xlsxwriter

from doseexport.catalogue import Column, CustomRows, FileContext, Sheet
from doseexport.catalogue.columns import NUMBER, TEXT
from doseexport.engine.query import Counts
from doseexport.engine.writers.file_plan import FilePlan, FileReport
from doseexport.engine.writers.xlsx import SheetsWriter

WIDE, NARROW = (Column("A", "", TEXT), Column("B", "", NUMBER)), (Column("A", "", TEXT),)
TOP = (("", "units"), ("A", "B"))


class Three:
    """Two sheets alike and one unlike, each with as many rows as its index says, and one more."""

    def __init__(self, tops):
        self.sheets = [Sheet(f"{n}", *each) for n, each in enumerate(tops)]
        self.warnings = []

    def build_rows(self, study, _events):
        yield from ((n, [*study, "5"][: len(each.columns)]) for n, each in enumerate(self.sheets))

    def end(self):
        yield from ((n, ["end"]) for n in range(len(self.sheets)) for _ in range(n))


def write_book(*tops):
    file = io.BytesIO()
    layout = FilePlan(
        "t", FileContext((), (), {}, {}), Counts(1, 0, 1), datetime(2026, 11, 23, tzinfo=UTC), "s"
    )
    writer = SheetsWriter(file, layout, CustomRows(lambda _: Three(tops)))
    writer.write((b"x", []))
    writer.end()
    writer.finish(FileReport(1, 0, ()))
    return file


@pytest.mark.parametrize("top", [None, TOP, ()])
def test_similar_sheets_have_the_same_rows_above_their_own_data(top):
    book = openpyxl.load_workbook(write_book((WIDE, top), (NARROW, None), (WIDE, top)))
    first, unlike, last = ([list(row) for row in book[f"{n}"].values] for n in range(3))
    above = [["A", "B"]] if top is None else [[text or None for text in row] for row in top]
    assert first == [*above, ["x", 5]]
    assert unlike == [["A"], ["x"], ["end"]]
    assert last == [*above, ["x", 5], ["end", None], ["end", None]]


def test_similar_sheets_have_the_same_widths_and_panes_and_their_own_filter():
    book = openpyxl.load_workbook(write_book((WIDE, None), (NARROW, None), (WIDE, None)))
    first, unlike, last = (book[f"{n}"] for n in range(3))
    assert first.column_dimensions["A"].width > 20
    assert {name: each.width for name, each in first.column_dimensions.items()} == {
        name: each.width for name, each in last.column_dimensions.items()
    }
    assert [each.freeze_panes for each in (first, unlike, last)] == ["A2"] * 3
    assert [each.auto_filter.ref for each in (first, unlike, last)] == ["A1:B2", "A1:A3", "A1:B4"]
    assert [each.dimensions for each in (first, unlike, last)] == ["A1:B2", "A1:A3", "A1:B4"]


def test_only_the_first_sheet_is_selected():
    with zipfile.ZipFile(write_book((WIDE, None), (WIDE, None))) as package:
        sheets = [package.read(f"xl/worksheets/sheet{n}.xml") for n in (1, 2, 3)]
    assert [len(re.findall(b"tabSelected", sheet)) for sheet in sheets] == [1, 0, 0]


def test_workbook_compares_no_sheet_with_all_others(monkeypatch):
    """xlsxwriter does, by its list of sheets, which takes minutes for 12,000 sheets."""
    lengths = []
    own = xlsxwriter.Workbook.worksheets

    def list_sheets(book):
        sheets = own(book)
        lengths.append(len(sheets))
        return sheets

    monkeypatch.setattr(xlsxwriter.Workbook, "worksheets", list_sheets)
    write_book(*[(WIDE, None)] * 100)
    assert sum(lengths) < 40 * 100
