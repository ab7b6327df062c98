"""SQL with which tests read the synthetic database."""

import psycopg
from psycopg.rows import dict_row

# Tables by the short names of their rows, each joined to one that stands before it.
JOINS = {
    "patients": ("patientmoduleattr", "general_study_module_attributes_id", "study"),
    "ages": ("patientstudymoduleattr", "general_study_module_attributes_id", "study"),
    "equipment": ("generalequipmentmoduleattr", "general_study_module_attributes_id", "study"),
    "ct_reports": ("ctradiationdose", "general_study_module_attributes_id", "study"),
    "reports": ("projectionxrayradiationdose", "general_study_module_attributes_id", "study"),
    "accumulated": ("accumxraydose", "projection_xray_radiation_dose_id", "reports"),
    "integrated": ("accumintegratedprojradiogdose", "accumulated_xray_dose_id", "accumulated"),
    "fluoroscopic": ("accumprojxraydose", "accumulated_xray_dose_id", "accumulated"),
    "glandular": ("accummammographyxraydose", "accumulated_xray_dose_id", "accumulated"),
    "events": ("irradeventxraydata", "projection_xray_radiation_dose_id", "reports"),
    "sources": ("irradeventxraysourcedata", "irradiation_event_xray_data_id", "events"),
    "mechanics": ("irradeventxraymechanicaldata", "irradiation_event_xray_data_id", "events"),
    "detectors": ("irradeventxraydetectordata", "irradiation_event_xray_data_id", "events"),
    "distances": (
        "doserelateddistancemeasurements",
        "irradiation_event_xray_mechanical_data_id",
        "mechanics",
    ),
    "kvps": ("kvp", "irradiation_event_xray_source_data_id", "sources"),
    "currents": ("xraytubecurrent", "irradiation_event_xray_source_data_id", "sources"),
    "widths": ("pulsewidth", "irradiation_event_xray_source_data_id", "sources"),
    "exposures": ("exposure", "irradiation_event_xray_source_data_id", "sources"),
    "filters": ("xrayfilters", "irradiation_event_xray_source_data_id", "sources"),
}


def count_rows(joins):
    """SQL that counts the rows of every table that belong to the study of a description."""
    joined = " ".join(
        f"LEFT JOIN remapp_{table} {name} ON {name}.{column} = {parent}.id"
        for name, (table, column, parent) in joins.items()
    )
    counted = ", ".join(f"count(DISTINCT {name}.id) AS {name}" for name in joins)
    return f"SELECT {counted} FROM remapp_generalstudymoduleattr study {joined} WHERE study_description = %s"


def select(url, query, *values):
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query, values).fetchall()


def code(column):
    return f"(SELECT code_value FROM remapp_contextid WHERE id = {column})"


def rows(table, value, parent="source.id", key="irradiation_event_xray_source_data_id"):
    return f"(SELECT array_agg({value} ORDER BY id) FROM remapp_{table} WHERE {key} = {parent})"


def numbers(table, column):
    return rows(table, f"trim_scale({column})")


# Expressions over EVENTS.
PROTOCOL, PLANE, TYPE = (
    "acquisition_protocol",
    code("acquisition_plane_id"),
    code("irradiation_event_type_id"),
)
VIEW, SIDE, SOURCE = (
    code("image_view_id"),
    code("laterality_id"),
    code("report.source_of_dose_information_id"),
)
DAP = "trim_scale(dose_area_product)"
ANGLES = "trim_scale(positioner_primary_angle) || '/' || trim_scale(positioner_secondary_angle)"
KVP, CURRENT = numbers("kvp", "kvp"), numbers("xraytubecurrent", "xray_tube_current")
WIDTH, EXPOSURE = numbers("pulsewidth", "pulse_width"), numbers("exposure", "exposure")
MATERIAL = rows("xrayfilters", code("xray_filter_material_id"))
HIGHEST = numbers("xrayfilters", "xray_filter_thickness_maximum")
GRID = rows("xraygrid", code("xray_grid_id"))
MODIFIER = rows(
    "imageviewmodifier", code("image_view_modifier_id"), "event.id", "irradiation_event_xray_data_id"
)
POSITION = " || '+' || ".join(
    f"coalesce({code(f'patient_{of}_cid_id')}, '')"
    for of in ("table_relationship", "orientation", "orientation_modifier")
)
LONDON = "to_char(date_time_started AT TIME ZONE 'Europe/London', 'YYYY-MM-DD HH24:MI:SS.US')"


def join_values(expression):
    """SQL that joins an expression over the events of the study of a description, by id; a dash is NULL."""
    return f"""
        SELECT string_agg(coalesce(({expression})::text, '-'), ' ' ORDER BY event.id) AS found
        FROM remapp_generalstudymoduleattr study
        JOIN remapp_projectionxrayradiationdose report ON report.general_study_module_attributes_id = study.id
        JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id
        JOIN remapp_irradeventxraysourcedata source ON source.irradiation_event_xray_data_id = event.id
        JOIN remapp_irradeventxraymechanicaldata mech ON mech.irradiation_event_xray_data_id = event.id
        JOIN remapp_irradeventxraydetectordata detector ON detector.irradiation_event_xray_data_id = event.id
        WHERE study_description = %s"""
