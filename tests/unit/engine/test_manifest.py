"""A manifest's content, and the verification of a file against it."""

import dataclasses
import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest

from doseexport.catalogue.dictionary import describe_type
from doseexport.domain.request import ExportRequest
from doseexport.engine.manifest import FileFacts, write_manifest
from doseexport.engine.verify import verify_file
from doseexport.engine.writers.file_plan import FileReport, SheetCount
from doseexport.errors import ExportError

DATA = b"a,b\r\n1,2\r\n"
FACTS = FileFacts("out.csv", len(DATA), hashlib.sha256(DATA).hexdigest())
TAKEN = datetime(2026, 11, 23, 12, 30, tzinfo=timezone(timedelta(hours=1)))
REPORT = FileReport(1, 2, ("odd",), {"AGD is 0": 3}, (SheetCount(None, 1, 1, 1),), TAKEN)


def make_manifest(**filters):
    return json.loads(write_manifest("x" * 32, ExportRequest("ct-csv", filters), REPORT, FACTS))


def test_manifest_holds_request_and_result():
    manifest = make_manifest(dlp_min="7", patient_name="Secret", accession_number="Secret2")
    assert manifest["snapshot_at"] == "2026-11-23T11:30:00.000000Z"
    assert manifest["exclusions"] == [{"reason": "AGD is 0", "events": 3}]
    assert manifest["sheets"] == [{"name": None, "studies": 1, "rows": 1, "rows_above": 1}]
    assert manifest["filters"]["canonical"] == {
        "accession_number": None,
        "dlp_min": "7",
        "patient_name": None,
    }
    assert any(words.endswith("7 mGy.cm") for words in manifest["filters"]["words"])
    assert "Secret" not in json.dumps(manifest)


def test_manifest_holds_the_name_of_the_export():
    request = ExportRequest("ct-csv")
    assert json.loads(write_manifest("x" * 32, request, REPORT, FACTS, "Van 3"))["name"] == "Van 3"
    assert make_manifest()["name"] is None


def test_manifest_holds_the_dictionary_of_the_file():
    entry = next(each for each in describe_type("ct-csv") if each.heading == "E<n> DLP")
    report = dataclasses.replace(REPORT, dictionary=(entry,))
    manifest = json.loads(write_manifest(None, ExportRequest("ct-csv"), report, FACTS))
    assert manifest["columns"] == [
        {
            "sheets": [],
            "heading": "E<n> DLP",
            "meaning": "DLP of the acquisition",
            "unit": "mGy·cm",
            "dicom": "113838 DCM",
            "source": "ctirradiationeventdata.dlp",
            "conversion": "",
            "blank": "not recorded",
            "several_rows": "one row per event",
        }
    ]


@pytest.fixture
def pair(tmp_path):
    """A file and its manifest."""
    file, manifest = tmp_path / "out.csv", tmp_path / "out.csv.manifest.json"
    file.write_bytes(DATA)
    manifest.write_bytes(write_manifest(None, ExportRequest("ct-csv"), REPORT, FACTS))
    return file, manifest


def test_manifest_verifies_its_file_under_any_name(pair, tmp_path):
    file, manifest = pair
    assert str(manifest) in verify_file(file.rename(tmp_path / "other"), manifest)


@pytest.mark.parametrize(
    ("data", "code"), [(DATA + b"3", "WRONG_SIZE"), (DATA[:-3] + b"3\r\n", "WRONG_SHA256")]
)
def test_manifest_refuses_another_file(pair, data, code):
    pair[0].write_bytes(data)
    with pytest.raises(ExportError) as refused:
        verify_file(*pair)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "7", '{"schema_version": 2}', '{"schema_version": 1}'])
def test_manifest_that_is_invalid_is_reported(pair, text):
    pair[1].write_text(text)
    with pytest.raises(ExportError) as refused:
        verify_file(*pair)
    assert refused.value.code == "BAD_MANIFEST"


def test_manifest_without_its_file_names_the_file(pair):
    pair[0].unlink()
    with pytest.raises(ExportError, match=r"out\.csv: No such file"):
        verify_file(*pair)
