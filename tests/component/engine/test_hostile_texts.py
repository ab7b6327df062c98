"""A hostile text in every text column: no file runs it, and none loses it."""

import io
import re
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue import ID, NAME
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.engine.writers.csv import guard_text
from tests.component.exporting import Indifferent, parse, read_csv
from tests.databases.hostile import CORPUS, FORMULAS

SPECS = catalogue.load_specs()
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RUN = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
# What may be in a workbook at all: nothing that runs, links out, or embeds.
PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core)\.xml|xl/workbook\.xml|xl/styles\.xml"
    r"|xl/sharedStrings\.xml|xl/theme/theme1\.xml|xl/_rels/workbook\.xml\.rels|xl/worksheets/sheet\d+\.xml"
    # Charts of audits.
    r"|xl/charts/chart\d+\.xml|xl/drawings/drawing1\.xml|xl/drawings/_rels/drawing1\.xml\.rels"
    r"|xl/worksheets/_rels/sheet\d+\.xml\.rels"
)
CHART_FORMULA = "{http://schemas.openxmlformats.org/drawingml/2006/chart}f"


@pytest.fixture(scope="module")
def widest(hostile_url):
    """For each modality the study with most events: the one study of openSkin."""
    query = (
        "SELECT study.id FROM remapp_generalstudymoduleattr study JOIN remapp_projectionxrayradiationdose"
        " dose ON dose.general_study_module_attributes_id = study.id JOIN remapp_irradeventxraydata event"
        " ON event.projection_xray_radiation_dose_id = dose.id WHERE modality_type = 'RF'"
        " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    )
    with psycopg.connect(hostile_url) as connection:
        return str(connection.execute(query).fetchone()[0])


def export(url, spec, widest, user="ada", **filters):
    """The bytes of a file with names and IDs, where the type has them."""
    needed = {"study_id": widest} if spec.needs else {}
    request = parse(
        type=spec.type,
        filters={**needed, **dict.fromkeys(spec.default_filters, "include"), **filters},
        include_names=spec.can_include(NAME),
        include_ids=spec.can_include(ID),
    )
    file = io.BytesIO()
    requested = RequestContext(request, user, datetime(2026, 11, 23, tzinfo=UTC))
    write_export(requested, Database({"conninfo": url}), file, Indifferent())
    return file.getvalue()


def of_format(name):
    chosen = {spec.type: spec for spec in SPECS.values() if spec.format == name}
    return pytest.mark.parametrize("spec", chosen.values(), ids=chosen)


@of_format("csv")
def test_csv_has_no_cell_that_would_run(hostile_url, widest, spec):
    cells = [cell for row in read_csv(export(hostile_url, spec, widest)) for cell in row]
    assert [cell for cell in cells if cell and cell[0] in RUN and not NUMBER.fullmatch(cell)] == []
    assert sum(cell.startswith("'") for cell in cells) >= (spec.type != "rf-openskin")


def test_csv_holds_every_text_unchanged(hostile_url, widest):
    names = ["ct-csv", "dx-csv", "mg-csv", "nm-csv", "rf-csv"]
    found = {name: read_csv(export(hostile_url, SPECS[name], widest)) for name in names}
    cells = {name: {cell for row in rows for cell in row} for name, rows in found.items()}
    for name in names:
        assert sum(guard_text(text) in cells[name] for text in CORPUS) > len(CORPUS) / 2, name
    assert [text for text in CORPUS if guard_text(text) not in set().union(*cells.values())] == []


@of_format("xlsx")
def test_workbook_holds_texts_as_texts_and_nothing_that_runs(hostile_url, widest, spec):
    assert_nothing_runs(export(hostile_url, spec, widest, user=FORMULAS[0]), spec)


@pytest.mark.parametrize("user", ["ada", *FORMULAS[1:3]])
def test_workbook_holds_name_of_user_as_text(hostile_url, widest, user):
    spec = SPECS["nm-xlsx"]
    assert_nothing_runs(export(hostile_url, spec, widest, user), spec)


def assert_nothing_runs(data, spec):
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert [name for name in book.namelist() if not PARTS.fullmatch(name)] == []
        roots = {name: ET.fromstring(book.read(name)) for name in book.namelist()}
    for name, root in roots.items():
        assert "External" not in {element.get("TargetMode") for element in root.iter()}, name
        if name.startswith("xl/worksheets/sheet"):
            assert_only_texts_and_numbers(root, has_charts=spec.type.endswith("-audit"))
        for formula in root.iter(CHART_FORMULA):
            assert re.fullmatch(r"Charts!\$[A-E]\$\d+(:\$[A-E]\$\d+)?", formula.text)
    names = [element.get("name") for element in roots["xl/workbook.xml"].iter(f"{MAIN}sheet")]
    assert_legal(names)


def assert_only_texts_and_numbers(sheet, *, has_charts=False):
    tags = {element.tag.removeprefix(MAIN) for element in sheet.iter()}
    active = {"f", "hyperlink", "hyperlinks", "oleObject", "drawing", "legacyDrawing", "control"}
    assert tags.isdisjoint(active - {"drawing"} if has_charts else active)
    for cell in sheet.iter(f"{MAIN}c"):
        assert cell.get("t", "n") in {"n", "s", "inlineStr"}
        value = cell.findtext(f"{MAIN}v")
        if cell.get("t", "n") == "n" and value is not None:
            float(value)


def assert_legal(names):
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) <= 62
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f\x7f]|^'|'$", name), name


@pytest.mark.parametrize("name", ["ct-xlsx", "nm-xlsx", "mg-xlsx"])
@pytest.mark.parametrize("start", ["=", "1", "'"])
def test_filter_is_shown_in_the_file_as_text(hostile_url, widest, name, start):
    data = export(hostile_url, SPECS[name], widest, study_description=start)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for part in book.namelist():
            if part.startswith("xl/worksheets/"):
                assert_only_texts_and_numbers(ET.fromstring(book.read(part)))
