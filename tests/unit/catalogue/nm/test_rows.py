"""Rows of nuclear medicine: children side by side, as often as needed, and sheets by description."""

import json

import pytest

from doseexport.catalogue import FileContext, Inclusions
from doseexport.catalogue.nm.exports import SPECS
from doseexport.catalogue.nm.parts import GROUPS, SINGLE_COLUMNS
from doseexport.catalogue.nm.rows import Administrations, widen_cells, widen_parts

NONE = dict.fromkeys((group.name for group in GROUPS), 0)
STUDY_COLUMNS = SPECS[0].studies.included(Inclusions())
DESCRIPTION = [column.heading for column in STUDY_COLUMNS].index("Study description")


def headings(widths):
    return [column.heading for column in widen_parts(NONE | widths)]


def make_event(**groups):
    """An event's cells: each single one its own heading, and the groups' children as JSON."""
    texts = {name.replace("_", " "): json.dumps(children) for name, children in groups.items()}
    return [column.heading for column in SINGLE_COLUMNS] + [texts.get(group.name, "") for group in GROUPS]


def make_study(description):
    cells = [""] * len(STUDY_COLUMNS)
    cells[DESCRIPTION] = description
    return cells


def start(widths=NONE, descriptions=()):
    counted = {"Study Description": [(name, 1) for name in descriptions]} if descriptions else {}
    return Administrations(FileContext(STUDY_COLUMNS, SINGLE_COLUMNS, widths, {}, counted))


def test_group_without_children_has_no_columns():
    assert headings({}) == [column.heading for column in SINGLE_COLUMNS]


def test_children_are_numbered_as_numbers_not_as_texts():
    names = [name for name in headings({"patient states": 11}) if name.startswith("Patient state")]
    assert names == [f"Patient state {n}" for n in range(1, 12)]


@pytest.mark.parametrize(
    ("group", "first", "before", "after"),
    [
        (
            "participants",
            ["Person participant name 1", "Person participant role 1"],
            "Route of Administration Laterality",
            "Comment",
        ),
        (
            "organ doses",
            [
                "Organ Dose Finding Site 1",
                "Organ Laterality 1",
                "Organ Dose 1 (mGy)",
                "Organ Mass 1(g)",
                "Organ Dose Measurement Method 1",
                "Organ Dose Reference Authority 1",
            ],
            "Comment",
            "Body Surface Area (m^2)",
        ),
        ("patient states", ["Patient state 1"], "Comment", "Body Surface Area (m^2)"),
        (
            "glomerular filtration rates",
            [
                "Glomerular Filtration Rate 1 (ml/min/1.73m^2)",
                "Measurement Method 1",
                "Equivalent meaning of concept name 1",
            ],
            "Serum Creatinine (mg/dl)",
            None,
        ),
        (
            "PET series",
            [
                "Series 1 date",
                "Series 1 number of slices",
                "Series 1 reconstruction method",
                "Series 1 coincidence window width",
                "Series 1 energy window lower limit",
                "Series 1 energy window upper limit",
                "Series 1 scan procession",
                "Series 1 number of RR intervals",
                "Series 1 number of time slots",
                "Series 1 number of time slices",
            ],
            "Serum Creatinine (mg/dl)",
            None,
        ),
    ],
)
def test_group_is_between_its_neighbours(group, first, before, after):
    names = headings({group: 2})
    begin = names.index(first[0])
    assert names[begin - 1] == before
    assert names[begin : begin + len(first)] == first
    second = begin + len(first)
    assert names[second : second + len(first)] == [name.replace("1", "2", 1) for name in first]
    assert [*names, None][second + len(first)] == after


def test_children_fill_columns_from_the_left():
    widths = NONE | {"participants": 2, "patient states": 3}
    event = make_event(participants=[["Ada", None]], patient_states=[["fasting"], [None]])
    cells = dict(zip(headings(widths), widen_cells(event, widths), strict=True))
    assert cells["Person participant name 1"] == "Ada"
    assert cells["Person participant role 1"] == ""
    assert [cells[f"Person participant {what} 2"] for what in ("name", "role")] == ["", ""]
    assert [cells[f"Patient state {n}"] for n in (1, 2, 3)] == ["fasting", "", ""]


def test_single_cells_stay_under_their_headings_at_any_width():
    widths = dict.fromkeys(NONE, 2)
    cells = dict(zip(headings(widths), widen_cells(make_event(), widths), strict=True))
    for column in SINGLE_COLUMNS:
        assert cells[column.heading] == column.heading


def test_administration_has_a_row_with_its_studys_cells():
    study = make_study("Bone Scan")
    rows = list(start().build_rows(study, [make_event(), make_event()]))
    assert [index for index, _ in rows] == [0, 0]
    assert [cells[: len(study)] for _, cells in rows] == [study, study]


def test_study_without_administrations_has_a_row_of_full_width():
    arranger = start(NONE | {"PET series": 2})
    ((_, cells),) = arranger.build_rows(make_study("Bone Scan"), [])
    assert cells == make_study("Bone Scan") + [""] * (len(arranger.sheets[0].columns) - len(STUDY_COLUMNS))


def test_csv_has_one_sheet_and_workbook_one_more_per_description():
    assert [sheet.name for sheet in start().sheets] == ["All data"]
    arranger = start(descriptions=["", "Bone Scan"])
    assert [(sheet.name, sheet.named_by_data) for sheet in arranger.sheets] == [
        ("All data", False),
        ("", True),
        ("Bone Scan", True),
    ]
    rows = list(arranger.build_rows(make_study("Bone Scan"), [make_event()]))
    rows += arranger.build_rows(make_study(""), [])
    assert [index for index, _ in rows] == [0, 2, 0, 1]
    assert rows[0][1] == rows[1][1]
    assert arranger.end() == arranger.warnings == ()
