"""nm-csv equals OpenREM's own csv in every cell but for the listed deviations."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from doseexport.cli import main
from tests.conformance.catalogue.nm.comparison import is_number
from tests.conformance.tables import Table, read_csv, same_number

# A second administration with its own children, for PET study 40 and its dose report 6.
ANOTHER = """
INSERT INTO remapp_radiopharmaceuticaladministrationeventdata
    (radiopharmaceutical_radiation_dose_id, radiopharmaceutical_agent_string, administered_activity,
     radiopharmaceutical_start_datetime)
    VALUES (6, 'Second, agent', 12.5, '2022-07-24 10:40:30.25+00');
INSERT INTO remapp_personparticipant
    (radiopharmaceutical_administration_event_data_id, person_name, person_role_in_procedure)
    SELECT max(id), 'Participant ' || n, '' FROM remapp_radiopharmaceuticaladministrationeventdata,
    generate_series(1, 12) n GROUP BY n ORDER BY n;"""


@pytest.fixture(scope="module")
def ours(export, openrem_url) -> Table:
    return read_csv(export("nm-csv", openrem_url))


@pytest.fixture(scope="module")
def theirs(reference) -> Table:
    return read_csv(reference("nm_csv__nofilter.csv"))


def deviation(heading: str, own: str, other: str) -> str:
    """Return "" for equal texts, the name of a listed deviation, or "not listed"."""
    if own == other:
        return ""
    return "D17" if is_number(heading) and same_number(own, other) else "not listed"


def pair_cells(ours: Table, theirs: Table) -> list[tuple[str, str, str]]:
    """Return heading, our cell and OpenREM's of every cell, row by row."""
    return [
        (heading, own, other)
        for own_row, other_row in zip(ours.rows, theirs.rows, strict=True)
        for heading, own, other in zip(ours.headings, own_row, other_row, strict=True)
    ]


def test_nm_csv_headings_equal_openrems(ours: Table, theirs: Table) -> None:
    assert ours.headings == theirs.headings


def test_nm_csv_studies_are_openrems_in_the_same_order(ours: Table, theirs: Table) -> None:
    assert ours.keys() == theirs.keys()


def test_nm_csv_every_cell_equals_openrems_but_for_listed_deviations(ours: Table, theirs: Table) -> None:
    assert [cell for cell in pair_cells(ours, theirs) if deviation(*cell) == "not listed"] == []


def test_nm_csv_number_of_compared_and_deviating_cells_is_as_known(ours: Table, theirs: Table) -> None:
    assert Counter(deviation(*cell) for cell in pair_cells(ours, theirs)) == {"": 970, "D17": 85}


def test_d17_number_of_nm_is_plain_where_openrem_writes_zeros_or_an_exponent(ours, theirs) -> None:
    found = [(own, other) for heading, own, other in pair_cells(ours, theirs) if own != other]
    for own, other in found:
        assert Decimal(own) == Decimal(other)
        assert "E" in other or other.rstrip("0").rstrip(".") == own
    assert ("0", "0E-8") in found


def test_nm_csv_recorded_text_none_is_data(ours: Table) -> None:
    assert Counter(ours.column("Recent Physical Activity")) == {"": 4, "None": 1}


@pytest.mark.parametrize(("month", "shown"), [("01", "2022-01-10 12:41:00"), ("07", "2022-07-10 13:41:00.5")])
def test_nm_csv_moments_are_londons_in_winter_and_in_summer(month: str, shown: str, altered, export) -> None:
    fraction = ".5" if "." in shown else ""
    url = altered(f"""
        UPDATE remapp_radiopharmaceuticaladministrationeventdata
            SET radiopharmaceutical_stop_datetime = '2022-{month}-10 12:41:00{fraction}+00';
        UPDATE remapp_petseries SET series_datetime = '2022-{month}-10 12:41:00{fraction}+00'""")
    table = read_csv(export("nm-csv", url))
    wanted = shown + "00000" if "." in shown else shown
    assert table.column("Radiopharmaceutical Stop Time") == [wanted] * 5
    assert set(table.column("Series 1 date")) == {wanted, ""}


def test_p41_several_administrations_have_a_row_each_and_a_warning(altered, export, capsys) -> None:
    file = export("nm-csv", altered(ANOTHER))
    assert "Several administrations in 1 of the studies: each has its own row." in capsys.readouterr().out
    table = read_csv(file)
    assert len(table.rows) == 6
    first, second = (dict(zip(table.headings, row, strict=True)) for row in table.rows[1:3])
    assert first["Study time"] == second["Study time"] == "11:50:25.472000"
    assert [row["Radiopharmaceutical Agent"] for row in (first, second)] == [
        "Fluorodeoxyglucose F^18^",
        "Second, agent",
    ]
    assert second["Radiopharmaceutical Start Time"] == "2022-07-24 11:40:30.250000"
    assert (second["Organ Dose 1 (mGy)"], second["Series 3 number of slices"]) == ("", "476")
    assert [second[f"Person participant name {n}"] for n in (1, 2, 12)] == [
        "Participant 1",
        "Participant 2",
        "Participant 12",
    ]
    assert [first[f"Person participant name {n}"] for n in (1, 2, 12)] == ["Unknown", "", ""]


def test_p42_study_without_administration_has_its_row(altered, export, capsys) -> None:
    url = altered("""
        DELETE FROM remapp_radiopharmaceuticaladministrationeventdata WHERE id = 1;
        UPDATE remapp_radiopharmaceuticalradiationdose SET comment = 'nothing given' WHERE id = 1;
        DELETE FROM remapp_radiopharmaceuticaladministrationeventdata WHERE id = 2;
        DELETE FROM remapp_radiopharmaceuticalradiationdose WHERE id = 2""")
    table = read_csv(export("nm-csv", url))
    said = capsys.readouterr().out
    assert "No administration in 1 of the dose reports: its cells are blank." in said
    assert "No radiopharmaceutical dose report in 1 of the studies: its cells are blank." in said
    rows = {
        row["Study description"]: row
        for row in (dict(zip(table.headings, row, strict=True)) for row in table.rows)
    }
    assert len(rows) == len(table.rows) == 5
    assert [rows[name]["Comment"] for name in ("Myocardial Perfusion", "Bone Scan")] == ["nothing given", ""]
    assert [rows[name]["Radionuclide"] for name in ("Myocardial Perfusion", "Bone Scan")] == ["", ""]


def test_nm_csv_groups_without_selected_study_have_no_columns(openrem_url: str, export) -> None:
    table = read_csv(export("nm-csv", openrem_url, "--filter=study_description=bone scan"))
    assert len(table.rows) == 1
    assert [name for name in table.headings if name.endswith(" 1") or "1 " in name] == []
    assert table.headings[-1] == "Serum Creatinine (mg/dl)"


def test_d19_bad_filter_of_nm_is_refused_and_leaves_no_file(openrem_url: str, tmp_path: Path, capsys) -> None:
    file = tmp_path / "nm.csv"
    for condition in (
        "activity_min=much",
        "acquisition_protocol=bone",
        "num_events=1",
        "standard_study_name=x",
    ):
        assert (
            main(["nm-csv", "--database-url", openrem_url, f"--filter={condition}", f"--output={file}"]) != 0
        )
        assert f"filters.{condition.partition('=')[0]}" in capsys.readouterr().err
        assert not file.exists()
