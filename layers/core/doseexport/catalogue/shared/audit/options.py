"""The options of audits, and the types of their values."""

from __future__ import annotations

import re
from decimal import Decimal

from doseexport.catalogue.options import Option
from doseexport.catalogue.shared.audit import drl
from doseexport.catalogue.shared.audit.populations import BANDS, BY_WEIGHT
from doseexport.catalogue.shared.audit.quantities import QUANTITIES
from doseexport.catalogue.shared.dap_units import DAP_UNIT_VALUE
from doseexport.catalogue.values import (
    FLAG_VALUE,
    MAX_TEXT,
    POSITIVE_VALUE,
    ValueType,
    bind_value,
    check_text,
    choose_from,
    parse_number,
)

AUTO, BY_DESCRIPTION, BY_REQUEST, BY_STANDARD_NAME = EXAM_CHOICES = (
    "auto",
    "study_description",
    "requested_procedure",
    "standard_name",
)
"""The values of the option exam_by."""

MOST_LINES = 200
"""Lines that exam_map may have."""

MAP_SIGN = " = "


def _parse_range(value: str) -> str:
    ends = re.split("[-–]", value)
    try:
        low, high = (parse_number(end) for end in ends)
    except ValueError:
        raise ValueError("must be two numbers such as 50-90") from None
    if Decimal(low) < 0 or Decimal(low) > Decimal(high):
        raise ValueError("must be two numbers such as 50-90, the smaller one first")
    return f"{low}-{high}"


def _parse_map(value: str) -> str:
    check_text(value)
    lines = [(n, line) for n, line in enumerate(re.split("\r\n|\r|\n", value), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValueError(f"must have at most {MOST_LINES} lines")
    parsed = []
    for n, line in lines:
        pattern, equals, exam = line.rpartition(MAP_SIGN)
        if len(line) > MAX_TEXT:
            raise ValueError(f"must have at most {MAX_TEXT} characters in a line, but line {n} has more")
        if not (equals and pattern.strip() and exam.strip()):
            raise ValueError(f'must be "pattern = DRL exam" in every line, but line {n} is not')
        parsed.append(pattern.strip() + MAP_SIGN + exam.strip())
    return "\n".join(parsed)


RANGE_VALUE = ValueType("range", "two numbers such as 50-90", _parse_range, bind_value)
MAP_VALUE = ValueType("lines", "lines of pattern = DRL exam", _parse_map, bind_value)


def list_options(modality: str) -> tuple[Option, ...]:
    """Return the options of the audit of a modality."""
    tables = choose_from((*drl.load_tables(), drl.NONE))
    common = (
        Option("exam_by", choose_from(EXAM_CHOICES), AUTO, "what names the exams"),
        Option("adult_age", POSITIVE_VALUE, "16", "age in years from which a patient is an adult"),
        Option("adult_weight", RANGE_VALUE, "", "only adults of this weight in kg, both ends included"),
        Option("child_bands", choose_from(BANDS), BY_WEIGHT, "groups of children by weight, age or both"),
        Option("drl", tables, drl.find_default(modality), "table of diagnostic reference levels"),
        Option("exam_map", MAP_VALUE, "", "exams that contain a pattern are this exam of the DRL table"),
        Option("z", POSITIVE_VALUE, "3.5", "list values with a robust z above this, high or low"),
        Option("above_p95", FLAG_VALUE, "no", "also list values above the 95th percentile of their group"),
        Option("drl_factor", POSITIVE_VALUE, "2", "list values above this multiple of the DRL"),
    )
    with_dap = [each for each in QUANTITIES[modality] if each.has_dap_unit]
    unit = (Option("dap_unit", DAP_UNIT_VALUE, with_dap[0].unit, "unit of DAP"),) if with_dap else ()
    return (*common, *unit)
