"""Pseudonyms in the rows of COPY, whose last cell carries the line end."""

import pytest

from doseexport.domain.pseudonyms import Pseudonyms
from doseexport.engine.pseudonyms import PseudonymRows

KEY = bytes(range(32))
PATIENT = b"p" + b"9434765919".hex().encode()


def change(*cells, shifts_dates=True):
    row = b",".join((b"7", b"0", PATIENT, b"p", b"p", *cells)) + b"\n"
    (changed,) = PseudonymRows(Pseudonyms(KEY), shifts_dates=shifts_dates).change(iter([row]), b",")
    assert changed.startswith(b"7,0,gfbovsdeqqwv6zk6,,,")
    return changed.removeprefix(b"7,0,gfbovsdeqqwv6zk6,,,")


@pytest.mark.parametrize("rest", [(), (b"",), (b'"a,b"', b"2026-03-01")])
def test_change_shifts_the_date_whatever_follows(rest):
    assert change(b"2026-03-01", *rest) == b",".join((b"2026-03-16", *rest)) + b"\n"
    assert change(b"2026-03", *rest, shifts_dates=False) == b",".join((b"2026-03", *rest)) + b"\n"


@pytest.mark.parametrize("day", [b"", rb"\N", b"infinity", b"0044-03-15 BC", b"9999-12-31", b"12026-03-01"])
@pytest.mark.parametrize("rest", [(), (b"x",)])
def test_change_writes_no_date_that_it_cannot_shift(day, rest):
    assert change(day, *rest) == b",".join((b"", *rest)) + b"\n"
