"""Read metrics from log lines as CloudWatch does (embedded metric format)."""

import json
from collections.abc import Iterator
from typing import Any


def read_lines(log: str) -> list[dict[str, Any]]:
    """The lines of a log that hold metrics."""
    return [line for line in map(_parse, log.splitlines()) if line and "_aws" in line]


def read_values(log: str, namespace: str = "doseexport") -> dict[str, list[float]]:
    """Every metric's values in the order in which they were written, with the one dimension checked."""
    values: dict[str, list[float]] = {}
    for name, value in _read_all(log, namespace):
        values.setdefault(name, []).append(value)
    return values


def _read_all(log: str, namespace: str) -> Iterator[tuple[str, float]]:
    for line in read_lines(log):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == namespace
        assert directive["Dimensions"] == [["service"]]
        assert line["service"] == "doseexport"
        for metric in directive["Metrics"]:
            yield from ((metric["Name"], value) for value in line[metric["Name"]])


def _parse(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
