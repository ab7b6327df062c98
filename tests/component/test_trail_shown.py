"""What a trail shows, and to whom."""

import pytest

from doseexport.actions import delete_export, download_export, show_trail
from doseexport.errors import RequestError
from standins import (
    ADA,
    ADMIN,
    PIA,
    TRAIL_TABLE,
    add,
    finish,
)


def raw_entries(services):
    return services.store._table._client.scan(TableName=TRAIL_TABLE)["Items"]


def refuse_status(call, *arguments):
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    return caught.value.status


def test_a_whole_story_is_shown_in_order(services, clock):
    def later():
        return clock.move(seconds=1)

    export = add(services)
    services.store.claim(export.id, 1, later())
    services.store.requeue(export.id, 1, clock.move(seconds=61))
    later()
    finish(services, services.store.load(export.id))
    later()
    download_export(services, ADA, export.id)
    later()
    delete_export(services, ADA, export.id)
    shown = show_trail(services, ADA, export.id)
    assert [(entry["kind"], entry["attempt"]) for entry in shown["entries"] if entry["by"]] == [
        ("requested", 1),
        ("link_issued", 2),
        ("deleted", 2),
    ]
    assert shown["id"] == export.id
    assert [entry["time"] for entry in shown["entries"]][:2] == [
        "2026-11-23T11:30:00Z",
        "2026-11-23T11:30:01Z",
    ]


def test_patients_are_shown_to_who_may_see_them_and_the_rest_to_all_who_may_look(services):
    export = add(services, ADA, filters={"date_from": "2026-01-01", "patient_name": "Secret"})
    for caller in (ADA, ADMIN):
        (entry,) = show_trail(services, caller, export.id)["entries"]
        assert "Secret" not in str(entry)
        assert entry["asked"]["filters"] == {"date_from": "2026-01-01"}
    mine = add(services, PIA, filters={"patient_name": "Secret"})
    (entry,) = show_trail(services, PIA, mine.id)["entries"]
    assert entry["asked"]["patient_filters"] == {"patient_name": "Secret"}


def test_an_export_older_than_the_trail_shows_the_rest_of_it_to_admins(services):
    export = finish(services, add(services))
    client = services.store._table._client
    for row in raw_entries(services):
        if row["kind"]["S"] == "requested":
            client.delete_item(TableName=TRAIL_TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
    assert refuse_status(show_trail, services, ADA, export.id) == 403
    assert len(show_trail(services, ADMIN, export.id)["entries"]) == 2


@pytest.mark.parametrize("export_id", ["", "x", "../etc", "a" * 32])
def test_what_never_was_has_no_trail(services, export_id):
    assert refuse_status(show_trail, services, ADMIN, export_id) == 404
