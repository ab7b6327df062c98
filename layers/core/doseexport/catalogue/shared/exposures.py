"""Columns of X-ray events that RF, DX and MG share, with their entries in the dictionary.

Types give them headings of their own. Their SQL needs the joins of shared/xray.py.
"""

from __future__ import annotations

from typing import Any

from doseexport.catalogue.columns import CODED, DATETIME, NUMBER, Column
from doseexport.catalogue.shared import xray
from doseexport.catalogue.shared.xray import CGYCM2, FILTER_MATERIALS, FILTER_THICKNESSES, MAS, code_meaning

EVENT = "irradeventxraydata."
SOURCE = "irradeventxraysourcedata."
MECHANICAL = "irradeventxraymechanicaldata."
_DETECTOR = "irradeventxraydetectordata."
_DISTANCE = "doserelateddistancemeasurements."
MEAN = "one: its value; several: the mean without 0, with a warning"
LISTED = "one entry per filter by id, joined by |"
SHORT = "short name, such as Al or Cu, else the meaning of the code"
FROM_GYM2 = "× 1,000,000 from Gy·m²"


def read_code(heading: str, column: str, meaning: str, source: str, dicom: str = "") -> Column:
    """Return the column of a coded value. `column` is SQL for the id of its code."""
    return Column(
        heading, code_meaning(column), meaning=meaning, source=source, dicom=dicom, conversion=CODED
    )


def _read(heading: str, sql: str, *texts: str, **rules: Any) -> Column:
    """Return the column of a number. `texts` are its meaning, source, unit and DICOM concept."""
    return Column(heading, sql, NUMBER, *texts, **rules)


PROTOCOL = Column(
    "Protocol",
    "event.acquisition_protocol",
    meaning="Acquisition protocol",
    source=f"{EVENT}acquisition_protocol",
    dicom="125203 DCM",
)
TIME = Column(
    "Time", "event.date_time_started", DATETIME, "Start of the exposure", f"{EVENT}date_time_started",
    dicom="111526 DCM",
)  # fmt: skip
TYPE = read_code(
    "Type",
    "event.irradiation_event_type_id",
    "Type of the irradiation event, such as Fluoroscopy",
    f"{EVENT}irradiation_event_type_id",
    "113721 DCM",
)
PLANE = read_code(
    "Plane", "event.acquisition_plane_id", "Acquisition plane", f"{EVENT}acquisition_plane_id", "113764 DCM"
)
VIEW = read_code(
    "Image view", "event.image_view_id", "View of the image", f"{EVENT}image_view_id", "111031 DCM"
)
LATERALITY = read_code(
    "Laterality", "event.laterality_id", "Side of the body", f"{EVENT}laterality_id", "272741003 SCT"
)
COMMENT = Column(
    "Comment",
    "event.comment",
    meaning="Comment of the exposure",
    source=f"{EVENT}comment",
    dicom="121106 DCM",
)
MODE = Column(
    "Exposure control mode",
    "src.exposure_control_mode",
    meaning="Mode of the exposure control, such as AUTOMATIC",
    source=f"{SOURCE}exposure_control_mode",
    dicom="(0018,7060)",
)

DAP = _read("DAP", "event.dose_area_product", "Dose-area product of the exposure",
            f"{EVENT}dose_area_product", "Gy·m²", "122130 DCM")  # fmt: skip
DAP_CGYCM2 = DAP.named(
    "DAP (cGy.cm^2)", sql=f"{DAP.sql} * {CGYCM2}", unit="cGy·cm²", conversion=FROM_GYM2
)  # fmt: skip
RP_DOSE = _read("Ref point dose (Gy)", "src.dose_rp", "Dose at the reference point", f"{SOURCE}dose_rp",
                "Gy", "113738 DCM")  # fmt: skip
ENTRANCE = _read("Entrance Exposure at RP (mGy)", "event.entrance_exposure_at_rp",
                 "Entrance exposure at the reference point, without back scatter",
                 f"{EVENT}entrance_exposure_at_rp", "mGy", "111636 DCM")  # fmt: skip

KVP = _read("kVp", xray.KVP.value, "Tube voltage", "kvp.kvp", "kV", "113733 DCM", rows=MEAN)
CURRENT = _read("mA", xray.CURRENT.value, "Tube current", "xraytubecurrent.xray_tube_current", "mA",
                "113734 DCM", rows=MEAN)  # fmt: skip
AVERAGE_CURRENT = _read("mA", "src.average_xray_tube_current", "Average tube current of the exposure",
                        f"{SOURCE}average_xray_tube_current", "mA", "113767 DCM")  # fmt: skip
PULSE_WIDTH = _read("Pulse width (ms)", xray.PULSE_WIDTH.value, "Width of the pulses",
                    "pulsewidth.pulse_width", "ms", "113793 DCM", rows=MEAN)  # fmt: skip
PULSE_RATE = _read("Pulse rate", "src.pulse_rate", "Pulse rate", f"{SOURCE}pulse_rate", "pulses/s",
                   "113791 DCM")  # fmt: skip
PULSES = _read("Number of pulses", "src.number_of_pulses", "Number of pulses",
               f"{SOURCE}number_of_pulses", "", "113768 DCM")  # fmt: skip
EXPOSURE_TIME = _read("Exposure time (ms)", "src.exposure_time", "Exposure time", f"{SOURCE}exposure_time",
                      "ms", "113824 DCM")  # fmt: skip
DURATION = _read("Exposure duration (s)", "src.irradiation_duration", "Duration of the irradiation",
                 f"{SOURCE}irradiation_duration", "s", "113742 DCM")  # fmt: skip
UAS = _read(
    "uAs",
    xray.UAS.value,
    "Tube load",
    "exposure.exposure, xraytubecurrent.xray_tube_current, pulsewidth.pulse_width",
    "µAs",
    "113736 DCM",
    conversion="without a stored exposure: tube current × pulse width, with a warning",
    rows="added",
)
TUBE_LOAD = UAS.named(
    "mAs",
    sql=MAS,
    unit="mAs",
    conversion="÷ 1,000 from µAs; without a stored exposure: tube current × pulse width, with a warning",
)
FOCAL_SPOT = _read("Focal spot size", "src.focal_spot_size", "Nominal size of the focal spot",
                   f"{SOURCE}focal_spot_size", "mm", "113766 DCM")  # fmt: skip
FIELD_SIZE = _read("Field size", "src.ii_field_size", "Field size of the image intensifier",
                   f"{SOURCE}ii_field_size", "mm")  # fmt: skip
FIELD_AREA = _read("Area", "src.collimated_field_area", "Area of the collimated field",
                   f"{SOURCE}collimated_field_area", "m²", "113790 DCM")  # fmt: skip
GRID = _read("Grid used", "src.grid_focal_distance", "Focal distance of the grid",
             f"{SOURCE}grid_focal_distance", "mm", "(0018,704C)")  # fmt: skip
AGD = _read("AGD", "src.average_glandular_dose", "Average glandular dose of the exposure",
            f"{SOURCE}average_glandular_dose", "mGy", "111631 DCM")  # fmt: skip
FILTERS = Column(
    "Filters",
    FILTER_MATERIALS,
    meaning="Materials of the filters",
    source="xrayfilters.xray_filter_material_id",
    dicom="113757 DCM",
    conversion=SHORT,
    rows=LISTED,
)
THICKNESSES = Column(
    "Filter thicknesses (mm)",
    FILTER_THICKNESSES,
    meaning="Thicknesses of the filters, as text",
    source="xrayfilters.xray_filter_thickness_minimum, xrayfilters.xray_filter_thickness_maximum",
    unit="mm",
    dicom="113758 DCM, 113773 DCM",
    conversion="mean of minimum and maximum with four decimals, halves to even",
    rows=LISTED,
)

PRIMARY_ANGLE = _read("Primary angle", "mech.positioner_primary_angle", "Primary angle of the positioner",
                      f"{MECHANICAL}positioner_primary_angle", "degrees", "112011 DCM")  # fmt: skip
SECONDARY_ANGLE = _read("Secondary angle", "mech.positioner_secondary_angle",
                        "Secondary angle of the positioner", f"{MECHANICAL}positioner_secondary_angle",
                        "degrees", "112012 DCM")  # fmt: skip
COMPRESSION = _read("Thickness", "mech.compression_thickness", "Thickness of the compressed breast",
                    f"{MECHANICAL}compression_thickness", "mm", "111633 DCM")  # fmt: skip

SOURCE_TO_DETECTOR = _read("SDD Detector Dist", "dist.distance_source_to_detector",
                           "Distance from source to detector", f"{_DISTANCE}distance_source_to_detector",
                           "mm", "113750 DCM")  # fmt: skip
SOURCE_TO_PATIENT = _read("SPD Patient Dist", "dist.distance_source_to_entrance_surface",
                          "Distance from source to entrance surface",
                          f"{_DISTANCE}distance_source_to_entrance_surface", "mm",
                          "(0040,0306)")  # fmt: skip
SOURCE_TO_ISOCENTRE = _read("SIsoD Isocentre Dist", "dist.distance_source_to_isocenter",
                            "Distance from source to isocentre",
                            f"{_DISTANCE}distance_source_to_isocenter", "mm", "113748 DCM")  # fmt: skip
TABLE_HEIGHT = _read("Table Height", "dist.table_height_position", "Height of the table",
                     f"{_DISTANCE}table_height_position", "mm", "113753 DCM")  # fmt: skip
TABLE_LONGITUDINAL = _read("Table longitudinal", "dist.table_longitudinal_position",
                           "Longitudinal position of the table", f"{_DISTANCE}table_longitudinal_position",
                           "mm", "113751 DCM")  # fmt: skip
TABLE_LATERAL = _read("Table lateral", "dist.table_lateral_position", "Lateral position of the table",
                      f"{_DISTANCE}table_lateral_position", "mm", "113752 DCM")  # fmt: skip
RADIOLOGICAL_THICKNESS = _read("Radiological thickness", "dist.radiological_thickness",
                               "Radiological thickness, as the device reports it",
                               f"{_DISTANCE}radiological_thickness", "mm")  # fmt: skip

EXPOSURE_INDEX = _read("Exposure index", "det.exposure_index", "Exposure index", f"{_DETECTOR}exposure_index",
                       "", "113845 DCM")  # fmt: skip
TARGET_INDEX = _read("Target exposure index", "det.target_exposure_index", "Target exposure index",
                     f"{_DETECTOR}target_exposure_index", "", "113846 DCM")  # fmt: skip
DEVIATION_INDEX = _read("Deviation index", "det.deviation_index", "Deviation index",
                        f"{_DETECTOR}deviation_index", "", "113847 DCM")  # fmt: skip
RELATIVE_EXPOSURE = _read("Relative x-ray exposure", "det.relative_xray_exposure",
                          "Relative X-ray exposure of the detector", f"{_DETECTOR}relative_xray_exposure",
                          "", "(0018,1405)")  # fmt: skip

DAP_TOTAL = _read(
    "DAP total",
    "",
    "Total dose-area product",
    "accumintegratedprojradiogdose.dose_area_product_total",
    "Gy·m²",
    "113722 DCM",
    rows="added, with a warning",
)
"""Types add its SQL."""
