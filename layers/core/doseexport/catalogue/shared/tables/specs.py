"""The export types of tables: a zip of csv or Parquet tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import RepeatWarning, Stream
from doseexport.catalogue.layouts import EVENT_ID, EVENT_NO, PARQUET, STUDY_ID, Table, Tables
from doseexport.catalogue.spec import Modality, Spec

STUDIES = Table("studies", "One row per study", (STUDY_ID,), ("study_id",))
EVENTS = Table(
    "events",
    "One row per irradiation event",
    (STUDY_ID, EVENT_ID, EVENT_NO),
    ("study_id", "event_id"),
    {"study_id": "studies"},
)


def make_tables(
    modality: Modality,
    studies: Stream,
    events: Stream,
    layout: Tables,
    repeat_warnings: tuple[RepeatWarning, ...],
) -> tuple[Spec, Spec]:
    """Return the specs of the tables of a modality: as csv, and the same as Parquet."""
    name = modality.name.lower()
    as_csv = Spec(
        type=f"{name}-tables",
        format="zip",
        help="Zip of csv tables with keys and types, for programs; do not open them in a spreadsheet",
        modality=modality,
        studies=studies,
        events=events,
        layout=layout,
        repeat_warnings=repeat_warnings,
        title="tables",
    )
    as_parquet = replace(
        as_csv,
        type=f"{name}-parquet",
        help="Zip of Parquet tables with real types, for DuckDB, pandas and Athena",
        layout=replace(layout, form=PARQUET),
    )
    return as_csv, as_parquet
