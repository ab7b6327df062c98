"""Tables of OpenREM's own test files: counts, valid packages, and the cells of ct-csv and dx-csv."""

import pytest
from frictionless import Package as DataPackage

from tests.component.exporting import export, read_csv
from tests.component.packages import CtPivot, DxPivot, export_package
from tests.oracles.dx import is_same_mean

COUNTS = {"ct": (15, 75), "rf": (12, 545), "mg": (8, 26), "dx": (12, 23), "nm": (5, 5)}


@pytest.mark.parametrize("name", COUNTS)
def test_tables_of_the_test_files_are_whole_and_valid(openrem_url, tmp_path, name):
    data, report = export(openrem_url, type=f"{name}-tables")
    assert (report.studies, report.events) == COUNTS[name]
    assert [sheet.rows for sheet in report.sheets[:2]] == [*COUNTS[name]]
    (tmp_path / "tables.zip").write_bytes(data)
    found = DataPackage(str(tmp_path / "tables.zip")).validate()
    assert found.valid, found.flatten(["title", "message"])


@pytest.mark.parametrize(("name", "pivot"), [("ct", CtPivot), ("dx", DxPivot)])
def test_tables_of_the_test_files_by_event_number_are_the_csv(openrem_url, name, pivot):
    inclusions = {"include_names": True, "include_ids": True}
    expected = read_csv(export(openrem_url, type=f"{name}-csv", **inclusions)[0])
    made = list(pivot(export_package(openrem_url, f"{name}-tables", **inclusions)[0]).rows())
    assert [len(row) for row in made] == [len(row) for row in expected]
    differences = [
        (heading, ours, theirs)
        for row, other in zip(made, expected, strict=True)
        for heading, ours, theirs in zip(made[0], row, other, strict=True)
        if ours != theirs and not (heading.endswith("kVp") and is_same_mean(ours, theirs))
    ]
    assert differences == []
