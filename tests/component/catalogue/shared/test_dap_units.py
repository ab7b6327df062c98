"""The option dap_unit converts every DAP of a file, headings and values together, and nothing else."""

import io
import re
from decimal import Decimal
from functools import cache

import pytest
import python_calamine

from doseexport.errors import RequestError
from tests.component.exporting import export, parse, read_csv

PER_GYM2 = {"Gy.m^2": 1, "cGy.cm^2": 10**6, "Gy.cm^2": 10**4, "uGy.m^2": 10**6, "mGy.cm^2": 10**7}
UNITS = {"Gy·cm²": "Gy.cm^2", "cGy.cm2": "cGy.cm^2", "uGy.m2": "uGy.m^2", "mGy·cm²": "mGy.cm^2"}
HEADING = re.compile(r"\((c?Gy\.c?m\^2)\)")


def read_rows(url, name, unit):
    options = {"dap_unit": unit} if unit else {}
    data, _ = export(url, type=name, options=options)
    if name.endswith("csv"):
        return read_csv(data)
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = [
        book.get_sheet_by_name(each).to_python(skip_empty_area=False) for each in book.sheet_names[1:-2]
    ]
    return [row for rows in sheets for row in rows]


@cache
def read_plain_rows(url, name):
    """Return the rows in the unit of OpenREM, read once for all other units."""
    return read_rows(url, name, "")


def is_number(cell):
    return isinstance(cell, float) or bool(re.fullmatch(r"-?\d+(\.\d+)?", str(cell)))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", ["rf-csv", "rf-xlsx", "dx-csv", "dx-xlsx"])
def test_dap_unit_converts_headings_and_values(sample_url, name, unit):
    plain, converted = read_plain_rows(sample_url, name), read_rows(sample_url, name, unit)
    assert len(plain) == len(converted)
    factors, changed = [], 0
    for before, after in zip(plain, converted, strict=True):
        found = [HEADING.search(str(cell)) for cell in before]
        if any(found):
            factors = [Decimal(PER_GYM2[UNITS[unit]]) / PER_GYM2[each[1]] if each else None for each in found]
            expected = [HEADING.sub(f"({UNITS[unit]})", str(cell)) for cell in before]
            assert [str(cell) for cell in after] == expected
            continue
        for cell, other, factor in zip(before, after, factors + [None] * len(before), strict=False):
            if factor is None or not is_number(cell):
                assert cell == other
            elif isinstance(cell, str):
                assert Decimal(other) == Decimal(cell) * factor
                changed += 1
            else:
                assert other == pytest.approx(cell * float(factor), rel=1e-12)
                changed += 1
    assert changed


def test_dap_unit_is_no_option_of_forms_and_of_other_modalities():
    for name in ("ct-csv", "rf-phe2019", "dx-phe2019-study", "mg-csv"):
        with pytest.raises(RequestError) as refused:
            parse(type=name, options={"dap_unit": "Gy·cm²"})
        assert refused.value.field == "options.dap_unit"
    with pytest.raises(RequestError, match="as_openrem"):
        parse(type="rf-csv", options={"dap_unit": "Gy"})
