"""PHE's radiography forms equal OpenREM's in every cell but for the listed deviations."""

from collections import Counter
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from tests.conformance.tables import same_number

RECORD, DATE, NAME = "C", "D", "G"
FORMS = {
    "projection": ("PHE DX 2019 Single Projection", 31),
    "study": ("PHE DX 2019 Exam", 94),
}
# Cells of the rows below the headings: identical, and those that deviate. They add up to rows x columns.
COUNTS = {
    "projection": Counter({"": 330, "D04": 1, "D05": 12, "D08": 11, "D09": 11, "D15": 7}),
    "study": Counter({"": 1076, "D04": 4, "D05": 12, "D08": 11, "D09": 11, "D15": 14}),
}
WITHOUT_A_DATE = 20
PULSED_MAS = (8.4, 8, 13.6, 14)


class Cell(NamedTuple):
    """The same cell of both files, in the row of one record."""

    record: int
    letter: str
    ours: Any
    theirs: Any


class Form(NamedTuple):
    """A form as we and as OpenREM wrote it: rows, headings first."""

    name: str
    ours: list[tuple[Any, ...]]
    theirs: list[tuple[Any, ...]]

    def cells(self) -> list[Cell]:
        """Return the cells of every record."""
        theirs = {row[2]: row for row in self.theirs[1:]}
        return [
            Cell(row[2], get_column_letter(n), cell, theirs[row[2]][n - 1])
            for row in self.ours[1:]
            for n, cell in enumerate(row, start=1)
        ]


@pytest.fixture(scope="module", params=FORMS)
def form(request, export, openrem_url: str, reference) -> Form:
    path = export(f"dx-phe2019-{request.param}", openrem_url)
    ours = load_workbook(BytesIO(path.read_bytes())).worksheets[0]
    theirs = load_workbook(reference(f"dx_phe2019_{request.param}__nofilter.xlsx")).worksheets[0]
    assert (ours.title, ours.max_column) == (theirs.title, theirs.max_column) == FORMS[request.param]
    return Form(request.param, *(list(sheet.values) for sheet in (ours, theirs)))


def name_deviation(cell: Cell) -> str:
    """Return "" for an equal cell, the name of a listed deviation, or "not listed"."""
    _, letter, ours, theirs = cell
    if ours == theirs or is_same_number(ours, theirs):
        return ""
    if letter == "B":
        return "D05"
    if letter == NAME and "None" in theirs.split(" | "):
        return "D08"
    if isinstance(ours, datetime):
        return "D09" if (ours - datetime(1899, 12, 30)).days == theirs else "not listed"  # noqa: DTZ001
    if (ours, theirs) == (None, " "):
        return "D15"
    return "D04" if theirs is None and ours in PULSED_MAS else "not listed"


def is_same_number(ours: Any, theirs: Any) -> bool:
    """Return whether both are numbers and the same."""
    numbers = isinstance(ours, int | float) and isinstance(theirs, int | float)
    return numbers and same_number(repr(ours), repr(theirs))


def find(form: Form, deviation: str) -> list[Cell]:
    """Return the cells of that deviation, which has to occur."""
    return [cell for cell in form.cells() if name_deviation(cell) == deviation]


def test_dx_phe2019_headings_equal_openrems(form: Form) -> None:
    assert form.ours[0] == form.theirs[0]


def test_dx_phe2019_has_every_record_once(form: Form) -> None:
    assert len(form.ours) == len(form.theirs) == 13
    assert {row[2] for row in form.ours} == {row[2] for row in form.theirs}


def test_dx_phe2019_every_cell_equals_openrems_but_for_listed_deviations(form: Form) -> None:
    assert find(form, "not listed") == []


def test_dx_phe2019_number_of_compared_and_deviating_cells_is_as_known(form: Form) -> None:
    counts = Counter(name_deviation(cell) for cell in form.cells())
    assert counts == COUNTS[form.name]
    assert counts.total() == 12 * len(form.ours[0])


def test_d04_dx_survey_has_computed_mas(form: Form) -> None:
    found = [cell.ours for cell in find(form, "D04")]
    assert found == list(PULSED_MAS[: 4 if form.name == "study" else 1])


def test_d05_dx_survey_has_the_record_without_a_date_last_and_the_others_in_openrems_order(
    form: Form,
) -> None:
    ours, theirs = ([row[2] for row in rows[1:]] for rows in (form.ours, form.theirs))
    assert theirs[0] == WITHOUT_A_DATE
    assert ours == [*theirs[1:], WITHOUT_A_DATE]
    assert [row[1] for row in form.ours[1:]] == list(range(1, 13))


def test_d08_dx_survey_leaves_out_names_that_are_missing(form: Form) -> None:
    for cell in find(form, "D08"):
        kept = [part for part in cell.theirs.split(" | ") if part != "None"]
        assert cell.ours == (" | ".join(kept) or None)


def test_d09_dx_survey_has_dates_where_openrem_has_numbers(form: Form) -> None:
    assert {cell.letter for cell in find(form, "D09")} == {DATE}
    assert {type(row[3]) for row in form.theirs[1:]} == {int, type(None)}


def test_d15_dx_survey_has_no_filtration_where_there_is_no_filter(form: Form) -> None:
    headings = form.ours[0]
    found = find(form, "D15")
    letters = {get_column_letter(n) for n, name in enumerate(headings, 1) if name == "Filtration in mm Al"}
    assert {cell.letter for cell in found} <= letters


def test_dx_phe2019_stored_total_of_0_is_blank_as_openrem_has_it(form: Form) -> None:
    row = next(row for row in form.ours if row[2] == 24)
    assert row[4] is None


@pytest.mark.parametrize(("most", "width"), [(6, 94), (7, 262)])
def test_dx_phe2019_study_form_grows_to_20_projections_when_a_study_has_more_than_6(
    altered, export, most: int, width: int
) -> None:
    url = altered(f"UPDATE remapp_generalstudymoduleattr SET number_of_events = {most} WHERE id = 17")
    sheet = load_workbook(BytesIO(export("dx-phe2019-study", url).read_bytes())).worksheets[0]
    assert sheet.max_column == width
    assert [cell.value for cell in sheet[1]][-1] == "Other information, comments"
    few = export("dx-phe2019-study", url, "--filter=accession_number=7698466579781854").read_bytes()
    assert load_workbook(BytesIO(few)).worksheets[0].max_column == 94
