"""The schemas of values: what each kind of filter or option takes."""

from collections.abc import Mapping

from doseexport.kinds import (
    COUNT,
    DATE,
    EXACT,
    FLAG,
    HASHABLE,
    INTEGER,
    MAX_TEXT,
    NUMBER,
    TEST_PATIENTS,
    TEXT,
    WORDS,
    Kind,
)
from local.openapi_schemas import Json

VALUES: Mapping[Kind, str] = {
    TEXT: "TextValue",
    HASHABLE: "TextValue",
    NUMBER: "NumberValue",
    DATE: "DateValue",
    COUNT: "CountValue",
    TEST_PATIENTS: "TestPatientsValue",
    INTEGER: "IntegerValue",
    EXACT: "ExactValue",
    FLAG: "FlagValue",
    WORDS: "WordsValue",
}
_ABSENT = "Null or blank: as if not given."


def make_values() -> Json:
    """Return what each kind of filter takes; kinds.py reads them, tests compare the two."""
    number = r"^\s*([+-]?([0-9]{1,16}(\.[0-9]{0,16})?|\.[0-9]{1,16}))?\s*$"
    most = 10**16
    return {
        "TextValue": {
            "type": ["string", "number", "null"],
            "maxLength": MAX_TEXT,
            "pattern": r"^[^\u0000]*$",
            "description": f"Capitals do not matter; %, _ and \\ mean themselves. {_ABSENT}",
        },
        "NumberValue": {
            "type": ["string", "number", "null"],
            "pattern": number,
            "exclusiveMinimum": -most,
            "exclusiveMaximum": most,
            "description": f"A plain number such as 12 or 12.5. {_ABSENT}",
        },
        "DateValue": {
            "type": ["string", "null"],
            "pattern": r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})?\s*$",
            "description": f"YYYY-MM-DD. {_ABSENT}",
        },
        "CountValue": {
            "type": ["string", "integer", "null"],
            "pattern": r"^\s*(0*([0-9]|10)|some|more)?\s*$",
            "minimum": 0,
            "maximum": 10,
            "description": f"0 to 10, some (more than 0) or more (more than 10). {_ABSENT}",
        },
        "IntegerValue": {
            "type": ["string", "integer", "null"],
            "pattern": r"^\s*(0*[1-9][0-9]{0,8})?\s*$",
            "minimum": 1,
            "maximum": 999_999_999,
            "description": f"A whole number from 1. {_ABSENT}",
        },
        "ExactValue": {
            "type": ["string", "null"],
            "maxLength": MAX_TEXT,
            "pattern": r"^[^\u0000]*$",
            "description": f"The whole text, as stored. {_ABSENT}",
        },
        "FlagValue": {
            "enum": ["yes", "no", True, False, "true", "false", "1", "0", 1, 0, "", None],
            "description": f"yes or no. {_ABSENT}",
        },
        "WordsValue": {
            "type": ["string", "null"],
            "maxLength": MAX_TEXT,
            "pattern": r"^[^\u0000]*$",
            "description": f"Texts with commas between them. {_ABSENT}",
        },
        "TestPatientsValue": {
            "enum": ["include", "exclude", "2", 2, "", None],
            "description": f"2 is OpenREM's word for exclude. {_ABSENT}",
        },
    }
