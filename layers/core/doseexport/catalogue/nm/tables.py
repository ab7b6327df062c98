"""Nuclear medicine as tables for programs (docs/tables.md)."""

from __future__ import annotations

from dataclasses import replace

from doseexport.catalogue.columns import INTEGER, Column, Stream
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
from doseexport.catalogue.shared.study import OF_CHOSEN
from doseexport.catalogue.shared.tables.columns import Names, make_code, number_rows, rename_columns
from doseexport.catalogue.shared.tables.specs import STUDIES, make_tables
from doseexport.catalogue.shared.tables.studies import name_study_columns

_CSV = exports.SPECS[0]
_ADMINISTRATION_ID = Column(
    "administration_id", "event.id", INTEGER, meaning="OpenREM's number of the administration"
)
_REPORT_ID = Column("report_id", "rad.id", INTEGER, meaning="OpenREM's number of the dose report")
_REPORTS = f"JOIN remapp_radiopharmaceuticalradiationdose rad ON rad.{OF_CHOSEN}"
_EVENT = "radiopharmaceuticaladministrationeventdata."
_PATIENT = "radiopharmaceuticaladministrationpatientcharacteristics."

_ADMINISTRATION_NAMES: Names = {
    "Radiopharmaceutical Agent": (
        *make_code("agent", "event.radiopharmaceutical_agent_id", "radiopharmaceutical agent",
                   "349358000 SCT", f"{_EVENT}radiopharmaceutical_agent_id"),
        Column("agent_text", "event.radiopharmaceutical_agent_string",
               meaning="radiopharmaceutical agent as text",
               source=f"{_EVENT}radiopharmaceutical_agent_string"),
    ),
    "Radionuclide": make_code("radionuclide", "event.radionuclide_id", "radionuclide", "89457008 SCT",
                              f"{_EVENT}radionuclide_id"),
    "Radionuclide Half Live": "half_life_s",
    "Administered activity (MBq)": "activity_mbq",
    "Effective dose (mSv)": "effective_dose_msv",
    "Associated Procedure": make_code("procedure", "rad.associated_procedure_id", "associated procedure", "",
                                      "radiopharmaceuticalradiationdose.associated_procedure_id"),
    "Radiopharmaceutical Start Time": "started_at",
    "Radiopharmaceutical Stop Time": "stopped_at",
    "Route of Administration": make_code("route", "event.route_of_administration_id",
                                         "route of administration", "",
                                         f"{_EVENT}route_of_administration_id"),
    "Route of Administration Laterality": make_code("laterality", "event.laterality_id", "side of the route",
                                                    "", f"{_EVENT}laterality_id"),
    "Comment": "comment",
    "Body Surface Area (m^2)": "body_surface_m2",
    "Body Surface Area Formula": make_code("body_surface_formula", "patchar.body_surface_area_formula_id",
                                           "formula of the body surface", "",
                                           f"{_PATIENT}body_surface_area_formula_id"),
    "Body Mass Index (kg/m^2)": "body_mass_index_kg_m2",
    "Body Mass Index Equation": make_code("body_mass_index_equation", "patchar.equation_id",
                                          "equation of the body mass index", "", f"{_PATIENT}equation_id"),
    "Glucose (mmol/l)": "glucose_mmol_l",
    "Fasting Duration (hours)": "fasting_hours",
    "Hydration Volume (ml)": "hydration_ml",
    "Recent Physical Activity": "recent_physical_activity",
    "Serum Creatinine (mg/dl)": "serum_creatinine_mg_dl",
}  # fmt: skip

_ORGAN_NAMES: Names = {
    "Organ Dose Finding Site {n}": make_code("finding_site", "child.finding_site_id", "organ", "",
                                             "organdose.finding_site_id"),
    "Organ Laterality {n}": make_code("laterality", "child.laterality_id", "side of the organ", "",
                                      "organdose.laterality_id"),
    "Organ Dose {n} (mGy)": "organ_dose_mgy",
    "Organ Mass {n}(g)": "organ_mass_g",
    "Organ Dose Measurement Method {n}": "measurement_method",
    "Organ Dose Reference Authority {n}": (
        *make_code("reference_authority", "child.reference_authority_code_id", "reference authority", "",
                   "organdose.reference_authority_code_id"),
        Column("reference_authority_text", "child.reference_authority_text",
               meaning="reference authority as text", source="organdose.reference_authority_text"),
    ),
}  # fmt: skip
_PARTICIPANT_NAMES: Names = {
    "Person participant name {n}": "person_name",
    "Person participant role {n}": make_code("role", "child.person_role_in_procedure_cid_id", "role", "",
                                             "personparticipant.person_role_in_procedure_cid_id"),
}  # fmt: skip
_STATE_NAMES: Names = {
    "Patient state {n}": make_code("state", "child.patient_state_id", "state of the patient", "",
                                   "patientstate.patient_state_id"),
}  # fmt: skip
_RATE_NAMES: Names = {
    "Glomerular Filtration Rate {n} (ml/min/1.73m^2)": "rate_ml_min_173m2",
    "Measurement Method {n}": make_code("measurement_method", "child.measurement_method_id", "method", "",
                                        "glomerularfiltrationrate.measurement_method_id"),
    "Equivalent meaning of concept name {n}": make_code(
        "equivalent_concept", "child.equivalent_meaning_of_concept_name_id", "equivalent meaning", "",
        "glomerularfiltrationrate.equivalent_meaning_of_concept_name_id"),
}  # fmt: skip
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


def _of_administration(name: str, help_text: str, group: Group, names: Names) -> Table:
    """Return the table of a group of children of administrations."""
    return Table(
        name=name,
        help=help_text,
        columns=(
            STUDY_ID,
            _number(f"{EVENT_KEY}, child.id"),
            _ADMINISTRATION_ID,
            *rename_columns(group.columns, names),
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
            *rename_columns(group.columns, names),
        ),
        key=("study_id", "n"),
        references={"study_id": "studies"},
        joins=f"{_REPORTS}{joins}\nJOIN {group.table} child ON {group.of_parent}",
        order=("rad.id", "child.id"),
    )


def _number(order: str) -> Column:
    return number_rows(order, "chosen.id", "number of the row in its study, from 1")


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
        Column("n", "", INTEGER, meaning="number of the administration in its study, from 1, by id"),
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
