"""Nuclear medicine as tables for programs (docs/tables.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from doseexport.catalogue.columns import COUNTED, INTEGER, NEVER, Column, Stream
from doseexport.catalogue.layouts import STUDY_ID, Table, Tables
from doseexport.catalogue.nm import exports
from doseexport.catalogue.nm.exports import NM
from doseexport.catalogue.nm.parts import (
    EVENT_KEY,
    EVENT_TABLES,
    FILTRATION_RATES,
    FIRST_CHARACTERISTICS,
    ORGANS,
    PARTICIPANTS,
    SERIES,
    STATES,
    Group,
)
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.study import OF_CHOSEN
from doseexport.catalogue.shared.tables.columns import Names, make_coded, number_rows, rename_columns
from doseexport.catalogue.shared.tables.specs import STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns

_CSV = exports.SPECS[0]
_ADMINISTRATION_ID = Column(
    "administration_id",
    "event.id",
    INTEGER,
    "OpenREM's number of the administration",
    "radiopharmaceuticaladministrationeventdata.id",
    blank="the dose report has no administration",
)
_REPORT_ID = Column(
    "report_id",
    "rad.id",
    INTEGER,
    "OpenREM's number of the dose report",
    "radiopharmaceuticalradiationdose.id",
    blank=NEVER,
)
_REPORTS = f"JOIN remapp_radiopharmaceuticalradiationdose rad ON rad.{OF_CHOSEN}"
_EVENT = "radiopharmaceuticaladministrationeventdata."

_AGENT = exposures.read_code(
    "agent",
    "event.radiopharmaceutical_agent_id",
    "Radiopharmaceutical",
    f"{_EVENT}radiopharmaceutical_agent_id",
    "349358000 SCT",
)
_AUTHORITY = exposures.read_code(
    "reference_authority",
    "child.reference_authority_code_id",
    "Authority that the organ dose refers to",
    "organdose.reference_authority_code_id",
    "121406 DCM",
)
_ADMINISTRATION_NAMES: Names = {
    "Radiopharmaceutical Agent": (
        *make_coded(_AGENT),
        Column("agent_text", "event.radiopharmaceutical_agent_string", meaning="Radiopharmaceutical, as text",
               source=f"{_EVENT}radiopharmaceutical_agent_string", dicom=_AGENT.dicom),
    ),
    "Radionuclide": "radionuclide_*",
    "Radionuclide Half Live": "half_life_s",
    "Administered activity (MBq)": "activity_mbq",
    "Effective dose (mSv)": "effective_dose_msv",
    "Associated Procedure": "procedure_*",
    "Radiopharmaceutical Start Time": "started_at",
    "Radiopharmaceutical Stop Time": "stopped_at",
    "Route of Administration": "route_*",
    "Route of Administration Laterality": "laterality_*",
    "Comment": "comment",
    "Body Surface Area (m^2)": "body_surface_m2",
    "Body Surface Area Formula": "body_surface_formula_*",
    "Body Mass Index (kg/m^2)": "body_mass_index_kg_m2",
    "Body Mass Index Equation": "body_mass_index_equation_*",
    "Glucose (mmol/l)": "glucose_mmol_l",
    "Fasting Duration (hours)": "fasting_hours",
    "Hydration Volume (ml)": "hydration_ml",
    "Recent Physical Activity": "recent_physical_activity",
    "Serum Creatinine (mg/dl)": "serum_creatinine_mg_dl",
}  # fmt: skip

_ORGAN_NAMES: Names = {
    "Organ Dose Finding Site {n}": "finding_site_*",
    "Organ Laterality {n}": "laterality_*",
    "Organ Dose {n} (mGy)": "organ_dose_mgy",
    "Organ Mass {n}(g)": "organ_mass_g",
    "Organ Dose Measurement Method {n}": "measurement_method",
    "Organ Dose Reference Authority {n}": (
        *make_coded(_AUTHORITY),
        Column("reference_authority_text", "child.reference_authority_text",
               meaning="Authority that the organ dose refers to, as text",
               source="organdose.reference_authority_text", dicom=_AUTHORITY.dicom),
    ),
}  # fmt: skip
_PARTICIPANT_NAMES: Names = {
    "Person participant name {n}": "person_name",
    "Person participant role {n}": "role_*",
}
_STATE_NAMES: Names = {"Patient state {n}": "state_*"}
_RATE_NAMES: Names = {
    "Glomerular Filtration Rate {n} (ml/min/1.73m^2)": "rate_ml_min_173m2",
    "Measurement Method {n}": "measurement_method_*",
    "Equivalent meaning of concept name {n}": "equivalent_concept_*",
}
_SERIES_NAMES: Names = {
    "Series {n} date": "series_at",
    "Series {n} number of slices": "number_of_slices",
    "Series {n} reconstruction method": "reconstruction_method",
    "Series {n} coincidence window width": "coincidence_window_ns",
    "Series {n} energy window lower limit": "energy_window_lower_kev",
    "Series {n} energy window upper limit": "energy_window_upper_kev",
    "Series {n} scan procession": "scan_progression_direction",
    "Series {n} number of RR intervals": "number_of_rr_intervals",
    "Series {n} number of time slots": "number_of_time_slots",
    "Series {n} number of time slices": "number_of_time_slices",
}


def _name_children(group: Group, names: Names) -> Iterator[Column]:
    """Yield the columns of a group of children, each of which has its own row."""
    for each in rename_columns(group.columns, names):
        yield each.named(each.heading, rows="one row per record", pattern="")


def _of_administration(name: str, help_text: str, group: Group, names: Names) -> Table:
    """Return the table of a group of children of administrations."""
    return Table(
        name=name,
        help=help_text,
        columns=(
            STUDY_ID,
            _number(f"{EVENT_KEY}, child.id"),
            _ADMINISTRATION_ID,
            *_name_children(group, names),
        ),
        key=("study_id", "n"),
        references={"study_id": "studies", "administration_id": "administrations"},
        joins=f"{EVENT_TABLES}\nJOIN {group.table} child ON {group.of_parent}",
        order=(EVENT_KEY, "child.id"),
    )


def _of_report(name: str, help_text: str, group: Group, names: Names, joins: str = "") -> Table:
    """Return the table of a group of children of dose reports."""
    return Table(
        name=name,
        help=help_text,
        columns=(
            STUDY_ID,
            _number("rad.id, child.id"),
            _REPORT_ID,
            *_name_children(group, names),
        ),
        key=("study_id", "n"),
        references={"study_id": "studies"},
        joins=f"{_REPORTS}{joins}\nJOIN {group.table} child ON {group.of_parent}",
        order=("rad.id", "child.id"),
    )


def _number(order: str) -> Column:
    return number_rows(order, "chosen.id", "Number of the row in its study, from 1")


_DETAILS = (
    _of_administration("organ_doses", "One row per organ dose of an administration", ORGANS, _ORGAN_NAMES),
    _of_administration("participants", "One row per person of the staff of an administration", PARTICIPANTS,
                       _PARTICIPANT_NAMES),
    _of_report("patient_states", "One row per state of the patient in a dose report", STATES, _STATE_NAMES,
               FIRST_CHARACTERISTICS),
    _of_report("filtration_rates", "One row per glomerular filtration rate in a dose report",
               FILTRATION_RATES, _RATE_NAMES, FIRST_CHARACTERISTICS),
    _of_report("pet_series", "One row per PET series in a dose report", SERIES, _SERIES_NAMES),
)  # fmt: skip

_ADMINISTRATIONS = Table(
    name="administrations",
    help="One row per administration, and per dose report without one",
    columns=(
        STUDY_ID,
        Column("n", "", INTEGER, "Number of the row in its study, from 1, by id", COUNTED, blank=NEVER),
    ),
    key=("study_id", "n"),
    references={"study_id": "studies"},
)

# The comment of a study is that of its dose reports, which are in administrations.
_STUDIES = replace(_CSV.studies, columns=name_study_columns(_CSV.studies.columns, {"Study Comments": ()}))
_READ = _CSV.events or Stream((), "")
_EVENTS = replace(
    _READ,
    columns=(
        _ADMINISTRATION_ID,
        _REPORT_ID,
        *rename_columns(_READ.columns, _ADMINISTRATION_NAMES),
    ),
    extras=(),
)

SPECS = make_tables(
    NM,
    _STUDIES,
    _EVENTS,
    Tables(STUDIES, _ADMINISTRATIONS, _DETAILS),
    _CSV.repeat_warnings,
)
