"""A preview counts what the export then holds, on a real PostgreSQL."""

import psycopg
import pytest

from doseexport import catalogue
from doseexport.actions import previews as preview
from doseexport.errors import UnavailableError
from tests.component.answers import preview_export
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
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doseexport:preview'"
        assert select(sample_url, query)[0][0] == 0
    assert (shown["timed_out"], shown["studies"], shown["protocols"]) == (True, None, None)
    assert "canceling statement due to lock timeout" in postgres.read_log()
    assert SECRET not in postgres.read_log()


def test_preview_after_slow_connection_has_less_time_to_count(preview_of, monkeypatch):
    given = []
    monkeypatch.setattr(preview, "ANSWER_SECONDS", 7.5)
    monkeypatch.setattr(
        preview, "find_database", lambda _settings, _name, left: given.append(left()) or _Nothing()
    )
    preview_of("ct-csv")
    assert 0 < given[0] <= 7.5


class _Nothing:
    """A database that has counted already."""

    def fetch_rows(self, _tables, _build_query):
        return [(0, 0, 0, None, None, [])]


def test_preview_without_database_reports_it(services, sample_url):
    silent = services_with(services, sample_url, port=1)
    with pytest.raises(UnavailableError) as refused:
        preview_export(silent, ADA, {"type": "ct-csv"})
    assert (refused.value.status, refused.value.code) == (503, "DATABASE_UNREACHABLE")
