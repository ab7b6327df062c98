"""The columns of an audit's sheets, with their entries in the dictionary (docs/audit.md)."""

from __future__ import annotations

from collections.abc import Sequence

from doseexport.catalogue.columns import (
    ALWAYS,
    COUNTED,
    DATE,
    FIGURE,
    NEVER,
    NO_SOURCE,
    NUMBER,
    TEXT,
    WORD,
    Column,
    ColumnKind,
)
from doseexport.catalogue.shared.audit.drl import HEADINGS
from doseexport.catalogue.shared.audit.origins import ORIGINS, Origin
from doseexport.catalogue.shared.audit.quantities import Quantity
from doseexport.catalogue.shared.study import ACCESSION, DATE_OF_STUDY, DISPLAY_NAME, MASS, STUDY_ID

FLAG = "Flag"

_VALUES = "values of the group"
"""The source of figures. The column Quantity names theirs."""
_UNIT_OF_ROW = "that of the row"
_TABLE_OF_DRLS = "option drl"


def _figure(heading: str, meaning: str, blank: str = NEVER, unit: str = _UNIT_OF_ROW) -> Column:
    return Column(heading, "", FIGURE, meaning, _VALUES, unit, blank=blank)


def _count(heading: str, meaning: str, source: str = COUNTED) -> Column:
    return Column(heading, "", NUMBER, meaning, source, blank=NEVER, rows="counted")


def _word(heading: str, meaning: str, source: str = COUNTED, blank: str = NEVER, **texts: str) -> Column:
    return Column(heading, "", WORD, meaning, source, blank=blank, **texts)


def _text(heading: str, meaning: str, source: str = COUNTED, blank: str = NEVER, **texts: str) -> Column:
    return Column(heading, "", TEXT, meaning, source, blank=blank, **texts)


def _of(quantity: Quantity) -> Origin:
    return ORIGINS[quantity.name]


def _name_exams(quantities: Sequence[Quantity]) -> Column:
    of_study = (
        "generalstudymoduleattr.study_description, generalstudymoduleattr.requested_procedure_code_meaning"
    )
    protocols = dict.fromkeys(_of(each).exam for each in quantities if _of(each).exam)
    shows_studies = any(not _of(each).exam for each in quantities)
    sources = [*([of_study] if shows_studies else []), *protocols, "standardnames.standard_name"]
    return _text(
        "Exam",
        "Name of the examination or acquisition, by the option exam_by",
        ", ".join(sources),
        conversion="nothing recorded: (none)",
        rows="a study with several standard names counts in each",
    )


_ROOM = DISPLAY_NAME.made("Room", conversion="nothing recorded: (none)", blank=NEVER)
_POPULATION = _word(
    "Population",
    "Adults, or children by weight or age",
    "patientstudymoduleattr.patient_age_decimal, patientstudymoduleattr.patient_weight",
    dicom="(0010,1010), (0010,1030)",
    conversion="by the options adult_age and child_bands",
)


def _describe_values(quantities: Sequence[Quantity]) -> tuple[Column, ...]:
    """Return the columns from Population to Unit for the values of these quantities."""
    details = [each for each in quantities if _of(each).detail]
    detail = _text(
        "Detail",
        "; ".join(f"{each.name}: {_of(each).detail}" for each in details) or "Always blank here",
        ", ".join(_of(each).detail_source for each in details) or NO_SOURCE,
        blank="a value of a study" if details else ALWAYS,
        conversion="nothing recorded: (none)" if details else "",
    )
    return _POPULATION, detail, _name_quantities(quantities), _name_units(quantities)


def _name_quantities(quantities: Sequence[Quantity]) -> Column:
    return _word(
        "Quantity",
        "; ".join(f"{each.name}: {_of(each).meaning}" for each in quantities),
        ", ".join(_of(each).source for each in quantities),
        dicom=", ".join(_of(each).dicom for each in quantities),
        conversion="numbers that are missing, NaN, 0 or negative are no values",
        rows="those that are values are added" if any(not each.per_event for each in quantities) else "",
    )


def _name_units(quantities: Sequence[Quantity]) -> Column:
    stored = "; ".join(f"{each.name} is stored in {_of(each).stored}" for each in quantities)
    with_option = any(each.has_dap_unit for each in quantities)
    return _word(
        "Unit",
        "Unit of the values of the row",
        "option dap_unit" if with_option else NO_SOURCE,
        conversion=f"{stored}; values and DRLs are converted exactly",
    )


_DRL = _figure(
    "DRL", "Diagnostic reference level of the table for this row", "the table has none for it"
).named("DRL", source=_TABLE_OF_DRLS)
_SOURCE = _text("Source", "Source of the DRL", _TABLE_OF_DRLS, "no DRL for this row")


def list_groups(quantities: Sequence[Quantity]) -> tuple[Column, ...]:
    """Return the columns of the groups of these quantities, on Examinations or Protocols."""
    return (
        _name_exams(quantities),
        _ROOM,
        *_describe_values(quantities),
        _count("Studies", "Number of different studies with a value"),
        _count("n", "Number of values"),
        _count("Left out", "Number of values that the sheet Excluded counts for this group"),
        _count("With weight", "Number of values of studies with a weight", MASS.source),
        Column(
            "Mean weight (kg)",
            "",
            FIGURE,
            "Mean weight over those values",
            MASS.source,
            "kg",
            MASS.dicom,
            blank="no value with a weight",
            rows="a study counts once per value",
        ),
        _figure("Min", "Smallest value"),
        _figure("P25", "25th percentile of the values", "fewer than 4 values"),
        _figure("Median", "Median of the values"),
        _figure("P75", "75th percentile of the values", "fewer than 4 values"),
        _figure("P95", "95th percentile of the values", "fewer than 20 values"),
        _figure("Max", "Largest value"),
        _figure("Mean", "Arithmetic mean of the values"),
        _figure("Median CI low", "Lower limit of the median's 95 % confidence interval", _FEW),
        _figure("Median CI high", "Upper limit of the median's 95 % confidence interval", _FEW),
        _DRL,
        _figure("Ratio", "Median divided by DRL", f"no DRL, or {_FEW}", ""),
        _word(
            FLAG,
            "above: the median is above the DRL; clearly above: Median CI low is too",
            blank=f"not above, no DRL, or {_FEW}",
        ),
        _text("Caution", "What to know before the figures are used", blank="nothing"),
        _SOURCE,
    )


_FEW = "fewer than 6 values"
_FEW_ROOMS = "fewer than 4 rooms"


def list_rooms(quantities: Sequence[Quantity]) -> tuple[Column, ...]:
    """Return the columns of the sheet Rooms."""
    return (
        _name_exams(quantities),
        *_describe_values(quantities),
        _count("Rooms", "Number of rooms with at least 10 values"),
        _figure("P25", "25th percentile of the rooms' medians", _FEW_ROOMS),
        _figure("Median", "Median of the rooms' medians"),
        _figure("P75", "75th percentile of the rooms' medians", _FEW_ROOMS),
        _word("Called", "local DRL from 10 rooms on, typical value below (ICRP 135)"),
        _figure("Local value", "P75 from 10 rooms on, else the median"),
        _DRL,
        _figure("Ratio", "Local value divided by DRL", "no DRL", ""),
        _SOURCE,
    )


def list_outliers(
    quantities: Sequence[Quantity], *, has_accession: bool, derived: Sequence[Column] = ()
) -> tuple[Column, ...]:
    """Return the columns of the sheet Outliers. `derived` are those of pseudonyms, if it has pseudonyms."""
    names = (
        DATE_OF_STUDY.made("Study date"),
        STUDY_ID.made("Study id"),
        _count_events(quantities),
        *([ACCESSION.made("Accession number")] if has_accession else []),
    )
    return (
        *([each.made(each.heading) for each in derived] or names),
        _name_exams(quantities),
        _ROOM,
        *_describe_values(quantities),
        _figure("Value", "The value", "an alert of a study without this value"),
        _figure("Group median", "Median of the group of the value", "the group has no value"),
        _figure("Ratio", "Value divided by the median of its group", "no value, or no median", ""),
        _figure(
            "z",
            "Robust z of the logarithm of the value in its group",
            "no value, a value that is left out, or a group of equal values",
            "",
        ),
        _text("Reasons", "Why the value is listed"),
        _text("Reviewed by", "To fill in", NO_SOURCE, ALWAYS),
        _text("Outcome", "To fill in", NO_SOURCE, ALWAYS),
    )


def _count_events(quantities: Sequence[Quantity]) -> Column:
    tables = {_of(each).source.split(".")[0] for each in quantities if each.per_event}
    table = "irradeventxraydata" if tables == {"irradeventxraysourcedata"} else "".join(tables)
    return Column(
        "Event id",
        "",
        NUMBER,
        "OpenREM's number of the event",
        f"{table}.id" if table else NO_SOURCE,
        blank="a value of a study" if table else ALWAYS,
    )


def list_excluded(quantities: Sequence[Quantity]) -> tuple[Column, ...]:
    """Return the columns of the sheet Excluded."""
    return (
        _name_exams(quantities),
        _ROOM,
        _POPULATION,
        _name_quantities(quantities),
        _text("Reason", "Why these are no values, or do not count"),
        _count(
            "Number",
            "Number of values that are left out for this reason. One in several groups counts in each",
        ),
    )


_KINDS: dict[str, ColumnKind] = {"value": FIGURE, "effective_from": DATE, "year_adopted": NUMBER}
_MEANINGS = {
    "table": "Name of the DRL table",
    "source": "Publication of the level",
    "effective_from": "Date from which the table holds",
    "modality": "Modality",
    "exam": "Examination in the table",
    "indication": "Indication that the level is for",
    "technique": "Technique that the level is for",
    "match": "Texts that find this examination, separated by |",
    "quantity": "Quantity of the level",
    "population": "Population of the level",
    "detail": "Detail of the level, such as the phantom",
    "unit": "Unit of the level in the table",
    "value": "Diagnostic reference level",
    "year_adopted": "Year in which the level was adopted",
    "url": "Address of the publication",
    "licence": "Licence of the publication",
}
LEVEL_COLUMNS = tuple(
    Column(
        f"DRL {name.replace('_', ' ')}",
        "",
        _KINDS.get(name, TEXT),
        _MEANINGS[name],
        _TABLE_OF_DRLS,
        "that of DRL unit" if name == "value" else "",
        blank="not in the table",
    )
    for name in HEADINGS
)
"""The columns of the table of DRLs, on the sheet DRLs."""

MATCH_COLUMNS = (
    _text("Exam in the data", "Exam of the studies or events", "the column Exam"),
    _text("Matched text", "Text that found the exam of the table", _TABLE_OF_DRLS, "no match"),
    _text("Text from", "Where that text is from: exam_map, table or no match"),
    _text("Exam in the table", "Exam of the table that the exam matched", _TABLE_OF_DRLS, "no match"),
)
"""The columns of the matches, below the table on the sheet DRLs."""

CHART_COLUMNS = (
    _ROOM.made("Room"),
    _figure("Median", "Median of the adults of the room, in the unit of the axis"),
    _figure("Median − P25", "Length of the error bar downwards", "fewer than 4 values"),
    _figure("P75 − median", "Length of the error bar upwards", "fewer than 4 values"),
    _DRL.named("DRL", meaning="Diagnostic reference level, the line of the chart"),
)
"""The columns of the block beside a chart, on the sheet Charts."""

SUMMARY_COLUMNS = (
    _word("Quantity", "Quantity whose groups are counted"),
    _word("Unit", "Unit of its values"),
    _count("Groups", "Number of groups with a value, or with a caution"),
    _count("Values", "Number of values. One in several groups counts once"),
    _count("Left out", "Number of values that are left out. One in several groups counts once"),
    _count("Groups compared with a DRL", "Number of groups with a DRL and at least 6 values"),
    _count("Above their DRL", "Number of groups whose median is above their DRL"),
    _count("Of these clearly above", "Number of groups whose Median CI low is above their DRL"),
    _text("Caution", "What to know before the figures are used"),
)
"""The columns of the tables of the sheet Summary."""
