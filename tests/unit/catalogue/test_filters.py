"""Filters: valid and invalid values, names, ranges, and their SQL."""

import hashlib

import pytest

from doseexport import catalogue
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, build_conditions, describe_filters
from doseexport.catalogue.values import (
    COUNT_VALUE,
    DATE_VALUE,
    HASHABLE_VALUE,
    MAX_TEXT,
    NUMBER_VALUE,
    TEST_PATIENTS_VALUE,
    TEXT_VALUE,
    escape_like,
    hash_value,
)
from doseexport.errors import RequestError

CT = catalogue.find_spec("ct-csv")
FILTERS = {each.name: each for each in CT.filters}
ALIASES = [(alias, each.name) for each in CT.filters for alias in each.aliases]
ORDER_ALIASES = [(alias, each.name) for each in CT.orders for alias in each.aliases]
EXAMPLES = {"text": "x", "number": "1", "date": "2026-01-31", "count": "3", "choice": "exclude"}


def refuse(given):
    with pytest.raises(RequestError) as refused:
        CT.parse_filters(given)
    assert refused.value.status == 422
    return refused.value.code, refused.value.field


@pytest.mark.parametrize(
    ("kind", "given", "canonical"),
    [
        (TEXT_VALUE, "Head", "Head"),
        (TEXT_VALUE, "  Head ", "  Head "),
        (TEXT_VALUE, "x" * MAX_TEXT, "x" * MAX_TEXT),
        (TEXT_VALUE, "100%_\\", "100%_\\"),
        (HASHABLE_VALUE, " 00123 ", " 00123 "),
        (NUMBER_VALUE, "12", "12"),
        (NUMBER_VALUE, " 12.50 ", "12.5"),
        (NUMBER_VALUE, "-0.00", "0"),
        (NUMBER_VALUE, "100", "100"),
        (NUMBER_VALUE, "+5", "5"),
        (NUMBER_VALUE, "-0.5", "-0.5"),
        (NUMBER_VALUE, ".5", "0.5"),
        (NUMBER_VALUE, "7.", "7"),
        (NUMBER_VALUE, "9" * 16 + "." + "9" * 16, "9" * 16 + "." + "9" * 16),
        (DATE_VALUE, "2024-02-29", "2024-02-29"),
        (DATE_VALUE, " 0001-01-01 ", "0001-01-01"),
        (DATE_VALUE, "9999-12-31", "9999-12-31"),
        (COUNT_VALUE, "0", "0"),
        (COUNT_VALUE, "07", "7"),
        (COUNT_VALUE, "10", "10"),
        (COUNT_VALUE, " Some ", "some"),
        (COUNT_VALUE, "MORE", "more"),
        (TEST_PATIENTS_VALUE, "2", "exclude"),
        (TEST_PATIENTS_VALUE, "Exclude", "exclude"),
        (TEST_PATIENTS_VALUE, "include", "include"),
    ],
)
def test_valid_value_becomes_canonical(kind, given, canonical):
    assert kind.parse(given) == canonical


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *((TEXT_VALUE, value) for value in ("a\0b", "x" * (MAX_TEXT + 1), "\ud800")),
        *((HASHABLE_VALUE, value) for value in ("\0", "x" * (MAX_TEXT + 1), "\udfff")),
        *(
            (NUMBER_VALUE, value)
            for value in ("x", "1e3", "1,5", "1 2", "NaN", "Infinity", "0x1f", "--1", ".", "+")
        ),
        *((NUMBER_VALUE, value) for value in ("9" * 17, "0." + "9" * 17, "١٢", "1\n2")),
        *(
            (DATE_VALUE, value)
            for value in ("31/12/2024", "2024-13-01", "2023-02-29", "20240229", "0000-01-01")
        ),
        *(
            (DATE_VALUE, value)
            for value in ("2024-1-1", "2024-01-01T00:00", "10000-01-01", "today", "\u0662024-01-01")
        ),
        *((COUNT_VALUE, value) for value in ("11", "-1", "1.0", "all", "any", "٣")),
        *((TEST_PATIENTS_VALUE, value) for value in ("1", "yes", "true", "0")),
    ],
)
def test_invalid_value_is_refused_without_being_repeated(kind, given):
    with pytest.raises(ValueError, match="must") as refused:
        kind.parse(given)
    assert given not in str(refused.value) or len(given) < 3


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_filter_is_known_by_openrems_names(alias, name):
    value = EXAMPLES[FILTERS[name].value_type.name]
    assert CT.parse_filters({alias: value}) == CT.parse_filters({name: value})


@pytest.mark.parametrize(("alias", "name"), ORDER_ALIASES)
def test_order_is_known_by_openrems_names(alias, name):
    assert CT.parse_order(alias) == CT.parse_order(name) == name


@pytest.mark.parametrize("name", FILTERS)
def test_blank_filter_is_absent(name):
    assert [CT.parse_filters({name: blank}) for blank in ("", "   ", "\t\n", None)] == [{}] * 4


@pytest.mark.parametrize("value", [12, 12.0, "12", " 12 "])
def test_number_may_be_given_as_a_number(value):
    assert CT.parse_filters({"dlp_min": value})["dlp_min"].rstrip("0").rstrip(".") == "12"


@pytest.mark.parametrize("value", [True, [], {}, ["x"], float("nan"), float("inf"), 1e300])
def test_value_that_is_no_text_and_no_plain_number_is_refused(value):
    assert refuse({"dlp_min": value}) == ("BAD_FILTER_VALUE", "filters.dlp_min")


def test_refusal_names_the_filter_as_given():
    assert refuse({"study_date__gt": "soon"}) == ("BAD_FILTER_VALUE", "filters.study_date__gt")
    assert refuse({"colour": "red"}) == ("UNKNOWN_FILTER", "filters.colour")
    assert refuse({"Date_from": "2024-01-01"}) == ("UNKNOWN_FILTER", "filters.Date_from")


def test_refusal_of_unknown_filter_lists_the_known_ones():
    with pytest.raises(RequestError) as refused:
        CT.parse_filters({"colour": "red"})
    assert refused.value.message.endswith(f" Choose from: {', '.join(FILTERS)}.")
    assert "colour" not in refused.value.message


def test_filter_under_two_names_must_have_one_value():
    same = {"date_from": "2024-01-01", "date_after": " 2024-01-01"}
    assert CT.parse_filters(same) == {"date_from": "2024-01-01"}
    other = {"date_from": "2024-01-01", "study_date__gt": "2024-01-02"}
    assert refuse(other) == ("FILTER_GIVEN_TWICE", "filters.study_date__gt")


@pytest.mark.parametrize(
    ("low", "high", "smaller", "larger"),
    [
        ("date_from", "date_to", "2024-01-01", "2024-01-02"),
        ("age_min", "age_max", "9", "10"),
        ("weight_min", "weight_max", "-1", "0"),
        ("dlp_min", "dlp_max", "99.5", "100"),
    ],
)
def test_empty_range_is_refused(low, high, smaller, larger):
    assert refuse({low: larger, high: smaller}) == ("EMPTY_RANGE", f"filters.{low}")
    assert CT.parse_filters({low: smaller, high: larger}) == {low: smaller, high: larger}
    assert CT.parse_filters({low: larger, high: larger}) == {low: larger, high: larger}


@pytest.mark.parametrize("given", [None, ""])
def test_missing_order_is_newest_first(given):
    assert CT.parse_order(given) == DEFAULT_ORDER == "newest_first"


@pytest.mark.parametrize("given", ["colour", 1, [], "Newest_first", "-study_description"])
def test_unknown_order_is_refused(given):
    with pytest.raises(RequestError) as refused:
        CT.parse_order(given)
    assert (refused.value.code, refused.value.field) == ("UNKNOWN_ORDER", "order")


def test_pattern_holds_the_text_literally():
    assert escape_like("50%_a\\b") == r"%50\%\_a\\b%"


def test_hash_is_of_the_text_as_typed():
    assert hash_value(" É ") == hashlib.sha256(b" \xc3\x89 ").hexdigest()
    assert hash_value("A") != hash_value("a")


def test_filters_of_one_table_are_met_by_the_same_row():
    scopes = {"study": "{}", "event": "EXISTS (events WHERE {})"}
    filters = [
        (Filter("a", TEXT_VALUE, "event", "event.name", ""), "x%"),
        (Filter("b", NUMBER_VALUE, "study", "study.dlp >= %s::numeric", ""), "7"),
        (Filter("c", COUNT_VALUE, "event", "event.n", ""), "some"),
        (Filter("d", COUNT_VALUE, "event", "event.m", ""), "4"),
    ]
    sql, params = build_conditions(scopes, filters)
    assert sql == (
        "EXISTS (events WHERE (event.name ILIKE %s) AND (event.n > 0) AND (event.m = %s::integer))"
        " AND (study.dlp >= %s::numeric)"
    )
    assert params == (r"%x\%%", "4", "7")


@pytest.mark.parametrize("scope", sorted({each.scope for each in CT.filters} - {"study"}))
def test_filters_of_one_table_are_in_one_exists(scope):
    given = [(each, EXAMPLES[each.value_type.name]) for each in CT.filters if each.scope == scope]
    sql, params = build_conditions(CT.modality.scopes, given)
    wrapping = CT.modality.scopes[scope].split("{}")[0]
    assert sql.count(wrapping) == 1
    assert sql.count("%s") == len(params)


def test_no_filter_is_no_condition():
    assert build_conditions({}, []) == ("true", ())


def test_filter_description_holds_the_whole_value():
    given = [(FILTERS["study_description"], " knee "), (FILTERS["age_min"], "18")]
    text, number = describe_filters(given)
    assert text.endswith("contains  knee ")
    assert number.endswith(" 18 years")


def test_filter_description_hides_patients():
    given = [
        (FILTERS["age_min"], "18"),
        (FILTERS["patient_id"], "SECRET"),
        (FILTERS["patient_name"], "SECRET"),
    ]
    first, *others = describe_filters(given)
    assert first == "age_min: patients of this age or older 18 years"
    assert "SECRET" not in "".join(others)
