"""The sources that the dictionary names exist in OpenREM's database."""

import re

import psycopg

from doseexport import catalogue
from doseexport.catalogue.dictionary import describe_type

TABLE_COLUMN = re.compile(r"([a-z]+)\.([a-z_]+)")


def test_dictionary_names_columns_that_openrem_has(sample_url):
    with psycopg.connect(sample_url) as connection:
        known = set(
            connection.execute(
                "SELECT table_name::text, column_name::text FROM information_schema.columns"
                " WHERE table_name LIKE 'remapp%'"
            ).fetchall()
        )
    named = {
        (f"remapp_{table}", column)
        for export_type in catalogue.load_specs()
        for entry in describe_type(export_type)
        for table, column in TABLE_COLUMN.findall(entry.source)
    }
    assert len(named) > 150
    assert named - known == set()
