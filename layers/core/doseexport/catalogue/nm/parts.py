"""The parts of a row of nuclear medicine: single cells and groups of children (docs/export-rules.md §7).

The source is a Radiopharmaceutical Radiation Dose report (DICOM PS3.16 TID 10021) with administrations (TID
10022), organ doses (TID 10023) and patient characteristics (TID 10024).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from doseexport.catalogue.columns import DATETIME, NUMBER, Column
from doseexport.catalogue.layouts import ChangeColumns
from doseexport.catalogue.shared.exposures import read_code
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
                yield column.made(
                    column.heading.format(n=n),
                    pattern=column.heading.format(n="<n>"),
                    blank=f"not recorded, or fewer {self.name}",
                    rows="in adjacent columns, by id",
                )

    @property
    def of_parent(self) -> str:
        """The SQL of the condition that joins `child` to its parent."""
        return f"child.{self.link} = {self.parent}.id"


AGENT = (
    "CASE WHEN event.radiopharmaceutical_agent_id IS NULL THEN event.radiopharmaceutical_agent_string"
    f" ELSE {code_meaning('event.radiopharmaceutical_agent_id')} END"
)
"""SQL for the radiopharmaceutical agent of an administration."""

_EVENT = "radiopharmaceuticaladministrationeventdata."
_REPORT = "radiopharmaceuticalradiationdose."
_CHARACTERISTIC = "radiopharmaceuticaladministrationpatientcharacteristics."


def _number(of: str, heading: str, *texts: str) -> Column:
    """Return the column of a number. `of` is the row, as SQL.column, and `texts` are those of Column."""
    return Column(heading, of, NUMBER, *texts)


ADMINISTRATION = (
    Column(
        "Radiopharmaceutical Agent",
        AGENT,
        meaning="Radiopharmaceutical",
        source=f"{_EVENT}radiopharmaceutical_agent_id, {_EVENT}radiopharmaceutical_agent_string",
        dicom="349358000 SCT",
        conversion="the meaning of the code, or the text where it is not coded",
    ),
    read_code("Radionuclide", "event.radionuclide_id", "Radionuclide", f"{_EVENT}radionuclide_id",
              "89457008 SCT"),
    _number("event.radionuclide_half_life", "Radionuclide Half Live", "Half-life of the radionuclide",
            f"{_EVENT}radionuclide_half_life", "s", "304283002 SCT"),
    _number("event.administered_activity", "Administered activity (MBq)", "Administered activity",
            f"{_EVENT}administered_activity", "MBq", "113507 DCM"),
    _number("event.effective_dose", "Effective dose (mSv)", "Effective dose", f"{_EVENT}effective_dose",
            "mSv", "113839 DCM"),
    read_code("Associated Procedure", "rad.associated_procedure_id", "Procedure",
              f"{_REPORT}associated_procedure_id", "TID 10021"),
    Column("Radiopharmaceutical Start Time", "event.radiopharmaceutical_start_datetime", DATETIME,
           "Start of the administration", f"{_EVENT}radiopharmaceutical_start_datetime",
           dicom="123003 DCM"),
    Column("Radiopharmaceutical Stop Time", "event.radiopharmaceutical_stop_datetime", DATETIME,
           "End of the administration", f"{_EVENT}radiopharmaceutical_stop_datetime", dicom="123004 DCM"),
    read_code("Route of Administration", "event.route_of_administration_id", "Route of the administration",
              f"{_EVENT}route_of_administration_id", "410675002 SCT"),
    read_code("Route of Administration Laterality", "event.laterality_id", "Side of the route",
              f"{_EVENT}laterality_id", "272741003 SCT"),
)  # fmt: skip

PARTICIPANTS = Group(
    "participants",
    "remapp_personparticipant",
    _ADMINISTRATION_OF,
    "event",
    (
        Column("Person participant name {n}", "child.person_name", meaning="Name of a member of staff",
               source="personparticipant.person_name", dicom="TID 1020"),
        read_code("Person participant role {n}", "child.person_role_in_procedure_cid_id",
                  "Role of the member of staff", "personparticipant.person_role_in_procedure_cid_id",
                  "113875 DCM"),
    ),
)  # fmt: skip

COMMENT = (
    Column("Comment", "rad.comment", meaning="Comment of the dose report", source=f"{_REPORT}comment",
           dicom="121106 DCM"),
)  # fmt: skip

ORGANS = Group(
    "organ doses",
    "remapp_organdose",
    _ADMINISTRATION_OF,
    "event",
    (
        read_code("Organ Dose Finding Site {n}", "child.finding_site_id", "Organ",
                  "organdose.finding_site_id", "363698007 SCT"),
        read_code("Organ Laterality {n}", "child.laterality_id", "Side of the organ",
                  "organdose.laterality_id", "272741003 SCT"),
        _number("child.organ_dose", "Organ Dose {n} (mGy)", "Organ dose", "organdose.organ_dose", "mGy",
                "113518 DCM"),
        _number("child.mass", "Organ Mass {n}(g)", "Mass of the organ", "organdose.mass", "g", "TID 10023"),
        Column("Organ Dose Measurement Method {n}", "child.measurement_method",
               meaning="How the organ dose was found", source="organdose.measurement_method",
               dicom="370129005 SCT"),
        Column(
            "Organ Dose Reference Authority {n}",
            "CASE WHEN child.reference_authority_code_id IS NULL THEN child.reference_authority_text"
            f" ELSE {code_meaning('child.reference_authority_code_id')} END",
            meaning="Authority that the organ dose refers to",
            source="organdose.reference_authority_code_id, organdose.reference_authority_text",
            dicom="121406 DCM",
            conversion="the meaning of the code, or the text where it is not coded",
        ),
    ),
)  # fmt: skip

STATES = Group(
    "patient states",
    "remapp_patientstate",
    _PATIENT_OF,
    "patchar",
    (
        read_code("Patient state {n}", "child.patient_state_id", "State of the patient",
                  "patientstate.patient_state_id", "109054 DCM"),
    ),
)  # fmt: skip

CHARACTERISTICS = (
    _number("patchar.body_surface_area", "Body Surface Area (m^2)", "Body surface area of the patient",
            f"{_CHARACTERISTIC}body_surface_area", "m²", "TID 10024"),
    read_code("Body Surface Area Formula", "patchar.body_surface_area_formula_id",
              "Formula of the body surface area", f"{_CHARACTERISTIC}body_surface_area_formula_id",
              "TID 10024"),
    _number("patchar.body_mass_index", "Body Mass Index (kg/m^2)", "Body mass index of the patient",
            f"{_CHARACTERISTIC}body_mass_index", "kg/m²", "60621009 SCT"),
    read_code("Body Mass Index Equation", "patchar.equation_id", "Equation of the body mass index",
              f"{_CHARACTERISTIC}equation_id", "121420 DCM"),
    _number("patchar.glucose", "Glucose (mmol/l)", "Blood glucose of the patient",
            f"{_CHARACTERISTIC}glucose", "mmol/l", "TID 10024"),
    _number("patchar.fasting_duration", "Fasting Duration (hours)", "Duration of fasting",
            f"{_CHARACTERISTIC}fasting_duration", "hours", "113550 DCM"),
    _number("patchar.hydration_volume", "Hydration Volume (ml)", "Volume of fluid that was drunk or given",
            f"{_CHARACTERISTIC}hydration_volume", "ml", "113551 DCM"),
    Column("Recent Physical Activity", "patchar.recent_physical_activity",
           meaning="Recent physical activity of the patient",
           source=f"{_CHARACTERISTIC}recent_physical_activity", dicom="113552 DCM"),
    _number("patchar.serum_creatinine", "Serum Creatinine (mg/dl)", "Serum creatinine of the patient",
            f"{_CHARACTERISTIC}serum_creatinine", "mg/dl", "TID 10024"),
)  # fmt: skip

_RATE = "glomerularfiltrationrate."
FILTRATION_RATES = Group(
    "glomerular filtration rates",
    "remapp_glomerularfiltrationrate",
    _PATIENT_OF,
    "patchar",
    (
        _number("child.glomerular_filtration_rate", "Glomerular Filtration Rate {n} (ml/min/1.73m^2)",
                "Glomerular filtration rate", f"{_RATE}glomerular_filtration_rate", "ml/min/1.73 m²",
                "TID 10024"),
        read_code("Measurement Method {n}", "child.measurement_method_id", "How the rate was found",
                  f"{_RATE}measurement_method_id", "370129005 SCT"),
        read_code("Equivalent meaning of concept name {n}", "child.equivalent_meaning_of_concept_name_id",
                  "Kind of the rate", f"{_RATE}equivalent_meaning_of_concept_name_id", "121050 DCM"),
    ),
)  # fmt: skip

_SERIES = "petseries."
_SCAN = "Direction in which the scan went on"
SERIES = Group(
    "PET series",
    "remapp_petseries",
    _REPORT_OF,
    "rad",
    (
        Column("Series {n} date", "child.series_datetime", DATETIME, "Date and time of the PET series",
               f"{_SERIES}series_datetime", dicom="(0008,0021), (0008,0031)"),
        _number("child.number_of_slices", "Series {n} number of slices", "Number of slices",
                f"{_SERIES}number_of_slices", "", "(0054,0081)"),
        Column("Series {n} reconstruction method", "child.reconstruction_method",
               meaning="Method of the reconstruction", source=f"{_SERIES}reconstruction_method",
               dicom="(0054,1103)"),
        _number("child.coincidence_window_width", "Series {n} coincidence window width",
                "Width of the coincidence window", f"{_SERIES}coincidence_window_width", "ns",
                "(0054,1210)"),
        _number("child.energy_window_lower_limit", "Series {n} energy window lower limit",
                "Lower limit of the energy window", f"{_SERIES}energy_window_lower_limit", "keV",
                "(0054,0014)"),
        _number("child.energy_window_upper_limit", "Series {n} energy window upper limit",
                "Upper limit of the energy window", f"{_SERIES}energy_window_upper_limit", "keV",
                "(0054,0015)"),
        Column("Series {n} scan procession", "child.scan_progression_direction", meaning=_SCAN,
               source=f"{_SERIES}scan_progression_direction", dicom="(0054,0501)"),
        _number("child.number_of_rr_intervals", "Series {n} number of RR intervals",
                "Number of intervals between heartbeats", f"{_SERIES}number_of_rr_intervals", "",
                "(0054,0061)"),
        _number("child.number_of_time_slots", "Series {n} number of time slots", "Number of time slots",
                f"{_SERIES}number_of_time_slots", "", "(0054,0071)"),
        _number("child.number_of_time_slices", "Series {n} number of time slices", "Number of time slices",
                f"{_SERIES}number_of_time_slices", "", "(0054,0101)"),
    ),
)  # fmt: skip

Parts = tuple[Group | tuple[Column, ...], ...]

PARTS: Parts = (
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


def list_single_columns(parts: Parts) -> tuple[Column, ...]:
    """Return the columns of the parts that are no groups."""
    return tuple(column for part in parts if not isinstance(part, Group) for column in part)


def change_parts(change: ChangeColumns) -> Parts:
    """Return the parts with changed columns."""
    return tuple(
        replace(part, columns=change(part.columns)) if isinstance(part, Group) else change(part)
        for part in PARTS
    )


SINGLE_COLUMNS = list_single_columns(PARTS)
