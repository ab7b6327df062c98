"""Orders of studies, under our names and OpenREM's, and the studies that have no date."""

import psycopg
import pytest

from tests.conformance.tables import read_csv

NEWEST = "study_date DESC, study_time DESC, study.id"
EQUIPMENT = "generalequipmentmoduleattr__"
ORDERS = {
    "newest_first": ("-time_date", NEWEST),
    "oldest_first": ("time_date", "study_date, study_time, study.id"),
    "study_description": ("study_description", f"study.study_description NULLS LAST, {NEWEST}"),
    "institution": (EQUIPMENT + "institution_name", f"equipment.institution_name NULLS LAST, {NEWEST}"),
    "manufacturer": (EQUIPMENT + "manufacturer", f"equipment.manufacturer NULLS LAST, {NEWEST}"),
    "model": (EQUIPMENT + "manufacturer_model_name", f"equipment.manufacturer_model_name, {NEWEST}"),
    "display_name": (EQUIPMENT + "unique_equipment_name__display_name", f"display.display_name, {NEWEST}"),
    "highest_dlp": ("-total_dlp", "study.total_dlp DESC NULLS LAST"),
}
STUDIES = """
SELECT study.id FROM remapp_generalstudymoduleattr study
JOIN remapp_generalequipmentmoduleattr equipment ON equipment.general_study_module_attributes_id = study.id
LEFT JOIN remapp_uniqueequipmentnames display ON display.id = equipment.unique_equipment_name_id
WHERE study.modality_type = 'CT' ORDER BY """


@pytest.mark.parametrize("name", ORDERS)
def test_order_sorts_as_a_plain_query_under_both_names(name: str, enriched_url: str, export) -> None:
    openrem_name, sql = ORDERS[name]
    with psycopg.connect(enriched_url) as connection:
        wanted = [f"id {study}" for (study,) in connection.execute(STUDIES + sql)]
    for each in (name, openrem_name):
        table = read_csv(export("ct-csv", enriched_url, f"--order={each}"))
        assert table.column("Study Comments") == wanted


def test_d05_study_without_a_date_comes_last(altered, export) -> None:
    url = altered("UPDATE remapp_generalstudymoduleattr SET study_date = NULL WHERE id IN (36, 2)")
    dates = read_csv(export("ct-csv", url)).column("Study date")
    assert dates[-2:] == ["", ""]
    assert dates[:-2] == sorted(filter(None, dates), reverse=True)
