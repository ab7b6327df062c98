"""Put pseudonyms into the rows of an export, between COPY and the file.

SQL gives the identifiers of a study in hexadecimal, in front of its other cells, so that no quoting has to be
read. The keys of tables are numbers in their first columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from doseexport.catalogue import Column
from doseexport.catalogue.options import DATES, SHIFTED
from doseexport.catalogue.shared.pseudonyms import HASHED, KEYS
from doseexport.domain.pseudonyms import ACCESSION, PATIENT, STUDY, Pseudonyms, normalise
from doseexport.domain.request import ExportRequest
from doseexport.errors import ExportError

Rows = Iterator[tuple[bytes, bytes]]
"""Rows of a table, each with the id of its study, as the file holds them."""


class PseudonymRows:
    """What the pseudonyms of an export change in its rows."""

    def __init__(self, pseudonyms: Pseudonyms, *, shifts_dates: bool) -> None:
        self.key_id = pseudonyms.key_id
        self._pseudonyms = pseudonyms
        self._shifts_dates = shifts_dates

    def change(self, rows: Iterator[bytes], separator: bytes) -> Iterator[bytes]:
        """Yield study rows, (study id, flags, derived cells, cells…), with pseudonyms and shifted dates.

        The last cell, which can be the date, ends with the line.
        """
        make = self._pseudonyms.make
        most = 6 if self._shifts_dates else 5
        for row in rows:
            study_id, flags, patient, study, accession, *rest = row[:-1].split(separator, most)
            who = _decode(patient)
            cells = [make(PATIENT, who), make(STUDY, _decode(study)), make(ACCESSION, _decode(accession))]
            if self._shifts_dates:
                cells.append(self._pseudonyms.shift(rest.pop(0).decode(), who))
            yield separator.join((study_id, flags, *(each.encode() for each in cells), *rest)) + b"\n"

    def change_keys(self, rows: Rows, columns: tuple[Column, ...]) -> Rows:
        """Yield the rows of a table of these columns, in csv, with pseudonyms in its keys.

        What stands before the last key is a number, and never quoted.
        """
        places = {place: each.heading for place, each in enumerate(columns) if each.heading in KEYS}
        most = max(places) + 1
        last = dict.fromkeys(places, (b"", b""))
        for study, row in rows:
            *cells, rest = row.split(b",", most)
            for place, heading in places.items():
                key, made = last[place]
                if key != cells[place]:  # the rows of a study and of an event follow each other
                    key = cells[place]
                    made = self._pseudonyms.make(heading, key.decode()).encode()
                    last[place] = key, made
                cells[place] = made
            yield study, b",".join((*cells, rest))


def prepare_pseudonyms(request: ExportRequest, key: bytes | None) -> PseudonymRows | None:
    """Return what a request's pseudonyms change, or None if it has none.

    Raise ExportError without their key.
    """
    if not request.has_pseudonyms:
        return None
    if key is None:
        raise ExportError("PSEUDONYM_KEY_MISSING", "There is no key for the pseudonyms of this project.")
    return PseudonymRows(Pseudonyms(key), shifts_dates=request.options[DATES.name] == SHIFTED)


def _decode(cell: bytes) -> str:
    """Return the value of an encoded identifier: normalised, but a hash that OpenREM stores as it is."""
    value = bytes.fromhex(cell[1:].decode()).decode()
    return value if cell.startswith(HASHED.encode()) else normalise(value)
