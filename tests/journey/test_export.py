"""A physicist requests, watches and downloads. The file holds what the database holds."""

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import openpyxl
import psycopg
import pytest
from local.stack.service import Reply, Service, fetch

from tests.journey.backstage import Backstage, until
from tests.journey.conftest import Hold, UserPool


def download(service: Service, export: Any) -> Reply:
    link = service.call("POST", f"/exports/{export['id']}/download")
    assert link.status == 200, link.body
    return fetch(link.json["url"])


def count(url: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(query).fetchone()
    assert found is not None
    return int(found[0])


def count_studies(url: str) -> int:
    return count(url, "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'")


def test_request_is_answered_at_once_with_its_location(physicist: Service) -> None:
    requested = physicist.request_export(type="ct-csv")
    assert requested.status == 202
    assert requested.headers["location"] == f"/exports/{requested.json['id']}"
    assert requested.json["state"] == "QUEUED"
    assert requested.json["type"] == "ct-csv"
    physicist.wait(requested.json["id"])


def test_csv_has_one_row_per_study_and_the_announced_bytes(physicist: Service, sample_url: str) -> None:
    export = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    assert export["state"] == "COMPLETED", export["error"]
    file = download(physicist, export)
    assert hashlib.sha256(file.body).hexdigest() == export["sha256"]
    assert len(file.body) == export["size"]
    assert file.body.startswith("\ufeff".encode())
    header, *rows = csv.reader(io.StringIO(file.body.decode("utf-8-sig"), newline=""))
    assert len(rows) == count_studies(sample_url) == export["studies"]
    assert {len(row) for row in rows} == {len(header)}


@pytest.mark.parametrize("kind", ["ct-tables", "ct-parquet"])
def test_tables_are_a_zip_with_every_study(physicist: Service, sample_url: str, kind: str) -> None:
    """The worker has a layer for Parquet, and the file is the zip that its manifest announces."""
    export = physicist.wait(physicist.request_export(type=kind).json["id"])
    assert export["state"] == "COMPLETED", export["error"]
    file = download(physicist, export)
    assert hashlib.sha256(file.body).hexdigest() == export["sha256"]
    assert file.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(file.body)) as package:
        tables = json.loads(package.read("datapackage.json"))["resources"]
        assert package.namelist() == [*(each["path"] for each in tables), "datapackage.json"]
    assert (tables[0]["name"], tables[0]["rows"]) == ("studies", count_studies(sample_url))


def test_workbook_holds_every_study_and_every_event(physicist: Service, sample_url: str) -> None:
    export = physicist.wait(physicist.request_export(type="ct-xlsx").json["id"])
    assert export["state"] == "COMPLETED", export["error"]
    file = download(physicist, export)
    assert hashlib.sha256(file.body).hexdigest() == export["sha256"]
    book = openpyxl.load_workbook(io.BytesIO(file.body), read_only=True)
    assert book.sheetnames[:2] == ["Summary", "All data"]
    assert book.sheetnames[-1] == "About"
    heights = {sheet.title: sum(1 for _ in sheet.iter_rows()) - 1 for sheet in book.worksheets}
    assert heights["All data"] == count_studies(sample_url)
    assert sum(heights[name] for name in set(book.sheetnames[2:-2]) - {"Warnings"}) == export["events"]


def test_download_has_a_good_file_name(physicist: Service) -> None:
    export = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    file = download(physicist, export)
    assert export["file_name"].startswith("ct-csv_")
    assert export["file_name"].endswith(".csv")
    assert export["file_name"] in file.headers["content-disposition"]
    assert file.headers["content-disposition"].startswith("attachment")


def test_filter_selects_studies(physicist: Service, sample_url: str) -> None:
    middle = (
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY study_date) FROM remapp_generalstudymoduleattr"
    )
    with psycopg.connect(sample_url) as connection:
        found = connection.execute(middle).fetchone()
    assert found is not None
    export = physicist.wait(
        physicist.request_export(type="ct-csv", filters={"date_from": str(found[0])}).json["id"]
    )
    wanted = count(
        sample_url,
        "SELECT count(*) FROM remapp_generalstudymoduleattr"
        f" WHERE modality_type = 'CT' AND study_date >= '{found[0]}'",
    )
    assert 0 < wanted < count_studies(sample_url)
    assert export["studies"] == wanted


def test_progress_is_visible_while_it_runs(
    physicist: Service, backstage: Backstage, database_held: Hold, sample_url: str
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-csv").json
        until(lambda: physicist.get(requested["id"])["state"] == "RUNNING")
        lease = int(backstage.row(requested["id"])["lease_until"]["N"])
        # The heart beats although the database answers nothing.
        until(lambda: int(backstage.row(requested["id"])["lease_until"]["N"]) > lease)
        assert physicist.get(requested["id"])["percent"] in {None, 0}
    export = physicist.wait(requested["id"])
    assert (export["state"], export["percent"]) == ("COMPLETED", 100)
    assert export["studies_done"] == export["studies_total"] == count_studies(sample_url)


def test_list_shows_the_newest_first_and_only_the_selected(people: UserPool) -> None:
    physicist = people.physicist
    first = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    second = physicist.wait(physicist.request_export(type="ct-csv").json["id"])
    mine = physicist.call("GET", "/exports?scope=mine&limit=2").json["exports"]
    assert [export["id"] for export in mine] == [second["id"], first["id"]]
    theirs = people.colleague.call("GET", "/exports?scope=mine").json["exports"]
    assert first["id"] not in {export["id"] for export in theirs}
    everyone = people.colleague.call("GET", "/exports?limit=2&scope=all").json["exports"]
    assert second["id"] in {export["id"] for export in everyone}


def test_request_with_one_key_makes_one_export(physicist: Service, backstage: Backstage) -> None:
    key = {"Idempotency-Key": "one-key-asks-once"}
    first = physicist.call("POST", "/exports", {"type": "ct-csv"}, key)
    done = physicist.wait(first.json["id"])
    before = backstage.states()
    again = physicist.call("POST", "/exports", {"type": "ct-csv"}, key)
    assert (again.status, again.json["id"]) == (202, done["id"])
    assert again.json["attempt"] == 1
    other = physicist.call("POST", "/exports", {"type": "ct-xlsx"}, key)
    assert (other.status, other.json["field"]) == (422, "Idempotency-Key")
    assert backstage.states() == before


def test_message_that_comes_twice_makes_one_export(
    physicist: Service, backstage: Backstage, database_held: Hold
) -> None:
    with database_held():
        requested = physicist.request_export(type="ct-csv").json
        until(lambda: physicist.get(requested["id"])["state"] == "RUNNING")
        backstage.send(requested["id"], attempt=1)
        # The second worker takes the message, sees that the export is taken, and is done with it.
        until(lambda: backstage.waiting() == 1)
        assert backstage.queries(requested["id"]) <= 2
    export = physicist.wait(requested["id"])
    backstage.send(requested["id"], attempt=1)
    until(lambda: backstage.waiting() == 0)
    assert physicist.get(requested["id"]) == export
    assert export["attempt"] == 1
    assert len(backstage.objects(requested["id"])) == 2
