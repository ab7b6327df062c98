"""A preview counts what the export then holds, on a real PostgreSQL."""

import io

import openpyxl
import psycopg
import pytest
from local import sample

from doseexport import catalogue
from doseexport.actions import previews as preview
from doseexport.errors import UnavailableError
from tests.component.answers import preview_export
from tests.component.engine.sessions import find_sessions, wait_until
from tests.component.exporting import export
from tests.component.running import services_with
from tests.fakes import ADA, PIA, aws_client, list_keys, take_messages

TYPES = [spec.type for spec in catalogue.load_specs().values() if not spec.needs]
SECRET = "Secret^Name"


@pytest.fixture
def preview_of(services, sample_url):
    """`preview_of("ct-csv", filters={...})`: the preview on the synthetic database."""
    reading = services_with(services, sample_url)
    return lambda export_type, **body: preview_export(reading, PIA, {"type": export_type, **body})


def select(url, query, *values):
    with psycopg.connect(url) as connection:
        return connection.execute(query, values).fetchall()


@pytest.mark.parametrize("export_type", TYPES)
def test_preview_counts_what_the_export_then_holds(preview_of, sample_url, export_type):
    shown = preview_of(export_type)
    data, report = export(sample_url, type=export_type)
    assert (shown["studies"], shown["events"]) == (report.studies, report.events)
    # A hundred studies are few: sheets and headings weigh more than in the figures behind the estimate.
    assert len(data) / 4 < shown["estimated_size"] < len(data) * 4


def test_preview_filters_select_as_in_the_export(preview_of, sample_url):
    filters = {"date_from": "2022-01-01", "dlp_min": 300, "acquisition_protocol": "thorax"}
    shown = preview_of("ct-csv", filters=filters)
    _, report = export(sample_url, filters=filters)
    assert 0 < report.studies < preview_of("ct-csv")["studies"]
    assert (shown["studies"], shown["events"]) == (report.studies, report.events)
    assert "2022-01-01" <= shown["first_date"] <= shown["last_date"]


def test_preview_dates_are_those_of_the_studies(preview_of, sample_url):
    query = "SELECT min(study_date)::text, max(study_date)::text FROM remapp_generalstudymoduleattr"
    ((first, last),) = select(sample_url, f"{query} WHERE modality_type = 'CT'")
    shown = preview_of("ct-xlsx")
    assert (shown["first_date"], shown["last_date"]) == (first, last)


def test_preview_lists_most_frequent_protocols_first_with_counts(preview_of, sample_url):
    counted = select(
        sample_url,
        """SELECT coalesce(event.acquisition_protocol, '') COLLATE "C", count(*)
        FROM remapp_generalstudymoduleattr study
        JOIN remapp_ctradiationdose dose ON dose.general_study_module_attributes_id = study.id
        JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = dose.id
        WHERE study.modality_type = 'CT' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10""",
    )
    assert [(each["value"], each["count"]) for each in preview_of("ct-csv")["protocols"]] == counted


def test_preview_of_nuclear_medicine_lists_study_descriptions(preview_of, sample_url):
    query = "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type = 'NM'"
    shown = preview_of("nm-csv")
    assert sum(each["count"] for each in shown["protocols"]) <= shown["studies"]
    assert shown["studies"] == select(sample_url, query)[0][0]


def test_preview_without_studies_counts_none(preview_of):
    shown = preview_of("rf-csv", filters={"patient_name": "nobody of this name"})
    assert (shown["studies"], shown["events"], shown["protocols"]) == (0, 0, [])
    assert (shown["first_date"], shown["timed_out"]) == (None, False)


def test_preview_counts_studies_by_room_description_and_month(preview_of, sample_url):
    counted = """SELECT {} AS value, count(DISTINCT study.id) FROM remapp_generalstudymoduleattr study
    LEFT JOIN remapp_generalequipmentmoduleattr equip ON equip.general_study_module_attributes_id = study.id
    LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id
    WHERE study.modality_type = 'CT' GROUP BY 1 ORDER BY {} LIMIT {}"""
    most = "2 DESC, 1", 10
    by_month = counted.format("to_char(study.study_date, 'YYYY-MM')", "1", 1000)
    shown = preview_of("ct-csv", filters={"test_patients": "include"})
    pairs = {name: [tuple(each.values()) for each in shown[name]] for name in LISTS}
    assert pairs == {
        "rooms": select(sample_url, counted.format("coalesce(uen.display_name, '') COLLATE \"C\"", *most)),
        "descriptions": select(
            sample_url, counted.format("coalesce(study.study_description, '') COLLATE \"C\"", *most)
        ),
        "months": [(month, count) for month, count in select(sample_url, by_month) if month],
    }


LISTS = ("rooms", "descriptions", "months")


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"date_from": "2090-01-01", "station": "C"}, ["date_from"]),
        ({"station": "no such", "model": "no such", "dlp_min": "1"}, ["model", "station"]),
        # Each end of the range alone has studies.
        ({"age_min": "41.00001", "age_max": "41.00002"}, ["age_max", "age_min"]),
        # Each filter alone has studies.
        ({"date_to": "2019-03-31", "display_name": "Sainte-Claire", "age_max": "5", "dlp_min": "900"}, []),
    ],
)
def test_preview_of_nothing_names_the_filters_that_match_nothing_alone(preview_of, filters, names):
    shown = preview_of("ct-csv", filters=filters)
    assert (shown["studies"], shown["missing"]) == (0, {"has_studies": True, "filters": names})


def test_preview_says_that_openrem_has_no_studies_of_a_modality(services, postgres):
    empty = postgres.create_database("no_mammography")
    sample.fill(empty, 3, mg=0, rf=0, dx=0, nm=0)
    shown = preview_export(services_with(services, empty), PIA, {"type": "mg-csv"})
    assert (shown["studies"], shown["missing"]) == (0, {"has_studies": False, "filters": []})


def test_preview_with_studies_misses_nothing(preview_of):
    assert preview_of("ct-csv", filters={"station": "C"})["missing"] is None


@pytest.mark.parametrize(
    "request_of",
    [
        {"type": "ct-audit"},
        {"type": "dx-audit"},
        {"type": "nm-audit", "options": {"exam_by": "requested_procedure"}},
        {"type": "rf-audit", "options": {"child_bands": "both", "adult_age": "40"}},
        {"type": "ct-audit", "options": {"child_bands": "age", "adult_weight": "50-90", "adult_age": "30"}},
        {"type": "ct-audit", "options": {"exam_by": "standard_name"}},
    ],
    ids=str,
)
def test_preview_expects_the_groups_that_the_audit_then_has(preview_of, sample_url, request_of):
    data, _ = export(sample_url, **request_of)
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    groups = sum(book[sheet].max_row - 1 for sheet in ("Examinations", "Protocols") if sheet in book)
    export_type = request_of.pop("type")
    assert preview_of(export_type, **request_of)["groups"] == groups > 0


def test_preview_expects_one_group_of_rooms_without_a_name(services, make_database, sample_url):
    url = make_database(sample_url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE remapp_uniqueequipmentnames SET display_name = NULL WHERE id % 2 = 0")
        connection.execute("UPDATE remapp_uniqueequipmentnames SET display_name = '' WHERE id % 2 = 1")
    data, _ = export(url, type="dx-audit")
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    groups = sum(book[sheet].max_row - 1 for sheet in ("Examinations", "Protocols"))
    shown = preview_export(services_with(services, url), PIA, {"type": "dx-audit"})
    assert shown["groups"] == groups > 0


def test_preview_of_mammography_expects_about_the_groups_of_the_audit(preview_of, sample_url):
    data, _ = export(sample_url, type="mg-audit")
    groups = openpyxl.load_workbook(io.BytesIO(data), read_only=True)["Protocols"].max_row - 1
    assert preview_of("mg-audit")["groups"] == pytest.approx(groups, rel=0.05)


def test_preview_of_other_types_expects_no_groups(preview_of):
    assert preview_of("ct-csv")["groups"] is None


def test_preview_starts_and_stores_nothing(preview_of, services):
    preview_of("ct-csv")
    assert take_messages(services) == []
    assert list_keys(services) == []
    assert aws_client("dynamodb").scan(TableName="exports")["Count"] == 0


def test_preview_that_takes_too_long_is_stopped_and_marked(preview_of, postgres, sample_url, monkeypatch):
    monkeypatch.setattr(preview, "STATEMENT_SECONDS", 1.0)
    with psycopg.connect(sample_url) as holder:
        holder.execute("LOCK TABLE remapp_ctirradiationeventdata IN ACCESS EXCLUSIVE MODE")
        shown = preview_of("ct-csv", filters={"patient_name": SECRET})
        # A session ends some milliseconds after its connection.
        wait_until(lambda: not find_sessions(sample_url, "doseexport:preview"))
    assert (shown["timed_out"], shown["studies"], shown["protocols"]) == (True, None, None)
    assert "canceling statement due to lock timeout" in postgres.read_log()
    assert SECRET not in postgres.read_log()


def test_preview_after_slow_connection_has_less_time_to_count(preview_of, monkeypatch):
    given = []
    find = preview.find_database
    monkeypatch.setattr(preview, "ANSWER_SECONDS", 7.5)
    monkeypatch.setattr(
        preview,
        "find_database",
        lambda settings, name, left: given.append(left()) or find(settings, name, left),
    )
    preview_of("ct-csv")
    assert 0 < given[0] <= 7.5


def test_preview_without_database_reports_it(services, sample_url):
    silent = services_with(services, sample_url, port=1)
    with pytest.raises(UnavailableError) as refused:
        preview_export(silent, ADA, {"type": "ct-csv"})
    assert (refused.value.status, refused.value.code) == (503, "DATABASE_UNREACHABLE")
