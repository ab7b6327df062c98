"""RF studies and exposures computed a second time from OpenREM's tables (export-rules §1 and §3).

Nothing here is shared with the exports: whole tables are read, and Python puts them together.
"""

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal

import psycopg
from psycopg.rows import dict_row

from tests.oracles.ct import add, first, group, newest_first

OF_STUDY = "general_study_module_attributes_id"
OF_REPORT = "projection_xray_radiation_dose_id"
OF_PLANE = "accumulated_xray_dose_id"
OF_EVENT = "irradiation_event_xray_data_id"
OF_SOURCE = "irradiation_event_xray_source_data_id"
OF_MECHANICAL = "irradiation_event_xray_mechanical_data_id"

PLANE = (
    ("DAP total (Gy.m^2)", "dose_area_product_total"),
    ("Dose RP total (Gy)", "dose_rp_total"),
    ("Fluoro DAP total (Gy.m^2)", "fluoro_dose_area_product_total"),
    ("Fluoro dose RP total (Gy)", "fluoro_dose_rp_total"),
    ("Fluoro duration total (s)", "total_fluoro_time"),
    ("Acq. DAP total (Gy.m^2)", "acquisition_dose_area_product_total"),
    ("Acq. dose RP total (Gy)", "acquisition_dose_rp_total"),
    ("Acq. duration total (s)", "total_acquisition_time"),
)
SHORT = {
    "aluminum": "Al", "aluminium": "Al", "copper": "Cu", "tantalum": "Ta", "molybdenum": "Mo",
    "rhodium": "Rh", "silver": "Ag", "niobium": "Nb", "europium": "Eu", "lead": "Pb",
}  # fmt: skip
PULSES = {"kvp": "kvp", "xraytubecurrent": "xray_tube_current", "pulsewidth": "pulse_width"}
LIST = " | "


def show(value):
    """A value as text: numbers plain, times with six digits of a fraction or none."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat(" ") if hasattr(value, "hour") and hasattr(value, "year") else str(value)


class RfArchive:
    """An OpenREM database's RF studies."""

    def __init__(self, url):
        options = "-c TimeZone=Europe/London"
        with psycopg.connect(url, row_factory=dict_row, options=options) as connection:

            def read(table):
                return connection.execute(f"SELECT * FROM remapp_{table} ORDER BY id").fetchall()

            everything = read("generalstudymoduleattr")
            self.studies = [row for row in everything if row["modality_type"] == "RF"]
            self.codes = {row["id"]: row for row in read("contextid")}
            self.names = {row["id"]: row for row in read("uniqueequipmentnames")}
            self.patients = group(read("patientmoduleattr"), OF_STUDY)
            self.patient_studies = group(read("patientstudymoduleattr"), OF_STUDY)
            self.equipment = group(read("generalequipmentmoduleattr"), OF_STUDY)
            self.reports = group(read("projectionxrayradiationdose"), OF_STUDY)
            self.accumulated = group(read("accumxraydose"), OF_REPORT)
            self.integrated = group(read("accumintegratedprojradiogdose"), OF_PLANE)
            self.projections = group(read("accumprojxraydose"), OF_PLANE)
            self.events = group(read("irradeventxraydata"), OF_REPORT)
            self.sources = group(read("irradeventxraysourcedata"), OF_EVENT)
            self.mechanics = group(read("irradeventxraymechanicaldata"), OF_EVENT)
            self.distances = group(read("doserelateddistancemeasurements"), OF_MECHANICAL)
            self.filters = group(read("xrayfilters"), OF_SOURCE)
            self.grids = group(read("xraygrid"), OF_SOURCE)
            self.exposures = group(read("exposure"), OF_SOURCE)
            self.pulses = {table: group(read(table), OF_SOURCE) for table in PULSES}
            standard = {row["id"]: row["standard_name"] for row in read("standardnames")}
            self.standard = defaultdict(set)
            for row in read("irradeventxraydata_standard_protocols"):
                self.standard[row["irradeventxraydata_id"]].add(standard[row["standardnames_id"]])
            self.standard_names = read("standardnames")
        self.studies.sort(key=newest_first)

    def meaning(self, code):
        return self.codes.get(code, {}).get("code_meaning")

    def events_of(self, study):
        """All its events, of every dose report, by id."""
        found = [event for report in self.reports[study["id"]] for event in self.events[report["id"]]]
        return sorted(found, key=lambda event: event["id"])

    def source(self, event):
        return first(self.sources[event["id"]])

    def mechanical(self, event):
        return first(self.mechanics[event["id"]])

    # Study columns

    def study_cells(self, study):
        """Heading → cell, for every study column there can be."""
        pat = first(self.patients[study["id"]])
        patstudy = first(self.patient_studies[study["id"]])
        equip = first(self.equipment[study["id"]])
        cells = {
            "Patient name": pat["patient_name"],
            "Patient ID": pat["patient_id"],
            "Institution": equip["institution_name"],
            "Manufacturer": equip["manufacturer"],
            "Model name": equip["manufacturer_model_name"],
            "Station name": equip["station_name"],
            "Display name": self.names.get(equip["unique_equipment_name_id"], {}).get("display_name"),
            "Accession number": study["accession_number"],
            "Operator": study["operator_name"],
            "Physician": study["performing_physician_name"],
            "Study date": study["study_date"],
            "Study time": study["study_time"],
            "Date of birth": pat["patient_birth_date"],
            "Age": patstudy["patient_age_decimal"],
            "Sex": pat["patient_sex"],
            "Height": patstudy["patient_size"],
            "Mass (kg)": patstudy["patient_weight"],
            "Test patient?": pat["not_patient_indicator"],
            "Study description": study["study_description"],
            "Standard study name (study)": self.names_of_study(study, "study_description"),
            "Requested procedure": study["requested_procedure_code_meaning"],
            "Standard study name (request)": self.names_of_study(study, "requested_procedure_code_meaning"),
            "Study Comments": first(self.reports[study["id"]])["comment"],
            "No. events": len(self.events_of(study)),
        }
        for block, plane in zip("AB", self.planes_of(study)[:2], strict=True):
            cells |= {f"{block} {heading}": cell for heading, cell in self.plane_cells(study, plane).items()}
        return {heading: show(cell) for heading, cell in cells.items()}

    def names_of_study(self, study, column):
        names = {
            row["standard_name"]
            for row in self.standard_names
            if row["modality"] == "RF" and row[column] is not None and row[column] == study[column]
        }
        return LIST.join(sorted(names))

    def planes_of(self, study):
        """The accumulated doses of block A, of block B, and of planes there is no block for."""
        planes = defaultdict(list)
        for report in self.reports[study["id"]]:
            for row in self.accumulated[report["id"]]:
                planes[self.codes.get(row["acquisition_plane_id"], {}).get("code_value")].append(row)
        in_b = planes.pop("113621", None)
        others = [planes[code] for code in sorted(planes, key=lambda code: (code is None, code or ""))]
        if in_b is None:
            return [*others[:2], None, None][:2] + others[2:]
        return [others[0] if others else None, in_b, *others[1:]]

    def plane_cells(self, study, plane):
        headings = [heading for heading, _ in PLANE]
        if plane is None:
            return dict.fromkeys([*headings, "Number of events"])
        meaning = self.meaning(plane[0]["acquisition_plane_id"])
        cells = {}
        for heading, column in PLANE:
            table = (
                self.integrated
                if column in ("dose_area_product_total", "dose_rp_total")
                else self.projections
            )
            cells[heading] = add(row[column] for part in plane for row in table[part["id"]])
        cells["Number of events"] = sum(
            self.meaning(event["acquisition_plane_id"]) == meaning for event in self.events_of(study)
        )
        return cells

    # Event columns

    def event_cells(self, event):
        """Heading → cell, for every column of a protocol's sheet."""
        source, mechanical = self.source(event), self.mechanical(event)
        materials, thicknesses = self.filter_words(source)
        dap = event["dose_area_product"]
        cells = {
            "Time": event["date_time_started"] and event["date_time_started"].replace(tzinfo=None),
            "Type": self.meaning(event["irradiation_event_type_id"]),
            "Protocol": event["acquisition_protocol"],
            "Standard acquisition name": LIST.join(sorted(filter(None, self.standard[event["id"]]))),
            "Plane": self.meaning(event["acquisition_plane_id"]),
            "Field size": source["ii_field_size"],
            "Filter material": materials,
            "Mean filter thickness (mm)": thicknesses,
            "kVp": self.mean_of(source, "kvp"),
            "mA": self.mean_of(source, "xraytubecurrent"),
            "Pulse width (ms)": self.mean_of(source, "pulsewidth"),
            "Pulse rate": source["pulse_rate"],
            "Number of pulses": source["number_of_pulses"],
            "Exposure time (ms)": source["exposure_time"],
            "Exposure duration (s)": source["irradiation_duration"],
            "DAP (cGy.cm^2)": None if dap is None else dap * 1_000_000,
            "Ref point dose (Gy)": source["dose_rp"],
            "Primary angle": mechanical["positioner_primary_angle"],
            "Secondary angle": mechanical["positioner_secondary_angle"],
        }
        return {heading: show(cell) for heading, cell in cells.items()}

    def values_of(self, source, table):
        return [row[PULSES[table]] for row in self.pulses[table][source["id"]]]

    def mean_of(self, source, table):
        values = self.values_of(source, table)
        if len(values) == 1:
            return values[0]
        values = [value for value in values if value]
        return sum(values) / len(values) if values else None

    def filter_words(self, source):
        materials, thicknesses = [], []
        for row in self.filters[source["id"]]:
            materials.append(shorten(self.meaning(row["xray_filter_material_id"])))
            ends = [row[f"xray_filter_thickness_{end}"] for end in ("minimum", "maximum")]
            known = [end for end in ends if end is not None]
            mean = sum(known) / len(known) if known else None
            is_shown = mean is not None and row["xray_filter_material_id"] is not None
            thicknesses.append(str(mean.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)) if is_shown else "")
        return LIST.join(materials), LIST.join(thicknesses)


def shorten(meaning):
    """A filter material's short name; '' for none."""
    if meaning is None:
        return ""
    return next((short for word, short in SHORT.items() if word in meaning.lower()), meaning)
