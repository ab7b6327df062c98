"""Radiography studies with what OpenREM's test files lack, made from ordinary ones of the sample."""

import psycopg
from local import sample

STUDIES = 60

OF_STUDY = "general_study_module_attributes_id"
OF_EVENT = "irradiation_event_xray_data_id"
OF_SOURCE = "irradiation_event_xray_source_data_id"

# The SQL that makes each oddity of a study; {event} is its first event, {other} its second, and the rest
# are the rows around them.
ODDITIES = {
    "two patients": f"""INSERT INTO remapp_patientmoduleattr (patient_sex, name_hashed, id_hashed, {OF_STUDY})
        VALUES ('X', false, false, {{study}})""",
    "two patient studies": (
        f"INSERT INTO remapp_patientstudymoduleattr (patient_age_decimal, {OF_STUDY}) VALUES (99, {{study}})"
    ),
    "two equipments": (
        f"INSERT INTO remapp_generalequipmentmoduleattr (station_name, {OF_STUDY}) VALUES ('2nd', {{study}})"
    ),
    "no patient": f"DELETE FROM remapp_patientmoduleattr WHERE {OF_STUDY} = {{study}}",
    "no patient study": f"DELETE FROM remapp_patientstudymoduleattr WHERE {OF_STUDY} = {{study}}",
    "no equipment": f"DELETE FROM remapp_generalequipmentmoduleattr WHERE {OF_STUDY} = {{study}}",
    "two reports": f"""
        INSERT INTO remapp_projectionxrayradiationdose (comment, {OF_STUDY}) VALUES ('second', {{study}});
        UPDATE remapp_irradeventxraydata SET projection_xray_radiation_dose_id =
            currval('remapp_projectionxrayradiationdose_id_seq') WHERE id = {{event}};
        INSERT INTO remapp_accumxraydose (projection_xray_radiation_dose_id)
            VALUES (currval('remapp_projectionxrayradiationdose_id_seq'));
        INSERT INTO remapp_accumintegratedprojradiogdose (dose_area_product_total,
            total_number_of_radiographic_frames, accumulated_xray_dose_id)
            VALUES (0.000001234567, 3, currval('remapp_accumxraydose_id_seq'))""",
    "two planes": """
        INSERT INTO remapp_accumxraydose (projection_xray_radiation_dose_id) VALUES ({report});
        INSERT INTO remapp_accumintegratedprojradiogdose (dose_area_product_total, accumulated_xray_dose_id)
            VALUES (0.000001234567, currval('remapp_accumxraydose_id_seq'))""",
    "no report": "DELETE FROM remapp_projectionxrayradiationdose WHERE id = {report}",
    "no totals": """DELETE FROM remapp_accumintegratedprojradiogdose WHERE accumulated_xray_dose_id IN
        (SELECT id FROM remapp_accumxraydose WHERE projection_xray_radiation_dose_id = {report})""",
    "no events": "DELETE FROM remapp_irradeventxraydata WHERE projection_xray_radiation_dose_id = {report}",
    "two sources": f"""
        INSERT INTO remapp_irradeventxraysourcedata (exposure_control_mode, {OF_EVENT})
            VALUES ('2nd', {{event}});
        INSERT INTO remapp_kvp (kvp, {OF_SOURCE})
            VALUES (99, currval('remapp_irradeventxraysourcedata_id_seq'))""",
    "no source": "DELETE FROM remapp_irradeventxraysourcedata WHERE id = {source}",
    "two mechanicals": f"""
        INSERT INTO remapp_irradeventxraymechanicaldata ({OF_EVENT}) VALUES ({{event}});
        INSERT INTO remapp_doserelateddistancemeasurements (distance_source_to_detector,
            irradiation_event_xray_mechanical_data_id)
            VALUES (99, currval('remapp_irradeventxraymechanicaldata_id_seq'))""",
    "no mechanical": "DELETE FROM remapp_irradeventxraymechanicaldata WHERE id = {mechanical}",
    "two detectors": (
        f"INSERT INTO remapp_irradeventxraydetectordata (exposure_index, {OF_EVENT}) VALUES (99, {{event}})"
    ),
    "no detector": f"DELETE FROM remapp_irradeventxraydetectordata WHERE {OF_EVENT} = {{event}}",
    "two distances": """INSERT INTO remapp_doserelateddistancemeasurements
        (table_height_position, irradiation_event_xray_mechanical_data_id) VALUES (99, {mechanical})""",
    "no distances": """DELETE FROM remapp_doserelateddistancemeasurements
        WHERE irradiation_event_xray_mechanical_data_id = {mechanical}""",
    "two of everything": f"""
        INSERT INTO remapp_irradeventxraysourcedata ({OF_EVENT}) VALUES ({{event}}), ({{other}});
        INSERT INTO remapp_irradeventxraymechanicaldata ({OF_EVENT}) VALUES ({{event}}), ({{event}});
        INSERT INTO remapp_irradeventxraydetectordata ({OF_EVENT}) VALUES ({{event}});
        INSERT INTO remapp_patientmoduleattr (name_hashed, id_hashed, {OF_STUDY})
            VALUES (false, false, {{study}})""",
    "pulses": f"""
        DELETE FROM remapp_kvp WHERE {OF_SOURCE} = {{source}};
        INSERT INTO remapp_kvp (kvp, {OF_SOURCE}) SELECT kvp, {{source}}
            FROM unnest(ARRAY[70, 0, NULL, 71, 71]) AS kvp;
        DELETE FROM remapp_exposure WHERE {OF_SOURCE} = {{source}};
        INSERT INTO remapp_exposure (exposure, {OF_SOURCE}) SELECT uas, {{source}}
            FROM unnest(ARRAY[12.5, NULL, 0, 7.25]) AS uas""",
    "pulses without exposures": f"""
        DELETE FROM remapp_exposure WHERE {OF_SOURCE} = {{source}};
        DELETE FROM remapp_xraytubecurrent WHERE {OF_SOURCE} = {{source}};
        DELETE FROM remapp_pulsewidth WHERE {OF_SOURCE} = {{source}};
        INSERT INTO remapp_xraytubecurrent (xray_tube_current, {OF_SOURCE}) SELECT ma, {{source}}
            FROM unnest(ARRAY[50.5, 60, NULL]) AS ma;
        INSERT INTO remapp_pulsewidth (pulse_width, {OF_SOURCE}) SELECT ms, {{source}}
            FROM unnest(ARRAY[8.125, 9, 10]) AS ms""",
    "filters": f"""
        DELETE FROM remapp_xrayfilters WHERE {OF_SOURCE} = {{source}};
        INSERT INTO remapp_xrayfilters (xray_filter_material_id, xray_filter_thickness_minimum,
            xray_filter_thickness_maximum, {OF_SOURCE})
            SELECT material.id, low, high, {{source}} FROM (VALUES (1, 'C-127F9', 0.00015, 0.00035),
                (2, NULL, 5, 5), (3, 'C-120F9', NULL, 1.00005), (4, 'C-120F9', NULL, NULL))
                AS given (place, code, low, high)
            LEFT JOIN remapp_contextid material ON material.code_value = code ORDER BY place""",
    "one current for several pulses": f"""
        DELETE FROM remapp_exposure WHERE {OF_SOURCE} = {{source}};
        DELETE FROM remapp_xraytubecurrent WHERE {OF_SOURCE} = {{source}};
        DELETE FROM remapp_pulsewidth WHERE {OF_SOURCE} = {{source}};
        INSERT INTO remapp_xraytubecurrent (xray_tube_current, {OF_SOURCE}) VALUES (400, {{source}});
        INSERT INTO remapp_pulsewidth (pulse_width, {OF_SOURCE}) VALUES (10, {{source}});
        UPDATE remapp_irradeventxraysourcedata SET number_of_pulses = 3 WHERE id = {{source}}""",
    "no date": "UPDATE remapp_generalstudymoduleattr SET study_date = NULL WHERE id = {study}",
    "no time": "UPDATE remapp_generalstudymoduleattr SET study_time = NULL WHERE id = {study}",
    "zero dose": """
        UPDATE remapp_generalstudymoduleattr SET total_dap = 0 WHERE id = {study};
        UPDATE remapp_irradeventxraydata SET dose_area_product = 0 WHERE id = {event}""",
}

_ORDINARY = f"""
SELECT study.id AS study, report.id AS report, event.id AS event, other.id AS other, source.id AS source,
    mechanical.id AS mechanical
FROM remapp_generalstudymoduleattr study
JOIN remapp_projectionxrayradiationdose report ON report.{OF_STUDY} = study.id
JOIN LATERAL (SELECT min(id) AS id, max(id) AS last FROM remapp_irradeventxraydata
    WHERE projection_xray_radiation_dose_id = report.id) event ON true
JOIN remapp_irradeventxraydata other ON other.id = event.id + 1 AND other.id <= event.last
JOIN remapp_irradeventxraysourcedata source ON source.{OF_EVENT} = event.id
JOIN remapp_irradeventxraymechanicaldata mechanical ON mechanical.{OF_EVENT} = event.id
WHERE study.modality_type IN ('DX', 'CR', 'PX') AND EXISTS (
    SELECT FROM remapp_accumxraydose accum JOIN remapp_accumintegratedprojradiogdose total
    ON total.accumulated_xray_dose_id = accum.id WHERE accum.projection_xray_radiation_dose_id = report.id)
ORDER BY study.id"""


def make(url):
    """Fill an empty database; the accession number of a study with an oddity is its name in [ ]."""
    sample.fill(url, 1, dx=STUDIES)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # rows may go without their children
        with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            ordinary = cursor.execute(_ORDINARY).fetchall()
        for study, (name, sql) in zip(ordinary[: len(ODDITIES)], ODDITIES.items(), strict=True):
            connection.execute(
                "UPDATE remapp_generalstudymoduleattr SET accession_number = %s, accession_hashed = false"
                " WHERE id = %s",
                [f"[{name}]", study["study"]],
            )
            for statement in sql.split(";"):
                connection.execute(statement.format(**study))
