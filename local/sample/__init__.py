"""A synthetic OpenREM database, made in SQL and the same every time.

The schema, the choices, the events, the studies around them, the defects, and last the keys.
"""

from pathlib import Path

import psycopg

FOLDER = Path(__file__).resolve().parent
STEPS = ("schema", "lookups", "events", "studies", "broken", "keys")


def fill(url: str, studies: int) -> None:
    """Fill the empty database at `url`: so many CT studies, and for every twenty one of another modality."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('sample.studies', %s, true)", [str(studies)])
        # The same plan every time: row_number() gives ids in the order rows are read.
        connection.execute("SET LOCAL synchronize_seqscans = off")
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("SET LOCAL work_mem = '256MB'")
        for step in STEPS:
            connection.execute((FOLDER / f"{step}.sql").read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
