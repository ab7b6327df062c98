"""What is told of an export before it is asked for: which refusals, which words."""

import pytest

from doseexport import catalogue
from doseexport.actions import previews as preview
from doseexport.actions.previews import find_frequency, make_preview
from doseexport.actions.views import view_preview
from doseexport.api.replies import respond_problem
from doseexport.domain.request import ExportRequest
from doseexport.errors import ExportError, RequestError, UnavailableError
from tests.component.answers import preview_export
from tests.fakes import ADA, PIA, STRANGER

MODALITIES = {spec.modality.name: spec.modality for spec in catalogue.load_specs().values()}


@pytest.mark.parametrize("name", MODALITIES)
def test_what_is_most_frequent_is_what_the_workbook_has_its_sheets_by(name):
    frequency = find_frequency(MODALITIES[name])
    assert frequency.title == {"NM": "Study Description"}.get(name, "Acquisition protocol")


def test_a_modality_without_a_workbook_is_a_mistake_of_ours():
    class Odd:
        name = "US"

    with pytest.raises(LookupError):
        find_frequency(Odd)


@pytest.mark.parametrize(
    ("caller", "body", "status", "field"),
    [
        (STRANGER, {"type": "ct-csv"}, 403, None),
        (ADA, {"type": "ct-csv", "filters": {"patient_name": "Secret"}}, 403, "filters.patient_name"),
        (ADA, {"type": "ct-csv", "include_names": True}, 403, "include_names"),
        (PIA, {"type": "ct-csv", "filters": {"dlp_min": "much"}}, 422, "filters.dlp_min"),
        (PIA, {"type": "no-such"}, 422, "type"),
        (PIA, None, 422, "body"),
    ],
)
def test_it_refuses_as_asking_does_and_never_reaches_the_database(caller, body, status, field):
    with pytest.raises(RequestError) as refused:
        preview_export(None, caller, body)
    assert (refused.value.status, refused.value.field) == (status, field)


def show(row):
    return view_preview(make_preview(ExportRequest("ct-csv"), row))


def fail(error):
    def ask(*_):
        raise error

    return ask


def test_too_long_is_an_answer_without_numbers(monkeypatch):
    monkeypatch.setattr(preview, "_count", fail(ExportError("OUT_OF_TIME", "Too long.")))
    answer = preview_export(None, ADA, {"type": "ct-csv"})
    assert answer.pop("timed_out") is True
    assert set(answer.values()) == {None}
    assert set(answer) | {"timed_out"} == set(show((1, 1, 1, "", "", [])))


def test_a_database_that_does_not_answer_is_503_with_its_reason(monkeypatch, caplog):
    error = ExportError("DATABASE_UNREACHABLE", "The database cannot be reached.")
    monkeypatch.setattr(preview, "_count", fail(error))
    body = {"type": "ct-csv", "filters": {"patient_name": "Secret"}}
    with pytest.raises(UnavailableError) as refused:
        preview_export(None, PIA, body)
    assert respond_problem(refused.value)["statusCode"] == 503
    assert (refused.value.code, refused.value.message) == (error.code, error.message)
    assert refused.value.__suppress_context__
    (record,) = caplog.records
    assert (record.message, record.code) == ("preview_failed", "DATABASE_UNREACHABLE")
    assert "Secret" not in str(vars(record))


def test_nothing_found_is_nothing_to_wait_for():
    shown = show((0, 0, 0, None, None, []))
    assert (shown["studies"], shown["estimated_size"], shown["estimated_seconds"]) == (0, 0, 0)
