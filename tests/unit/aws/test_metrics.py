"""Failures that only a request explains wake nobody. Their codes are those that the product raises."""

import re
from pathlib import Path

import doseexport
from doseexport.aws.metrics import REQUEST_FAILURES


def test_request_failures_are_codes_of_the_product():
    root = Path(doseexport.__file__).parent
    rooms = ("catalogue", "engine")
    text = "\n".join(path.read_text() for room in rooms for path in (root / room).rglob("*.py"))
    raised = set(re.findall(r'ExportError\(\s*"([A-Z_]+)"', text))
    assert raised >= REQUEST_FAILURES
