"""Suggestions come from the database, with the number of studies of each, and name no patient."""

import re

import psycopg
import pytest

from doseexport import catalogue
from doseexport.actions import suggestions
from doseexport.actions.suggestions import SuggestionCache, list_suggestions
from doseexport.engine.postgres import Database
from doseexport.engine.query import Query, build_suggestions, select_studies
from doseexport.errors import RequestError, UnavailableError
from tests.component.running import services_with
from tests.fakes import ADA, PIA, STRANGER

SPECS = {spec.modality.name: spec for spec in catalogue.load_specs().values()}
SUGGESTING = [
    (name, known.name) for name, spec in SPECS.items() for known in spec.modality.filters if known.suggests
]
SECRET = "Secret^Name"


@pytest.fixture
def suggest(services, sample_url):
    """`suggest("ct-csv", "station", "CT")`: the answer from the synthetic database."""
    reading, cache = services_with(services, sample_url), SuggestionCache()

    def ask(export_type, name, part="", caller=ADA):
        given = {"type": export_type, "filter": name, "q": part}
        return list_suggestions(reading, cache, caller, given)

    return ask


@pytest.fixture
def asked(monkeypatch):
    """The parts for which the database is asked."""
    parts = []
    fetch = suggestions.fetch_values

    def record(services, spec, known, most, part):
        parts.append(part)
        return fetch(services, spec, known, most, part)

    monkeypatch.setattr(suggestions, "fetch_values", record)
    return parts


def select(url, query, *values):
    with psycopg.connect(url) as connection:
        return connection.execute(query, values).fetchall()


def test_suggestions_are_display_names_by_number_of_studies(suggest, sample_url):
    counted = """SELECT uen.display_name COLLATE "C", count(DISTINCT study.id)
    FROM remapp_generalstudymoduleattr study
    JOIN remapp_generalequipmentmoduleattr equip ON equip.general_study_module_attributes_id = study.id
    JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id
    WHERE study.modality_type = 'CT' AND uen.display_name <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"""
    assert suggest("ct-xlsx", "display_name").values == select(sample_url, counted)


@pytest.mark.parametrize(("modality", "name"), SUGGESTING)
def test_suggestions_count_the_studies_that_the_filter_chooses(sample_url, modality, name):
    spec = SPECS[modality]
    known = spec.filter(name)
    database = Database({"conninfo": sample_url})
    found = dict(database.fetch_rows((), lambda _: build_suggestions(spec, known, 5000)))
    texts = [text.lower() for text in found]
    assert found or name in {"standard_study_name", "standard_acquisition_name", "exposure_control_mode"}
    # The studies with a text that is part of no other text are those that contain it.
    alone = [text for text in found if sum(text.lower() in other for other in texts) == 1]
    for text in alone[:5]:
        source, params = select_studies(spec, {name: text})
        chosen = database.fetch_rows(
            (), lambda _, sql=source, given=params: Query(f"SELECT count(*) {sql}", given)
        )
        assert chosen == [(found[text],)], text


def test_suggestions_contain_the_part_in_any_case(suggest, asked):
    every = suggest("ct-csv", "acquisition_protocol")
    found = suggest("ct-csv", "acquisition_protocol", "tHOR")
    assert found.values
    assert all("thor" in value.lower() for value, _ in found.values)
    assert (every.is_complete, len(every.values), found.is_complete) == (False, 20, True)
    assert asked == [""], "the second answer comes from the cache"


def test_suggestions_of_another_type_of_the_modality_share_the_list(suggest, asked):
    assert suggest("ct-csv", "station").values == suggest("ct-xlsx", "station").values
    suggest("rf-csv", "station")
    suggest("ct-csv", "model")
    assert len(asked) == 3


def test_suggestion_cache_forgets_after_some_minutes():
    now = [0.0]
    cache = SuggestionCache(lambda: now[0])
    entry = suggestions.Entry([("a", 1)], is_complete=True)
    cache.store("CT", "station", entry)
    now[0] = 299.0
    assert cache.find("CT", "station") is entry
    now[0] = 300.0
    assert cache.find("CT", "station") is None


def test_suggestion_of_rare_text_is_looked_up(suggest, asked, monkeypatch):
    monkeypatch.setattr(suggestions, "MOST_CACHED", 3)
    few = suggest("dx-csv", "acquisition_protocol")
    assert (len(few.values), few.is_complete) == (3, False)
    rare = suggest("dx-csv", "acquisition_protocol", "ches")
    assert asked == ["", "ches"]
    assert rare.values
    assert all("ches" in value.lower() for value, _ in rare.values)


def test_suggestions_ask_for_two_letters_if_the_database_is_slow(suggest, asked, sample_url, monkeypatch):
    monkeypatch.setattr(suggestions, "STATEMENT_SECONDS", 0.5)
    with psycopg.connect(sample_url) as holder:
        holder.execute("LOCK TABLE remapp_ctirradiationeventdata IN ACCESS EXCLUSIVE MODE")
        assert suggest("ct-csv", "acquisition_protocol", "t").letters_needed == 2
        assert suggest("ct-csv", "acquisition_protocol", "th").letters_needed == 4
    found = suggest("ct-csv", "acquisition_protocol", "thor")
    assert found.letters_needed is None
    assert found.values
    assert suggest("ct-csv", "acquisition_protocol", "t").letters_needed == 2
    assert asked == ["", "th", "thor"], "a slow list is not tried again for some minutes"


@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        ({}, "UNKNOWN_EXPORT_TYPE", "type"),
        ({"type": "ct-none", "filter": "station"}, "UNKNOWN_EXPORT_TYPE", "type"),
        ({"type": "ct-csv"}, "UNKNOWN_FILTER", "filter"),
        ({"type": "ct-csv", "filter": "colour"}, "UNKNOWN_FILTER", "filter"),
        ({"type": "ct-csv", "filter": "date_from"}, "NO_SUGGESTIONS", "filter"),
        ({"type": "ct-csv", "filter": "patient_name", "q": SECRET}, "NO_SUGGESTIONS", "filter"),
        ({"type": "ct-csv", "filter": "patient_id"}, "NO_SUGGESTIONS", "filter"),
        ({"type": "ct-csv", "filter": "accession_number"}, "NO_SUGGESTIONS", "filter"),
        ({"type": "rf-openskin", "filter": "study_uid"}, "NO_SUGGESTIONS", "filter"),
        ({"type": "rf-csv", "filter": "physician"}, "NO_SUGGESTIONS", "filter"),
        ({"type": "ct-csv", "filter": "station", "q": "x" * 257}, "BAD_FILTER_VALUE", "q"),
    ],
)
def test_suggestions_are_refused(services, parameters, code, field):
    with pytest.raises(RequestError) as refused:
        list_suggestions(services, SuggestionCache(), PIA, parameters)
    assert (refused.value.status, refused.value.code, refused.value.field) == (422, code, field)
    assert SECRET not in refused.value.message


def test_suggestions_of_unknown_filter_name_those_that_have_any(services):
    with pytest.raises(RequestError, match=r"Choose from: .*\bstation\b") as refused:
        list_suggestions(services, SuggestionCache(), PIA, {"type": "ct-csv", "filter": "colour"})
    assert not {"date_from", "patient_name", "patient_id"} & set(re.findall(r"\w+", refused.value.message))


def test_suggestions_need_a_group(services):
    with pytest.raises(RequestError) as refused:
        list_suggestions(services, SuggestionCache(), STRANGER, {"type": "ct-csv", "filter": "station"})
    assert refused.value.status == 403


def test_suggestions_without_database_report_it(services, sample_url, caplog):
    silent = services_with(services, sample_url, port=1)
    with pytest.raises(UnavailableError) as refused:
        list_suggestions(silent, SuggestionCache(), ADA, {"type": "ct-csv", "filter": "station", "q": SECRET})
    assert refused.value.code == "DATABASE_UNREACHABLE"
    assert SECRET not in str([vars(record) for record in caplog.records])


def test_no_filter_that_identifies_a_patient_suggests():
    every = [known for spec in catalogue.load_specs().values() for known in spec.filters]
    assert not [known.name for known in every if known.suggests and known.identifies_patient]
