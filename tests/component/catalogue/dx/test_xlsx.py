"""dx-xlsx over awkward studies: the csv's cells once more, each event once on its protocol's sheet."""

from collections import Counter, defaultdict

import pytest

from tests.component.exporting import export, read_csv
from tests.databases import awkward_dx
from tests.oracles.dx import EVENT_HEADINGS, DxArchive
from tests.workbooks import Sheets

STUDY_COLUMNS = 19
BLOCK = len(EVENT_HEADINGS)
NUMBERS = {"kVp", "mAs", "mA", "Exposure time (ms)", "Exposure index", "DAP (cGy.cm^2)", "SDD Detector Dist"}


@pytest.fixture(scope="module")
def awkward_url(postgres):
    """Studies with one oddity each. Read it only."""
    url = postgres.create_database("awkward_dx_xlsx")
    awkward_dx.make(url)
    return url


@pytest.fixture(scope="module")
def sheets(awkward_url):
    """Sheet name → rows, as calamine reads them."""
    data, _ = export(awkward_url, type="dx-xlsx")
    return Sheets(data)


def pick(cells):
    """What identifies an event: its numbers, from a sheet or as texts."""
    return tuple(round(float(cells[name]), 9) if cells[name] != "" else None for name in sorted(NUMBERS))


def list_protocols(sheets):
    """The rows of each protocol's sheet."""
    return [rows for name, rows in list(sheets.items())[2:-2] if name != "Warnings"]


def test_dx_xlsx_each_event_is_once_on_its_protocols_sheet(awkward_url, sheets):
    wanted = defaultdict(Counter)
    archive = DxArchive(awkward_url)
    for study in archive.studies:
        for event in map(archive.event_cells, archive.events_of(study)):
            wanted[event["Protocol"]][pick(event)] += 1
    found = {}
    for headings, *rows in list_protocols(sheets):
        assert headings[STUDY_COLUMNS:] == EVENT_HEADINGS
        events = [dict(zip(EVENT_HEADINGS, row[STUDY_COLUMNS:], strict=True)) for row in rows]
        (protocol,) = {event["Protocol"] for event in events}
        assert protocol not in found
        found[protocol] = Counter(map(pick, events))
    assert found == wanted


def test_dx_xlsx_event_has_the_cells_of_its_study(awkward_url, sheets):
    headings, *rows = read_csv(export(awkward_url, type="dx-csv")[0])
    accession = headings.index("Accession number")
    events = Counter()
    for row in rows:
        blocks = [row[n : n + BLOCK] for n in range(STUDY_COLUMNS, len(row), BLOCK)]
        events[row[accession], row[0]] += sum(any(block) for block in blocks)
    found = Counter((row[accession], row[0]) for _, *rows in list_protocols(sheets) for row in rows)
    assert found == +events
