"""What an audit reads of each study and event: exams, patients, values, and why a value is left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from doseexport.catalogue.columns import Cells, Column
from doseexport.catalogue.shared.audit.groups import NO_NAME
from doseexport.catalogue.shared.audit.options import (
    AUTO,
    BY_DESCRIPTION,
    BY_REQUEST,
    BY_STANDARD_NAME,
)
from doseexport.catalogue.shared.audit.quantities import QUANTITIES, Quantity

LOCALISER, STATIONARY = "localiser", "stationary acquisition"

STUDY_ID, STUDY_DATE, ACCESSION = "study id", "study date", "accession number"
DESCRIPTION, REQUEST, STUDY_NAMES = "study description", "requested procedure", "standard study names"
PSEUDONYM, STUDY_PSEUDONYM, ACCESSION_PSEUDONYM = "Pseudonym", "Study pseudonym", "Accession pseudonym"
STUDY_MONTH, SHIFTED_DATE = "Study month", "Shifted study date"
ROOM, AGE, WEIGHT = "room", "age", "weight"
EVENT_ID, PROTOCOL, EVENT_NAMES = "event id", "acquisition protocol", "standard acquisition names"
EVENT_VALUE, DETAIL, EXCLUSION = "value", "detail", "exclusion"
"""Headings of the columns that an audit reads. Those of the values of a study are names of quantities."""

_DERIVED = (PSEUDONYM, STUDY_PSEUDONYM, ACCESSION_PSEUDONYM, STUDY_MONTH, SHIFTED_DATE)


def list_derived(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return the columns that stand in the place of what identifies a study, if it has pseudonyms."""
    return tuple(each for each in columns if each.heading in _DERIVED)


def read_first(cells: Cells) -> str:
    """Return the detail that SQL has made."""
    return cells[0]


@dataclass(frozen=True, slots=True)
class AuditRules:
    """How the audit of a modality reads its studies and events.

    `make_detail` makes the detail of an event of the cells from the column DETAIL on. `detail_sql` differs
    where those details do, as far as SQL can tell, or is empty for the column DETAIL itself. With
    `exams_of_studies` events have the exams of their studies. `alerts` gives the place of the quantity on
    whose row the alerts of a study column stand.
    """

    modality: str
    make_detail: Callable[[Cells], str] = read_first
    detail_sql: str = ""
    exams_of_studies: bool = False
    alerts: Mapping[str, int] = field(default_factory=dict)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities of the modality."""
        return QUANTITIES[self.modality]

    @property
    def of_studies(self) -> tuple[Quantity, ...]:
        """The quantities with one value per study."""
        return tuple(each for each in self.quantities if not each.per_event)


class ExamNames:
    """The exams of studies and of events by the option exam_by."""

    def __init__(self, exam_by: str, *, events_as_studies: bool) -> None:
        self._exam_by = exam_by
        self._events_as_studies = events_as_studies

    def name_study(self, description: str, request: str, names: str) -> tuple[str, ...]:
        """Return the exams of a study. `names` is a JSON list of its standard names, or blank."""
        if self._exam_by == BY_REQUEST:
            return (request or NO_NAME,)
        if self._exam_by == BY_DESCRIPTION:
            return (description or NO_NAME,)
        other = NO_NAME if self._exam_by == BY_STANDARD_NAME else description
        return _list_names(names) or (other or NO_NAME,)

    def name_event(self, protocol: str, names: str, exams: tuple[str, ...]) -> tuple[str, ...]:
        """Return the exams of an event. `exams` are those of its study."""
        if self._events_as_studies:
            return exams
        if self._exam_by == BY_STANDARD_NAME:
            return _list_names(names) or (NO_NAME,)
        named = _list_names(names) if self._exam_by == AUTO else ()
        return named or (protocol or NO_NAME,)


def _list_names(names: str) -> tuple[str, ...]:
    return tuple(json.loads(names)) if names else ()


class Places:
    """The places of cells by the headings of their columns. A column that is not included has none."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._places = {column.heading: place for place, column in enumerate(columns)}

    def __getitem__(self, heading: str) -> int:
        return self._places[heading]

    def __contains__(self, heading: str) -> bool:
        return heading in self._places

    def make_reader(self, *headings: str) -> Callable[[Cells], tuple[str, ...]]:
        """Return the function from cells to those under headings, blank without such a column."""
        blank = len(self._places)
        places = [self._places.get(heading, blank) for heading in headings]
        read = itemgetter(*places)
        return (lambda cells: read([*cells, ""])) if blank in places else read
