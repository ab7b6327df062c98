"""A synthetic OpenREM database, made in SQL and the same every time.

The schema, the choices, the exposures, the studies around them, the defects, and last the keys.
A study that is called `broken: …` has the defect of that name, and is plain otherwise.
"""

from pathlib import Path

import psycopg

FOLDER = Path(__file__).resolve().parent / "sql"
STEPS = (
    *("schema", "schema_xray", "schema_nm"),
    *("lookups", "lookups_codes", "lookups_xray", "named"),
    *("events", "others", "events_rf", "events_mg", "events_dx"),
    *("named_exposures", "named_rf", "named_mg", "named_rows", "rows_xray", "totals_xray"),
    *("studies", "studies_other", "broken", "events_nm", "standard"),
    *("keys", "broken_other", "broken_nm", "end"),
)
# Studies of each other modality: so many for 6,500 of CT, and from NAMED_FROM on at least so many.
SHARES = {"rf": (500, 100), "mg": (2_000, 100), "dx": (1_000, 100), "nm": (200, 70)}
NAMED_FROM = 200


def fill(url: str, studies: int, *, rf_exposures: int = 0, **others: int) -> None:
    """Fill the empty database at `url`: so many CT studies, a bystander for every twenty, other modalities.

    Of those there are as many as `rf`, `mg`, `dx` and `nm` say, or in proportion. `rf_exposures` makes one
    RF study of so many exposures.
    """
    counts = {name: others.pop(name, _count_in_proportion(name, studies)) for name in SHARES}
    if others:
        raise TypeError(f"no such modality: {', '.join(others)}")
    counts |= {"studies": studies, "rf_exposures": rf_exposures}
    with psycopg.connect(url) as connection:
        for name, count in counts.items():
            connection.execute("SELECT set_config(%s, %s, false)", [f"sample.{name}", str(count)])
        # The same plan every time: row_number() gives ids in the order rows are read.
        connection.execute("SET synchronize_seqscans = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET work_mem = '256MB'")
        for step in STEPS:
            connection.execute((FOLDER / f"{step}.sql").read_bytes())
            if step == "keys":
                # The transaction that indexes rows it has changed cannot use the index: each key would be
                # looked for by reading the whole table.
                connection.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def enable_standard_names(url: str) -> None:
    """Turn standard names on, in a database that a test has for itself."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE remapp_standardnamesettings SET enable_standard_names = true")


def _count_in_proportion(name: str, studies: int) -> int:
    share, least = SHARES[name]
    return max(studies * share // 6_500, least if studies >= NAMED_FROM else 1)
