"""Suggest values of filters from the dose database, with the number of studies that have each.

Only filters that are marked for it suggest anything, and none that identifies a patient. The cache holds
whole lists by modality and filter, never what a user types.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from doseexport.actions.results import Suggestions
from doseexport.aws.credentials import find_database
from doseexport.aws.logging import describe_error
from doseexport.aws.services import Services
from doseexport.catalogue import Spec
from doseexport.catalogue.filters import Filter, refuse_filter
from doseexport.catalogue.schema import Schema
from doseexport.catalogue.values import parse_text
from doseexport.domain.request import parse_type
from doseexport.domain.rights import Caller, require_service
from doseexport.engine.postgres_errors import TIMED_OUT
from doseexport.engine.query import Query, build_suggestions
from doseexport.errors import ExportError, RequestError, UnavailableError, unprocessable

PARAMETERS = ("type", "filter", "q")
MOST_SUGGESTED = 20
MOST_CACHED = 2000
"""The most texts of a filter that are held. A rarer one is looked up."""
CACHE_SECONDS = 300.0
STATEMENT_SECONDS = 2.0
"""How long PostgreSQL may look for suggestions. Someone is typing."""
LETTERS = 2
"""The letters to ask for when the database could not answer in time."""

_LOGGER = logging.getLogger(__name__)

Rows = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """The most frequent texts of a filter. None if the database could not list them in time."""

    values: Rows | None
    is_complete: bool


class SuggestionCache:
    """The lists of one function's process. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[tuple[str, str], tuple[float, Entry]] = {}

    def find(self, modality: str, filter_name: str) -> Entry | None:
        """Return the list of a filter, or None if there is none or it is too old."""
        stored_at, entry = self._entries.get((modality, filter_name), (0.0, None))
        return entry if entry and self._clock() < stored_at + CACHE_SECONDS else None

    def store(self, modality: str, filter_name: str, entry: Entry) -> None:
        """Hold the list of a filter for some minutes."""
        self._entries[modality, filter_name] = (self._clock(), entry)


def list_suggestions(
    services: Services, cache: SuggestionCache, caller: Caller, parameters: Mapping[str, str]
) -> Suggestions:
    """Return the most frequent texts that contain `q`, for a filter of a type.

    Raise RequestError: 403, 422 for a filter that suggests nothing, and 503 if the database cannot answer.
    """
    require_service(caller)
    spec, known = _find_filter(parameters)
    part = _parse_part(parameters.get("q", ""))
    entry = cache.find(spec.modality.name, known.name)
    if entry is None:
        entry = _load_entry(services, spec, known)
        cache.store(spec.modality.name, known.name, entry)
    if entry.values is not None:
        found = [(value, count) for value, count in entry.values if part.lower() in value.lower()]
        if entry.is_complete or len(part) < LETTERS or len(found) > MOST_SUGGESTED:
            return _cut(found, is_complete=entry.is_complete)
    if len(part) < LETTERS:
        return Suggestions((), is_complete=False, letters_needed=LETTERS)
    values = _fetch_in_time(services, spec, known, MOST_SUGGESTED + 1, part)
    if values is None:
        return Suggestions((), is_complete=False, letters_needed=len(part) + LETTERS)
    return _cut(values, is_complete=True)


def fetch_values(services: Services, spec: Spec, known: Filter, most: int, part: str) -> Rows:
    """Return the texts of a filter that contain a part, and their counts. Raise ExportError."""
    database = find_database(services.settings, "doseexport:suggestions", lambda: STATEMENT_SECONDS)
    query = build_suggestions(spec, known, most, part)

    def build_query(schema: Schema) -> Query:
        schema.require(spec.list_features([known.name]))
        return query

    return database.fetch_rows(query.tables, build_query)


def _find_filter(parameters: Mapping[str, str]) -> tuple[Spec, Filter]:
    spec = parse_type(parameters.get("type"))
    name = parameters.get("filter")
    for known in spec.filters:
        if name in (known.name, *known.aliases):
            if _can_suggest(known):
                return spec, known
            raise unprocessable("NO_SUGGESTIONS", "There are no suggestions for this filter.", "filter")
    raise refuse_filter((each for each in spec.filters if _can_suggest(each)), "filter")


def _can_suggest(known: Filter) -> bool:
    return known.suggests and not known.identifies_patient


def _parse_part(text: str) -> str:
    try:
        return parse_text(text.strip())
    except ValueError as error:
        raise unprocessable("BAD_FILTER_VALUE", f"The value {error}.", "q") from None


def _load_entry(services: Services, spec: Spec, known: Filter) -> Entry:
    values = _fetch_in_time(services, spec, known, MOST_CACHED + 1, "")
    if values is None:
        return Entry(None, is_complete=False)
    return Entry(values[:MOST_CACHED], is_complete=len(values) <= MOST_CACHED)


def _fetch_in_time(services: Services, spec: Spec, known: Filter, most: int, part: str) -> Rows | None:
    """Return texts and their counts. Return None if the database could not answer in time."""
    try:
        return fetch_values(services, spec, known, most, part)
    except ExportError as error:
        if error.code in TIMED_OUT:
            return None
        if error.code == "NOT_IN_OPENREM":
            raise RequestError(error.code, error.message, "filter", 422) from None
        _LOGGER.warning("suggestions_failed", extra=describe_error(error))
        raise UnavailableError(error.code, error.message) from None


def _cut(found: Rows, *, is_complete: bool) -> Suggestions:
    return Suggestions(found[:MOST_SUGGESTED], is_complete and len(found) <= MOST_SUGGESTED)
