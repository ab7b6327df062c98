"""nm-csv over awkward studies, cell by cell against a second computation of the same rules."""

import re

import pytest

from tests.component.exporting import export, read_csv
from tests.conformance.catalogue.nm.comparison import MOMENTS, is_number
from tests.databases import awkward_nm
from tests.oracles.ct import guard
from tests.oracles.nm import Archive

IDENTITY = ("Patient name", "Patient ID", "Date of birth")
NOT_TEXT = re.compile("Study date|Study time|Date of birth|" + MOMENTS.pattern)


@pytest.fixture(scope="module")
def nm_url(postgres):
    return awkward_nm.make_database(postgres, "awkward_nm_csv")


@pytest.fixture(scope="module")
def archive(nm_url):
    return Archive(nm_url)


@pytest.fixture(scope="module")
def plain(nm_url):
    """The csv's rows and the report, of the awkward studies, without identities."""
    data, report = export(nm_url, type="nm-csv", filters={"study_description": "case: "})
    return read_csv(data), report


def show(heading, cell):
    """A cell as the csv has it: texts are guarded."""
    return cell if is_number(heading) or NOT_TEXT.fullmatch(heading) else guard(cell)


def rows_of(plain, case):
    """The rows of an awkward study, by heading."""
    (header, *rows), _ = plain
    found = [dict(zip(header, row, strict=True)) for row in rows]
    return [row for row in found if row["Study description"] == f"case: {case}"]


@pytest.mark.parametrize(
    ("include_names", "include_ids", "hidden"),
    [
        (False, False, set(IDENTITY)),
        (True, False, {"Patient ID"}),
        (False, True, {"Patient name"}),
        (True, True, set()),
    ],
)
def test_nm_csv_every_cell_follows_the_rules(nm_url, archive, include_names, include_ids, hidden):
    data, report = export(nm_url, type="nm-csv", include_names=include_names, include_ids=include_ids)
    headings, *expected = archive.table()
    header, *rows = read_csv(data)
    shown = [n for n, heading in enumerate(headings) if heading not in hidden]
    assert header == [headings[n] for n in shown]
    assert len(rows) == len(expected) > len(archive.studies)
    assert report.studies == len(archive.studies)
    assert report.events == sum(len(archive.events_of(study)) for study in archive.studies)
    for row, wanted in zip(rows, expected, strict=True):
        assert row == [show(headings[n], wanted[n]) for n in shown]


def test_nm_csv_has_as_many_columns_as_the_selection_needs(nm_url, archive):
    chosen = {study["id"] for study in archive.studies if study["study_description"] == "case: clocks"}
    data, _ = export(
        nm_url,
        type="nm-csv",
        filters={"study_description": "case: clocks"},
        include_names=True,
        include_ids=True,
    )
    headings, *expected = archive.table(chosen)
    assert read_csv(data)[0] == headings
    assert len(headings) < len(next(archive.table())) / 2
    assert len(expected) == 1


def test_nm_csv_administrations_come_by_id_in_any_stored_order(plain):
    rows = rows_of(plain, "several administrations")
    assert [row["Radiopharmaceutical Agent"] for row in rows[1:]] == [
        "inserted later, of a lower id",
        '\'=second(), "quoted"',
    ]
    assert len({row["Comment"] for row in rows}) == 1
    assert [rows[2][f"Person participant name {n}"] for n in (1, 2, 12)] == [
        "Participant 12",
        "Participant 11",
        "Participant 1",
    ]


@pytest.mark.parametrize("case", ["no report", "no administration"])
def test_nm_csv_study_without_administrations_has_one_row(plain, case):
    (row,) = rows_of(plain, case)
    assert row["Institution"]
    assert row["Radiopharmaceutical Agent"] == row["Radionuclide"] == row["Organ Dose 1 (mGy)"] == ""


def test_nm_csv_dose_report_without_administrations_comes_last(plain):
    first, second = rows_of(plain, "empty second report")
    assert first["Radionuclide"]
    assert second["Comment"] == "of the lower id, and without an administration"


def test_nm_csv_uses_first_characteristics_and_adds_no_columns_for_others(plain):
    (row,) = rows_of(plain, "two characteristics")
    assert row["Glucose (mmol/l)"] == "1"
    assert "Patient state 2" in row
    assert "Patient state 3" not in row
    assert "Glomerular Filtration Rate 2 (ml/min/1.73m^2)" not in row


def test_nm_csv_uses_row_of_lowest_id_where_one_is_expected(plain):
    (row,) = rows_of(plain, "doubled rows")
    assert (row["Mass (kg)"], row["Station name"]) == ("11", "LOWEST")


def test_nm_csv_moments_are_in_london_time(plain):
    (row,) = rows_of(plain, "clocks")
    assert row["Radiopharmaceutical Start Time"] == "2021-03-28 00:59:59.500000"
    assert row["Radiopharmaceutical Stop Time"] == "2021-03-28 02:00:00"
    dates = [cell for heading, cell in row.items() if re.fullmatch(r"Series \d+ date", heading)]
    assert [cell for cell in dates if cell.startswith("2021-10-31")] == ["2021-10-31 01:30:00"] * 2


def test_nm_csv_texts_are_exact(plain):
    (row,) = rows_of(plain, "texts")
    assert row["Comment"] == '\'-1 \\N tab\t"quoted", line\r\nend '
    names = [row[f"Person participant name {n}"] for n in range(1, 11)]
    assert names[:3] == ["tab\t, line\nend, return\rend, bell\x07", '"quoted" \\ \\N \\u0041', "'=1+1"]
    assert names[3:6] == ["null", "", ""]
    assert names[6:] == ["Ünïcode 😀 \u2028", '[["x"]]', " spaces ", "{0} %s %"]


def test_nm_csv_numbers_are_plain(plain):
    (row,) = rows_of(plain, "numbers")
    found = [row[f"Organ Dose {n} (mGy)"] for n in range(1, 8)]
    assert found == ["0", "0.00000001", "99999999.99999999", "-0.5", "100", "NaN", ""]


def test_nm_csv_uncoded_agent_is_its_text(plain):
    (text,), (blank,) = rows_of(plain, "no codes"), rows_of(plain, "no agent")
    assert (text["Radiopharmaceutical Agent"], text["Radionuclide"]) == ("as text", "")
    assert blank["Radiopharmaceutical Agent"] == ""


WARNINGS = (
    ("No patient record in {} of the studies", ["missing rows"]),
    ("No patient study record in {} of the studies", ["missing rows"]),
    ("No equipment record in {} of the studies", ["missing rows"]),
    ("No radiopharmaceutical dose report in {} of the studies", ["no report"]),
    ("Several radiopharmaceutical dose reports in {} of the studies", ["two reports", "empty second report"]),
    ("Several administrations in {} of the studies", ["several administrations", "two reports"]),
    ("No administration in {} of the dose reports", ["no administration", "empty second report"]),
    ("Several records of the patient's characteristics for {} of the", ["two characteristics"]),
    ("Several patient records in {} of the studies", ["doubled rows"]),
    ("Several patient study records in {} of the studies", ["doubled rows"]),
    ("Several equipment records in {} of the studies", ["doubled rows"]),
)


@pytest.mark.parametrize(("message", "cases"), WARNINGS)
def test_nm_csv_irregular_data_is_a_warning_with_count(plain, message, cases):
    begin = message.format(len(cases))
    assert [warning for warning in plain[1].warnings if warning.startswith(begin)], plain[1].warnings


def test_nm_csv_has_no_warning_without_reason(nm_url, plain):
    assert len(plain[1].warnings) == len(WARNINGS)
    _, report = export(nm_url, type="nm-csv", filters={"study_description": "case: clocks"})
    assert (report.studies, report.warnings) == (1, ())
