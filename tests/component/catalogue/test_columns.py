"""The texts that PostgreSQL writes for each kind of column."""

import psycopg
import pytest

from doseexport.catalogue.columns import DATETIME, ISO_DATETIME, TIME


@pytest.fixture
def write(sample_url):
    """Return the text of a moment, which is an expression of PostgreSQL, as a column of a kind has it."""
    with psycopg.connect(sample_url) as connection:
        yield lambda kind, moment: connection.execute("SELECT " + kind.sql.format(moment)).fetchone()[0]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2025-03-30 01:30:00", "2025-03-30 01:30:00"),
        ("2025-03-30 01:30:00.5", "2025-03-30 01:30:00.500000"),
        ("0001-01-01 00:00:00", "0001-01-01 00:00:00"),
        ("0001-12-31 23:58:45 BC", "0001-12-31 23:58:45 BC"),
        ("0044-03-15 12:00:00.25 BC", "0044-03-15 12:00:00.250000 BC"),
        ("infinity", "infinity"),
        ("-infinity", "-infinity"),
        ("12026-01-01 00:00:00", "12026-01-01 00:00:00"),
    ],
)
def test_datetime_has_the_fraction_and_the_era_that_are_stored(write, moment, text):
    assert write(DATETIME, f"timestamp '{moment}'") == text
    assert write(ISO_DATETIME, f"timestamp '{moment}'") == text.replace(" ", "T", 1)


def test_datetime_of_a_zone_can_be_before_the_first_year(write):
    moment = "timestamptz '0001-01-01 00:00:00+00' AT TIME ZONE 'Europe/London'"
    assert write(DATETIME, moment) == "0001-12-31 23:58:45 BC"


def test_time_has_the_fraction_that_is_stored(write):
    assert write(TIME, "time '07:05:09'") == "07:05:09"
    assert write(TIME, "time '07:05:09.000001'") == "07:05:09.000001"


@pytest.mark.parametrize("kind", [DATETIME, ISO_DATETIME, TIME])
def test_nothing_stored_is_blank(write, kind):
    assert write(kind, "NULL::time" if kind is TIME else "NULL::timestamp") is None
