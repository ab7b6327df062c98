"""nm-xlsx over awkward studies: the csv's cells, every row on its description's sheet too, the counts."""

import io
from collections import Counter

import pytest

from tests.component.exporting import export
from tests.conformance.catalogue.nm.comparison import is_same, unescape
from tests.conformance.workbook_tables import read_frequencies
from tests.databases import awkward_nm
from tests.oracles.nm import Archive
from tests.workbooks import load_exactly

OTHERS = ("Summary", "All data", "Warnings", "Columns", "About")


@pytest.fixture(scope="module")
def nm_url(postgres):
    return awkward_nm.make_database(postgres, "awkward_nm_xlsx")


@pytest.fixture(scope="module")
def archive(nm_url):
    return Archive(nm_url)


@pytest.fixture(scope="module")
def book(nm_url):
    """The workbook of every study, with identities."""
    data, _ = export(nm_url, type="nm-xlsx", include_names=True, include_ids=True)
    return load_exactly(io.BytesIO(data))


def assert_cell(heading, text, value):
    """A cell holds what the csv shows, before any guard; NaN, which Excel lacks, is a text."""
    same = value == "NaN" if text == "NaN" else is_same(heading, text, value)
    assert same, (heading, text, value)


def test_nm_xlsx_all_data_holds_every_cell_as_stored(book, archive):
    headings, *expected = archive.table()
    header, *rows = book["All data"].iter_rows(values_only=True)
    assert list(header) == headings
    assert len(rows) == len(expected) > len(archive.studies)
    for row, wanted in zip(rows, expected, strict=True):
        for heading, text, value in zip(headings, wanted, row, strict=True):
            assert_cell(heading, text, value)


def test_nm_xlsx_every_row_is_again_on_its_descriptions_sheet(book):
    header, *rows = book["All data"].iter_rows(values_only=True)
    position = header.index("Study description")
    found = Counter()
    for sheet in book.worksheets:
        if sheet.title not in OTHERS:
            head, *below = sheet.iter_rows(values_only=True)
            assert head == header
            assert len({row[position] for row in below}) == 1
            found.update(map(str, below))
    assert found == Counter(map(str, rows))


def test_nm_xlsx_descriptions_with_one_name_have_separate_sheets(book, archive):
    descriptions = {study["study_description"] or "" for study in archive.studies}
    sheets = [name for name in book.sheetnames if name not in OTHERS]
    assert len(sheets) == len(descriptions)
    assert {"nm_bone_whole_body", "nm_bone_whole_body_2", "unknown"} < set(sheets)
    assert sheets == sorted(sheets)
    assert (book.sheetnames[:2], book.sheetnames[-2:]) == (["Summary", "All data"], ["Columns", "About"])


@pytest.mark.parametrize(
    ("column", "title", "value"),
    [
        (1, "Study Description", "study_description"),
        (4, "Requested Procedure", "requested_procedure_code_meaning"),
    ],
)
def test_nm_xlsx_summary_counts_studies_by_their_texts(book, archive, column, title, value):
    summary = book["Summary"]
    assert summary.cell(6, column).value == title
    wanted = Counter(study[value] or "" for study in archive.studies)
    shown = {unescape(name): number for name, number in read_frequencies(book, column)}
    assert shown == wanted


def test_nm_xlsx_summary_counts_studies_but_no_protocols(book, archive):
    assert book["Summary"].max_column == 5
    assert [cell.value for cell in book["Summary"][4][:2]] == ["Total number of exams", len(archive.studies)]
