"""NM exports computed a second time from OpenREM's tables (export-rules §1 and §7).

Nothing here is shared with the exports: whole tables are read, and Python puts them together.
"""

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from tests.oracles.ct import OF_STUDY, first, group, newest_first, write

LONDON = ZoneInfo("Europe/London")
OF_REPORT = "radiopharmaceutical_radiation_dose_id"
OF_ADMINISTRATION = "radiopharmaceutical_administration_event_data_id"
OF_PATIENT = "radiopharmaceutical_administration_patient_characteristics_id"

STUDY_HEADINGS = [
    "Patient name", "Patient ID", "Institution", "Manufacturer", "Model name", "Station name", "Display name",
    "Accession number", "Operator", "Study date", "Study time", "Date of birth", "Age", "Sex", "Height",
    "Mass (kg)", "Test patient?", "Study description", "Requested procedure", "Study Comments",
]  # fmt: skip
ADMINISTRATION_HEADINGS = [
    "Radiopharmaceutical Agent", "Radionuclide", "Radionuclide Half Live", "Administered activity (MBq)",
    "Effective dose (mSv)", "Associated Procedure", "Radiopharmaceutical Start Time",
    "Radiopharmaceutical Stop Time", "Route of Administration", "Route of Administration Laterality",
]  # fmt: skip
PARTICIPANT_HEADINGS = ["Person participant name {}", "Person participant role {}"]
ORGAN_HEADINGS = [
    "Organ Dose Finding Site {}", "Organ Laterality {}", "Organ Dose {} (mGy)", "Organ Mass {}(g)",
    "Organ Dose Measurement Method {}", "Organ Dose Reference Authority {}",
]  # fmt: skip
PATIENT_HEADINGS = [
    "Body Surface Area (m^2)", "Body Surface Area Formula", "Body Mass Index (kg/m^2)",
    "Body Mass Index Equation", "Glucose (mmol/l)", "Fasting Duration (hours)", "Hydration Volume (ml)",
    "Recent Physical Activity", "Serum Creatinine (mg/dl)",
]  # fmt: skip
RATE_HEADINGS = [
    "Glomerular Filtration Rate {} (ml/min/1.73m^2)", "Measurement Method {}",
    "Equivalent meaning of concept name {}",
]  # fmt: skip
SERIES_HEADINGS = [
    "Series {} date", "Series {} number of slices", "Series {} reconstruction method",
    "Series {} coincidence window width", "Series {} energy window lower limit",
    "Series {} energy window upper limit", "Series {} scan procession", "Series {} number of RR intervals",
    "Series {} number of time slots", "Series {} number of time slices",
]  # fmt: skip
GROUPS = (
    PARTICIPANT_HEADINGS,
    ORGAN_HEADINGS,
    ["Patient state {}"],
    RATE_HEADINGS,
    SERIES_HEADINGS,
)


class Archive:
    """An OpenREM database's NM studies."""

    def __init__(self, url):
        with psycopg.connect(url, row_factory=dict_row) as connection:

            def read(table):
                return connection.execute(f"SELECT * FROM remapp_{table} ORDER BY id").fetchall()

            self.studies = [row for row in read("generalstudymoduleattr") if row["modality_type"] == "NM"]
            self.codes = {row["id"]: row["code_meaning"] for row in read("contextid")}
            self.names = {row["id"]: row["display_name"] for row in read("uniqueequipmentnames")}
            self.patients = group(read("patientmoduleattr"), OF_STUDY)
            self.patient_studies = group(read("patientstudymoduleattr"), OF_STUDY)
            self.equipment = group(read("generalequipmentmoduleattr"), OF_STUDY)
            self.reports = group(read("radiopharmaceuticalradiationdose"), OF_STUDY)
            self.administrations = group(read("radiopharmaceuticaladministrationeventdata"), OF_REPORT)
            self.persons = group(read("personparticipant"), OF_ADMINISTRATION)
            self.organs = group(read("organdose"), OF_ADMINISTRATION)
            self.characteristics = group(
                read("radiopharmaceuticaladministrationpatientcharacteristics"), OF_REPORT
            )
            self.states = group(read("patientstate"), OF_PATIENT)
            self.rates = group(read("glomerularfiltrationrate"), OF_PATIENT)
            self.series = group(read("petseries"), OF_REPORT)
        self.studies.sort(key=newest_first)

    def table(self, studies=None):
        """Heading row and rows of the csv with names and IDs, of these studies (ids) or all."""
        chosen = [study for study in self.studies if studies is None or study["id"] in studies]
        found = [(study, self.events_of(study)) for study in chosen]
        widths = [max((len(event[n]) for _, events in found for event in events), default=0) for n in GROUP]
        yield self._headings(widths)
        for study, events in found:
            for event in events or [NO_EVENT]:
                yield self.study_cells(study) + self._event_cells(event, widths)

    def study_cells(self, study):
        """Every study column there can be."""
        pat = first(self.patients[study["id"]])
        patstudy = first(self.patient_studies[study["id"]])
        equip = first(self.equipment[study["id"]])
        values = (
            *(pat[key] for key in ("patient_name", "patient_id")),
            *(equip[key] for key in ("institution_name", "manufacturer", "manufacturer_model_name")),
            equip["station_name"],
            self.names.get(equip["unique_equipment_name_id"]),
            *(study[key] for key in ("accession_number", "operator_name", "study_date", "study_time")),
            pat["patient_birth_date"],
            patstudy["patient_age_decimal"],
            pat["patient_sex"],
            patstudy["patient_size"],
            patstudy["patient_weight"],
            pat["not_patient_indicator"],
            study["study_description"],
            study["requested_procedure_code_meaning"],
            None,
        )
        return list(map(write, values))

    def events_of(self, study):
        """Its administrations by id, then its dose reports that have none; each as its parts."""
        reports = self.reports[study["id"]]
        pairs = [(report, given) for report in reports for given in self.administrations[report["id"]]]
        pairs.sort(key=lambda pair: pair[1]["id"])
        pairs += [(report, None) for report in reports if not self.administrations[report["id"]]]
        return [self._parts(*pair) for pair in pairs]

    def _parts(self, report, given):
        own = defaultdict(lambda: None) if given is None else given
        patient = first(self.characteristics[report["id"]])
        return (
            [
                self._coded_or(own, "radiopharmaceutical_agent_id", "radiopharmaceutical_agent_string"),
                self._code(own["radionuclide_id"]),
                *(own[key] for key in ("radionuclide_half_life", "administered_activity", "effective_dose")),
                self._code(report["associated_procedure_id"]),
                own["radiopharmaceutical_start_datetime"],
                own["radiopharmaceutical_stop_datetime"],
                self._code(own["route_of_administration_id"]),
                self._code(own["laterality_id"]),
            ],
            [
                [row["person_name"], self._code(row["person_role_in_procedure_cid_id"])]
                for row in self._children(self.persons, own)
            ],
            [report["comment"]],
            [
                [
                    self._code(row["finding_site_id"]),
                    self._code(row["laterality_id"]),
                    row["organ_dose"],
                    row["mass"],
                    row["measurement_method"],
                    self._coded_or(row, "reference_authority_code_id", "reference_authority_text"),
                ]
                for row in self._children(self.organs, own)
            ],
            [[self._code(row["patient_state_id"])] for row in self._children(self.states, patient)],
            [
                patient["body_surface_area"],
                self._code(patient["body_surface_area_formula_id"]),
                patient["body_mass_index"],
                self._code(patient["equation_id"]),
                *(patient[key] for key in ("glucose", "fasting_duration", "hydration_volume")),
                *(patient[key] for key in ("recent_physical_activity", "serum_creatinine")),
            ],
            [
                [
                    row["glomerular_filtration_rate"],
                    self._code(row["measurement_method_id"]),
                    self._code(row["equivalent_meaning_of_concept_name_id"]),
                ]
                for row in self._children(self.rates, patient)
            ],
            [[row[key] for key in SERIES_KEYS] for row in self.series[report["id"]]],
        )

    def _children(self, rows, parent):
        return [] if parent["id"] is None else rows[parent["id"]]

    def _code(self, code):
        return None if code is None else self.codes[code]

    def _coded_or(self, row, coded, text):
        return row[text] if row[coded] is None else self._code(row[coded])

    def _headings(self, widths):
        persons, organs, states, rates, series = (
            [heading.format(n) for n in range(1, width + 1) for heading in headings]
            for headings, width in zip(GROUPS, widths, strict=True)
        )
        return [
            *STUDY_HEADINGS, *ADMINISTRATION_HEADINGS, *persons, "Comment", *organs, *states,
            *PATIENT_HEADINGS, *rates, *series,
        ]  # fmt: skip

    def _event_cells(self, event, widths):
        cells = []
        for number, part in enumerate(event):
            if number not in GROUP:
                cells += map(show, part)
                continue
            which = GROUP.index(number)
            filled = [show(value) for child in part for value in child]
            cells += filled + [""] * (widths[which] * len(GROUPS[which]) - len(filled))
        return cells


# Which of an event's parts are children, in the order of GROUPS.
GROUP = (1, 3, 4, 6, 7)
NO_EVENT = (
    [""] * len(ADMINISTRATION_HEADINGS), [], [""], [], [], [""] * len(PATIENT_HEADINGS), [], [],
)  # fmt: skip
SERIES_KEYS = (
    "series_datetime", "number_of_slices", "reconstruction_method", "coincidence_window_width",
    "energy_window_lower_limit", "energy_window_upper_limit", "scan_progression_direction",
    "number_of_rr_intervals", "number_of_time_slots", "number_of_time_slices",
)  # fmt: skip


def show(value):
    """A value as the csv shows it; a moment as London's clocks did."""
    if isinstance(value, datetime):
        local = value.astimezone(LONDON)
        return f"{local:%Y-%m-%d %H:%M:%S}" + (f".{local:%f}" if local.microsecond else "")
    return write(value)
