"""Every filter takes a hostile text literally and leaves the database unchanged."""

import re
from itertools import chain

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue.values import MAX_TEXT, hash_value
from doseexport.domain.request import parse_request
from doseexport.engine.postgres import Database
from doseexport.engine.query import Query, choose_studies
from doseexport.errors import RequestError
from tests.databases.hostile import CORPUS

SPECS = catalogue.load_specs()
VALUES = [text for text in CORPUS if text.strip() and len(text) <= MAX_TEXT]
# What a text cannot be: kinds that are compared as numbers, dates or words.
LITERAL = {"text", "exact"}


def list_filters():
    """Each filter once for each modality, with a type that has it."""
    found = {}
    for spec in SPECS.values():
        for each in spec.filters:
            found.setdefault((spec.modality.name, each.name), (spec, each))
    return list(found.values())


FILTERS = list_filters()
TEXTS = [(spec, each) for spec, each in FILTERS if each.value_type.name in LITERAL]
# A filter takes every third text, and the next filter the texts after those. Each kind has more than three.
SHARE = 3


def list_texts(number):
    """Return the texts in the order in which a filter takes them, and how many of them it takes at least."""
    shares = [VALUES[(number + n) % SHARE :: SHARE] for n in range(SHARE)]
    return [*chain(*shares)], len(shares[0])


def make_request(spec, **filters):
    needed = {} if not spec.needs or spec.needs[-1] in filters else {spec.needs[0]: "1"}
    needed |= dict.fromkeys(spec.default_filters, "include")
    return parse_request({"type": spec.type, "filters": {**needed, **filters}}, may_see_patients=True)


def find_literally(connection, spec, each, text):
    """Return the studies that a filter selects, by position() instead of ILIKE, the text as parameter."""
    if each.value_type.name == "exact":
        condition, values = each.sql, [text.strip()]
    elif "|" in each.sql:
        column, hashed = each.sql.split("|")
        condition = f"CASE WHEN {hashed} THEN {column} = %s ELSE {_holds(column)} END"
        values = [hash_value(text), text]
    elif "%s" in each.sql:
        condition = re.sub(r"(\S+) ILIKE %s", lambda found: _holds(found[1]), each.sql)
        values = [text] * each.sql.count("%s")
    else:
        condition, values = _holds(each.sql), [text]
    assert "ILIKE" not in condition
    where = spec.modality.scopes[each.scope].replace("{}", condition)
    query = (
        f"SELECT study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = ANY(%s) AND {where}"
    )
    return {row[0] for row in connection.execute(query, [list(spec.modality.codes), *values])}


def _holds(column):
    return f"position(lower(%s) in lower({column})) > 0"


def count_everything(connection):
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for (table,) in tables}


@pytest.fixture(autouse=True, scope="module")
def _database_is_the_same_in_the_end(hostile_url):
    with psycopg.connect(hostile_url, autocommit=True) as connection:
        before = count_everything(connection)
        yield
        assert count_everything(connection) == before


@pytest.mark.parametrize(
    ("number", "spec", "each"),
    [(number, *each) for number, each in enumerate(TEXTS)],
    ids=[f"{spec.modality.name}-{each.name}" for spec, each in TEXTS],
)
def test_filter_takes_hostile_text_literally(hostile_url, number, spec, each):
    with psycopg.connect(hostile_url, autocommit=True) as connection:
        seen = set()
        texts, least = list_texts(number)
        with Database({"conninfo": hostile_url}).open_snapshot() as snapshot:
            snapshot.begin()
            for taken, text in enumerate(texts):
                if taken >= least and len(seen) > 1:
                    break
                chosen, params = choose_studies(make_request(spec, **{each.name: text}))
                found = {
                    row[0] for row in snapshot.fetch_rows(Query(f"SELECT id FROM ({chosen}) found", params))
                }
                assert found == find_literally(connection, spec, each, text), text
                seen.add(frozenset(found))
    assert len(seen) > 1  # texts do make a difference


def test_filters_with_several_hostile_texts_stay_apart(hostile_url):
    spec = SPECS["ct-csv"]
    names = ["study_description", "requested_procedure", "accession_number", "acquisition_protocol"]
    chosen = [each for each in spec.filters if each.name in names]
    with (
        psycopg.connect(hostile_url, autocommit=True) as connection,
        Database({"conninfo": hostile_url}).open_snapshot() as snapshot,
    ):
        snapshot.begin()
        for number in range(len(VALUES)):
            texts = {each.name: VALUES[(number + 5 * n) % len(VALUES)][0] for n, each in enumerate(chosen)}
            texts = {name: text for name, text in texts.items() if text.strip()}
            sql, params = choose_studies(make_request(spec, **texts))
            found = {row[0] for row in snapshot.fetch_rows(Query(f"SELECT id FROM ({sql}) found", params))}
            expected = [
                find_literally(connection, spec, each, texts[each.name])
                for each in chosen
                if each.name in texts
            ]
            assert found == set.intersection(*expected), texts


@pytest.mark.parametrize("name", SPECS)
def test_filter_refuses_value_that_is_no_text(name):
    spec = SPECS[name]
    for each in spec.filters:
        if each.value_type.name in LITERAL:
            continue
        for text in VALUES:
            if not re.fullmatch(r"\s*([-+]?\d+(\.\d+)?|\d{4}-\d\d-\d\d)\s*", text, re.ASCII):
                assert_refused(f"filters.{each.name}", spec, filters={each.name: text})
    for text in VALUES:
        assert_refused("order", spec, order=text)
        assert_refused("type", spec, type=text)
        assert_refused(f"filters.{text}", spec, filters={text: "1"})
        assert_refused(f"options.{text}", spec, options={text: "1"})


def assert_refused(field, spec, **body):
    needed = dict.fromkeys(spec.needs[:1], "1")
    request = {"type": spec.type, **body, "filters": {**needed, **body.get("filters", {})}}
    with pytest.raises(RequestError) as caught:
        parse_request(request, may_see_patients=True)
    assert caught.value.field == field


@pytest.mark.parametrize("text", VALUES)
def test_option_takes_hostile_text_literally(text):
    for spec in SPECS.values():
        for each in spec.options:
            if each.value_type.name == "words":
                needed = dict.fromkeys(spec.needs[:1], "1")
                request = parse_request(
                    {"type": spec.type, "filters": needed, "options": {each.name: text}},
                    may_see_patients=True,
                )
                words = ", ".join(word.strip() for word in text.split(",") if word.strip())
                assert request.options.get(each.name, "") == words
