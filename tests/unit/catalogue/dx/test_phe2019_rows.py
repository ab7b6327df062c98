"""PHE's radiography forms: the place and the words of each cell."""

import pytest

from doseexport.catalogue import FileContext
from doseexport.catalogue.dx.phe2019 import SPECS
from doseexport.catalogue.dx.phe2019_rows import (
    Exam,
    Projection,
    SingleProjection,
    WholeStudy,
    describe_filtration,
    describe_position,
    describe_view,
)
from doseexport.engine.study_warnings import WarningLog

EXAM = Exam("20", "2026-01-31", "110.13", "Chest", "Chest PA", "XR chest", "70.5", "61.2", "F", "1.68", "2")
EVENT = Projection(
    *("40.5", "PA", "1800", "180", "Al | Cu", "1.0000 | 0.2000", "AUTO", "117", "1.7"),
    *("recumbent", "supine", "headfirst", "256.875", "antero-posterior"),
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BLANK = Projection(*[""] * len(Projection._fields))
DESCRIBED = [
    *("", "1800", "180", "Al | Cu 1.0000 | 0.2000", "AUTO", "117", "1.7"),
    *("recumbent, supine, headfirst", "", "EI: 256.88 antero-posterior"),
]


def start(form, events=0, log=None):
    return form(FileContext((), (), {"events": events}, {}, warn=(log or WarningLog()).add))


def list_warnings(log):
    return [message.format(n=each.rows) for message, each in log.describe()]


def build_rows(form, exam, *events):
    """The cells of the study's only row."""
    ((_, cells),) = form.build_rows(list(exam), [list(event) for event in events])
    return cells


def find_filled(cells):
    """Column letters, as far as Z, and cells that are not blank."""
    return {letter: cell for letter, cell in zip(LETTERS, cells, strict=False) if cell}


def kind_at(sheet, position):
    kinds = [column.kind for column in sheet.columns]
    beyond = position - len(kinds)
    return kinds[position] if beyond < 0 else sheet.overflow[beyond % len(sheet.overflow)]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_form_reads_the_columns_that_the_queries_select(spec):
    assert tuple(column.heading for column in spec.studies.columns) == Exam._fields
    assert tuple(column.heading for column in spec.events.columns) == Projection._fields


@pytest.mark.parametrize(
    ("materials", "thicknesses", "words"),
    [
        ("Al", "1.0000", "Al 1.0000"),
        ("Al | Cu", "1.0000 | 0.2000", "Al | Cu 1.0000 | 0.2000"),
        ("Al | Cu", " | ", "Al | Cu  | "),
        (" | Cu", "0.1000 | 0.2000", " | Cu 0.1000 | 0.2000"),
        (" | ", "0.1000 | 0.2000", ""),
        ("", "", ""),
    ],
)
def test_filtration_is_materials_then_thicknesses(materials, thicknesses, words):
    assert describe_filtration(materials, thicknesses) == words


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (("recumbent", "supine", "headfirst"), "recumbent, supine, headfirst"),
        (("recumbent", "", "headfirst"), "recumbent, headfirst"),
        (("recumbent", "", ""), "recumbent"),
        (("", "supine", "headfirst"), ", supine, headfirst"),
        (("", "", "headfirst"), ", headfirst"),
        (("", "", ""), ""),
    ],
)
def test_text_after_orientation_has_its_comma(position, words):
    assert describe_position(*position) == words


@pytest.mark.parametrize(
    ("index", "view", "words"),
    [
        ("256.88", "antero-posterior", "EI: 256.88 antero-posterior"),
        ("326", "", "EI: 326.00"),
        ("0.125", "", "EI: 0.12"),
        ("0.135", "", "EI: 0.14"),
        ("0.1250001", "", "EI: 0.13"),
        ("0.00001", "", "EI: 0.00"),
        ("99999999.99999999", "", "EI: 100000000.00"),
        ("-1.005", "", "EI: -1.00"),
        ("0", "lateral", " lateral"),
        ("", "lateral", " lateral"),
        ("", "", ""),
    ],
)
def test_exposure_index_has_two_decimals_and_0_is_none(index, view, words):
    assert describe_view(index, view) == words


def test_projection_row_is_of_its_studys_first_event():
    cells = build_rows(start(SingleProjection), EXAM, EVENT, BLANK)
    names = "Chest | Chest PA | XR chest | PA"
    assert cells == [
        *("", "1", "20", "2026-01-31", "40.5", "cGy·cm²", names, "70.5", "", "", "61.2", "F", "1.68"),
        *DESCRIBED,
    ]


def test_projection_row_without_event_has_its_study():
    cells = build_rows(start(SingleProjection), EXAM)
    assert find_filled(cells) == {
        "B": "1",
        "C": "20",
        "D": "2026-01-31",
        "F": "cGy·cm²",
        "G": "Chest | Chest PA | XR chest",
        "H": "70.5",
        "K": "61.2",
        "L": "F",
        "M": "1.68",
    }


def test_rows_are_numbered_from_1():
    for form in (start(SingleProjection), start(WholeStudy)):
        assert [build_rows(form, EXAM, EVENT)[1] for _ in range(3)] == ["1", "2", "3"]


def test_projection_form_reports_what_it_leaves_out():
    log = WarningLog()
    form = start(SingleProjection, log=log)
    build_rows(form, EXAM, EVENT)
    assert (list(form.end()), list(form.warnings), list_warnings(log)) == ([], [], [])
    build_rows(form, EXAM)
    build_rows(form, EXAM, EVENT, EVENT)
    build_rows(form, EXAM, EVENT, EVENT, EVENT)
    assert list_warnings(log) == [
        "No event in 1 of the studies: the projection's cells are blank.",
        "Several events in 2 of the studies: only the first is in the form.",
    ]


@pytest.mark.parametrize(
    ("most", "projections", "width"), [(0, 6, 94), (6, 6, 94), (7, 20, 262), (300, 20, 262)]
)
def test_study_form_has_six_or_twenty_projections(most, projections, width):
    headings = [column.heading for column in start(WholeStudy, most).sheets[0].columns]
    assert len(headings) == width
    assert sum(heading.endswith(" DAP") for heading in headings) == projections
    assert headings.count("kVp") == projections
    assert headings[-1] == "Other information, comments"


def test_study_row_has_its_daps_before_its_projections():
    cells = build_rows(start(WholeStudy), EXAM, EVENT, BLANK._replace(dap="1", protocol="LAT"))
    assert cells == [
        *("", "1", "20", "2026-01-31", "110.13", "cGy·cm²", "Chest | Chest PA | XR chest"),
        *("70.5", "", "", "61.2", "F", "1.68", "2"),
        *("40.5", "1", "", "", "", ""),
        *("PA", *DESCRIBED),
        *("LAT", *[""] * 10),
    ]


def test_study_row_without_events_has_its_study():
    log = WarningLog()
    cells = build_rows(start(WholeStudy, log=log), EXAM)
    assert list(find_filled(cells)) == list("BCDEFGHKLMN")
    assert list_warnings(log) == ["No event in 1 of the studies: the projections' cells are blank."]


@pytest.mark.parametrize(("most", "projections"), [(6, 6), (7, 20)])
def test_blocks_beyond_the_form_continue_to_the_right(most, projections):
    log = WarningLog()
    form = start(WholeStudy, most, log)
    events = [EVENT._replace(protocol=str(n), dap=str(n)) for n in range(projections + 2)]
    cells = build_rows(form, EXAM, *events[:projections])
    assert list_warnings(log) == []
    more = build_rows(form, EXAM, *events)
    assert more[2 : len(cells)] == cells[2:]
    assert more[len(cells) :] == [f"{projections}", *DESCRIBED, f"{projections + 1}", *DESCRIBED]
    (warning,) = list_warnings(log)
    assert warning.startswith(f"More than {projections} events in 1 of the studies: ")


@pytest.mark.parametrize("most", [6, 7])
def test_number_beyond_the_form_is_a_number(most):
    sheet = start(WholeStudy, most).sheets[0]
    first = [column.heading for column in sheet.columns].index("Projection 1 Name")
    kinds = [column.kind for column in sheet.columns[first : first + 11]]
    assert {kind.name for kind in kinds} == {"text", "number"}
    for block in range(25):
        assert [kind_at(sheet, first + block * 11 + n) for n in range(11)] == kinds


def test_form_has_one_sheet_named_as_phe_names_it():
    assert [sheet.name for sheet in start(SingleProjection).sheets] == ["PHE DX 2019 Single Projection"]
    assert [sheet.name for sheet in start(WholeStudy).sheets] == ["PHE DX 2019 Exam"]
