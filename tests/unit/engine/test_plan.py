"""The plan of a file: its columns, its blocks, and the sheet About."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.plan import SOFTWARE, RequestContext, plan_file
from doseexport.engine.query import Counts
from doseexport.version import VERSION

AT = datetime(2026, 7, 1, 9, 30, tzinfo=ZoneInfo("Europe/London"))


def plan(widest=3, frequencies=None, kind="ct-xlsx", **request):
    requested = RequestContext(ExportRequest(kind, **request), "ada", AT)
    inclusions = Inclusions(requested.request.include_names, requested.request.include_ids)
    counts = Counts(5, 9, widest, dict.fromkeys(requested.request.spec.widths, 1))
    return plan_file(requested, inclusions, counts, frequencies or {}, "Europe/Paris")


def test_about_holds_requester_request_and_time():
    about = plan(filters={"age_min": "18", "model": "Force"}, order="highest_dlp").about
    assert about == [
        ("Export", "ct-xlsx: Workbook with a summary, all data, and one sheet per acquisition protocol"),
        ("Requested by", "ada"),
        ("Requested at", "2026-07-01 09:30:00 BST"),
        ("Filter", "age_min: patients of this age or older 18 years"),
        ("Filter", "model: model name contains Force"),
        ("Order", "highest_dlp"),
        ("Option", "max_events: all"),
        ("Patient names", "no"),
        ("Patient IDs", "no"),
    ]


@pytest.mark.parametrize(
    ("kind", "times"),
    [("rf-xlsx", True), ("nm-csv", True), ("rf-openskin", True), ("ct-xlsx", False), ("rf-csv", False)],
)
def test_about_names_the_time_zone_of_event_times(kind, times):
    line = ("Time zone", "Europe/Paris, of the times of events")
    assert (line in plan(kind=kind).about) is times


def test_about_says_when_nothing_was_filtered():
    assert ("Filter", "none: all studies") in plan().about


@pytest.mark.parametrize("name", ["patient_name", "patient_id"])
def test_about_names_a_patient_filter_without_its_value(name):
    about = str(plan(filters={name: "SECRET"}, include_names=True, include_ids=True).about)
    assert name in about
    assert "SECRET" not in about
    assert "('Patient names', 'yes')" in about
    assert "('Patient IDs', 'yes')" in about


def test_layout_has_the_requested_columns():
    plain, full = plan(), plan(include_names=True, include_ids=True)
    added = {each.heading for each in full.study_columns} - {each.heading for each in plain.study_columns}
    assert added == {"Patient name", "Patient ID", "Date of birth"}
    assert (plain.title, plain.created, plain.software) == ("CT export", AT, SOFTWARE)
    assert VERSION in SOFTWARE
