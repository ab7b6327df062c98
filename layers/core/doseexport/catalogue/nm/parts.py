"""The parts of a row of nuclear medicine: single cells and groups of children (docs/export-rules.md §7).

The source is a Radiopharmaceutical Radiation Dose report (DICOM PS3.16 TID 10021) with administrations (TID
10022), organ doses (TID 10023) and patient characteristics (TID 10024).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from doseexport.catalogue.columns import DATETIME, NUMBER, Column
from doseexport.catalogue.shared.study import OF_CHOSEN
from doseexport.catalogue.shared.xray import code_meaning

_ADMINISTRATION_OF = "radiopharmaceutical_administration_event_data_id"
_REPORT_OF = "radiopharmaceutical_radiation_dose_id"
_PATIENT_OF = "radiopharmaceutical_administration_patient_characteristics_id"
_CHARACTERISTICS = "remapp_radiopharmaceuticaladministrationpatientcharacteristics"

# A dose report without an administration is a row too. Its key is above those of all administrations.
EVENT_KEY = "coalesce(event.id, rad.id + 2147483648)"
EVENT_TABLES = f"""
JOIN remapp_radiopharmaceuticalradiationdose rad ON rad.{OF_CHOSEN}
LEFT JOIN remapp_radiopharmaceuticaladministrationeventdata event ON event.{_REPORT_OF} = rad.id"""
FIRST_CHARACTERISTICS = f"""
LEFT JOIN {_CHARACTERISTICS} patchar ON patchar.{_REPORT_OF} = rad.id AND NOT EXISTS (
    SELECT FROM {_CHARACTERISTICS} earlier
    WHERE earlier.{_REPORT_OF} = patchar.{_REPORT_OF} AND earlier.id < patchar.id)"""
HAS_MORE_CHARACTERISTICS = (
    f"EXISTS (SELECT FROM {_CHARACTERISTICS} later"
    f" WHERE later.{_REPORT_OF} = rad.id AND later.id > patchar.id)"
)


@dataclass(frozen=True, slots=True)
class Group:
    """Children that a row shows in adjacent columns.

    The number of children is the largest of any row of the export. The `link` column of `table` refers to
    the id of `parent`. `columns` are those of one child, which SQL names `child`. {n} in a heading is the
    number of the child.
    """

    name: str
    table: str
    link: str
    parent: str
    columns: tuple[Column, ...]

    @property
    def column(self) -> Column:
        """The extra that holds the children by id, as a JSON list of the lists of their cells."""
        cells = ", ".join(f"({column.select})::text" for column in self.columns)
        children = f"json_agg(json_build_array({cells}) ORDER BY child.id)"
        return Column(self.name, f"(SELECT {children} FROM {self.table} child WHERE {self.of_parent})")

    @property
    def count_most(self) -> str:
        """SQL over `chosen` for the largest number of children of a row."""
        return (
            f"SELECT max(children) FROM (SELECT count(*) AS children FROM chosen {EVENT_TABLES}"
            f" {FIRST_CHARACTERISTICS} JOIN {self.table} child ON {self.of_parent}"
            f" GROUP BY {EVENT_KEY}) counted"
        )

    def repeat(self, times: int) -> Iterator[Column]:
        """Yield the columns of this number of children, numbered from 1."""
        for n in range(1, times + 1):
            for column in self.columns:
                yield replace(column, heading=column.heading.format(n=n), sql="")

    @property
    def of_parent(self) -> str:
        """The SQL of the condition that joins `child` to its parent."""
        return f"child.{self.link} = {self.parent}.id"


AGENT = (
    "CASE WHEN event.radiopharmaceutical_agent_id IS NULL THEN event.radiopharmaceutical_agent_string"
    f" ELSE {code_meaning('event.radiopharmaceutical_agent_id')} END"
)
"""SQL for the radiopharmaceutical agent of an administration."""

ADMINISTRATION = (
    Column(
        "Radiopharmaceutical Agent",
        AGENT,
        meaning="(349358000, SCT), or the agent as text where it is not coded",
    ),
    Column("Radionuclide", code_meaning("event.radionuclide_id"), meaning="(89457008, SCT)"),
    Column("Radionuclide Half Live", "event.radionuclide_half_life", NUMBER, "s (304283002, SCT)"),
    Column("Administered activity (MBq)", "event.administered_activity", NUMBER, "MBq (113507, DCM)"),
    Column("Effective dose (mSv)", "event.effective_dose", NUMBER, "mSv (113839, DCM)"),
    Column("Associated Procedure", code_meaning("rad.associated_procedure_id"), meaning="TID 10021"),
    Column(
        "Radiopharmaceutical Start Time",
        "event.radiopharmaceutical_start_datetime",
        DATETIME,
        "(123003, DCM)",
    ),
    Column(
        "Radiopharmaceutical Stop Time",
        "event.radiopharmaceutical_stop_datetime",
        DATETIME,
        "(123004, DCM)",
    ),
    Column("Route of Administration", code_meaning("event.route_of_administration_id"), meaning="TID 10022"),
    Column("Route of Administration Laterality", code_meaning("event.laterality_id"), meaning="TID 10022"),
)

PARTICIPANTS = Group(
    "participants",
    "remapp_personparticipant",
    _ADMINISTRATION_OF,
    "event",
    (
        Column("Person participant name {n}", "child.person_name", meaning="staff, TID 1020"),
        Column(
            "Person participant role {n}",
            code_meaning("child.person_role_in_procedure_cid_id"),
            meaning="coded role, TID 1020",
        ),
    ),
)

COMMENT = (Column("Comment", "rad.comment", meaning="comment of the dose report (121106, DCM)"),)

ORGANS = Group(
    "organ doses",
    "remapp_organdose",
    _ADMINISTRATION_OF,
    "event",
    (
        Column("Organ Dose Finding Site {n}", code_meaning("child.finding_site_id"), meaning="TID 10023"),
        Column("Organ Laterality {n}", code_meaning("child.laterality_id"), meaning="TID 10023"),
        Column("Organ Dose {n} (mGy)", "child.organ_dose", NUMBER, "mGy, TID 10023"),
        Column("Organ Mass {n}(g)", "child.mass", NUMBER, "g, TID 10023"),
        Column("Organ Dose Measurement Method {n}", "child.measurement_method", meaning="TID 10023"),
        Column(
            "Organ Dose Reference Authority {n}",
            "CASE WHEN child.reference_authority_code_id IS NULL THEN child.reference_authority_text"
            f" ELSE {code_meaning('child.reference_authority_code_id')} END",
            meaning="TID 10023, as text where it is not coded",
        ),
    ),
)

STATES = Group(
    "patient states",
    "remapp_patientstate",
    _PATIENT_OF,
    "patchar",
    (Column("Patient state {n}", code_meaning("child.patient_state_id"), meaning="TID 10024"),),
)

CHARACTERISTICS = (
    Column("Body Surface Area (m^2)", "patchar.body_surface_area", NUMBER, "m², TID 10024"),
    Column(
        "Body Surface Area Formula", code_meaning("patchar.body_surface_area_formula_id"), meaning="TID 10024"
    ),
    Column("Body Mass Index (kg/m^2)", "patchar.body_mass_index", NUMBER, "kg/m², TID 10024"),
    Column("Body Mass Index Equation", code_meaning("patchar.equation_id"), meaning="TID 10024"),
    Column("Glucose (mmol/l)", "patchar.glucose", NUMBER, "mmol/l, TID 10024"),
    Column("Fasting Duration (hours)", "patchar.fasting_duration", NUMBER, "hours, TID 10024"),
    Column("Hydration Volume (ml)", "patchar.hydration_volume", NUMBER, "ml, TID 10024"),
    Column("Recent Physical Activity", "patchar.recent_physical_activity", meaning="TID 10024"),
    Column("Serum Creatinine (mg/dl)", "patchar.serum_creatinine", NUMBER, "mg/dl, TID 10024"),
)

FILTRATION_RATES = Group(
    "glomerular filtration rates",
    "remapp_glomerularfiltrationrate",
    _PATIENT_OF,
    "patchar",
    (
        Column(
            "Glomerular Filtration Rate {n} (ml/min/1.73m^2)",
            "child.glomerular_filtration_rate",
            NUMBER,
            "ml/min/1.73m², TID 10024",
        ),
        Column("Measurement Method {n}", code_meaning("child.measurement_method_id"), meaning="TID 10024"),
        Column(
            "Equivalent meaning of concept name {n}",
            code_meaning("child.equivalent_meaning_of_concept_name_id"),
            meaning="TID 10024",
        ),
    ),
)

SERIES = Group(
    "PET series",
    "remapp_petseries",
    _REPORT_OF,
    "rad",
    (
        Column("Series {n} date", "child.series_datetime", DATETIME, "(0008,0021) and (0008,0031)"),
        Column("Series {n} number of slices", "child.number_of_slices", NUMBER, "(0054,0081)"),
        Column("Series {n} reconstruction method", "child.reconstruction_method", meaning="(0054,1103)"),
        Column(
            "Series {n} coincidence window width", "child.coincidence_window_width", NUMBER, "ns (0054,1210)"
        ),
        Column(
            "Series {n} energy window lower limit",
            "child.energy_window_lower_limit",
            NUMBER,
            "keV (0054,0014)",
        ),
        Column(
            "Series {n} energy window upper limit",
            "child.energy_window_upper_limit",
            NUMBER,
            "keV (0054,0015)",
        ),
        Column("Series {n} scan procession", "child.scan_progression_direction", meaning="(0054,0501)"),
        Column("Series {n} number of RR intervals", "child.number_of_rr_intervals", NUMBER, "(0054,0061)"),
        Column("Series {n} number of time slots", "child.number_of_time_slots", NUMBER, "(0054,0071)"),
        Column("Series {n} number of time slices", "child.number_of_time_slices", NUMBER, "(0054,0101)"),
    ),
)

PARTS = (
    ADMINISTRATION,
    PARTICIPANTS,
    COMMENT,
    ORGANS,
    STATES,
    CHARACTERISTICS,
    FILTRATION_RATES,
    SERIES,
)
"""The parts of a row after the cells of its study, in order: columns of the stream, or groups of children."""

GROUPS = tuple(part for part in PARTS if isinstance(part, Group))
SINGLE_COLUMNS = tuple(column for part in PARTS if not isinstance(part, Group) for column in part)
