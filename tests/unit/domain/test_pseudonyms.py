"""Pseudonyms are the fixed vectors of docs/pseudonyms.md, and normalise spellings of one identifier."""

import base64
import hashlib
import hmac
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doseexport.domain.pseudonyms import ACCESSION, PATIENT, STUDY, Pseudonyms, normalise
from doseexport.errors import ExportError

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "pseudonyms.md"
KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
VECTORS = {
    (PATIENT, "9434765919"): "gfbovsdeqqwv6zk6",
    (PATIENT, "ÅB1"): "xe2dht3sqxlen62h",
    (ACCESSION, "9434765919"): "bw6svelb4qkidy3q",
    (STUDY, "1.2.826.0.1.3680043.2.1125"): "2matxil35h3j4njz",
    ("study_id", "4711"): "dzh7ydxh5x7xljga",
}
SHIFTS = {"9434765919": "2026-03-16", "ÅB1": "2026-03-03"}
HASHED = hashlib.sha256(b"9434765919").hexdigest()


@pytest.mark.parametrize(("label", "value"), VECTORS)
def test_pseudonym_is_the_fixed_vector(label, value):
    assert Pseudonyms(KEY).make(label, value) == VECTORS[label, value]


def test_pseudonym_of_a_stored_hash_is_the_fixed_vector():
    assert Pseudonyms(KEY).make(PATIENT, HASHED) == "wxoq6djryiyfr5sd"


def test_key_has_the_fixed_name():
    assert Pseudonyms(KEY).key_id == "q25otfa5skfz7sdw"


@pytest.mark.parametrize("patient", SHIFTS)
def test_date_is_shifted_as_the_fixed_vector(patient):
    assert Pseudonyms(KEY).shift("2026-03-01", patient) == SHIFTS[patient]


def test_vectors_are_those_of_the_document():
    text = DOCUMENT.read_text("utf-8")
    rows = set(re.findall(r"^\| (\w+), (\S+)[^|]* \| `(\S+)` \|$", text, re.MULTILINE))
    hashed = PATIENT, HASHED, Pseudonyms(KEY).make(PATIENT, HASHED)
    assert rows == {hashed, *((label, value, made) for (label, value), made in VECTORS.items())}
    assert f"`{Pseudonyms(KEY).key_id}`" in text
    assert all(day in text for day in SHIFTS.values())


@given(st.text(min_size=1), st.sampled_from([PATIENT, ACCESSION, STUDY]))
def test_pseudonym_is_what_the_specification_says(value, label):
    digest = hmac.new(KEY, b"v1\x1f" + label.encode() + b"\x1f" + value.encode(), hashlib.sha256).digest()
    expected = base64.b32encode(digest).decode().lower()[:16]
    assert Pseudonyms(KEY).make(label, value) == expected
    assert re.fullmatch("[a-z2-7]{16}", expected)


@given(st.text(), st.text(" \t\n\u00a0\u3000", max_size=3))
def test_normalise_ignores_case_and_white_space_anywhere(value, space):
    middle = len(value) // 2
    spaced = f"{space}{value[:middle]}{space}{value[middle:]}{space}"
    assert normalise(spaced) == normalise(value)
    assert normalise(normalise(value)) == normalise(value)
    assert not re.search(r"\s", normalise(value))


@given(st.text("abcxyz019-", max_size=12))
def test_normalise_gives_capitals_and_small_letters_one_value(value):
    assert normalise(value.upper()) == normalise(value.lower()) == normalise(value)


@given(st.text(max_size=20))
def test_pseudonyms_of_two_projects_and_of_two_labels_differ(value):
    own = {Pseudonyms(key).make(label, value) for key in (KEY, OTHER) for label in (PATIENT, STUDY)}
    assert len(own) == (4 if value else 1)


@given(st.dates(), st.text(min_size=1))
def test_shift_is_at_most_half_a_year_and_the_same_for_all_dates_of_a_patient(day, patient):
    moved = Pseudonyms(KEY).shift("2000-06-15", patient)
    days = (_read(moved) - _read("2000-06-15")).days
    assert -182 <= days <= 182
    shifted = Pseudonyms(KEY).shift(day.isoformat(), patient)
    assert shifted == "" or (_read(shifted) - day).days == days


@pytest.mark.parametrize("day", ["", "infinity", "0044-03-15 BC", "12026-01-01"])
def test_date_that_cannot_be_moved_is_blank(day):
    assert Pseudonyms(KEY).shift(day, "A") == ""


def test_date_without_a_patient_is_blank():
    assert Pseudonyms(KEY).shift("2026-03-01", "") == ""


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_key_of_another_length_is_refused(key):
    with pytest.raises(ExportError, match="32 bytes"):
        Pseudonyms(key)


def test_key_is_not_shown():
    assert "0001" not in repr(Pseudonyms(KEY)).replace("\\x", "")
    assert "key" not in repr(Pseudonyms(KEY))


def _read(text):
    return date.fromisoformat(text)
