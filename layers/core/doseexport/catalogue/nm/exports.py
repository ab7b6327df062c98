"""NM as csv, one row per administration, and as a workbook (docs/export-rules.md §7)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from doseexport.catalogue.columns import NO_SOURCE, RowWarning, Stream
from doseexport.catalogue.filters import Filter
from doseexport.catalogue.layouts import ChangeColumns, CustomRows
from doseexport.catalogue.nm.parts import (
    EVENT_KEY,
    EVENT_TABLES,
    FIRST_CHARACTERISTICS,
    GROUPS,
    HAS_MORE_CHARACTERISTICS,
    SINGLE_COLUMNS,
    Group,
    change_parts,
    list_single_columns,
)
from doseexport.catalogue.nm.rows import Administrations
from doseexport.catalogue.schema import NUCLEAR_MEDICINE
from doseexport.catalogue.shared.selection import COMMON_FILTERS, COMMON_ORDERS, SCOPES, WEIGHT_FILTERS
from doseexport.catalogue.shared.study import (
    OF_STUDY,
    STUDY_FREQUENCIES,
    STUDY_JOINS,
    STUDY_REPEAT_WARNINGS,
    STUDY_ROW_WARNINGS,
    STUDY_TIES,
    read_comments,
    study_columns,
)
from doseexport.catalogue.spec import Modality, Spec
from doseexport.catalogue.values import NUMBER_VALUE

_REPORTS = f"remapp_radiopharmaceuticalradiationdose rad WHERE rad.{OF_STUDY}"
_ADMINISTRATIONS = (
    "remapp_radiopharmaceuticalradiationdose rad JOIN remapp_radiopharmaceuticaladministrationeventdata event"
    f" ON event.radiopharmaceutical_radiation_dose_id = rad.id WHERE rad.{OF_STUDY}"
)
_ACTIVITY = (
    "radiopharmaceuticalradiationdose__radiopharmaceuticaladministrationeventdata__administered_activity"
)

_NM_FILTERS = (
    Filter("activity_min", NUMBER_VALUE, "administration", "event.administered_activity >= %s::numeric",
           "administered activity at least", (_ACTIVITY + "__gte", _ACTIVITY + "_gte"), "MBq"),
    Filter("activity_max", NUMBER_VALUE, "administration", "event.administered_activity <= %s::numeric",
           "administered activity at most", (_ACTIVITY + "__lte", _ACTIVITY + "_lte"), "MBq"),
)  # fmt: skip

NM = Modality(
    name="NM",
    codes=("NM",),
    filters=(*COMMON_FILTERS, *WEIGHT_FILTERS, *_NM_FILTERS),
    orders=COMMON_ORDERS,
    scopes={**SCOPES, "administration": f"EXISTS (SELECT FROM {_ADMINISTRATIONS} AND {{}})"},
    event_tables=EVENT_TABLES,
    event_key=EVENT_KEY,
    feature=NUCLEAR_MEDICINE,
)

_STUDY_ROW_WARNINGS = (
    *STUDY_ROW_WARNINGS,
    RowWarning(
        f"NOT EXISTS (SELECT FROM {_REPORTS})",
        "No radiopharmaceutical dose report in {n} of the studies: its cells are blank.",
    ),
    RowWarning(
        f"(SELECT count(*) FROM {_REPORTS}) > 1",
        "Several radiopharmaceutical dose reports in {n} of the studies: the rows of all are included.",
    ),
    RowWarning(
        f"(SELECT count(*) FROM {_ADMINISTRATIONS}) > 1",
        "Several administrations in {n} of the studies: each has its own row.",
    ),
)

_EVENT_ROW_WARNINGS = (
    RowWarning("event.id IS NULL", "No administration in {n} of the dose reports: its cells are blank."),
    RowWarning(
        HAS_MORE_CHARACTERISTICS,
        "Several records of the patient's characteristics for {n} of the administrations:"
        " the first was used.",
    ),
)

_STUDY_STREAM = Stream(
    columns=study_columns(read_comments("NULL", NO_SOURCE)),
    joins=STUDY_JOINS,
    ties=STUDY_TIES,
    row_warnings=_STUDY_ROW_WARNINGS,
)

_EVENT_STREAM = Stream(
    columns=SINGLE_COLUMNS,
    joins=FIRST_CHARACTERISTICS,
    row_warnings=_EVENT_ROW_WARNINGS,
    extras=tuple(group.column for group in GROUPS),
)


def _change(change: ChangeColumns, layout: CustomRows) -> tuple[Stream, CustomRows]:
    """Return the stream of events with changed columns, and the layout that writes them."""
    parts = change_parts(change)
    stream = replace(
        _EVENT_STREAM,
        columns=list_single_columns(parts),
        extras=tuple(part.column for part in parts if isinstance(part, Group)),
    )
    return stream, replace(layout, make_builder=partial(Administrations, parts=parts))


def _make_spec(form: str, help_text: str, layout: CustomRows) -> Spec:
    return Spec(
        type=f"nm-{form}",
        format=form,
        help=help_text,
        modality=NM,
        studies=_STUDY_STREAM,
        events=_EVENT_STREAM,
        layout=replace(layout, change=partial(_change, layout=layout)),
        repeat_warnings=STUDY_REPEAT_WARNINGS,
        widths={group.name: group.count_most for group in GROUPS},
    )


SPECS = (
    _make_spec("csv", "One row per administration", CustomRows(Administrations)),
    _make_spec(
        "xlsx",
        "Workbook with a summary, all data, and one sheet per study description",
        CustomRows(Administrations, STUDY_FREQUENCIES, summary=True),
    ),
)
