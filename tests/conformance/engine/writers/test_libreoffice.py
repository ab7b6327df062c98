"""LibreOffice opens our workbooks, shows every sheet, and reads from All data what the csv holds."""

import csv
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from tests.conformance.conftest import Export
from tests.conformance.tables import Table, is_number, read_csv, same_number

# Separator, quote, UTF-8, from line 1, no column formats, language, quote only where needed,
# values not as displayed, no formulas, …, and a file for every sheet.
FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
SECONDS = 240
SHOWN_DIGITS = 15  # what spreadsheets show of a number
TIME_FORMS = ("%H:%M:%S", "%H:%M:%S.%f", "%M:%S.%f", "%I:%M:%S %p")


@dataclass(frozen=True)
class Opened:
    """A workbook, our csv of the same studies if there is one, and what LibreOffice made of the workbook."""

    workbook: Path
    csv: Table | None
    folder: Path
    said: str

    def sheet(self, name: str) -> list[list[str]]:
        """Return a sheet's rows as LibreOffice wrote them."""
        file = self.folder / f"{self.workbook.stem}-{name}.csv"
        with file.open(encoding="utf-8", newline="") as stream:
            return list(csv.reader(stream))


@pytest.fixture(scope="module")
def soffice() -> str:
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: no soffice on the PATH (Debian: libreoffice-calc)")
    return program


@pytest.fixture(scope="module")
def all_opened(
    soffice: str, export: Export, sample_url: str, openrem_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Opened]:
    """Every workbook, opened by one LibreOffice, because its start takes longest."""
    tables = {url: read_csv(export("ct-csv", url)) for url in (sample_url, openrem_url)}
    books = {
        "sample": (export("ct-xlsx", sample_url), tables[sample_url]),
        "openrem": (export("ct-xlsx", openrem_url), tables[openrem_url]),
        "audit": (export("ct-audit", sample_url), None),
    }
    folder = tmp_path_factory.mktemp("libreoffice")
    said = write_sheets(soffice, [book for book, _ in books.values()], folder)
    return {name: Opened(book, table, folder, said) for name, (book, table) in books.items()}


def write_sheets(soffice: str, books: list[Path], folder: Path) -> str:
    """Open workbooks, write each of their sheets as csv, and return what LibreOffice said."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [soffice, "--headless", "--norestore", profile, "--convert-to", FILTER]
    command += ["--outdir", str(folder), *map(str, books)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    return done.stdout + done.stderr


@pytest.fixture(params=["sample", "openrem"])
def opened(request: pytest.FixtureRequest, all_opened: dict[str, Opened]) -> Opened:
    return all_opened[request.param]


@pytest.fixture
def opened_audit(all_opened: dict[str, Opened]) -> Opened:
    return all_opened["audit"]


@pytest.mark.parametrize("sheet", ["Examinations", "Protocols", "Excluded"])
def test_libreoffice_reads_from_an_audit_what_was_written(opened_audit: Opened, sheet: str) -> None:
    book = CalamineWorkbook.from_path(opened_audit.workbook)
    headings, *rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    shown_headings, *shown = opened_audit.sheet(sheet)
    assert shown_headings == headings
    assert len(shown) == len(rows) > 1
    for cells, texts in zip(rows, shown, strict=True):
        for heading, cell, text in zip(headings, cells, texts, strict=True):
            if isinstance(cell, float):
                assert float(text) == pytest.approx(cell, rel=1e-14), heading
            else:
                assert unfold(cell) == unfold(text), heading


def test_libreoffice_reports_no_problem(all_opened: dict[str, Opened]) -> None:
    said = all_opened["sample"].said.lower()
    assert said.count("convert ") == len(all_opened)
    assert not [word for word in ("error", "corrupt", "repair", "could not") if word in said], said


def test_libreoffice_shows_every_sheet_with_all_its_rows(opened: Opened) -> None:
    for sheet in load_workbook(opened.workbook).worksheets:
        assert len(opened.sheet(sheet.title)) == sheet.max_row, sheet.title


def test_libreoffice_reads_from_all_data_what_the_csv_holds(opened: Opened) -> None:
    assert opened.csv
    headings, *rows = opened.sheet("All data")
    assert headings == opened.csv.headings
    assert len(rows) == len(opened.csv.rows)
    for ours, shown in zip(opened.csv.rows, rows, strict=True):
        cells = zip(headings, ours, shown, strict=True)
        assert [cell for cell in cells if not is_shown(*cell)] == []


def is_shown(heading: str, ours: str, shown: str) -> bool:
    """Return whether LibreOffice's cell is the csv's: numbers as far as they are shown, times in any form."""
    if not ours or not shown:
        return ours == shown
    if is_number(heading):
        return same_number(ours, shown, SHOWN_DIGITS)
    if heading == "Study time":
        # It leaves out some fractions of a second; the other readers see them.
        stored = read_time(ours)
        return read_time(shown) in (stored, stored.replace(microsecond=0))
    return unfold(unguard(ours)) == unfold(shown)


def read_time(text: str) -> datetime:
    """Return a time of day from any form that the csv or LibreOffice's English locale uses."""
    for form in TIME_FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  a time of day has no zone
        except ValueError:
            continue
    raise AssertionError(text)


def unguard(text: str) -> str:
    """Return a csv's text without the apostrophe that keeps a spreadsheet from running it."""
    return text[1:] if text[0] == "'" and text[1:2] in tuple("=+-@\t\r\n") else text


def unfold(text: str) -> str:
    """Return a text with every line end as LF: LibreOffice keeps lines, not how they end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
