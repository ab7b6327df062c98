"""Rough size and time of a file, estimated from counts."""

import pytest

from doseexport import catalogue
from doseexport.catalogue import Inclusions
from doseexport.engine.estimates import (
    CELL_COSTS,
    DEFAULT_CELL_COSTS,
    START_SECONDS,
    count_cells,
    estimate_file,
)
from doseexport.engine.query import Counts

SMALL = Counts(10, 40, 8)
LARGE = Counts(100_000, 400_000, 8)


def width_of(export_type, inclusions):
    spec = catalogue.find_spec(export_type)
    return len(spec.studies.included(inclusions)), len(spec.events.included(inclusions))


def test_cells_of_wide_rows_are_padded_to_the_widest():
    study, event = width_of("ct-csv", Inclusions())
    cells, blank = count_cells(catalogue.find_spec("ct-csv"), Inclusions(), SMALL)
    assert (cells, blank) == (10 * study + 40 * event, (10 * 8 - 40) * event)


def test_cells_of_workbook_count_every_event_twice():
    study, event = width_of("ct-xlsx", Inclusions())
    cells, _ = count_cells(catalogue.find_spec("ct-xlsx"), Inclusions(), SMALL)
    assert cells == 10 * study + 40 * event + 40 * (study + event)


@pytest.mark.parametrize("spec", catalogue.load_specs().values(), ids=lambda spec: spec.type)
def test_estimate_of_every_type_grows_with_its_studies(spec):
    small, large = (estimate_file(spec, Inclusions(), each) for each in (SMALL, LARGE))
    assert 0 < small[0] < large[0]
    assert START_SECONDS <= small[1] < large[1]
    # A Lambda function has 900 s: a hundred thousand studies are no reason to fear that.
    assert large[1] < 900


def test_estimate_grows_with_names_and_ids():
    spec = catalogue.find_spec("ct-csv")
    assert estimate_file(spec, Inclusions(include_names=True, include_ids=True), LARGE) > estimate_file(
        spec, Inclusions(), LARGE
    )


def test_estimate_has_two_digits():
    for spec in catalogue.load_specs().values():
        for number in estimate_file(spec, Inclusions(), LARGE):
            assert len(str(number).rstrip("0")) <= 2


def test_estimates_are_measured_for_every_type():
    needy = {spec.type for spec in catalogue.load_specs().values() if spec.needs}
    assert set(CELL_COSTS) == set(catalogue.load_specs()) - needy, "python -m tests.benchmarks.estimates"
    assert set(DEFAULT_CELL_COSTS) == {spec.format for spec in catalogue.load_specs().values()}
