"""The Summary of a workbook: its texts are exact, and it names the sheet of each value."""

import io
import shutil
import subprocess
from datetime import UTC, datetime

import openpyxl
import pytest
import python_calamine

from doseexport.catalogue import Column, CustomRows, FileContext, Frequency, Sheet
from doseexport.catalogue.columns import TEXT
from doseexport.engine.query import Counts
from doseexport.engine.writers.file_plan import FilePlan, FileReport
from doseexport.engine.writers.sheets import Limits
from doseexport.engine.writers.xlsx import SheetsWriter
from doseexport.errors import ExportError
from tests.workbooks import load_exactly

COLUMNS = (Column("A", "", TEXT),)
KINDS = Frequency("Kind", "kind")
TEXTS = [
    "x_x005F_x0041_", "_x0041_", "a_x004_b", "<r>a</r>", "<r>_x000D_</r>", "a\r\nb", "\x01", "_x0041\x02",
    " a ", "&#95;x0041_", "A", "x" * 400 + "_x0041_", "& <b>" * 8_000 + "_x",
]  # fmt: skip
SHOWN = [
    text.replace("\x01", "_x0001_").replace("\x02", "_x0002_").replace("\r", "_x000D_") for text in TEXTS
]


class ByKind:
    """A sheet for each kind."""

    warnings = ()
    exclusions = {}  # noqa: RUF012

    def __init__(self, context):
        self.sheets = [Sheet(name, COLUMNS, named_by_data=True) for name, _ in context.frequencies["Kind"]]

    def build_rows(self, study, _events):
        yield from ((n, study) for n in range(len(self.sheets)))

    def end(self):
        return ()


def write_book(kinds, builder=ByKind, rows=("x",), limits=Limits(), **context):  # noqa: B008
    file = io.BytesIO()
    frequencies = {"Kind": [(kind, 1) for kind in kinds]}
    plan = FilePlan(
        "t",
        FileContext(COLUMNS, (), {}, {}, frequencies, **context),
        Counts(1, 0, 0),
        datetime(2026, 11, 23, tzinfo=UTC),
        "s",
    )
    writer = SheetsWriter(file, plan, CustomRows(builder, (KINDS,), summary=True), limits)
    try:
        for row in rows:
            writer.write((row.encode(), []))
        writer.end()
        writer.finish(FileReport(1, 0, ()))
    finally:
        writer.discard()
    file.seek(0)
    return file


def read_kinds(sheet):
    return [tuple(row[:3]) for row in list(sheet.values)[6:]]


def test_summary_has_texts_as_they_are():
    """What Excel shows, which decodes _xHHHH_ once, is the text."""
    found = [row[0] for row in read_kinds(load_exactly(write_book(TEXTS))["Summary"])]
    assert [text.replace("_x005F_", "_") for text in found] == [text[:32_767] for text in SHOWN]
    raw = dict(zip(TEXTS, found, strict=True))
    assert raw["x_x005F_x0041_"] == "x_x005F_x005F_x005F_x0041_"
    assert raw["_x0041_"] == "_x005F_x0041_"
    assert raw["a\r\nb"] == "a_x000D_\nb"


@pytest.mark.parametrize("kind", ["x_x005F_x0041_", "_x0041_", "<r>a</r>", " a "])
def test_summary_is_read_exactly_by_calamine(kind):
    book = python_calamine.CalamineWorkbook.from_filelike(write_book([kind]))
    assert book.get_sheet_by_name("Summary").to_python()[6][0] == kind


def test_summary_names_the_sheet_of_each_value():
    kinds = ["x", "X", "x_2", "", "a_x0041_b"]
    book = openpyxl.load_workbook(write_book(kinds))
    assert [cell.value for cell in book["Summary"][6]] == ["Kind", "Frequency", "Sheet"]
    names = [name for _, _, name in read_kinds(book["Summary"])]
    assert sorted(names) == book.sheetnames[1:-2]
    assert names == ["x", "x_2", "x_2_2", "unknown", "a-x0041_b"]


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_sheet_names_are_the_same_in_libreoffice(tmp_path):
    kinds = ["a_x0041_b", "_x005F_x0041_", "ordinary"]
    data = write_book(kinds).getvalue()
    (tmp_path / "book.xlsx").write_bytes(data)
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    command = ["soffice", home, "--headless", "--convert-to", "fods", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "book.xlsx")], check=True, timeout=120, capture_output=True)
    text = (tmp_path / "book.fods").read_text()
    for name in openpyxl.load_workbook(io.BytesIO(data)).sheetnames:
        assert f'table:name="{name}"' in text


class Padded(ByKind):
    """One sheet of more columns than a worksheet has; every row is as wide."""

    def __init__(self, _):
        self.sheets = [Sheet("All data", COLUMNS * 200)]

    def build_rows(self, study, _events):
        (filled,) = study
        yield 0, ["x"] * int(filled) + [""] * (200 - int(filled))


class Ragged(Padded):
    """Rows of their own widths."""

    def __init__(self, _):
        self.sheets = [Sheet("Form", COLUMNS, overflow=(TEXT,))]

    def build_rows(self, study, _events):
        yield 0, ["x"] * int(study[0])


@pytest.mark.parametrize("builder", [Padded, Ragged])
def test_too_wide_names_the_study_with_most_cells(builder):
    studies = iter(["Study 1", "Study 2", "Study 3"])
    now = []

    def name_study():
        return now[-1]

    class Named(builder):
        def build_rows(self, study, events):
            now.append(next(studies))
            return super().build_rows(study, events)

    with pytest.raises(ExportError) as refused:
        write_book([], Named, ["7", "101", "9"], Limits(columns=100), name_study=name_study)
    assert refused.value.code == "TOO_WIDE"
    assert refused.value.message.startswith("Study 2 needs more than the 100 columns of a worksheet.")


def test_limits_are_those_of_a_worksheet():
    assert (Limits().rows, Limits().columns) == (1_048_576, 16_384)
