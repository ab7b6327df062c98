"""OpenREM's standard names as columns, Summary tables, sheets and filters (docs/export-rules.md §12).

They exist where OpenREM has them switched on. The names of a study are those that map its description or
its requested procedure. The names of an event are those linked to it, and those that map its acquisition
protocol, because OpenREM 1.0.0b2 linked only the first image of a study. Several names are sorted and
joined by " | ".
"""

from __future__ import annotations

from doseexport.catalogue.columns import STANDARD, Column
from doseexport.catalogue.filters import Filter
from doseexport.catalogue.layouts import EVENTS, Frequency
from doseexport.catalogue.schema import STANDARD_NAMES
from doseexport.catalogue.values import TEXT_VALUE

STANDARD_SHEETS = "standard sheets"
_SOURCE = "standardnames.standard_name"
JOINED = "sorted and joined by |"

# Sort by code points, so that the order does not depend on the collation of the server.
_NAME = 'standard.standard_name COLLATE "C"'
_SORTED_NAMES = f"string_agg(DISTINCT {_NAME}, ' | ' ORDER BY {_NAME})"


def name_study(heading: str, modality: str, matches: str) -> Column:
    """Return the column of names that map a text of the study. Both tables have the column `matches`."""
    sql = (
        f"(SELECT {_SORTED_NAMES}"
        f" FROM remapp_standardnames standard WHERE standard.modality = '{modality}'"
        f" AND standard.{matches} = study.{matches} AND standard.standard_name <> '')"
    )
    return Column(
        heading,
        sql,
        meaning="Standard names that map this text of the study",
        source=f"{_SOURCE}, standardnames.{matches}",
        blank="no standard name maps it",
        rows=JOINED,
        included_by=STANDARD,
    )


def _linked(link: str) -> str:
    """Return SQL for the names linked to `event`. `link` is its table without the prefix remapp_."""
    return (
        f"FROM remapp_{link}_standard_protocols link"
        " JOIN remapp_standardnames standard ON standard.id = link.standardnames_id"
        f" WHERE link.{link}_id = event.id AND standard.standard_name <> ''"
    )


def _mapped(modality: str) -> str:
    """Return SQL for the names of a modality that map the acquisition protocol of `event`."""
    return (
        f"FROM remapp_standardnames standard WHERE standard.modality = '{modality}'"
        " AND standard.acquisition_protocol = event.acquisition_protocol AND standard.standard_name <> ''"
    )


def _of_event(link: str, modality: str) -> str:
    """Return SQL for the names of `event` as `standard`. A name can be there twice."""
    name = "SELECT standard.standard_name"
    return f"FROM ({name} {_linked(link)} UNION ALL {name} {_mapped(modality)}) standard"


def name_event(link: str, modality: str) -> Column:
    """Return the column of an event's names. `link` is the table of events without its prefix remapp_."""
    return Column(
        "Standard acquisition name",
        f"(SELECT {_SORTED_NAMES} {_of_event(link, modality)})",
        meaning="Standard names linked to the event, and those that map its protocol",
        source=f"{_SOURCE}, standardnames.acquisition_protocol",
        blank="no standard name fits",
        rows=JOINED,
        included_by=STANDARD,
    )


def list_event_names(link: str, modality: str) -> Column:
    """Return the extra that holds an event's names as a JSON list, which chooses its sheets."""
    names = "json_agg(DISTINCT standard.standard_name)::text"
    return Column(STANDARD_SHEETS, f"(SELECT {names} {_of_event(link, modality)})", included_by=STANDARD)


def list_names(heading: str, link: str, of: str, join: str) -> Column:
    """Return the column of the names linked to a study or an event, as a JSON list sorted by code point.

    `link` is the table of links without its prefix remapp_, `of` its column, and `join` what that refers to.
    """
    sql = (
        f"(SELECT json_agg(DISTINCT {_NAME})::text FROM remapp_{link} link"
        " JOIN remapp_standardnames standard ON standard.id = link.standardnames_id"
        f" WHERE link.{of} = {join} AND standard.standard_name <> '')"
    )
    return Column(heading, sql, meaning="OpenREM's standard names", included_by=STANDARD)


def join_event_names(link: str, modality: str) -> str:
    """Return the join of `event` to its names, as the column `name` of `named`."""
    return f"JOIN LATERAL (SELECT DISTINCT {_NAME} AS name {_of_event(link, modality)}) named ON true"


def join_study_names(modality: str) -> str:
    """Return the join of `study` to the names that map its texts, as the columns of `named`.

    `name` is the name, `source` the text that it maps, and `place` sorts the texts.
    """
    texts = (("1", "study_description"), ("2", "requested_procedure_code_meaning"))
    names = " UNION ALL ".join(
        f"SELECT DISTINCT {place} AS place, '{text.removesuffix('_code_meaning')}' AS source, {_NAME} AS name"
        f" FROM remapp_standardnames standard WHERE standard.modality = '{modality}'"
        f" AND standard.{text} = study.{text} AND standard.standard_name <> ''"
        for place, text in texts
    )
    return f"JOIN LATERAL ({names}) named ON true"


STUDY_NAMES = Frequency(
    "Standard study name",
    "standard.standard_name",
    _SOURCE,
    joins=(
        "JOIN remapp_generalstudymoduleattr_standard_names link ON link.generalstudymoduleattr_id = study.id"
        " JOIN remapp_standardnames standard ON standard.id = link.standardnames_id"
        " AND standard.standard_name <> ''"
    ),
    included_by=STANDARD,
)


def count_event_names(link: str, modality: str) -> Frequency:
    """Return the table of events' names on the sheet Summary."""
    return Frequency(
        "Standard acquisition name",
        "standard.standard_name",
        _SOURCE,
        of=EVENTS,
        joins=f"JOIN LATERAL (SELECT standard.standard_name {_of_event(link, modality)}) standard ON true",
        included_by=STANDARD,
    )


def filter_event_names(scope: str, link: str, modality: str, alias: str) -> Filter:
    """Return the filter by a standard name of an event. `alias` begins OpenREM's name of the filter."""
    return Filter(
        "standard_acquisition_name",
        TEXT_VALUE,
        scope,
        f"EXISTS (SELECT {_linked(link)} AND standard.standard_name ILIKE %s)"
        f" OR EXISTS (SELECT {_mapped(modality)} AND standard.standard_name ILIKE %s)",
        "an event's standard name contains",
        (alias + "standard_protocols__standard_name",),
        feature=STANDARD_NAMES,
        suggests=True,
        values=f"unnest(ARRAY(SELECT standard.standard_name {_of_event(link, modality)}))",
    )
