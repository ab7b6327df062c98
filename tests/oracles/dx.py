"""Radiography computed a second time from OpenREM's tables (export-rules §1 and §4).

Nothing here is shared with the exports: whole tables are read, and Python puts them together.
"""

from decimal import ROUND_HALF_EVEN, Decimal

import psycopg
from psycopg.rows import dict_row

from tests.oracles.ct import STUDY_HEADINGS as CT_STUDY_HEADINGS
from tests.oracles.ct import add, first, group, newest_first, write

OF_STUDY = "general_study_module_attributes_id"
OF_REPORT = "projection_xray_radiation_dose_id"
OF_EVENT = "irradiation_event_xray_data_id"
OF_SOURCE = "irradiation_event_xray_source_data_id"
STUDY_HEADINGS = [*CT_STUDY_HEADINGS[:-1], "DAP total (cGy.cm^2)"]
EVENT_HEADINGS = (
    """
    Protocol, Anatomy, Image view, Exposure control mode, kVp, mAs, mA, Exposure time (ms), Filters,
    Filter thicknesses (mm), Exposure index, Target exposure index, Deviation index, Relative x-ray exposure,
    DAP (cGy.cm^2), Entrance Exposure at RP (mGy), SDD Detector Dist, SPD Patient Dist, SIsoD Isocentre Dist,
    Table Height, Comment
""".strip()
    .replace("\n   ", "")
    .split(", ")
)
SHORT = {
    "aluminum": "Al", "aluminium": "Al", "copper": "Cu", "tantalum": "Ta", "molybdenum": "Mo",
    "rhodium": "Rh", "silver": "Ag", "niobium": "Nb", "europium": "Eu", "lead": "Pb",
}  # fmt: skip


class DxArchive:
    """An OpenREM database's radiography studies."""

    def __init__(self, url):
        with psycopg.connect(url, row_factory=dict_row) as connection:

            def read(table):
                return connection.execute(f"SELECT * FROM remapp_{table} ORDER BY id").fetchall()

            every = read("generalstudymoduleattr")
            self.studies = [row for row in every if row["modality_type"] in {"DX", "CR", "PX"}]
            self.codes = {row["id"]: row["code_meaning"] for row in read("contextid")}
            self.names = {row["id"]: row for row in read("uniqueequipmentnames")}
            self.of_study = {
                table: group(read(table), OF_STUDY)
                for table in ("patientmoduleattr", "patientstudymoduleattr", "generalequipmentmoduleattr",
                              "projectionxrayradiationdose")
            }  # fmt: skip
            self.accumulated = group(read("accumxraydose"), OF_REPORT)
            self.totals = group(read("accumintegratedprojradiogdose"), "accumulated_xray_dose_id")
            self.events = group(read("irradeventxraydata"), OF_REPORT)
            self.of_event = {
                part: group(read(f"irradeventxray{part}data"), OF_EVENT)
                for part in ("source", "mechanical", "detector")
            }
            self.distances = group(
                read("doserelateddistancemeasurements"), "irradiation_event_xray_mechanical_data_id"
            )
            self.of_source = {
                table: group(read(table), OF_SOURCE)
                for table in ("kvp", "exposure", "xraytubecurrent", "pulsewidth", "xrayfilters")
            }
            self.standard = {row["id"]: row for row in read("standardnames")}
            self.links = group(read("irradeventxraydata_standard_protocols"), "irradeventxraydata_id")
        self.studies.sort(key=newest_first)

    def child(self, table, study):
        """Its row of that table with the lowest id."""
        return first(self.of_study[table][study["id"]])

    def events_of(self, study):
        """All its events, of every dose report, by id."""
        reports = self.of_study["projectionxrayradiationdose"][study["id"]]
        return sorted((event for report in reports for event in self.events[report["id"]]), key=by_id)

    def totals_of(self, study):
        """Its accumulated doses, of every report and plane."""
        return [
            total
            for report in self.of_study["projectionxrayradiationdose"][study["id"]]
            for plane in self.accumulated[report["id"]]
            for total in self.totals[plane["id"]]
        ]

    def total_dap(self, study):
        """The total that OpenREM has stored, or else the sum of the accumulated doses."""
        if study["total_dap"] is not None:
            return study["total_dap"]
        return add(total["dose_area_product_total"] for total in self.totals_of(study))

    def count_stored_events(self, study):
        """The number of events that OpenREM has stored, or else of those of its dose reports."""
        if (
            study["number_of_events"] is not None
            or not self.of_study["projectionxrayradiationdose"][study["id"]]
        ):
            return study["number_of_events"]
        return len(self.events_of(study))

    def study_cells(self, study):
        """Heading → cell, for every study column there can be, standard names left out."""
        pat, patstudy = (self.child(f"patient{part}moduleattr", study) for part in ("", "study"))
        equip = self.child("generalequipmentmoduleattr", study)
        reports = self.of_study["projectionxrayradiationdose"][study["id"]]
        totals = self.totals_of(study)
        values = (
            *(pat["patient_name"], pat["patient_id"], equip["institution_name"], equip["manufacturer"]),
            *(equip["manufacturer_model_name"], equip["station_name"]),
            self.names.get(equip["unique_equipment_name_id"], {}).get("display_name"),
            *(study[key] for key in ("accession_number", "operator_name", "study_date", "study_time")),
            *(pat["patient_birth_date"], patstudy["patient_age_decimal"], pat["patient_sex"]),
            *(patstudy["patient_size"], patstudy["patient_weight"], pat["not_patient_indicator"]),
            *(study["study_description"], study["requested_procedure_code_meaning"]),
            first(reports)["comment"],
            self.count_events(study, totals),
            million(add(total["dose_area_product_total"] for total in totals)),
        )
        return dict(zip(STUDY_HEADINGS, map(write, values), strict=True))

    def count_events(self, study, totals):
        """The declared frames, or OpenREM's count, or the number of its events."""
        declared = add(total["total_number_of_radiographic_frames"] for total in totals)
        counted = study["number_of_events"] if declared is None else declared
        return len(self.events_of(study)) if counted is None else counted

    def standard_study_names(self, study):
        """The names that map its description, and those that map its requested procedure."""
        return [
            join_sorted(
                name["standard_name"]
                for name in self.standard.values()
                if name["modality"] == "DX" and study[key] is not None and name[key] == study[key]
            )
            for key in ("study_description", "requested_procedure_code_meaning")
        ]

    def standard_event_names(self, event):
        """The names that are linked to it."""
        found = (self.standard[link["standardnames_id"]] for link in self.links[event["id"]])
        return join_sorted(name["standard_name"] for name in found)

    def parts_of(self, event):
        """Its source, detector and distance rows."""
        mechanical = first(self.of_event["mechanical"][event["id"]])
        parts = [first(self.of_event[part][event["id"]]) for part in ("source", "detector")]
        return (*parts, first(self.distances[mechanical["id"]]))

    def event_cells(self, event):
        """Heading → cell, for every event column, standard names left out."""
        source, detector, distance = self.parts_of(event)
        values = (
            event["acquisition_protocol"],
            *(self.codes.get(event[key]) for key in ("anatomical_structure_id", "image_view_id")),
            source["exposure_control_mode"],
            self.mean_kvp(source),
            self.mas(source),
            *(source["average_xray_tube_current"], source["exposure_time"]),
            *self.filters(source),
            *(detector[key] for key in ("exposure_index", "target_exposure_index", "deviation_index")),
            detector["relative_xray_exposure"],
            million(event["dose_area_product"]),
            event["entrance_exposure_at_rp"],
            *(
                distance[f"distance_source_to_{point}"]
                for point in ("detector", "entrance_surface", "isocenter")
            ),
            *(distance["table_height_position"], event["comment"]),
        )
        return dict(zip(EVENT_HEADINGS, map(write, values), strict=True))

    def values(self, table, column, source):
        return [row[column] for row in self.of_source[table][source["id"]]]

    def mean_kvp(self, source):
        """One row: its value. Several: their mean without NULL and 0."""
        found = self.values("kvp", "kvp", source)
        if len(found) > 1:
            found = [value for value in found if value]
        return sum(found) / len(found) if found and None not in found else None

    def mas(self, source):
        """The stored exposures, or, when there are none, mA times ms row by row."""
        stored = add(self.values("exposure", "exposure", source))
        if stored is None:
            currents = self.values("xraytubecurrent", "xray_tube_current", source)
            widths = self.values("pulsewidth", "pulse_width", source)
            if len(currents) == len(widths):
                pairs = zip(currents, widths, strict=True)
                stored = add(ma * ms for ma, ms in pairs if ma is not None and ms is not None)
                if stored is not None and len(currents) == 1:  # it can stand for several pulses
                    stored *= max(source["number_of_pulses"] or 1, 1)
        return None if stored is None else stored / 1000

    def filters(self, source):
        """The cells of materials and of thicknesses."""
        rows = self.of_source["xrayfilters"][source["id"]]
        materials = [shorten(self.codes.get(row["xray_filter_material_id"])) for row in rows]
        thicknesses = [
            thickness(row["xray_filter_thickness_minimum"], row["xray_filter_thickness_maximum"])
            if row["xray_filter_material_id"] is not None
            else ""
            for row in rows
        ]
        return " | ".join(materials), " | ".join(thicknesses)


def by_id(row):
    return row["id"]


def million(value):
    """Gy·m² in cGy·cm²."""
    return None if value is None else value * 1_000_000


def shorten(material):
    if not material:
        return ""
    return next((short for word, short in SHORT.items() if word in material.lower()), material)


def thickness(least, most):
    """The mean of those that are there, with four decimals."""
    found = [value for value in (least, most) if value is not None]
    if not found:
        return ""
    return str((sum(found) / len(found)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN))


def join_sorted(names):
    return " | ".join(sorted({name for name in names if name}))


def is_same_mean(ours, expected):
    """Whether two means are the same; their endless decimals may end elsewhere."""
    if not (ours and expected):
        return ours == expected
    return abs(Decimal(ours) - Decimal(expected)) <= abs(Decimal(expected)) * Decimal("1e-14")
