"""The limit of csv: the same rows as COPY gives them, written down and nothing else.

Run as `python -m tests.benchmarks.bare_copy URL FILE`.
"""

import sys

from doseexport.database import Database
from doseexport.database_formats import CSV
from doseexport.query import build_queries
from doseexport.request import ExportRequest


def main(url: str, path: str) -> None:
    """Copy the rows of studies, then those of events."""
    queries = build_queries(ExportRequest("ct-csv"))
    with Database({"conninfo": url}).open_snapshot() as snapshot, open(path, "wb") as file:  # noqa: PTH123
        for rows in snapshot.stream(queries, CSV):
            file.writelines(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
