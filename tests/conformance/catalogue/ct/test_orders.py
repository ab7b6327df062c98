"""Orders of studies under both names, and studies without a date."""

import psycopg
import pytest

from tests.conformance.tables import read_csv
from tests.oracles.selection import CT, NEWEST_FIRST

STUDIES = "SELECT study.id FROM remapp_generalstudymoduleattr study WHERE study.modality_type = 'CT'"


@pytest.mark.parametrize("name", CT.orders)
def test_order_sorts_as_a_plain_query_under_both_names(name: str, enriched_url: str, export) -> None:
    openrem_name, sql = CT.orders[name]
    with psycopg.connect(enriched_url) as connection:
        wanted = [
            f"id {study}" for (study,) in connection.execute(f"{STUDIES} ORDER BY {sql}, {NEWEST_FIRST}")
        ]
    for each in (name, openrem_name):
        table = read_csv(export("ct-csv", enriched_url, f"--order={each}"))
        assert table.column("Study Comments") == wanted


def test_d05_study_without_a_date_comes_last(altered, export) -> None:
    url = altered("UPDATE remapp_generalstudymoduleattr SET study_date = NULL WHERE id IN (36, 2)")
    dates = read_csv(export("ct-csv", url)).column("Study date")
    assert dates[-2:] == ["", ""]
    assert dates[:-2] == sorted(filter(None, dates), reverse=True)
