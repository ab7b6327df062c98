"""The dictionary of a file or of an export type: what the cells below each heading hold.

The texts stand with the columns. A block that a file repeats, such as E1, E2 and so on, is described once,
under a pattern of its headings: E<n> CTDIvol. Sheets that data name have one too: <acquisition protocol>.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from doseexport.catalogue import find_spec
from doseexport.catalogue.columns import (
    COUNTED,
    DATETIME,
    ID,
    NAME,
    NAME_OR_ID,
    NEVER,
    STANDARD,
    Column,
    Inclusions,
)
from doseexport.catalogue.layouts import (
    ALL_DATA,
    STANDARD_PREFIX,
    SUMMARY,
    WARNINGS,
    CustomRows,
    FileContext,
    Frequency,
    Long,
    ModalityWorkbook,
    Tables,
)
from doseexport.catalogue.shared.column_choice import list_choices
from doseexport.catalogue.shared.study import ACCESSION, STUDY_ID
from doseexport.catalogue.spec import Spec

NUMBERED = "<n>"
"""The number in the pattern of repeated headings."""
_IN_TIME_ZONE = "read in the time zone that the manifest names"

_FIRST = "the first by id, with a warning"
_PER_STUDY, _PER_EVENT = "one row per study", "one row per event"
ROWS = {
    "generalstudymoduleattr": _PER_STUDY,
    "patientmoduleattr": _FIRST,
    "patientstudymoduleattr": _FIRST,
    "generalequipmentmoduleattr": _FIRST,
    "uniqueequipmentnames": "that of the first equipment record, with a warning",
    "ctradiationdose": _FIRST,
    "projectionxrayradiationdose": _FIRST,
    "radiopharmaceuticalradiationdose": "one row per dose report, each with its administrations",
    "ctirradiationeventdata": _PER_EVENT,
    "irradeventxraydata": _PER_EVENT,
    "radiopharmaceuticaladministrationeventdata": "one row per administration",
    "scanninglength": _FIRST,
    "ctdosecheckdetails": _FIRST,
    "irradeventxraysourcedata": _FIRST,
    "irradeventxraymechanicaldata": _FIRST,
    "irradeventxraydetectordata": _FIRST,
    "doserelateddistancemeasurements": _FIRST,
    "radiopharmaceuticaladministrationpatientcharacteristics": _FIRST,
}
"""What happens to several rows of a table (docs/export-rules.md §1.1). A column can have an own rule."""

INCLUDED_BY = {
    "": "",
    NAME: "include_names",
    ID: "include_ids",
    NAME_OR_ID: "include_names or include_ids",
    STANDARD: "standard names switched on in OpenREM",
}
"""When a file has a column, by Column.included_by."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the cells below a heading hold, on the sheets of these names. A csv has none.

    `included_by` says when a file has the column, and is empty for a column of every file. `column` is what
    the option leave_out calls it, and empty for a column that cannot be left out.
    """

    sheets: tuple[str, ...]
    heading: str
    meaning: str
    unit: str
    dicom: str
    source: str
    conversion: str
    blank: str
    several_rows: str
    included_by: str = ""
    column: str = field(default="", compare=False)

    @property
    def texts(self) -> dict[str, str | list[str]]:
        """What it says of a file, by name. `included_by` has been decided there."""
        return {
            "sheets": list(self.sheets),
            "heading": self.heading,
            "meaning": self.meaning,
            "unit": self.unit,
            "dicom": self.dicom,
            "source": self.source,
            "conversion": self.conversion,
            "blank": self.blank,
            "several_rows": self.several_rows,
        }


WARNING_COLUMNS = (
    Column("Warning", "", meaning="The warning", source=COUNTED, blank=NEVER),
    STUDY_ID.made("Study ID"),
    ACCESSION.made("Accession number", blank="not recorded, or not shown in the file"),
    Column(
        "Number",
        "",
        meaning="Number of rows of the study that are meant",
        source=COUNTED,
        blank="the row counts further studies",
    ),
)
"""The columns of the sheet Warnings."""


@functools.cache
def describe_type(export_type: str) -> tuple[Entry, ...]:
    """Return an entry for every heading that a file of the type can have."""
    spec = find_spec(export_type)
    every = Inclusions(include_names=True, include_ids=True, standard=True)
    return describe_file(spec, spec.build_sample_context(), every)


def describe_file(spec: Spec, context: FileContext, inclusions: Inclusions) -> tuple[Entry, ...]:
    """Return an entry for every heading of a file, in the order of the headings."""
    sheets: dict[tuple[str, Column], dict[str, None]] = {}
    for sheet, heading, column in _list_headings(spec, context, inclusions):
        if heading:
            same = column.named(heading) if column.pattern else column
            sheets.setdefault((heading, same), {})[sheet] = None
    has_sheets = spec.format != "csv"
    choices = set(list_choices(spec))
    return tuple(
        _describe(tuple(names) if has_sheets else (), heading, column, can_leave=column in choices)
        for (heading, column), names in sheets.items()
    )


def _describe(sheets: tuple[str, ...], heading: str, column: Column, *, can_leave: bool) -> Entry:
    table = column.source.partition(".")[0]
    return Entry(
        sheets=sheets,
        heading=heading,
        meaning=column.meaning,
        unit=column.unit,
        dicom=column.dicom,
        source=column.source,
        conversion=column.conversion or (_IN_TIME_ZONE if column.kind.name == DATETIME.name else ""),
        blank=column.blank,
        several_rows=column.rows or ROWS.get(table, ""),
        included_by=INCLUDED_BY[column.included_by],
        column=column.heading if can_leave else "",
    )


Heading = tuple[str, str, Column]
"""The name of a sheet, a heading on it, and the column below."""


def _list_headings(spec: Spec, context: FileContext, inclusions: Inclusions) -> Iterator[Heading]:
    layout = spec.layout
    if isinstance(layout, CustomRows):
        yield from _list_custom(layout, context)
    elif isinstance(layout, ModalityWorkbook):
        yield from _list_workbook(layout, context, inclusions)
    elif isinstance(layout, Tables):
        for table in spec.list_tables(inclusions):
            yield from ((table.name, column.heading, column) for column in table.columns)
    elif isinstance(layout, Long):
        for n, column in enumerate((*context.study_columns, *context.event_columns), start=1):
            yield "", _name(column) if layout.header else f"{n}: {_name(column)}", column
    else:
        yield from (("", _name(column), column) for column in context.study_columns)
        yield from _repeat("", layout.prefix, context.event_columns)
    if spec.format == "xlsx":
        yield from ((WARNINGS, column.heading, column) for column in WARNING_COLUMNS)


def _name(column: Column) -> str:
    return column.pattern or column.heading


def _repeat(sheet: str, prefix: str, columns: Iterable[Column]) -> Iterator[Heading]:
    """Yield the headings of a repeated block, once."""
    return ((sheet, f"{prefix}{NUMBERED} {_name(column)}", column) for column in columns)


def _list_workbook(
    layout: ModalityWorkbook, context: FileContext, inclusions: Inclusions
) -> Iterator[Heading]:
    prefix = layout.blocks.prefix if layout.blocks else layout.prefix
    blocks = layout.blocks.columns if layout.blocks else context.event_columns
    named = [_name_sheets(layout.sheets)]
    if layout.standard_sheets and inclusions.standard:
        named.append(STANDARD_PREFIX + _name_sheets(layout.standard_sheets))
    for sheet in (ALL_DATA, *named):
        yield from ((sheet, _name(column), column) for column in context.study_columns)
    yield from _repeat(ALL_DATA, prefix, (each for each in blocks if each.is_included(inclusions)))
    for sheet in named:
        yield from ((sheet, _name(column), column) for column in context.event_columns)
    yield from _list_frequencies(layout.frequencies, inclusions)


def _list_custom(layout: CustomRows, context: FileContext) -> Iterator[Heading]:
    sample = {each.title: [(_name_sheets(each), 1)] for each in layout.frequencies}
    for sheet in layout.describe_sheets(replace(context, frequencies=sample)):
        yield from ((sheet.name, _name(column), column) for column in sheet.columns)
    if layout.summary:
        yield from _list_frequencies(layout.frequencies, Inclusions())


def _name_sheets(frequency: Frequency) -> str:
    return f"<{frequency.title.lower()}>"


_FREQUENCY = Column(
    "Frequency", "", meaning="Number of studies or events with the value", source=COUNTED, blank=NEVER
)
_SHEET = Column(
    "Sheet", "", meaning="Name of the sheet of the value", source=COUNTED, blank="it has no sheet"
)


def _list_frequencies(frequencies: tuple[Frequency, ...], inclusions: Inclusions) -> Iterator[Heading]:
    """Yield the headings of the tables of the sheet Summary."""
    for each in frequencies:
        if each.included_by != STANDARD or inclusions.standard:
            meaning = f"Every {each.title.lower()} of the {each.of}, the most frequent first"
            column = Column(
                each.title,
                "",
                meaning=meaning,
                source=each.source,
                rows="one row per value",
                included_by=each.included_by,
            )
            yield SUMMARY, each.title, column
    yield SUMMARY, _FREQUENCY.heading, _FREQUENCY
    yield SUMMARY, _SHEET.heading, _SHEET
