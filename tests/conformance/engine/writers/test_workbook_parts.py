"""A workbook's parts are as Excel requires: well formed, referenced, in order, each cell once."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
CONTENT = "{http://schemas.openxmlformats.org/package/2006/content-types}"
ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
TYPES = "[Content_Types].xml"
WORKBOOK = "xl/workbook.xml"
WORKBOOK_RELATIONS = "xl/_rels/workbook.xml.rels"
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")

Parts = dict[str, ET.Element]
Cells = list[tuple[int, int, ET.Element]]


@pytest.fixture(scope="module", params=["sample_url", "openrem_url"])
def path(request, export) -> Path:
    return export("ct-xlsx", request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def parts(path: Path) -> Parts:
    """Every part, parsed: that it is well formed is seen here."""
    with zipfile.ZipFile(path) as package:
        return {name: ET.fromstring(package.read(name)) for name in package.namelist()}


def test_package_is_complete_and_names_no_part_twice(path: Path) -> None:
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        assert len(set(package.namelist())) == len(package.namelist())


def test_parts_and_content_types_correspond(parts: Parts) -> None:
    types = parts[TYPES]
    named = {each.get("PartName", "").removeprefix("/") for each in types.iter(f"{CONTENT}Override")}
    endings = {each.get("Extension") for each in types.iter(f"{CONTENT}Default")}
    assert named <= set(parts)
    assert {name.rpartition(".")[2] for name in set(parts) - named} <= endings
    assert named >= set(parts) - {TYPES} - {name for name in parts if name.endswith(".rels")}


def test_relations_and_parts_correspond(parts: Parts) -> None:
    targets = [target for name in parts if name.endswith(".rels") for _, target in relations(parts, name)]
    assert len(set(targets)) == len(targets)
    assert set(targets) == {name for name in parts if not name.endswith(".rels")} - {TYPES}


def test_sheet_has_a_legal_unique_name_and_id_and_a_part(parts: Parts) -> None:
    sheets = list(parts[WORKBOOK].iter(f"{MAIN}sheet"))
    names = [sheet.get("name", "") for sheet in sheets]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\]|^'|'$", name)
    assert len({sheet.get("sheetId") for sheet in sheets}) == len(sheets)
    known = dict(relations(parts, WORKBOOK_RELATIONS))
    assert [known[sheet.get(ID, "")] for sheet in sheets] == list(worksheets(parts))


def test_rows_and_cells_are_in_strictly_rising_order(parts: Parts) -> None:
    for name, sheet in worksheets(parts).items():
        rows = [int(row.get("r", 0)) for row in sheet.iter(f"{MAIN}row")]
        assert rows == sorted(set(rows)), name
        places = [(row, column) for row, column, _ in cells_of(sheet)]
        assert places == sorted(set(places)), name


def test_data_sheet_states_its_size_and_filters_all_of_it(parts: Parts) -> None:
    for name, sheet in list(worksheets(parts).items())[1:-1]:
        cells = cells_of(sheet)
        assert min(cells)[:2] == (1, 1)
        corner = max(row for row, _, _ in cells), max(column for _, column, _ in cells)
        assert read_place(sheet.find(f"{MAIN}dimension").get("ref").removeprefix("A1:")) == corner, name
        assert sheet.find(f"{MAIN}autoFilter").get("ref") == sheet.find(f"{MAIN}dimension").get("ref"), name


def test_filter_ranges_are_named_as_in_excel(parts: Parts) -> None:
    named = {
        int(each.get("localSheetId", -1)): each.text.rpartition("!")[2].replace("$", "")
        for each in parts[WORKBOOK].iter(f"{MAIN}definedName")
        if each.get("name") == "_xlnm._FilterDatabase"
    }
    filters = {
        n: sheet.find(f"{MAIN}autoFilter").get("ref")
        for n, sheet in enumerate(worksheets(parts).values())
        if sheet.find(f"{MAIN}autoFilter") is not None
    }
    assert named == filters


def test_cell_holds_what_its_type_says(parts: Parts) -> None:
    shared = len(parts["xl/sharedStrings.xml"])
    styles = len(parts["xl/styles.xml"].find(f"{MAIN}cellXfs"))
    for sheet in worksheets(parts).values():
        for _, _, cell in cells_of(sheet):
            assert int(cell.get("s", 0)) < styles
            assert is_well_typed(cell, shared), ET.tostring(cell)


def is_well_typed(cell: ET.Element, shared: int) -> bool:
    """Return whether a cell's content fits its type: a text, one of so many shared texts, or a number."""
    children = [child.tag.removeprefix(MAIN) for child in cell]
    value = cell.findtext(f"{MAIN}v", "")
    match cell.get("t", "n"):
        case "inlineStr":
            text = "".join(cell.itertext())
            return children == ["is"] and 0 < len(text.encode("utf-16-le")) // 2 <= 32_767
        case "s":
            return children == ["v"] and 0 <= int(value) < shared
        case "n":
            return children == [] or (children == ["v"] and bool(NUMBER.fullmatch(value)))
    return False


def worksheets(parts: Parts) -> Parts:
    """Return the worksheets in the order of their numbers."""
    names = [name for name in parts if name.startswith("xl/worksheets/sheet")]
    return {name: parts[name] for name in sorted(names, key=lambda name: int(re.sub(r"\D", "", name)))}


def relations(parts: Parts, name: str) -> Iterator[tuple[str, str]]:
    """Yield id and target part of the relations that a part names."""
    folder = posixpath.dirname(posixpath.dirname(name))
    for relation in parts[name].iter(RELATION):
        target = posixpath.normpath(posixpath.join(folder, relation.get("Target", "")))
        yield relation.get("Id", ""), target.removeprefix("/")


def cells_of(sheet: ET.Element) -> Cells:
    """Return row number, column number and element of every cell, each named after its own row."""
    cells = []
    for row in sheet.iter(f"{MAIN}row"):
        for cell in row:
            place = read_place(cell.get("r", ""))
            assert place[0] == int(row.get("r", 0))
            cells.append((*place, cell))
    return cells


def read_place(reference: str) -> tuple[int, int]:
    """Return row and column number of a reference such as AB12."""
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", reference).groups()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(digits), column
