"""Standard names that the database holds in part are left out of a file, which says so."""

import psycopg
import pytest

from doseexport.catalogue.schema import STANDARD_NAME_SETTINGS, STANDARD_NAMES
from tests.component.exporting import export

LINKS = "remapp_ctirradiationeventdata_standard_protocols"
OFF = "UPDATE remapp_standardnamesettings SET enable_standard_names = false"


@pytest.fixture
def export_without(make_database, standard_url):
    """`export_without(table, …)`: a ct-csv of a database that lacks these tables, and its warnings."""

    def export_copy(*tables, before="SELECT"):
        url = make_database(standard_url)
        with psycopg.connect(url) as connection:
            connection.execute(before)
            for table in tables:
                connection.execute(f"DROP TABLE {table} CASCADE")
        data, report = export(url, type="ct-csv")
        return data, [each for each in report.warnings if "tandard names" in each]

    return export_copy


@pytest.mark.parametrize("tables", [(LINKS,), (STANDARD_NAME_SETTINGS,), (LINKS, "remapp_standardnames")])
def test_file_without_some_tables_of_standard_names_has_a_warning(export_without, tables):
    data, warnings = export_without(*tables)
    assert b"Standard" not in data
    (warning,) = warnings
    assert warning == (
        f"Standard names are not in this file, because the database has no {', '.join(tables)}."
        " An administrator must complete the upgrade of OpenREM, or restore these tables."
    )


@pytest.mark.parametrize(
    ("tables", "before"), [(sorted(STANDARD_NAMES.tables), "SELECT"), ((LINKS,), OFF)], ids=["0.10", "off"]
)
def test_file_is_not_warned_of_standard_names_that_are_not_used(export_without, tables, before):
    data, warnings = export_without(*tables, before=before)
    assert b"Standard" not in data
    assert warnings == []


def test_file_with_every_table_of_standard_names_has_them(export_without):
    data, warnings = export_without()
    assert b"Standard" in data
    assert warnings == []
