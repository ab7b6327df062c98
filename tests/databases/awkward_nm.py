"""A sample whose NM studies are awkward in every way that the tables allow."""

from pathlib import Path

import psycopg
from local import sample

STUDIES = 60
CASES = Path(__file__).with_name("awkward_nm.sql")


def make_database(postgres, name):
    """Make the database and return its URL; the description of an awkward study is its case."""
    url = postgres.create_database(name)
    sample.fill(url, 40, nm=STUDIES)
    with psycopg.connect(url) as connection:
        connection.execute(CASES.read_bytes())
    return url
