"""The export type of an audit: what it reads of studies, of patients and of equipment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from doseexport.catalogue.columns import DATE, ID, NUMBER, Column, RepeatWarning, RowWarning, Stream
from doseexport.catalogue.layouts import AuditWorkbook, FileContext, Sheet
from doseexport.catalogue.shared.audit import reading
from doseexport.catalogue.shared.audit.group_count import GroupCount
from doseexport.catalogue.shared.audit.options import list_options
from doseexport.catalogue.shared.audit.reading import AuditRules
from doseexport.catalogue.shared.standard_names import list_names
from doseexport.catalogue.shared.study import OF_CHOSEN, OF_STUDY, warn_of_repeats
from doseexport.catalogue.spec import Modality, Spec

if TYPE_CHECKING:
    from doseexport.catalogue.shared.audit.builder import Audit

_PATIENT_AND_ROOM = f"""
LEFT JOIN remapp_patientstudymoduleattr patstudy ON patstudy.{OF_STUDY}
LEFT JOIN remapp_generalequipmentmoduleattr equip ON equip.{OF_STUDY}
LEFT JOIN remapp_uniqueequipmentnames uen ON uen.id = equip.unique_equipment_name_id"""

_ROW_WARNINGS = (
    RowWarning("patstudy.id IS NULL", "No patient study record in {n} of the studies: their age is unknown."),
    RowWarning("equip.id IS NULL", "No equipment record in {n} of the studies: their room is (none)."),
)
_REPEAT_WARNINGS = (
    warn_of_repeats("remapp_patientstudymoduleattr", "patient study record"),
    warn_of_repeats("remapp_generalequipmentmoduleattr", "equipment record"),
)


def read_studies(values: Iterable[Column], joins: str = "", *, has_names: bool = True) -> Stream:
    """Return the stream of the studies of an audit. `values` come last, and `joins` are their tables."""
    names = list_names(
        reading.STUDY_NAMES,
        "generalstudymoduleattr_standard_names",
        "generalstudymoduleattr_id",
        "study.id",
    )
    return Stream(
        columns=(
            Column(reading.STUDY_ID, "study.id", NUMBER, "OpenREM's number of the study"),
            Column(reading.STUDY_DATE, "study.study_date", DATE, "(0008,0020)"),
            Column(reading.ACCESSION, "study.accession_number", meaning="(0008,0050)", included_by=ID),
            Column(reading.DESCRIPTION, "study.study_description", meaning="(0008,1030)"),
            Column(reading.REQUEST, "study.requested_procedure_code_meaning", meaning="(0032,1064)"),
            *([names] if has_names else []),
            Column(reading.ROOM, "uen.display_name", meaning="the equipment's name in OpenREM"),
            Column(reading.AGE, "patstudy.patient_age_decimal", NUMBER, "years at the study"),
            Column(reading.WEIGHT, "patstudy.patient_weight", NUMBER, "kg (0010,1030)"),
            *values,
        ),
        joins=_PATIENT_AND_ROOM + joins,
        ties=("patstudy.id", "equip.id"),
        row_warnings=_ROW_WARNINGS,
    )


def name_events(link: str) -> Column:
    """Return the column of the names of an event. `link` is the table of events without its prefix."""
    return list_names(reading.EVENT_NAMES, f"{link}_standard_protocols", f"{link}_id", "event.id")


def keep_values(column: str) -> str:
    """Return SQL for a sum over those rows that are values, or else for a row that is 0 or negative."""
    is_value = f"{column} > 0 AND {column} <> 'NaN'"
    return f"coalesce(sum({column}) FILTER (WHERE {is_value}), min({column}) FILTER (WHERE {column} <= 0))"


def add_totals(alias: str, table: str, **sums: str) -> str:
    """Return the join of sums over all accumulated doses of a study, whatever their plane.

    `sums` are SQL by name, over `total`, a row of the table.
    """
    columns = ", ".join(f"{sql} AS {name}" for name, sql in sums.items())
    return f"""
LEFT JOIN (
    SELECT chosen.id, {columns}
    FROM chosen
    JOIN remapp_projectionxrayradiationdose proj ON proj.{OF_CHOSEN}
    JOIN remapp_accumxraydose accum ON accum.projection_xray_radiation_dose_id = proj.id
    JOIN {table} total ON total.accumulated_xray_dose_id = accum.id
    GROUP BY chosen.id
) {alias} ON {alias}.id = study.id"""


def make_audit(
    modality: Modality,
    rules: AuditRules,
    studies: Stream,
    events: Stream | None,
    repeat_warnings: tuple[RepeatWarning, ...] = (),
) -> Spec:
    """Return the spec of the audit of a modality."""

    def make_builder(context: FileContext) -> Audit:
        # Only an audit needs what computes it, and every function loads the catalogue.
        from doseexport.catalogue.shared.audit.builder import Audit  # noqa: PLC0415

        return Audit(rules, context)

    def list_described(context: FileContext) -> Sequence[Sheet]:
        from doseexport.catalogue.shared.audit.sheets import list_described_sheets  # noqa: PLC0415

        return list_described_sheets(rules.quantities, context.study_columns)

    return Spec(
        type=f"{modality.name.lower()}-audit",
        format="xlsx",
        help="Audit of dose: medians compared with DRLs, rooms, charts and outliers",
        modality=modality,
        studies=studies,
        events=events,
        layout=AuditWorkbook(
            make_builder,
            list_described_sheets=list_described,
            count_groups=GroupCount(modality, rules, studies, events).write,
        ),
        repeat_warnings=(*_REPEAT_WARNINGS, *repeat_warnings),
        options=list_options(modality.name),
        default_filters={"test_patients": "exclude"},
        is_ordered=False,
        title="dose audit",
    )
