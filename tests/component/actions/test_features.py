"""What OpenREM's database lacks is not offered, and not accepted, once the worker has seen it."""

from dataclasses import replace

import psycopg
import pytest
from local import sample

from doseexport.actions.catalogue import list_export_types
from doseexport.actions.exports import request_export
from doseexport.actions.previews import preview_export
from doseexport.aws.dynamodb.schemas import SchemaRepository
from doseexport.catalogue.schema import NUCLEAR_MEDICINE, STANDARD_NAMES
from doseexport.domain.export import State
from doseexport.errors import RequestError
from tests.component.running import run, services_with
from tests.fakes import ADA, aws_client

NO_NM = "OpenREM before 1.0 has no nuclear medicine."
NO_NAMES = "OpenREM before 1.0 has no standard names."
NM = {"type": "nm-csv"}
NAMED = {"type": "ct-csv", "filters": {"standard_study_name": "x"}}


@pytest.fixture(scope="module")
def old_url(postgres):
    """A database without the tables that OpenREM 1.0 brought. Read it only."""
    url = postgres.create_database("before_1_0")
    sample.fill(url, 20)
    with psycopg.connect(url) as connection:
        for table in sorted(NUCLEAR_MEDICINE.tables | STANDARD_NAMES.tables):
            connection.execute(f"DROP TABLE {table} CASCADE")
    return url


def modalities(services):
    return [each.modality.name for each in list_export_types(services).modalities]


def filters(services):
    return {each.name for entry in list_export_types(services).modalities for each in entry.modality.filters}


def test_worker_tells_the_catalogue_what_the_database_lacks(services, old_url):
    old = services_with(services, old_url)
    assert modalities(old) == ["CT", "DX", "MG", "NM", "RF"]
    done = run(old, request_export(old, ADA, {"type": "ct-csv"}))
    assert done.state is State.COMPLETED
    assert modalities(old) == ["CT", "DX", "MG", "RF"]
    assert not [name for name in filters(old) if name.startswith("standard_")]


@pytest.mark.parametrize(
    ("body", "message", "field"),
    [(NM, NO_NM, "type"), (NAMED, NO_NAMES, "filters.standard_study_name")],
)
def test_request_for_what_the_database_lacks_is_refused(services, old_url, body, message, field):
    old = services_with(services, old_url)
    first = run(old, request_export(old, ADA, body))  # nothing is known yet, so the worker refuses
    assert (first.state, first.failure.code, first.failure.message) == (
        State.FAILED,
        "NOT_IN_OPENREM",
        message,
    )
    with pytest.raises(RequestError) as refused:
        request_export(old, ADA, body)
    assert (refused.value.status, refused.value.code, refused.value.message, refused.value.field) == (
        422,
        "NOT_IN_OPENREM",
        message,
        field,
    )
    with pytest.raises(RequestError) as refused:
        preview_export(old, ADA, body)
    assert (refused.value.status, refused.value.message, refused.value.field) == (422, message, field)


def test_upgraded_database_is_offered_again(services, old_url, sample_url):
    old = services_with(services, old_url)
    run(old, request_export(old, ADA, {"type": "ct-csv"}))
    assert "NM" not in modalities(old)
    upgraded = services_with(services, sample_url)
    run(upgraded, request_export(upgraded, ADA, {"type": "ct-csv"}))
    assert "NM" in modalities(upgraded)


def test_what_was_seen_counts_for_a_day(services, clock, old_url):
    old = services_with(services, old_url)
    run(old, request_export(old, ADA, {"type": "ct-csv"}))
    clock.move(hours=23)
    assert "NM" not in modalities(old)
    clock.move(hours=2)
    assert "NM" in modalities(old)
    assert request_export(old, ADA, NM).state is State.QUEUED


def test_every_use_renews_what_was_seen(services, clock, old_url):
    old = services_with(services, old_url)
    for _ in range(4):
        run(old, request_export(old, ADA, {"type": "ct-csv"}))
        clock.move(hours=20)
        assert "NM" not in modalities(old)


def test_catalogue_without_its_table_offers_everything(services):
    broken = replace(services, schemas=SchemaRepository(aws_client("dynamodb"), "missing"))
    assert "NM" in modalities(broken)
