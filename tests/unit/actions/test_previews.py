"""A preview without a database: its refusals and its messages."""

from types import SimpleNamespace

import pytest

from doseexport.actions import previews as preview
from doseexport.actions.previews import make_preview
from doseexport.actions.views import view_preview
from doseexport.api.replies import respond_problem
from doseexport.domain.request import ExportRequest
from doseexport.engine.preview_query import PreviewRow
from doseexport.errors import ExportError, RequestError, UnavailableError
from tests.component.answers import preview_export
from tests.fakes import ADA, PIA, STRANGER, make_settings

SERVICES = SimpleNamespace(settings=make_settings())


@pytest.mark.parametrize(
    ("caller", "body", "status", "field"),
    [
        (STRANGER, {"type": "ct-csv"}, 403, None),
        (ADA, {"type": "ct-csv", "filters": {"patient_name": "Secret"}}, 403, "filters.patient_name"),
        (ADA, {"type": "ct-csv", "include_names": True}, 403, "include_names"),
        (PIA, {"type": "ct-csv", "filters": {"dlp_min": "much"}}, 422, "filters.dlp_min"),
        (PIA, {"type": "no-such"}, 422, "type"),
        (ADA, {"type": "ct-csv", "retention_days": 91}, 422, "retention_days"),
        (PIA, None, 422, "body"),
    ],
)
def test_preview_refuses_what_a_request_refuses_without_reading_the_database(caller, body, status, field):
    with pytest.raises(RequestError) as refused:
        preview_export(SERVICES, caller, body)
    assert (refused.value.status, refused.value.field) == (status, field)


def show(row):
    return view_preview(make_preview(ExportRequest("ct-csv"), PreviewRow(*row)))


def fail(error):
    def fetch(*_):
        raise error

    return fetch


def test_preview_that_times_out_has_no_numbers(monkeypatch):
    monkeypatch.setattr(preview, "count_export", fail(ExportError("OUT_OF_TIME", "Too long.")))
    answer = preview_export(SERVICES, ADA, {"type": "ct-csv"})
    assert answer.pop("timed_out") is True
    assert set(answer.values()) == {None}
    assert set(answer) | {"timed_out"} == set(show((1, 1, 1)))


@pytest.mark.parametrize("token", ["", "a b", "x" * 65, "é", "a\n"])
def test_preview_refuses_token_that_is_not_possible(token):
    with pytest.raises(RequestError) as refused:
        preview.preview_export(SERVICES, ADA, {"type": "ct-csv"}, token)
    assert (refused.value.status, refused.value.code, refused.value.field) == (400, "BAD_TOKEN", "replaces")


@pytest.mark.parametrize(("token", "status"), [("tab-1", 409), (None, 503)])
def test_preview_that_another_one_stopped_is_409(monkeypatch, token, status):
    monkeypatch.setattr(preview, "count_export", fail(ExportError("QUERY_CANCELLED", "Cancelled.")))
    with pytest.raises(RequestError) as refused:
        preview.preview_export(SERVICES, ADA, {"type": "ct-csv"}, token)
    assert refused.value.status == status


def test_preview_replaces_none_of_another_caller_or_token(monkeypatch):
    given = []
    monkeypatch.setattr(preview, "count_export", lambda *arguments: given.append(arguments[2]) or ROW)
    for caller, token in ((ADA, "tab-1"), (ADA, "tab-1"), (ADA, "tab-2"), (PIA, "tab-1"), (ADA, None)):
        preview.preview_export(SERVICES, caller, {"type": "ct-csv"}, token)
    assert given[0] == given[1]
    assert len(set(given)) == 4
    assert given[4] == ""


ROW = PreviewRow(1, 1, 1)


def test_preview_without_database_is_503_with_reason(monkeypatch, caplog):
    error = ExportError("DATABASE_UNREACHABLE", "The database cannot be reached.")
    monkeypatch.setattr(preview, "count_export", fail(error))
    body = {"type": "ct-csv", "filters": {"patient_name": "Secret"}}
    with pytest.raises(UnavailableError) as refused:
        preview_export(SERVICES, PIA, body)
    assert respond_problem(refused.value)["statusCode"] == 503
    assert (refused.value.code, refused.value.message) == (error.code, error.message)
    assert refused.value.__suppress_context__
    (record,) = caplog.records
    assert (record.message, record.code) == ("preview_failed", "DATABASE_UNREACHABLE")
    assert "Secret" not in str(vars(record))


def test_preview_shows_the_events_of_the_widest_study():
    assert show((3, 100, 98))["most_events"] == 98


@pytest.mark.parametrize(("most", "is_smaller"), [("all", False), ("100", False), ("5", True)])
def test_preview_estimates_a_file_without_the_events_that_are_left_out(most, is_smaller):
    row = PreviewRow(1000, 2000, 98)
    limited = make_preview(ExportRequest("ct-csv", options={"max_events": most}), row)
    assert (limited.estimated_size < make_preview(ExportRequest("ct-csv"), row).estimated_size) is is_smaller


def test_preview_of_nothing_estimates_nothing():
    shown = show((0, 0, 0))
    assert (shown["studies"], shown["estimated_size"], shown["estimated_seconds"]) == (0, 0, 0)
