"""NHSBSP surveys: the csv compared with OpenREM's own, and the workbook with the csv."""

from collections import Counter
from typing import Any

import psycopg
import pytest

from doseexport.cli import main
from tests.conformance.catalogue.mg.comparison import (
    SURVEYS,
    Row,
    name_deviation,
    pair_rows,
    read_rows,
    read_sheets,
)
from tests.conformance.tables import Table, read_csv

F14 = "mg_nhsbsp_csv__F14_upto2022.csv"
F18 = "mg_nhsbsp_csv__F18_hologicmix.csv"
RUNS = {
    "until 2022": (F14, ("--order=-time_date", "--filter=study_date__lt=2022-12-31")),
    "one scanner": (F18, ("--filter=generalequipmentmoduleattr__station_name=HologicDBT5",)),
    "one scanner by its clear name": (F18, ("--filter=station=HologicDBT5",)),
}
# Identical cells, other texts of the same number, patient numbers: rows x 15.
COUNTS = {F14: {"": 120, "D17": 44, "D29": 1}, F18: {"": 77, "D17": 28}}

INCLUDED = """
SELECT study.id FROM remapp_irradeventxraydata event
JOIN remapp_projectionxrayradiationdose report ON report.id = event.projection_xray_radiation_dose_id
JOIN remapp_generalstudymoduleattr study ON study.id = report.general_study_module_attributes_id
WHERE study.modality_type = 'MG' AND event.acquisition_protocol IS DISTINCT FROM 'STEREO'"""


@pytest.fixture(scope="module", params=RUNS.values(), ids=RUNS.keys())
def run(request, export, openrem_url, reference):
    name, options = request.param
    ours = read_csv(export("mg-nhsbsp-csv", openrem_url, *options))
    return name, list(pair_rows(ours, read_csv(reference(name))))


@pytest.fixture(scope="module")
def our_survey(export, openrem_url) -> Table:
    return read_csv(export("mg-nhsbsp-csv", openrem_url))


@pytest.fixture(scope="module")
def our_surveys(export, openrem_url) -> dict[str, list[Row]]:
    return read_sheets(export("mg-nhsbsp-xlsx", openrem_url))


def name_survey_deviation(cell: Any) -> str:
    """Return what `name_deviation` returns. A patient's number is a separate deviation."""
    if cell.heading == "Patient number" and cell.ours != cell.theirs:
        return "D29"
    return name_deviation(cell)


def test_nhsbsp_every_cell_equals_openrems_but_for_listed_deviations(run) -> None:
    name, rows = run
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if name_survey_deviation(cell) == "not listed"] == []
    assert Counter(map(name_survey_deviation, cells)) == COUNTS[name]


def test_d29_patients_are_numbered_without_gaps_where_openrem_counts_those_left_out(run) -> None:
    name, rows = run
    numbers = list(dict.fromkeys((row[1].ours, row[1].theirs) for row in rows))
    wanted = {F14: [("1", "1"), ("2", "2"), ("3", "3"), ("4", "5")], F18: [("1", "1")]}
    assert numbers == wanted[name]


def test_d06_patients_are_numbered_newest_first_where_openrem_has_no_default_order(
    openrem_url: str, our_survey: Table
) -> None:
    with psycopg.connect(openrem_url) as connection:
        order = " ORDER BY study_date DESC, study_time DESC, study.id, event.id"
        studies = [study for (study,) in connection.execute(INCLUDED + order)]
    numbers = {study: str(n) for n, study in enumerate(dict.fromkeys(studies), 1)}
    assert our_survey.column("Patient number") == [numbers[study] for study in studies]


def test_d18_nhsbsp_has_every_exposure_where_openrem_ends_at_the_first_tomosynthesis(
    our_survey: Table,
) -> None:
    rows = read_rows(our_survey)
    assert len(rows) == 24
    pristina = [row for row in rows if row["Anode"] == "Rh" and row["Filter"] == "Ag"]
    assert [row["View code"] for row in pristina] == ["RCC", *(f"RCC{n}" for n in range(2, 9)), "RCC"]
    assert (pristina[0]["kV"], pristina[0]["mAs"]) == ("34.045", "17.1125488")
    giotto = [row for row in rows if row["Anode"] == "W" and row["Filter"] == "Ag"][:4]
    assert [(row["View code"], row["mAs"]) for row in giotto] == [
        ("RCC", "139.89"),
        ("LCC", "152.04"),
        ("ROB", "119.85"),
        ("LOB", "135.68"),
    ]


@pytest.mark.parametrize(
    "option", ["view=cranio", "acquisition_protocol=routine", "compression_thickness_min=1"]
)
def test_d07_study_is_present_once_with_any_filter(option: str, openrem_url: str, export) -> None:
    """OpenREM repeats a study for each exposure that meets a filter."""
    all_rows = read_rows(read_csv(export("mg-nhsbsp-csv", openrem_url)))
    rows = read_rows(read_csv(export("mg-nhsbsp-csv", openrem_url, f"--filter={option}")))

    def forget_number(row: Row) -> tuple[str, ...]:
        return tuple(cell for heading, cell in row.items() if heading != "Patient number")

    assert not Counter(map(forget_number, rows)) - Counter(map(forget_number, all_rows))
    codes = Counter((row["Patient number"], row["View code"]) for row in rows)
    assert set(codes.values()) == {1}
    assert sorted(map(int, {row["Patient number"] for row in rows})) == list(
        range(1, len({row["Patient number"] for row in rows}) + 1)
    )


def test_nhsbsp_workbook_surveys_follow_the_rules_for_each_study(our_surveys) -> None:
    found = {
        survey: [(row["Patient number"], row["View code"]) for row in our_surveys[survey]]
        for survey in SURVEYS
    }
    assert found == {
        "2D": [
            *((2, f"RCC{n or ''}") for n in (0, *range(2, 9))),
            (4, "RCC"), (4, "RCC2"), (4, "RCC3"), (5, "LCC"), (5, "RCC"), (7, "LCC"),
        ],
        "DBT": [
            (1, "RCC"), (1, "LCC"), (1, "ROB"), (1, "LOB"), (3, "RCC"),
            (4, "RCC"), (4, "ROB"), (4, "LCC"), (4, "RCC2"), (6, "RCC"),
        ],
        "CEM": [],
    }  # fmt: skip


def test_nhsbsp_workbook_has_the_csvs_rows_each_in_one_survey(our_survey: Table, our_surveys) -> None:
    expected = ["Patient number", "kV", "Anode", "Filter", "Thickness", "mAs", "auto/man", "Auto mode", "Age"]

    def describe(row: Row) -> tuple[str, ...]:
        return tuple("" if row[heading] is None else str(row[heading]) for heading in expected)

    rows = [row for survey in SURVEYS for row in our_surveys[survey]]
    assert sorted(map(describe, rows)) == sorted(map(describe, read_rows(our_survey)))


def test_nhsbsp_left_out_exposure_is_listed_with_reason(our_surveys) -> None:
    assert [(row["Thickness"], row["Reason"]) for row in our_surveys["Excluded"]] == [
        (20, 'protocol contains "stereo"'),
        (39, 'protocol contains "stereo"'),
    ]


def test_nhsbsp_pristinas_tomosynthesis_is_in_its_survey_and_on_review(our_surveys) -> None:
    (row,) = our_surveys["Review"]
    assert (row["Patient number"], row["View code"], row["mAs"]) == (3, "RCC", 1.7897061)
    assert row["Acquisition protocol"] == "3D_ROUTINE"
    assert row["Reason"].startswith("in the DBT survey; its mAs is derived")


def test_nhsbsp_summary_has_medians_of_each_survey_and_view(our_surveys) -> None:
    assert [tuple(row.values()) for row in our_surveys["Summary"]] == [
        ("2D", 1, "LCC", 2, 48, 1.3365),
        ("2D", 1, "RCC", 12, 46.2, 1.21),
        ("DBT", 2, "LCC", 2, 30.5, 1.6605),
        ("DBT", 2, "LOB", 1, 47, 2.391),
        ("DBT", 2, "RCC", 5, 20, 0.95),
        ("DBT", 2, "ROB", 2, 32.5, 1.5275),
    ]


def test_nhsbsp_whole_years_are_an_option(openrem_url: str, export, our_survey: Table) -> None:
    assert "52.1" in our_survey.column("Age")
    whole = read_csv(export("mg-nhsbsp-csv", openrem_url, "--option=whole_years=yes")).column("Age")
    assert whole == [age.partition(".")[0] for age in our_survey.column("Age")]


@pytest.mark.parametrize("kind", ["mg-nhsbsp-csv", "mg-nhsbsp-xlsx"])
@pytest.mark.parametrize(
    "option", ["--include-names", "--include-ids", "--option=words_=x", "--filter=weight_min=1"]
)
def test_d19_nhsbsp_refuses_unsupported_requests(
    kind: str, option: str, openrem_url: str, tmp_path, capsys
) -> None:
    assert main([kind, "--database-url", openrem_url, option, f"--output={tmp_path / 'file'}"]) == 2
    assert capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
