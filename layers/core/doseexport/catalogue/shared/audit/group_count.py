"""The number of groups to expect of an audit, in SQL: the grouping of the builder, counted by the database.

It differs from the audit's own number where a study or an event has several standard names, which count as
one here, where a table has several rows per event, and in mammography, whose technique SQL cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from doseexport.catalogue.columns import Column, Stream
from doseexport.catalogue.schema import STANDARD_NAME_SETTINGS, STUDY_TABLE
from doseexport.catalogue.shared.audit import reading
from doseexport.catalogue.shared.audit.options import (
    AUTO,
    BY_DESCRIPTION,
    BY_REQUEST,
    BY_STANDARD_NAME,
)
from doseexport.catalogue.shared.audit.populations import write_populations
from doseexport.catalogue.shared.audit.reading import AuditRules
from doseexport.catalogue.spec import Modality

_IS_ON = f"(SELECT bool_or(enable_standard_names) FROM {STANDARD_NAME_SETTINGS})"


@dataclass(frozen=True, slots=True)
class GroupCount:
    """The count of the groups of a modality's audit, by what it reads of studies and events."""

    modality: Modality
    rules: AuditRules
    studies: Stream
    events: Stream | None

    def write(self, options: Mapping[str, str], has_names: bool) -> str:
        """Return SQL over `chosen` (id) for the number of groups. `has_names`: OpenREM has standard names."""
        study = _read_columns(self.studies.columns)
        populations = write_populations(study[reading.AGE], study[reading.WEIGHT], options)
        values = [
            f"({_is_value(study[quantity.name])}) AS value_{place}"
            for place, quantity in enumerate(self.rules.of_studies)
        ]
        columns = (
            f"{_name_study(study, options['exam_by'], has_names)} AS exam",
            f"{_find_first([study[reading.ROOM]])} AS room",
            f"{populations} AS populations",
            *values,
        )
        groups = " UNION ALL ".join(self._list_groups(options["exam_by"], has_names))
        return (
            f"WITH grouped AS (SELECT DISTINCT ON (chosen.id) chosen.id, {', '.join(columns)}"
            f" FROM chosen JOIN {STUDY_TABLE} study ON study.id = chosen.id {self.studies.joins}"
            f" ORDER BY {', '.join(('chosen.id', *self.studies.ties))})"
            f" SELECT count(*) FROM ({groups}) groups"
        )

    def _list_groups(self, exam_by: str, has_names: bool) -> Iterator[str]:
        """Yield the SELECT of the groups of each quantity."""
        for place, _ in enumerate(self.rules.of_studies):
            yield (
                f"SELECT DISTINCT exam, room, unnest(populations), ''::text FROM grouped WHERE value_{place}"
            )
        if self.events is None:
            return
        event = _read_columns(self.events.columns)
        exam = "chosen.exam" if self.rules.exams_of_studies else _name_event(event, exam_by, has_names)
        detail = self.rules.detail_sql or event[reading.DETAIL]
        condition = _is_value(event[reading.EVENT_VALUE])
        if reading.EXCLUSION in event:
            condition += f" AND {event[reading.EXCLUSION]} IS NULL"
        yield (
            f"SELECT DISTINCT {exam}, chosen.room, unnest(chosen.populations), coalesce({detail}, '')"
            f" FROM grouped chosen {self.modality.event_tables} {self.events.joins} WHERE {condition}"
        )


def _read_columns(columns: Iterable[Column]) -> dict[str, str]:
    return {column.heading: column.sql for column in columns}


def _is_value(number: str) -> str:
    return f"{number} > 0 AND {number} <> 'NaN'"


def _name_study(study: Mapping[str, str], exam_by: str, has_names: bool) -> str:
    """Return SQL for the exam of a study, as ExamNames names it."""
    names = _read_names(study, reading.STUDY_NAMES, has_names)
    return _find_first(
        {
            BY_REQUEST: [study[reading.REQUEST]],
            BY_DESCRIPTION: [study[reading.DESCRIPTION]],
            BY_STANDARD_NAME: names,
            AUTO: [*names, study[reading.DESCRIPTION]],
        }[exam_by]
    )


def _name_event(event: Mapping[str, str], exam_by: str, has_names: bool) -> str:
    """Return SQL for the exam of an event, as ExamNames names it."""
    names = _read_names(event, reading.EVENT_NAMES, has_names)
    protocol = event[reading.PROTOCOL]
    return _find_first({BY_STANDARD_NAME: names, AUTO: [*names, protocol]}.get(exam_by, [protocol]))


def _read_names(columns: Mapping[str, str], heading: str, has_names: bool) -> list[str]:
    """Return SQL for standard names, if there are any. OpenREM can have them switched off."""
    return [f"CASE WHEN {_IS_ON} THEN {columns[heading]} END"] if has_names and heading in columns else []


def _find_first(texts: Iterable[str]) -> str:
    """Return SQL for the first of the texts that is not blank, or the empty text."""
    given = [f"nullif({text}, '')" for text in texts]
    return f"coalesce({', '.join([*given, repr('')])})"
