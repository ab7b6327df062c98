"""The export type of tables: a zip of csv tables for programs (docs/tables.md)."""

from __future__ import annotations

from doseexport.catalogue.columns import RepeatWarning, Stream
from doseexport.catalogue.layouts import EVENT_ID, EVENT_NO, STUDY_ID, Table, Tables
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
) -> Spec:
    """Return the spec of the tables of a modality."""
    return Spec(
        type=f"{modality.name.lower()}-tables",
        format="zip",
        help="Zip of csv tables with keys and types, for programs; do not open them in a spreadsheet",
        modality=modality,
        studies=studies,
        events=events,
        layout=layout,
        repeat_warnings=repeat_warnings,
        title="tables",
    )
