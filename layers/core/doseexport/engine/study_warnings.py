"""Warnings about studies, with the studies that they are about.

Each warning lists its first MOST_LISTED studies and counts the others, so that memory stays constant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from doseexport.catalogue import Spec, Stream

MOST_LISTED = 1_000
MOST_NAMED = 20
"""The studies that a message names."""


@dataclass(slots=True)
class Concerned:
    """What a warning is about: its number of rows and of studies, and the rows of each listed study.

    Studies are added by id, all rows of a study one after the other.
    """

    rows: int = 0
    studies: int = 0
    listed: dict[bytes, int] = field(default_factory=dict)
    _last: bytes = b""

    def add(self, study: bytes, rows: int = 1) -> None:
        """Add rows of a study. Rows of none are only counted."""
        self.rows += rows
        if not study:
            return
        if study != self._last:
            self._last = study
            self.studies += 1
            if len(self.listed) < MOST_LISTED:
                self.listed[study] = 0
        if study in self.listed:
            self.listed[study] += rows


class FlaggedRows:
    """The flagged rows of a stream. Flags are the text of a number: bit n is set if row warning n holds."""

    def __init__(self) -> None:
        self._by_bit: dict[int, Concerned] = {}
        self._by_flags: dict[bytes, tuple[Concerned, ...]] = {}

    def add(self, flags: bytes, study: bytes) -> None:
        """Add a row of a study with these flags."""
        if flags not in self._by_flags:
            number = int(flags)
            bits = [bit for bit in range(number.bit_length()) if number >> bit & 1]
            self._by_flags[flags] = tuple(self._by_bit.setdefault(bit, Concerned()) for bit in bits)
        for concerned in self._by_flags[flags]:
            concerned.add(study)

    def describe(self, stream: Stream) -> Iterator[tuple[str, Concerned]]:
        """Yield the messages of the stream's row warnings that hold, in their order."""
        for bit, warning in enumerate(stream.row_warnings):
            if bit in self._by_bit:
                yield warning.message, self._by_bit[bit]


class WarningLog:
    """The warnings about the study that is being written. `study` is its id, and is blank after the last."""

    def __init__(self) -> None:
        self.study = b""
        self._by_message: dict[str, Concerned] = {}

    def add(self, message: str, times: int = 1) -> None:
        """Add a warning about the study."""
        self._by_message.setdefault(message, Concerned()).add(self.study, times)

    def name_study(self) -> str:
        """Return the name of the study: Study and its id."""
        return f"Study {self.study.decode()}"

    def describe(self) -> Iterator[tuple[str, Concerned]]:
        """Yield the messages in the order in which they were first added."""
        yield from self._by_message.items()


@dataclass(frozen=True, slots=True)
class ListedStudy:
    """A study that a warning is about: its id in OpenREM, and how many of its rows are meant.

    `accession_number` is None where the file does not show it.
    """

    id: int
    accession_number: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class StudyWarning:
    """A warning about some studies. It lists the first of them, and `more` counts the others."""

    message: str
    studies: tuple[ListedStudy, ...] = ()
    more: int = 0


def count_warnings(found: Iterable[tuple[str, Concerned]]) -> list[StudyWarning]:
    """Return the warnings with their counts, without any study."""
    return [
        StudyWarning(message.format(n=each.rows, studies=f"of {each.studies:,} studies"))
        for message, each in found
    ]


def describe_warnings(
    found: Iterable[tuple[str, Concerned]], accession_numbers: Mapping[int, str]
) -> list[StudyWarning]:
    """Return the warnings with their counts. `accession_numbers` gives the numbers to show, by study id."""
    return [
        StudyWarning(
            message.format(n=concerned.rows, studies=_name_studies(concerned)),
            tuple(
                ListedStudy(int(study), accession_numbers.get(int(study)), rows)
                for study, rows in concerned.listed.items()
            ),
            concerned.studies - len(concerned.listed),
        )
        for message, concerned in found
    ]


def _name_studies(concerned: Concerned) -> str:
    """Return the first studies and their numbers of rows in words, and how many more there are."""
    named = [
        f"{rows:,} of study {study.decode()}" for study, rows in islice(concerned.listed.items(), MOST_NAMED)
    ]
    more = concerned.studies - len(named)
    return ", ".join([*named, f"the others of {more:,} more studies"] if more else named)


def list_ids(found: Iterable[tuple[str, Concerned]]) -> Collection[bytes]:
    """Return the ids of all listed studies."""
    return {study for _, concerned in found for study in concerned.listed}


def shows_accession_numbers(spec: Spec) -> bool:
    """Return whether every file of this type has a column of accession numbers.

    Where they are included on request only, they stay in that column.
    """
    return any(
        column.sql == "study.accession_number" and not column.included_by for column in spec.studies.columns
    )
