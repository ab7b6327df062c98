"""Tables of OpenREM's standard names, which exist where OpenREM has them switched on."""

from __future__ import annotations

from doseexport.catalogue.columns import COUNTED, NEVER, STANDARD, Column
from doseexport.catalogue.layouts import EVENT_ID, STUDY_ID, Table
from doseexport.catalogue.shared.standard_names import join_event_names, join_study_names
from doseexport.catalogue.shared.tables.columns import number_rows

_NAME = Column(
    "standard_name",
    "named.name",
    meaning="OpenREM's standard name",
    source="standardnames.standard_name",
    blank=NEVER,
    rows="one row per name, sorted",
    included_by=STANDARD,
)


def list_name_tables(modality: str, event_tables: str, link: str) -> tuple[Table, Table]:
    """Return the tables of the names of studies and of events.

    `event_tables` joins `chosen` to `event`, and `link` is the table of events without its prefix remapp_.
    """
    studies = Table(
        name="study_names",
        help="One row per standard name that maps the description or the requested procedure of a study",
        columns=(
            STUDY_ID,
            Column(
                "source",
                "named.source",
                meaning="What the name maps: study_description or requested_procedure",
                source=COUNTED,
                blank=NEVER,
            ),
            number_rows("named.name", "named.place", "Number of the name, from 1, sorted"),
            _NAME,
        ),
        key=("study_id", "source", "n"),
        references={"study_id": "studies"},
        joins=(
            "JOIN remapp_generalstudymoduleattr study ON study.id = chosen.id " + join_study_names(modality)
        ),
        order=("named.place", "named.name"),
        included_by=STANDARD,
    )
    events = Table(
        name="event_names",
        help="One row per standard name of an event",
        columns=(
            EVENT_ID.named(EVENT_ID.heading, source=f"{link}.id"),
            number_rows("named.name", meaning="Number of the name, from 1, sorted"),
            _NAME,
        ),
        key=("event_id", "n"),
        references={"event_id": "events"},
        joins=f"{event_tables} {join_event_names(link, modality)}",
        order=("event.id", "named.name"),
        included_by=STANDARD,
    )
    return studies, events
