"""Read the tables of a zip, and put them together again as other files show them."""

import csv
import io
import json
import tempfile
import zipfile
from collections import defaultdict
from decimal import Decimal

import duckdb

from tests.component.exporting import export
from tests.oracles.ct import add, guard, write
from tests.oracles.dx import shorten, thickness


class Package:
    """The tables of a zip: rows by table, each a dict of texts, and datapackage.json."""

    def __init__(self, data):
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            assert file.testzip() is None
            self.names = file.namelist()
            self.about = json.loads(file.read("datapackage.json"))
            self.texts = {name.removesuffix(".csv"): file.read(name).decode() for name in self.names[:-1]}
        self.rows = {name: read_rows(text) for name, text in self.texts.items()}
        self.resources = {each["name"]: each for each in self.about["resources"]}

    def __getitem__(self, name):
        return self.rows.get(name, [])

    def group(self, name, column="event_id", **wanted):
        """The rows of a table by the value of a column, only those with the wanted values."""
        grouped = defaultdict(list)
        for row in self[name]:
            if all(row[key] == value for key, value in wanted.items()):
                grouped[row[column]].append(row)
        return grouped


class Parquet:
    """A Parquet file as DuckDB reads it: the types and the rows of its columns."""

    def __init__(self, data):
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            file.write(data)
            file.flush()
            found = duckdb.sql(f"SELECT * FROM read_parquet('{file.name}')")
            self.types = dict(zip(found.columns, map(str, found.types), strict=True))
            self.rows = found.fetchall()


def read_rows(text):
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def export_package(url, kind, **body):
    """The package and the report of an export."""
    data, report = export(url, type=kind, **body)
    return Package(data), report


class Pivot:
    """The rows of a wide csv, made from a package."""

    def __init__(self, package):
        self.package = package
        self.events = package.group("events", "study_id")
        self.names = {
            source: package.group("study_names", "study_id", source=source)
            for source in ("study_description", "requested_procedure")
        }
        self.event_names = package.group("event_names")
        self.widest = max(map(len, self.events.values()))

    def rows(self):
        """The headings, then the rows."""
        studies = [self.study_cells(study) for study in self.package["studies"]]
        blank = dict.fromkeys(self.event_cells(self.package["events"][0]), "")
        yield [*studies[0], *(f"E{n} {name}" for n in range(1, self.widest + 1) for name in blank)]
        for study, cells in zip(self.package["studies"], studies, strict=True):
            events = self.events[study["study_id"]]
            assert [event["event_no"] for event in events] == [str(n + 1) for n in range(len(events))]
            shown = [self.event_cells(event) for event in events]
            shown += [blank] * (self.widest - len(events))
            yield [
                *map(guard_text, cells.items()),
                *(guard_text(each) for one in shown for each in one.items()),
            ]

    def study_cells(self, study):
        places = {
            "Patient name": "patient_name", "Patient ID": "patient_id", "Institution": "institution",
            "Manufacturer": "manufacturer", "Model name": "model_name", "Station name": "station_name",
            "Display name": "display_name", "Accession number": "accession_number",
            "Operator": "operator_name", "Study date": "study_date", "Study time": "study_time",
            "Date of birth": "patient_birth_date", "Age": "patient_age_years", "Sex": "patient_sex",
            "Height": "patient_height_m", "Mass (kg)": "patient_mass_kg", "Test patient?": "test_patient",
            "Study description": "study_description",
            "Standard study name (study)": lambda: join(self.names["study_description"][study["study_id"]]),
            "Requested procedure": "requested_procedure",
            "Standard study name (request)": lambda: join(
                self.names["requested_procedure"][study["study_id"]]),
            "Study Comments": "study_comments", "No. events": "number_of_events",
            **self.own_study_places(study),
        }  # fmt: skip
        return self.fill(places, study)

    def fill(self, places, row):
        """The cells by heading. A place is a column, or a function. Standard names must be on."""
        on = "study_names" in self.package.rows
        return {
            heading: place() if callable(place) else row[place]
            for heading, place in places.items()
            if on or not heading.startswith("Standard ")
        }


class CtPivot(Pivot):
    def __init__(self, package):
        super().__init__(package)
        self.sources = package.group("sources")

    def own_study_places(self, _):
        return {"DLP total (mGy.cm)": "dlp_total_mgy_cm"}

    def event_cells(self, event):
        sizes = {"113691": "32 cm", "113690": "16 cm"}
        tubes = (*self.sources[event["event_id"]], {}, {})[:2]
        tube_places = {
            "name": "name", "kVp": "kvp", "max mA": "max_tube_current_ma", "mA": "tube_current_ma",
            "Exposure time/rotation": "exposure_time_per_rotation_s",
        }  # fmt: skip
        places = {
            "Protocol": "acquisition_protocol",
            "Standard acquisition name": lambda: join(self.event_names[event["event_id"]]),
            "Type": "type_meaning", "Exposure time": "exposure_time_s",
            "Scanning length": "scanning_length_mm", "Slice thickness": "slice_thickness_mm",
            "Total collimation": "total_collimation_mm", "Pitch": "pitch", "No. sources": "number_of_sources",
            "CTDIvol": "ctdivol_mgy",
            "Phantom": lambda: sizes.get(event["phantom_code"], event["phantom_meaning"]),
            "DLP": "dlp_mgy_cm",
        }  # fmt: skip
        cells = self.fill(places, event)
        for n, tube in enumerate(tubes, start=1):
            cells |= {f"S{n} {what}": tube.get(place, "") for what, place in tube_places.items()}
        ends = {"mA Modulation type": "modulation_type", "Dose check details": "dose_check_details",
                "Comments": "comment"}  # fmt: skip
        return cells | self.fill(ends, event)


class XrayPivot(Pivot):
    def __init__(self, package):
        super().__init__(package)
        kinds = ("kvp", "tube_current", "exposure", "pulse_width")
        self.pulses = {kind: package.group("pulses", kind=kind) for kind in kinds}
        self.filters = package.group("filters")

    def values(self, kind, event):
        return [to_number(row["value"]) for row in self.pulses[kind][event["event_id"]]]

    def mean(self, kind, event):
        found = self.values(kind, event)
        if len(found) > 1:
            found = [value for value in found if value]
        return write(sum(found) / len(found) if found and None not in found else None)

    def micro_ampere_seconds(self, event, pulses=None):
        stored = add(self.values("exposure", event))
        if stored is not None:
            return stored
        currents, widths = self.values("tube_current", event), self.values("pulse_width", event)
        if not currents or len(currents) != len(widths):
            return None
        made = add(ma * ms for ma, ms in zip(currents, widths, strict=True) if None not in (ma, ms))
        return made * max(pulses or 1, 1) if made is not None and len(currents) == 1 else made

    def filter_cells(self, event):
        rows = self.filters[event["event_id"]]
        thick = [
            thickness(to_number(row["thickness_min_mm"]), to_number(row["thickness_max_mm"]))
            if row["material_code"] + row["material_meaning"]
            else ""
            for row in rows
        ]
        return " | ".join(shorten(row["material_meaning"]) for row in rows), " | ".join(thick)


class DxPivot(XrayPivot):
    def own_study_places(self, study):
        return {"DAP total (cGy.cm^2)": lambda: multiply(study["dap_total_gy_cm2"], 100)}

    def event_cells(self, event):
        materials, thicknesses = self.filter_cells(event)
        places = {
            "Protocol": "acquisition_protocol",
            "Standard acquisition name": lambda: join(self.event_names[event["event_id"]]),
            "Anatomy": "anatomy_meaning", "Image view": "image_view_meaning",
            "Exposure control mode": "exposure_control_mode",
            "kVp": lambda: self.mean("kvp", event),
            "mAs": lambda: multiply(
                write(self.micro_ampere_seconds(event, to_number(event["number_of_pulses"]))), "0.001"),
            "mA": "average_tube_current_ma", "Exposure time (ms)": "exposure_time_ms",
            "Filters": lambda: materials, "Filter thicknesses (mm)": lambda: thicknesses,
            "Exposure index": "exposure_index", "Target exposure index": "target_exposure_index",
            "Deviation index": "deviation_index", "Relative x-ray exposure": "relative_xray_exposure",
            "DAP (cGy.cm^2)": lambda: multiply(event["dap_gy_cm2"], 100),
            "Entrance Exposure at RP (mGy)": "entrance_exposure_mgy",
            "SDD Detector Dist": "source_to_detector_mm",
            "SPD Patient Dist": "source_to_entrance_surface_mm",
            "SIsoD Isocentre Dist": "source_to_isocentre_mm", "Table Height": "table_height_mm",
            "Comment": "comment",
        }  # fmt: skip
        return self.fill(places, event)


def guard_text(cell):
    """The text of a cell of a csv that spreadsheets open. The guard leaves numbers as they are."""
    _, text = cell
    return guard(text)


def join(rows):
    return " | ".join(row["standard_name"] for row in rows)


def to_number(text):
    return Decimal(text) if text else None


def multiply(text, factor):
    return write(Decimal(text) * Decimal(factor)) if text else ""
