"""Build the schemas of values: what filters and options of each value type accept."""

import re
from collections.abc import Mapping
from typing import Any

from doseexport.catalogue.shared.audit.options import MAP_VALUE, MOST_LINES, RANGE_VALUE
from doseexport.catalogue.values import (
    COUNT_VALUE,
    DATE_VALUE,
    EXACT_VALUE,
    FLAG_VALUE,
    HASHABLE_VALUE,
    INTEGER_VALUE,
    LIMIT_VALUE,
    MAX_TEXT,
    NUMBER_VALUE,
    POSITIVE_VALUE,
    PROJECT_VALUE,
    TEST_PATIENTS_VALUE,
    TEXT_VALUE,
    WORDS_VALUE,
    ValueType,
)
from local.openapi.schemas import Json, refer

VALUES: Mapping[ValueType, str] = {
    TEXT_VALUE: "TextValue",
    HASHABLE_VALUE: "TextValue",
    NUMBER_VALUE: "NumberValue",
    POSITIVE_VALUE: "PositiveValue",
    RANGE_VALUE: "RangeValue",
    MAP_VALUE: "LinesValue",
    DATE_VALUE: "DateValue",
    COUNT_VALUE: "CountValue",
    TEST_PATIENTS_VALUE: "TestPatientsValue",
    INTEGER_VALUE: "IntegerValue",
    LIMIT_VALUE: "LimitValue",
    EXACT_VALUE: "ExactValue",
    FLAG_VALUE: "FlagValue",
    WORDS_VALUE: "WordsValue",
    PROJECT_VALUE: "ProjectValue",
}
_ABSENT = "Null or blank means not given."


def refer_to_value(value_type: ValueType) -> Json:
    """Return the schema of a value: a reference, or the list of the texts that are valid."""
    if value_type.choices:
        return {"enum": [*value_type.choices, *value_type.spellings, "", None]}
    if value_type.listed:
        heading = "|".join(re.sub(r"([().^])", r"\\\1", each) for each in value_type.listed)
        pattern = rf"^\s*((({heading})\s*,\s*)*({heading}))?\s*$"
        return _make_value("Headings, separated by commas.", "string", pattern=pattern)
    return refer(VALUES[value_type])


def make_values() -> Json:
    """Return the schema of each value type.

    catalogue/values.py parses the same values; tests compare the two.
    """
    flags = ["yes", "no", True, False, "true", "false", "1", "0", 1, 0, "", None]
    return {
        **_make_texts(),
        **_make_numbers(),
        "FlagValue": {"enum": flags, "description": f"yes or no. {_ABSENT}"},
        "TestPatientsValue": {
            "enum": ["include", "exclude", "2", 2, "", None],
            "description": f"2 is OpenREM's code for exclude. {_ABSENT}",
        },
    }


def _make_texts() -> Json:
    text = {"maxLength": MAX_TEXT, "pattern": r"^[^\u0000]*$"}
    day = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})?\s*$"
    line = r"([^\S\n]*|[^\n]*\S[^\n]* = [^\n]*\S[^\n]*)"
    return {
        "TextValue": _make_value(
            "Case is ignored; %, _ and \\ are ordinary characters.", "string", "number", **text
        ),
        "LinesValue": _make_value(
            f"At most {MOST_LINES} lines of `pattern = DRL exam`.", "string", pattern=rf"^{line}(\n{line})*$"
        ),
        "ProjectValue": _make_value(
            "1 to 40 of a-z, 0-9 and -.", "string", pattern=r"^\s*([a-z0-9-]{1,40})?\s*$"
        ),
        "DateValue": _make_value("YYYY-MM-DD.", "string", pattern=day),
        "ExactValue": _make_value("The complete text, as stored.", "string", **text),
        "WordsValue": {
            "type": ["string", "null"],
            **text,
            "description": "Texts, separated by commas. Blank means none. Null means not given.",
        },
    }


def _make_numbers() -> Json:
    number = r"^\s*([+-]?([0-9]{1,16}(\.[0-9]{0,16})?|\.[0-9]{1,16}))?\s*$"
    unsigned = r"\+?([0-9]{1,16}(\.[0-9]{0,16})?|\.[0-9]{1,16})"
    positive = rf"^\s*((?=[0-9.+]*[1-9]){unsigned})?\s*$"
    interval = rf"^\s*({unsigned}\s*[-–]\s*{unsigned})?\s*$"
    most = 10**16
    below = {"exclusiveMaximum": most}
    few = {"pattern": r"^\s*(0*([0-9]|10)|some|more)?\s*$", "minimum": 0, "maximum": 10}
    whole = {"pattern": r"^\s*(0*[1-9][0-9]{0,8})?\s*$", "minimum": 1, "maximum": 999_999_999}
    limit = whole | {"pattern": r"^\s*(0*[1-9][0-9]{0,8}|[aA][lL][lL])?\s*$"}
    numbers = ("string", "number")
    counts = ("string", "integer")
    return {
        "NumberValue": _make_value(
            "A plain number such as 12 or 12.5.", *numbers, pattern=number, exclusiveMinimum=-most, **below
        ),
        "PositiveValue": _make_value(
            "A plain number above 0.", *numbers, pattern=positive, exclusiveMinimum=0, **below
        ),
        "RangeValue": _make_value("Two numbers such as 50-90, both included.", "string", pattern=interval),
        "CountValue": _make_value("0 to 10, some (more than 0) or more (more than 10).", *counts, **few),
        "IntegerValue": _make_value("A whole number, at least 1.", *counts, **whole),
        "LimitValue": _make_value("A whole number, at least 1, or all.", *counts, **limit),
    }


def _make_value(description: str, *types: str, **rules: Any) -> Json:
    return {"type": [*types, "null"], **rules, "description": f"{description} {_ABSENT}"}
