"""Files with pseudonyms: which columns they have in the place of those that identify a patient.

A study has a few derived columns in front, whose identifiers SQL only encodes: the worker makes pseudonyms of
them (engine/pseudonyms.py), because the key never goes to the database. Other columns that identify or date a
study become coarse or are left out. A column that looks as if it did and is not known here is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from doseexport.catalogue.columns import (
    DATE,
    TEXT,
    WORD,
    Column,
    RowWarning,
    Stream,
    write_moment,
)
from doseexport.catalogue.layouts import (
    AuditWorkbook,
    CustomRows,
    Layout,
    Long,
    Table,
    Tables,
)
from doseexport.catalogue.options import DATES, MONTH, PSEUDONYMS
from doseexport.catalogue.shared.audit import reading
from doseexport.catalogue.shared.dose_check import DOSE_CHECK, DOSE_CHECK_FIGURES
from doseexport.catalogue.shared.study import OF_STUDY
from doseexport.catalogue.spec import Spec

DERIVED = "derived: "
"""The beginning of the conversion of a column that is not as OpenREM stores it."""
PLAIN, HASHED = "p", "h"
"""How an encoded identifier begins: one as it is, or the hash that OpenREM stores in its place."""
HASHED_ACCESSIONS = (
    "OpenREM stores a hash in the place of the accession number of {n} of the studies. Their accession"
    " pseudonyms are those of the hash, and do not join with pseudonyms of numbers."
)
HASHED_IDS = (
    "OpenREM stores a hash in the place of the patient ID of {n} of the studies. Their pseudonyms are those"
    " of the hash, and do not join with pseudonyms of IDs."
)
KEYS = ("study_id", "event_id", "administration_id", "report_id")
"""Headings of the keys of tables that are numbers of OpenREM. They become pseudonyms, labelled by heading."""
LIMITS = (1, 5, 10, 16, *range(20, 91, 5))
"""The ages, in years, between bands."""

_STUDY, _PATIENT = "generalstudymoduleattr.", "patientmoduleattr."
_AGE, _INDICATOR = "patientstudymoduleattr.patient_age_decimal", f"{_PATIENT}not_patient_indicator"
KEPT = frozenset(
    {
        "accumprojxraydose.total_acquisition_time",
        "accumprojxraydose.total_fluoro_time",
        "ctirradiationeventdata.exposure_time",
        "ctxraysourceparameters.exposure_time_per_rotation",
        "generalequipmentmoduleattr.institution_name",
        "generalequipmentmoduleattr.manufacturer_model_name",
        "generalequipmentmoduleattr.station_name",
        f"{_STUDY}number_of_events",
        f"{_STUDY}requested_procedure_code_meaning",
        f"{_STUDY}study_description",
        f"{_STUDY}total_agd_both",
        f"{_STUDY}total_agd_left",
        f"{_STUDY}total_agd_right",
        "glomerularfiltrationrate.equivalent_meaning_of_concept_name_id",
        "irradeventxraydata.id",
        "irradeventxraysourcedata.exposure_time",
        f"{_PATIENT}patient_sex",
        "patientstudymoduleattr.patient_size",
        "patientstudymoduleattr.patient_weight",
        "personparticipant.person_role_in_procedure_cid_id",
        "petseries.number_of_time_slices",
        "petseries.number_of_time_slots",
        "standardnames.standard_name",
        "uniqueequipmentnames.display_name",
    }
)
"""Sources that look as if they identified or dated a study, and do not. irradeventxraydata.id is counted."""

DERIVED_FROM = frozenset({"Accession number", "Patient ID", "Study date"})
"""Headings in other files of what a study has in front. They cannot be left out."""

_SENSITIVE_TABLES = (
    "generalstudymoduleattr",
    "patientmoduleattr",
    "patientstudymoduleattr",
    "personparticipant",
)
_SENSITIVE = re.compile(
    r"accession|address|birth|comment|date|indicator|name|operator|patient_id|person|phone|physician|reason|time"
    r"|uid|^id$"
)
_SENSITIVE_SQL = re.compile(
    r"(?<!exposure)\.(\w*_)?(accession\w*|birth\w*|comment|date\w*|study_time|operator\w*|patient_id|patient_name"
    r"|person_name|performing\w*|reason_for_proceeding|uid|instance_uid|series_time)\b|_datetime\b"
)
_IS_ID = re.compile(r"(\b|_)id$", re.IGNORECASE)


def looks_identifying(source: str) -> bool:
    """Return whether a column of OpenREM, as table.column, looks as if it identified or dated a study."""
    table, _, name = source.partition(".")
    return table in _SENSITIVE_TABLES or _SENSITIVE.search(name) is not None


def is_kept(column: Column) -> bool:
    """Return whether a file with pseudonyms shows a column as it is."""
    if column.included_by in _OF_PATIENTS or column.kind.name in {"date", "time", "datetime"}:
        return False
    if _SENSITIVE_SQL.search(column.sql):
        return False
    if _IS_ID.search(column.heading) and column.source.endswith(".id"):
        return False
    return all(source in KEPT or not looks_identifying(source) for source in column.source.split(", "))


_OF_PATIENTS = frozenset({"name", "id", "name or id"})


def _encode(text: str, hashed: str, table: str, condition: str) -> str:
    """Return SQL for an identifier in hexadecimal, after a letter that says whether it is a hash."""
    return (
        f"(SELECT CASE WHEN {hashed} THEN '{HASHED}' ELSE '{PLAIN}' END"
        f" || encode(convert_to(coalesce({text}, ''), 'UTF8'), 'hex')"
        f" FROM {table} own WHERE {condition} ORDER BY own.id LIMIT 1)"
    )


_OWN_STUDY = "remapp_generalstudymoduleattr", "own.id = study.id"
_OWN_PATIENT = "remapp_patientmoduleattr", f"own.{OF_STUDY}"
_CONVERSION = f"{DERIVED}the first 16 characters of base32 of its HMAC-SHA-256 by the key of the project"

PSEUDONYM = Column(
    reading.PSEUDONYM,
    _encode("own.patient_id", "own.id_hashed", *_OWN_PATIENT),
    meaning="Pseudonym of the patient in the project",
    source=f"{_PATIENT}patient_id",
    conversion=_CONVERSION,
    blank="no patient ID",
)
STUDY_PSEUDONYM = Column(
    reading.STUDY_PSEUDONYM,
    _encode("own.study_instance_uid", "false", *_OWN_STUDY),
    meaning="Pseudonym of the study in the project",
    source=f"{_STUDY}study_instance_uid",
    conversion=_CONVERSION,
    blank="no Study Instance UID",
)
ACCESSION_PSEUDONYM = Column(
    reading.ACCESSION_PSEUDONYM,
    _encode("own.accession_number", "own.accession_hashed", *_OWN_STUDY),
    meaning="Pseudonym of the accession number in the project",
    source=f"{_STUDY}accession_number",
    conversion=_CONVERSION,
    blank="no accession number",
)
SHIFTED = Column(
    reading.SHIFTED_DATE,
    "study.study_date",
    DATE,
    "Date of the study, moved by the days of the patient",
    f"{_STUDY}study_date",
    conversion=f"{DERIVED}moved by -182 to 182 days, by the same number for all studies of a patient",
    blank="not recorded, or no patient ID",
)
_MONTH = Column(
    reading.STUDY_MONTH,
    write_moment("study.study_date", "'YYYY-MM'"),
    WORD,
    "Month of the study",
    f"{_STUDY}study_date",
    conversion=f"{DERIVED}the year and month of the date",
)
_BAND = Column(
    "Age band",
    "",
    WORD,
    "Age of the patient at the study, in bands",
    _AGE,
    "years",
    "(0010,1010)",
    f"{DERIVED}the band that holds the age",
    blank="not recorded, or negative",
)


def list_derived(dates: str) -> tuple[Column, ...]:
    """Return the columns in front of a study's. Those before the month are made by the worker."""
    return PSEUDONYM, STUDY_PSEUDONYM, ACCESSION_PSEUDONYM, _MONTH if dates == MONTH else SHIFTED


def write_age_band(age: str) -> str:
    """Return SQL for the band of an age in years."""
    bands = "".join(
        f" WHEN {age} < {high} THEN '{low}–<{high}'" for low, high in zip((0, *LIMITS), LIMITS, strict=False)
    )
    return f"CASE WHEN {age} < 0 OR {age} = 'NaN' OR {age} IS NULL THEN NULL{bands} ELSE '{LIMITS[-1]}+' END"


def offer_pseudonyms(spec: Spec) -> Spec:
    """Return the spec with the options of pseudonyms, if its rows are studies or events."""
    if not _can_change(spec.layout):
        return spec
    return replace(spec, options=(*spec.options, PSEUDONYMS, DATES))


def _can_change(layout: Layout) -> bool:
    """Return whether columns can be replaced: not in a form, and not in columns without headings."""
    if isinstance(layout, CustomRows):
        return isinstance(layout, AuditWorkbook) or layout.change is not None
    return not isinstance(layout, Long) or layout.header


def pseudonymise(spec: Spec, dates: str) -> Spec:
    """Return the spec of a file with pseudonyms, for a value of the option DATES."""
    layout = spec.layout
    if isinstance(layout, AuditWorkbook):
        return replace(spec, studies=_change_audit(spec.studies, dates))
    studies, events = _change_studies(spec, dates), spec.events
    if isinstance(layout, CustomRows) and layout.change is not None:
        events, layout = layout.change(change_columns)
    elif events is not None:
        events = replace(events, columns=change_columns(events.columns))
    if isinstance(layout, Tables):
        layout = replace(
            layout,
            studies=_change_table(layout.studies),
            events=_change_table(layout.events),
            details=tuple(map(_change_table, layout.details)),
        )
    return replace(spec, studies=studies, events=events, layout=layout)


def _change_studies(spec: Spec, dates: str) -> Stream:
    derived = list_derived(dates)
    if isinstance(spec.layout, Tables):
        derived = tuple(each.named(_name_in_tables(each.heading)) for each in derived)
    stream = _warn_of_hashes(spec.studies)
    return replace(stream, columns=(*derived, *change_columns(stream.columns)))


def _change_audit(stream: Stream, dates: str) -> Stream:
    """Return the stream of an audit, whose other columns are read and never written themselves."""
    shown = {reading.STUDY_DATE, reading.ACCESSION}
    columns = tuple(each for each in stream.columns if each.heading not in shown)
    return replace(_warn_of_hashes(stream), columns=(*list_derived(dates), *columns))


def _warn_of_hashes(stream: Stream) -> Stream:
    table, condition = _OWN_PATIENT
    hashed = f"EXISTS (SELECT FROM {table} own WHERE {condition} AND own.id_hashed AND own.patient_id <> '')"
    warnings = (
        RowWarning(hashed, HASHED_IDS),
        RowWarning("study.accession_hashed AND study.accession_number <> ''", HASHED_ACCESSIONS),
    )
    return replace(stream, row_warnings=(*stream.row_warnings, *warnings))


def _change_table(table: Table) -> Table:
    return replace(table, columns=change_columns(table.columns))


def change_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns of a file with pseudonyms, without those that a study has in front."""
    return tuple(_change(columns))


def _change(columns: tuple[Column, ...]) -> Iterator[Column]:
    for column in columns:
        if column.heading in KEYS:
            yield column.named(column.heading, kind=TEXT, conversion=_CONVERSION)
        elif column.source == _AGE:
            heading = _BAND.heading if column.heading[0].isupper() else _name_in_tables(_BAND.heading)
            yield _BAND.named(heading, sql=write_age_band(column.sql))
        elif column.source == _INDICATOR:
            sql = f"CASE WHEN {column.sql} <> '' THEN 'yes' END"
            meaning = "Whether OpenREM takes the patient for test data"
            yield column.named(
                column.heading, sql=sql, meaning=meaning, conversion=f"{DERIVED}yes for any reason"
            )
        elif column.sql == DOSE_CHECK:
            conversion = f"{DERIVED}without the reason that was typed, and without names"
            meaning = "Dose Check: configured alerts and notifications (mGy·cm and mGy), and estimates"
            yield column.named(column.heading, sql=DOSE_CHECK_FIGURES, meaning=meaning, conversion=conversion)
        elif is_kept(column):
            yield column


def _name_in_tables(heading: str) -> str:
    return heading.lower().replace(" ", "_")
