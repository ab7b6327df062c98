"""CT exports computed a second time from OpenREM's tables (export-rules §1 and §2).

Nothing here is shared with the exports: whole tables are read, and Python puts them together.
"""

import hashlib
import re
from collections import defaultdict
from datetime import date, time
from decimal import ROUND_HALF_EVEN, Decimal

import psycopg
from psycopg.rows import dict_row

OF_STUDY = "general_study_module_attributes_id"
OF_DOSE = "ct_radiation_dose_id"
OF_EVENT = "ct_irradiation_event_data_id"

STUDY_HEADINGS = (
    """
    Patient name, Patient ID, Institution, Manufacturer, Model name, Station name, Display name,
    Accession number, Operator, Study date, Study time, Date of birth, Age, Sex, Height, Mass (kg),
    Test patient?, Study description, Requested procedure, Study Comments, No. events, DLP total (mGy.cm)
""".strip()
    .replace("\n   ", "")
    .split(", ")
)
EVENT_HEADINGS = (
    """
    Protocol, Type, Exposure time, Scanning length, Slice thickness, Total collimation, Pitch, No. sources,
    CTDIvol, Phantom, DLP, S1 name, S1 kVp, S1 max mA, S1 mA, S1 Exposure time/rotation,
    S2 name, S2 kVp, S2 max mA, S2 mA, S2 Exposure time/rotation,
    mA Modulation type, Dose check details, Comments
""".strip()
    .replace("\n   ", "")
    .split(", ")
)
DANGEROUS = set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def write(value):
    """A value as a csv shows it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def guard(text):
    """A csv's text that no spreadsheet runs."""
    is_run = text[:1] in DANGEROUS and text and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text)
    return f"'{text}" if is_run else text


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Archive:
    """An OpenREM database's CT studies."""

    def __init__(self, url):
        with psycopg.connect(url, row_factory=dict_row) as connection:

            def read(table):
                return connection.execute(f"SELECT * FROM remapp_{table} ORDER BY id").fetchall()

            self.studies = [row for row in read("generalstudymoduleattr") if row["modality_type"] == "CT"]
            self.codes = {row["id"]: row for row in read("contextid")}
            self.names = {row["id"]: row for row in read("uniqueequipmentnames")}
            self.persons = read("personparticipant")
            self.patients = group(read("patientmoduleattr"), OF_STUDY)
            self.patient_studies = group(read("patientstudymoduleattr"), OF_STUDY)
            self.equipment = group(read("generalequipmentmoduleattr"), OF_STUDY)
            self.doses = group(read("ctradiationdose"), OF_STUDY)
            self.totals = group(read("ctaccumulateddosedata"), OF_DOSE)
            self.events = group(read("ctirradiationeventdata"), OF_DOSE)
            self.lengths = group(read("scanninglength"), OF_EVENT)
            self.tubes = group(read("ctxraysourceparameters"), OF_EVENT)
            self.checks = group(read("ctdosecheckdetails"), OF_EVENT)
        self.studies.sort(key=newest_first)

    def events_of(self, study):
        """All its events, of every dose report, by id."""
        found = [event for dose in self.doses[study["id"]] for event in self.events[dose["id"]]]
        return sorted(found, key=lambda event: event["id"])

    def study_cells(self, study):
        """Heading → cell, for every study column there can be."""
        pat = first(self.patients[study["id"]])
        patstudy = first(self.patient_studies[study["id"]])
        equip = first(self.equipment[study["id"]])
        name = self.names.get(equip["unique_equipment_name_id"], {})
        totals = [total for dose in self.doses[study["id"]] for total in self.totals[dose["id"]]]
        values = (
            *(pat[key] for key in ("patient_name", "patient_id")),
            *(equip[key] for key in ("institution_name", "manufacturer", "manufacturer_model_name")),
            equip["station_name"],
            name.get("display_name"),
            *(study[key] for key in ("accession_number", "operator_name", "study_date", "study_time")),
            pat["patient_birth_date"],
            patstudy["patient_age_decimal"],
            pat["patient_sex"],
            patstudy["patient_size"],
            patstudy["patient_weight"],
            pat["not_patient_indicator"],
            study["study_description"],
            study["requested_procedure_code_meaning"],
            first(self.doses[study["id"]])["comment"],
            add(total["total_number_of_irradiation_events"] for total in totals),
            add(total["ct_dose_length_product_total"] for total in totals),
        )
        return dict(zip(STUDY_HEADINGS, map(write, values), strict=True))

    def event_cells(self, event):
        """Heading → cell, for every event column."""
        phantom = self.codes.get(event["ctdiw_phantom_type_id"], {})
        sizes = {"113691": "32 cm", "113690": "16 cm"}
        tubes = (*self.tubes[event["id"]], defaultdict(), defaultdict())[:2]
        values = (
            event["acquisition_protocol"],
            self.codes.get(event["ct_acquisition_type_id"], {}).get("code_meaning"),
            event["exposure_time"],
            first(self.lengths[event["id"]])["scanning_length"],
            event["nominal_single_collimation_width"],
            event["nominal_total_collimation_width"],
            event["pitch_factor"],
            event["number_of_xray_sources"],
            event["mean_ctdivol"],
            sizes.get(phantom.get("code_value"), phantom.get("code_meaning")),
            event["dlp"],
            *(
                tube.get(key)
                for tube in tubes
                for key in (
                    "identification_of_the_xray_source",
                    "kvp",
                    "maximum_xray_tube_current",
                    "xray_tube_current",
                    "exposure_time_per_rotation",
                )
            ),
            event["xray_modulation_type"],
            self._check_words(self.checks[event["id"]]),
            event["comment"],
        )
        return dict(zip(EVENT_HEADINGS, map(write, values), strict=True))

    def _check_words(self, checks):
        if not checks:
            return None
        check = checks[0]
        return self._words_of(check, "alert", "accumulated_", "accumulated_") + self._words_of(
            check, "notification", "", ""
        )

    def _words_of(self, check, part, dlp_prefix, ctdi_prefix):
        limits = [
            ("DLP", "mGy.cm", dlp_prefix, "accumulated forward estimate"),
            ("CTDIvol", "mGy", ctdi_prefix, f"{ctdi_prefix.replace('_', ' ')}forward estimate"),
        ]
        words = ""
        for quantity, unit, prefix, estimate in limits:
            column = quantity.lower()
            if not check[f"{column}_{part}_value_configured"]:
                continue
            limit, value = check[f"{column}_{part}_value"], check[f"{prefix}{column}_forward_estimate"]
            said = "an unrecorded value" if limit is None else two_decimals(limit)
            words += f"{quantity} {part} is configured at {said} {unit} with "
            article = "an" if estimate.startswith("a") else "a"
            words += (
                f"{article} {estimate} of {two_decimals(value)} {unit}. "
                if value
                else f"no {estimate} recorded. "
            )
        if not words:
            return ""
        if reason := check[f"{part}_reason_for_proceeding"]:
            words += f"Reason for proceeding: {reason}. "
        key = f"ct_dose_check_details_{part}_id"
        persons = [
            row["person_name"] for row in self.persons if row[key] == check["id"] and row["person_name"]
        ]
        if persons:
            words += f"Person authorizing irradiation: {' | '.join(persons)}. "
        return f"Dose Check {part.capitalize()}s: {words}"


def group(rows, key):
    grouped = defaultdict(list)
    for row in rows:
        grouped[row[key]].append(row)
    return grouped


def first(rows):
    return rows[0] if rows else defaultdict(lambda: None)


def add(values):
    numbers = [value for value in values if value is not None]
    return sum(numbers) if numbers else None


def two_decimals(value):
    return str(value.quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def newest_first(study):
    day, at = study["study_date"], study["study_time"]
    seconds = 0 if at is None else at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
    return day is None, 0 if day is None else -day.toordinal(), at is None, -seconds, study["id"]
