"""Values that are hardly possible are exported as stored, and a warning lists their studies."""

import psycopg
import pytest
from local import sample

from tests.component.exporting import export

OF_STUDY = "general_study_module_attributes_id"
AGE = "The age is negative in 1 of the studies: exported as stored."
TOTAL = "The total is twice the sum of the events in 1 of the studies: exported as stored."
DOSE = "The dose at the reference point is too high for the DAP in 1 of the {}: exported as stored."
EVENTS = {
    "CT": f"""SELECT sum(event.dlp) FROM remapp_ctradiationdose report
        JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = report.id
        WHERE report.{OF_STUDY} = study.id""",
    "MG": f"""SELECT sum(average_glandular_dose) FROM remapp_projectionxrayradiationdose report
        JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id
        JOIN remapp_irradeventxraysourcedata src ON src.irradiation_event_xray_data_id = event.id
        JOIN remapp_contextid side ON side.id = event.laterality_id
        WHERE report.{OF_STUDY} = study.id AND side.code_meaning IN ('Right', 'Right breast')""",
    "XR": f"""SELECT sum(event.dose_area_product) FROM remapp_projectionxrayradiationdose report
        JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id
        WHERE report.{OF_STUDY} = study.id""",
}
REPORT = "remapp_projectionxrayradiationdose report ON report.id = projection_xray_radiation_dose_id"
ACCUMULATED = f"SELECT accum.id FROM remapp_accumxraydose accum JOIN {REPORT} WHERE {OF_STUDY} = %s"


@pytest.fixture(scope="module")
def database(postgres):
    """The URL of a database, and the id of one odd study of CT, DX, MG and RF each."""
    url = postgres.create_database("implausible")
    sample.fill(url, 30, dx=30, mg=30, rf=30, nm=10)
    odd = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for modality in ("CT", "DX", "MG", "RF", "NM"):
            (odd[modality],) = connection.execute(
                f"""SELECT study.id FROM remapp_generalstudymoduleattr study
                JOIN remapp_patientstudymoduleattr patient ON patient.{OF_STUDY} = study.id
                WHERE modality_type = %s AND study_description NOT LIKE 'broken%%'
                AND {"true" if modality == "NM" else f"({EVENTS.get(modality, EVENTS['XR'])}) > 0"}
                GROUP BY study.id HAVING count(*) = 1 ORDER BY study.id LIMIT 1""",
                [modality],
            ).fetchone()
        make_implausible(connection, odd)
    return url, odd


def make_implausible(connection, odd):
    """Give the odd studies an age below zero, and totals and doses that their events contradict."""
    studies = list(odd.values())
    connection.execute(
        "UPDATE remapp_generalstudymoduleattr SET accession_number = 'odd', accession_hashed = false"
        " WHERE id = ANY(%s)",
        [studies],
    )
    connection.execute(
        f"UPDATE remapp_patientstudymoduleattr SET patient_age_decimal = -1 WHERE {OF_STUDY} = ANY(%s)",
        [studies],
    )
    make_doses_implausible(connection, odd)


def make_doses_implausible(connection, odd):
    connection.execute(
        f"""UPDATE remapp_ctaccumulateddosedata SET ct_dose_length_product_total =
        (SELECT 2 * ({EVENTS["CT"]}) FROM remapp_generalstudymoduleattr study WHERE study.id = %s)
        WHERE ct_radiation_dose_id IN (SELECT id FROM remapp_ctradiationdose WHERE {OF_STUDY} = %s)""",
        [odd["CT"]] * 2,
    )
    for modality in ("DX", "RF"):
        connection.execute(
            f"""WITH doubled AS (UPDATE remapp_generalstudymoduleattr study
                SET total_dap = 2 * ({EVENTS["XR"]}) WHERE id = %s RETURNING total_dap)
            UPDATE remapp_accumintegratedprojradiogdose SET dose_area_product_total = total_dap
            FROM doubled WHERE accumulated_xray_dose_id IN ({ACCUMULATED})""",
            [odd[modality]] * 2,
        )
    connection.execute(
        f"""UPDATE remapp_generalstudymoduleattr study SET total_agd_right = 2 * ({EVENTS["MG"]})
            WHERE id = %s""",
        [odd["MG"]],
    )
    connection.execute(
        f"""UPDATE remapp_irradeventxraysourcedata SET dose_rp = 1000
        WHERE irradiation_event_xray_data_id = (SELECT event.id FROM remapp_irradeventxraydata event
        JOIN {REPORT} WHERE {OF_STUDY} = %s AND dose_area_product > 0 ORDER BY event.id LIMIT 1)""",
        [odd["RF"]],
    )
    connection.execute(
        f"""UPDATE remapp_accumintegratedprojradiogdose SET dose_rp_total = 9000
        WHERE accumulated_xray_dose_id IN ({ACCUMULATED})""",
        [odd["RF"]],
    )
    connection.execute(
        "UPDATE remapp_generalstudymoduleattr SET total_rp_dose_a = 9000 WHERE id = %s", [odd["RF"]]
    )


CASES = [
    ("ct-csv", {AGE, TOTAL}),
    ("ct-xlsx", {AGE, TOTAL}),
    ("ct-phe2019", {AGE, TOTAL}),
    ("dx-csv", {AGE, TOTAL}),
    ("dx-xlsx", {AGE, TOTAL}),
    ("dx-phe2019-study", {AGE, TOTAL}),
    ("dx-phe2019-projection", {AGE}),
    ("mg-csv", {AGE}),
    ("mg-xlsx", {AGE, TOTAL}),
    ("mg-nhsbsp-csv", {AGE}),
    ("nm-csv", {AGE}),
    ("rf-csv", {AGE, TOTAL, DOSE.format("studies")}),
    ("rf-xlsx", {AGE, TOTAL, DOSE.format("studies"), DOSE.format("events")}),
    ("rf-phe2019", {AGE, TOTAL, DOSE.format("studies")}),
    ("rf-openskin", {DOSE.format("events")}),
]


@pytest.mark.parametrize(("kind", "expected"), CASES)
def test_implausible_value_is_warned_of_and_its_study_listed(database, kind, expected):
    url, odd = database
    study = odd[kind[:2].upper()]
    filters = {"study_id": study} if kind == "rf-openskin" else {"accession_number": "odd"}
    _, report = export(url, type=kind, filters=filters)
    found = {each for each in report.warnings if "exported as stored" in each}
    assert found == expected
    listed = {each.message: [one.id for one in each.studies] for each in report.study_warnings}
    assert all(listed[message] == [study] for message in expected)


@pytest.mark.parametrize("kind", ["ct-csv", "dx-csv", "mg-csv", "nm-csv", "rf-csv"])
def test_age_is_exported_as_stored(database, kind):
    data, _ = export(database[0], type=kind, filters={"accession_number": "odd"})
    assert b",-1," in data
