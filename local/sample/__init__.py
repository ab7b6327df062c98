"""Fill a reproducible synthetic OpenREM database, in SQL.

The steps create the schema, the choices, the exposures, their studies, the defects, and finally the keys.
A study named `broken: …` has the defect of that name and is plain otherwise.
"""

from datetime import UTC, date, datetime, timedelta
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
# For each other modality: its studies per 6,500 CT studies, and its minimum from NAMED_FROM CT studies on.
SHARES = {"rf": (500, 100), "mg": (2_000, 100), "dx": (1_000, 100), "nm": (200, 70)}
NAMED_FROM = 200
LAST_DAY = date(2025, 11, 4)
"""The last day of studies in tests, whose numbers must not change with the date."""


def fill(url: str, studies: int, *, rf_exposures: int = 0, last_day: date = LAST_DAY, **others: int) -> None:
    """Fill the empty database at `url` with this number of CT studies, and with other modalities.

    There is one bystander of another modality per twenty CT studies. `rf`, `mg`, `dx` and `nm` set the number
    of studies of these modalities, which is in proportion by default. `rf_exposures` sets the number of
    exposures of the first RF study. Studies are from the seven years up to `last_day`.
    """
    counts = {name: others.pop(name, _count_in_proportion(name, studies)) for name in SHARES}
    if others:
        raise TypeError(f"unknown modality: {', '.join(others)}")
    counts |= {"studies": studies, "rf_exposures": rf_exposures}
    with psycopg.connect(url) as connection:
        for name, count in counts.items():
            connection.execute("SELECT set_config(%s, %s, false)", [f"sample.{name}", str(count)])
        connection.execute("SELECT set_config('sample.last_day', %s, false)", [last_day.isoformat()])
        # Scans must always start at the first row, because row_number() assigns ids in the order of reading.
        connection.execute("SET synchronize_seqscans = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET work_mem = '256MB'")
        for step in STEPS:
            connection.execute((FOLDER / f"{step}.sql").read_bytes())
            if step == "keys":
                # A transaction cannot use an index that it created on rows that it changed. Without a commit,
                # each key would be looked up by a scan of the table.
                connection.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def find_yesterday() -> date:
    """Return the last day of a database for people: shortcuts such as "Last 30 days" then find studies."""
    return datetime.now(UTC).date() - timedelta(days=1)


def enable_standard_names(url: str) -> None:
    """Enable standard names, in a database that only one test uses."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE remapp_standardnamesettings SET enable_standard_names = true")


def _count_in_proportion(name: str, studies: int) -> int:
    share, least = SHARES[name]
    return max(studies * share // 6_500, least if studies >= NAMED_FROM else 1)
