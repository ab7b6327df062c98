"""Mammography computed a second time from OpenREM's tables (export-rules §1 and §5).

Nothing here is shared with the exports: whole tables are read, and Python puts them together.
"""

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal

import psycopg
from psycopg.rows import dict_row

from tests.oracles.ct import first, group, newest_first, write

OF_STUDY = "general_study_module_attributes_id"
OF_EVENT = "irradiation_event_xray_data_id"
OF_SOURCE = "irradiation_event_xray_source_data_id"
MATERIALS = ("aluminum Al", "aluminium Al", "copper Cu", "tantalum Ta", "molybdenum Mo", "rhodium Rh",
             "silver Ag", "niobium Nb", "europium Eu", "lead Pb")  # fmt: skip
TARGETS = ("molybdenum Mo", "rhodium Rh", "tungsten W")


class MgArchive:
    """An OpenREM database's mammography studies, newest first."""

    def __init__(self, url):
        with psycopg.connect(url, row_factory=dict_row) as connection:

            def read(table):
                return connection.execute(f"SELECT * FROM remapp_{table} ORDER BY id").fetchall()

            self.studies = [row for row in read("generalstudymoduleattr") if row["modality_type"] == "MG"]
            self.codes = {row["id"]: row for row in read("contextid")}
            self.names = {row["id"]: row for row in read("uniqueequipmentnames")}
            self.patients = group(read("patientmoduleattr"), OF_STUDY)
            self.patient_studies = group(read("patientstudymoduleattr"), OF_STUDY)
            self.equipment = group(read("generalequipmentmoduleattr"), OF_STUDY)
            self.reports = group(read("projectionxrayradiationdose"), OF_STUDY)
            self.events = group(read("irradeventxraydata"), "projection_xray_radiation_dose_id")
            self.sources = group(read("irradeventxraysourcedata"), OF_EVENT)
            self.mechanics = group(read("irradeventxraymechanicaldata"), OF_EVENT)
            self.modifiers = group(read("imageviewmodifier"), OF_EVENT)
            self.distances = group(
                read("doserelateddistancemeasurements"), "irradiation_event_xray_mechanical_data_id"
            )
            self.filters, self.kvps, self.exposures, self.currents, self.widths = (
                group(read(table), OF_SOURCE)
                for table in ("xrayfilters", "kvp", "exposure", "xraytubecurrent", "pulsewidth")
            )
            self.mapped = [row for row in read("standardnames") if row["modality"] == "MG"]
            standard = {row["id"]: row["standard_name"] for row in read("standardnames")}
            self.linked = defaultdict(set)
            for row in read("irradeventxraydata_standard_protocols"):
                self.linked[row["irradeventxraydata_id"]].add(standard[row["standardnames_id"]])
        self.studies.sort(key=newest_first)

    def code(self, key):
        return self.codes.get(key, {}).get("code_value") or ""

    def meaning(self, key):
        return self.codes.get(key, {}).get("code_meaning") or ""

    def events_of(self, study):
        """All its exposures, of every dose report, by id, each with its report."""
        found = [
            (event, report) for report in self.reports[study["id"]] for event in self.events[report["id"]]
        ]
        return sorted(found, key=lambda pair: pair[0]["id"])

    def study_cells(self, study):
        """Heading → cell, for every study column there can be."""
        pat, patstudy, equip, report = (
            first(rows[study["id"]])
            for rows in (self.patients, self.patient_studies, self.equipment, self.reports)
        )
        values = {
            "Patient name": pat["patient_name"],
            "Patient ID": pat["patient_id"],
            "Institution": equip["institution_name"],
            "Manufacturer": equip["manufacturer"],
            "Model name": equip["manufacturer_model_name"],
            "Station name": equip["station_name"],
            "Display name": self.names.get(equip["unique_equipment_name_id"], {}).get("display_name"),
            "Accession number": study["accession_number"],
            "Operator": study["operator_name"],
            "Study date": study["study_date"],
            "Study time": study["study_time"],
            "Date of birth": pat["patient_birth_date"],
            "Age": patstudy["patient_age_decimal"],
            "Sex": pat["patient_sex"],
            "Test patient?": pat["not_patient_indicator"],
            "Study description": study["study_description"],
            "Standard study name (study)": self._map(study, "study_description"),
            "Requested procedure": study["requested_procedure_code_meaning"],
            "Standard study name (request)": self._map(study, "requested_procedure_code_meaning"),
            "Study Comments": report["comment"],
            "No. events": len(self.events_of(study)),
        }
        return {heading: write(value) for heading, value in values.items()}

    def _map(self, study, column):
        names = {row["standard_name"] for row in self.mapped if row[column] == study[column] != None}  # noqa: E711
        return " | ".join(sorted(names))

    def event_cells(self, event):
        """Heading → cell, for every column of an exposure."""
        source, mechanical = first(self.sources[event["id"]]), first(self.mechanics[event["id"]])
        modifiers = [self.meaning(row["image_view_modifier_id"]) for row in self.modifiers[event["id"]]]
        filters = self.filters[source["id"]]
        named = [row for row in filters if row["xray_filter_material_id"] is not None]
        values = {
            "View": self.meaning(event["image_view_id"]),
            "View Modifier": "".join(f"{modifier} " for modifier in modifiers if modifier),
            "Laterality": self.meaning(event["laterality_id"]),
            "Acquisition": event["acquisition_protocol"],
            "Standard acquisition name": " | ".join(sorted(filter(None, self.linked[event["id"]]))),
            "Thickness": mechanical["compression_thickness"],
            "Radiological thickness": first(self.distances[mechanical["id"]])["radiological_thickness"],
            "Force": mechanical["compression_force"],
            "Mag": mechanical["magnification_factor"],
            "Area": source["collimated_field_area"],
            "Mode": source["exposure_control_mode"],
            "Target": shorten(self.meaning(source["anode_target_material_id"]), TARGETS),
            "Filter": " | ".join(
                shorten(self.meaning(row["xray_filter_material_id"]), MATERIALS) for row in filters
            ),
            "Filter thickness": " | ".join(thickness_of(row) if row in named else "" for row in filters),
            "Focal spot size": source["focal_spot_size"],
            "kVp": self.kvp_of(source),
            "mA": source["average_xray_tube_current"],
            "ms": source["exposure_time"],
            "uAs": self.load_of(source),
            "ESD": event["entrance_exposure_at_rp"],
            "AGD": source["average_glandular_dose"],
            "% Fibroglandular tissue": event["percent_fibroglandular_tissue"],
            "Exposure mode description": event["comment"],
        }
        return {heading: write(value) for heading, value in values.items()}

    def kvp_of(self, source):
        """The only value, or the mean of those that are neither missing nor 0, to 16 digits."""
        values = [row["kvp"] for row in self.kvps[source["id"]]]
        if len(values) == 1:
            return values[0]
        values = [value for value in values if value]
        return sum(values) / len(values) if values else None

    def stored_load_of(self, source):
        values = [row["exposure"] for row in self.exposures[source["id"]]]
        values = [value for value in values if value is not None]
        return sum(values) if values else None

    def load_of(self, source):
        """The stored exposure in uAs, or else that of the pulses."""
        stored = self.stored_load_of(source)
        if stored is not None:
            return stored
        currents, widths = self.currents[source["id"]], self.widths[source["id"]]
        if len(currents) != len(widths):
            return None
        pulses = [
            current["xray_tube_current"] * width["pulse_width"]
            for current, width in zip(currents, widths, strict=True)
            if None not in (current["xray_tube_current"], width["pulse_width"])
        ]
        # The only pair can stand for several pulses.
        times = max(source["number_of_pulses"] or 1, 1) if len(currents) == 1 else 1
        return sum(pulses) * times if pulses else None


def shorten(text, names):
    pairs = (name.split() for name in names)
    return next((short for word, short in pairs if word in text.lower()), text)


def thickness_of(row):
    ends = [row["xray_filter_thickness_minimum"], row["xray_filter_thickness_maximum"]]
    known = [end for end in ends if end is not None]
    return str((sum(known) / len(known)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)) if known else ""
