"""The manifest of a file is complete and true, exists before the file is published, and goes with it."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from doseexport import cli
from doseexport.actions.exports import delete_export
from doseexport.aws.dynamodb.exports import ExportRepository
from doseexport.catalogue import find_spec
from doseexport.domain.export import State, name_manifest
from doseexport.errors import RequestError
from doseexport.jobs.sweep import sweep_exports
from tests.component.answers import download_export
from tests.component.exporting import read_csv
from tests.component.packages import Package
from tests.component.running import read_object, run, services_with
from tests.fakes import ADA, BEN, PIA, RETENTION, add, keys_of, list_keys
from tests.workbooks import Sheets

SCHEMA = json.loads((Path(__file__).resolve().parents[3] / "docs/manifest.schema.json").read_text())
NHSBSP = {
    "type": "mg-nhsbsp-xlsx",
    "options": {"exclude_test_patients": "yes", "exclude_magnification": "yes"},
}


@pytest.fixture
def ready(services, standard_url):
    """The service with a sample of every modality as its database."""
    return services_with(services, standard_url)


def read_manifest(services, row):
    manifest = json.loads(read_object(services, name_manifest(row.result.key)))
    jsonschema.validate(manifest, SCHEMA)
    return manifest


@pytest.mark.parametrize("kind", ["ct-xlsx", "nm-xlsx", "mg-nhsbsp-xlsx", "rf-xlsx"])
def test_manifest_describes_the_workbooks_sheets(ready, kind):
    row = run(ready, add(ready, type=kind))
    manifest, data = read_manifest(ready, row), read_object(ready, row.result.key)
    assert manifest["file"] == {
        "name": row.result.file_name,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    found = [(name, len(rows)) for name, rows in Sheets(data).items()]
    assert [(each["name"], each["rows"] + each["rows_above"]) for each in manifest["sheets"]] == found
    assert (manifest["studies"], manifest["events"]) == (row.result.studies, row.result.events)


def test_manifest_counts_studies_with_rows_on_a_sheet(ready):
    row = run(ready, add(ready, type="ct-xlsx"))
    sheets = Sheets(read_object(ready, row.result.key))
    first_event = next(n for n, heading in enumerate(sheets["All data"][0]) if heading.startswith("E1 "))
    for each in read_manifest(ready, row)["sheets"][1:-2]:
        if each["name"] == "Warnings":
            continue
        assert each["studies"] == len({tuple(row[:first_event]) for row in sheets[each["name"]][1:]})


@pytest.mark.parametrize("kind", ["ct-csv", "mg-csv", "mg-nhsbsp-csv"])
def test_manifest_of_csv_has_one_sheet_without_name(ready, kind):
    row = run(ready, add(ready, type=kind))
    data, (sheet,) = read_object(ready, row.result.key), read_manifest(ready, row)["sheets"]
    assert sheet["name"] is None
    assert sheet["rows"] + sheet["rows_above"] == len(read_csv(data))


@pytest.mark.parametrize("kind", ["ct-tables", "nm-tables"])
def test_manifest_describes_the_tables(ready, kind):
    row = run(ready, add(ready, type=kind))
    manifest, data = read_manifest(ready, row), read_object(ready, row.result.key)
    assert row.result.file_name.endswith(".zip")
    rows = {name: len(rows) for name, rows in Package(data).rows.items()}
    assert {each["name"]: each["rows"] for each in manifest["sheets"]} == rows
    assert {each["rows_above"] for each in manifest["sheets"]} == {1}
    assert manifest["time_zone"] == ("Europe/London" if kind == "nm-tables" else None)


@pytest.mark.parametrize("kind", ["mg-nhsbsp-xlsx", "mg-nhsbsp-csv"])
def test_manifest_exclusions_by_reason_add_up(ready, kind):
    row = run(ready, add(ready, **{**NHSBSP, "type": kind}))
    manifest = read_manifest(ready, row)
    left_out = sum(each["events"] for each in manifest["exclusions"])
    assert left_out > 0
    if kind.endswith("xlsx"):
        sheets = {each["name"]: each["rows"] for each in manifest["sheets"]}
        assert sheets["Excluded"] == left_out
    else:
        assert manifest["sheets"][0]["rows"] == manifest["events"] - left_out


def test_manifest_hides_value_of_filter_that_names_a_patient(services, sample_url):
    ready = services_with(services, sample_url)
    row = run(ready, add(ready, PIA, filters={"patient_id": "FICT-1", "date_from": "2000-01-01"}))
    manifest = read_manifest(ready, row)
    assert manifest["filters"]["canonical"] == {"patient_id": None, "date_from": "2000-01-01"}
    assert "FICT" not in json.dumps(manifest)


def test_manifest_exists_before_the_row_completes_and_goes_if_it_never_does(ready, monkeypatch):
    seen, export = [], add(ready)

    def refuse(self, *_):
        seen.append((list_keys(ready), self.load(export.id).state))
        return False

    monkeypatch.setattr(ExportRepository, "complete", refuse)
    run(ready, export)
    ((keys, state),) = seen
    assert [key.rpartition(".")[2] for key in keys] == ["csv", "json"]
    assert state is State.RUNNING
    assert list_keys(ready) == []


def test_manifest_is_deleted_and_expires_with_its_file(ready):
    remaining, deleted = (run(ready, add(ready)) for _ in range(2))
    assert sorted(list_keys(ready)) == sorted(keys_of(remaining.result) + keys_of(deleted.result))
    delete_export(ready, ADA, deleted.id)
    assert list_keys(ready) == keys_of(remaining.result)
    ready.clock.now += 2 * RETENTION
    sweep_exports(ready, ready.clock())
    assert list_keys(ready) == []


def test_manifest_link_follows_the_right_to_the_file(services, sample_url):
    ready = services_with(services, sample_url)
    row = run(ready, add(ready, PIA, include_ids=True))
    link = download_export(ready, PIA, row.id)["manifest"]
    assert link["file_name"] == name_manifest(row.result.file_name)
    assert name_manifest(row.result.file_name) in link["url"]
    with pytest.raises(RequestError):
        download_export(ready, BEN, row.id)


@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx", "ct-tables", "nm-parquet"])
def test_manifest_is_written_and_verified_by_the_command_line(sample_url, tmp_path, capsys, kind):
    file = tmp_path / f"out.{find_spec(kind).format}"
    manifest = tmp_path / f"{file.name}.manifest.json"
    assert cli.main([kind, "--database-url", sample_url, "--output", str(file), "--manifest"]) == 0
    written = json.loads(manifest.read_text())
    jsonschema.validate(written, SCHEMA)
    assert (written["file"]["name"], written["export_id"]) == (file.name, None)
    assert cli.main(["verify", str(file), str(manifest)]) == 0
    written["sheets"][0]["rows"] += 1
    manifest.write_text(json.dumps(written))
    assert cli.main(["verify", str(file), str(manifest)]) == (kind != "ct-csv")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    capsys.readouterr()
    assert cli.main(["verify", str(file), str(manifest)]) == 1
    out, error = capsys.readouterr()
    assert (out, len(error.splitlines())) == ("", 1)
    assert "(WRONG_SHA256)" in error
