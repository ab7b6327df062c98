"""Write the rows as COPY returns them. No csv export can be faster.

Run as `python -m tests.benchmarks.bare_copy TYPE URL FILE`. Both COPY statements run at once, as in exports.
"""

import sys

from doseexport.catalogue import Inclusions
from doseexport.domain.request import ExportRequest
from doseexport.engine.copy_text import CSV
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries


def main(export_type: str, url: str, path: str) -> None:
    """Write the rows of studies, then those of events."""
    queries = build_queries(ExportRequest(export_type), Inclusions())
    with Database({"conninfo": url}).open_snapshot() as snapshot, open(path, "wb") as file:  # noqa: PTH123
        snapshot.begin()
        snapshot.start_longest(queries, CSV)
        for rows in snapshot.stream(queries, CSV):
            file.writelines(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
