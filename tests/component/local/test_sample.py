"""The synthetic database is the same every time and as difficult as a real archive."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from local import sample

REPOSITORY = Path(__file__).resolve().parents[3]
EXPORTED = {
    "generalstudymoduleattr": (
        "study_date study_time accession_number study_description operator_name modality_type"
        " number_of_events requested_procedure_code_meaning procedure_code_meaning total_dlp"
    ),
    "patientmoduleattr": "patient_name patient_id patient_birth_date patient_sex not_patient_indicator",
    "patientstudymoduleattr": "patient_age_decimal patient_size patient_weight",
    "generalequipmentmoduleattr": (
        "institution_name manufacturer manufacturer_model_name station_name unique_equipment_name_id"
    ),
    "uniqueequipmentnames": "display_name",
    "ctradiationdose": "comment",
    "ctaccumulateddosedata": "total_number_of_irradiation_events ct_dose_length_product_total",
    "ctirradiationeventdata": (
        "acquisition_protocol ct_acquisition_type_id exposure_time nominal_single_collimation_width"
        " nominal_total_collimation_width pitch_factor number_of_xray_sources mean_ctdivol dlp"
        " ctdiw_phantom_type_id xray_modulation_type comment date_time_started"
    ),
    "scanninglength": "scanning_length",
    "ctxraysourceparameters": (
        "identification_of_the_xray_source kvp maximum_xray_tube_current xray_tube_current"
        " exposure_time_per_rotation"
    ),
    "ctdosecheckdetails": (
        "dlp_alert_value_configured ctdivol_alert_value_configured dlp_alert_value ctdivol_alert_value"
        " accumulated_dlp_forward_estimate accumulated_ctdivol_forward_estimate alert_reason_for_proceeding"
        " dlp_notification_value_configured ctdivol_notification_value_configured dlp_notification_value"
        " ctdivol_notification_value dlp_forward_estimate ctdivol_forward_estimate"
        " notification_reason_for_proceeding"
    ),
    "personparticipant": "person_name ct_dose_check_details_alert_id ct_dose_check_details_notification_id",
    "contextid": "code_meaning",
}
NULLABLE = [(table, column) for table, columns in EXPORTED.items() for column in columns.split()]

STUDY = "FROM remapp_generalstudymoduleattr study"
DOSE = f"{STUDY} JOIN remapp_ctradiationdose dose ON dose.general_study_module_attributes_id = study.id"
EVENT = f"{DOSE} JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = dose.id"
TUBE = "JOIN remapp_ctxraysourceparameters child ON child.ct_irradiation_event_data_id = event.id"
LENGTH = "JOIN remapp_scanninglength child ON child.ct_irradiation_event_data_id = event.id"
CHECK = "JOIN remapp_ctdosecheckdetails child ON child.ct_irradiation_event_data_id = event.id"
PERSON = "JOIN remapp_personparticipant person ON person.ct_dose_check_details_alert_id = child.id"
TOTAL = f"{DOSE} LEFT JOIN remapp_ctaccumulateddosedata child ON child.ct_radiation_dose_id = dose.id"
DECLARED = f"SELECT total_number_of_irradiation_events::integer {TOTAL}"
PATIENT = "JOIN remapp_patientmoduleattr pat ON pat.general_study_module_attributes_id = study.id"
EQUIPMENT = (
    "JOIN remapp_generalequipmentmoduleattr equip ON equip.general_study_module_attributes_id = study.id"
)
PHANTOM = "JOIN remapp_contextid code ON code.id = ctdiw_phantom_type_id AND code.code_value = 'X-NONE'"
WHOSE = "WHERE study_description = %s"


def of_study(table):
    child = f"remapp_{table} child ON child.general_study_module_attributes_id = study.id"
    return f"SELECT count(child.id) {STUDY} LEFT JOIN {child}"


def by_event(children):
    counts = f"SELECT count(child.id) AS n {EVENT} LEFT {children} {WHOSE} GROUP BY event.id"
    return f"SELECT array_agg(n ORDER BY n) FROM ({counts}) counted"


DEFECTS = {
    "two patient rows": (of_study("patientmoduleattr"), 2),
    "two patient study rows": (of_study("patientstudymoduleattr"), 2),
    "no patient row": (of_study("patientmoduleattr"), 0),
    "no patient study row": (of_study("patientstudymoduleattr"), 0),
    "two equipment rows": (of_study("generalequipmentmoduleattr"), 2),
    "no equipment row": (of_study("generalequipmentmoduleattr"), 0),
    "two dose rows": (f"SELECT array_agg(DISTINCT dose.id)::text LIKE '%%,%%' {EVENT}", True),
    "no dose row": (of_study("ctradiationdose"), 0),
    "two totals": (f"SELECT count(child.id) {TOTAL}", 2),
    "no totals": (f"SELECT count(child.id) {TOTAL}", 0),
    "two scanning lengths": (by_event(LENGTH), [1, 1, 2]),
    "no scanning length": (by_event(LENGTH), [0, 1, 1]),
    "three tubes": (by_event(TUBE), [0, 0, 3]),
    "tube B without A": (f"SELECT string_agg(identification_of_the_xray_source, '') {EVENT} {TUBE}", "B"),
    "no tube": (by_event(TUBE), [0, 0, 0]),
    "no events": (f"SELECT count(event.id) {EVENT}", 0),
    "more events declared": (DECLARED, 9),
    "fewer events declared": (DECLARED, 1),
    "two dose checks": (by_event(CHECK), [0, 1, 2]),
    "two authorizing persons": (f"SELECT count(person.id) {EVENT} {CHECK} {PERSON}", 2),
    "sixty events": (f"SELECT count(event.id) {EVENT}", 60),
    "hashed identity": (f"SELECT accession_hashed AND length(accession_number) = 64 {STUDY}", True),
    "indicator empty": (f"SELECT not_patient_indicator {STUDY} {PATIENT}", ""),
    "indicator text": (f"SELECT not_patient_indicator {STUDY} {PATIENT}", 'phantom, "QA"'),
    "no equipment name": (f"SELECT coalesce(unique_equipment_name_id, -1) {STUDY} {EQUIPMENT}", -1),
    "no phantom meaning": (f"SELECT count(*) {EVENT} {PHANTOM}", 1),
    "no date": (f"SELECT study_date IS NULL {STUDY}", True),
    "no time": (f"SELECT study_time IS NULL {STUDY}", True),
    "all text awkward": (f"SELECT count(DISTINCT event.comment) {EVENT}", 45),
    "extreme numbers": (f"SELECT min(mean_ctdivol)::text {EVENT}", "0.00000001"),
    "bare rows": (of_study("patientmoduleattr"), 0),
}  # fmt: skip


def one(url, query, *values):
    with psycopg.connect(url) as connection:
        return connection.execute(query, values or None).fetchone()[0]


@pytest.fixture(scope="module")
def find(select_sample):
    """`find(sql, *values)`: one value from the sample."""

    def find(sql, *values):
        (row,) = select_sample(sql, *values)
        (value,) = row.values()
        return value

    return find


def checksums(url):
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'remapp%'"
        ).fetchall()
        digest = "SELECT md5(string_agg(row::text, E'\\n' ORDER BY id)) FROM {} AS row"
        return {name: connection.execute(digest.format(name)).fetchone()[0] for (name,) in tables}


def test_sample_is_the_same_every_time(make_database):
    first, second = make_database(), make_database()
    sample.fill(first, 250)
    sample.fill(second, 250)
    assert checksums(first) == checksums(second)


def test_sample_has_requested_number_of_ct_studies_and_others(find):
    count = "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type IS NOT DISTINCT FROM %s"
    assert find(count, "CT") == 400
    assert all(find(count, other) for other in ("DX", "RF", "NM", None))


@pytest.mark.parametrize(("table", "column"), NULLABLE)
def test_sample_has_null_in_every_nullable_column(find, table, column):
    assert find(f"SELECT count(*) > 0 FROM remapp_{table} WHERE {column} IS NULL")
    assert find(f"SELECT count(*) > 0 FROM remapp_{table} WHERE {column} IS NOT NULL")


@pytest.mark.parametrize("name", DEFECTS)
def test_sample_broken_study_has_its_defect(find, name):
    query, expected = DEFECTS[name]
    whose = "" if WHOSE in query else WHOSE
    assert find(f"{query} {whose}", f"broken: {name}") == expected


def test_sample_every_broken_ct_study_is_tested(find):
    names = f"SELECT array_agg(substr(study_description, 9)) {STUDY} WHERE study_description LIKE 'broken: %'"
    names += " AND modality_type = 'CT'"
    assert sorted(find(names)) == sorted(DEFECTS)


@pytest.mark.parametrize(
    "text", ["=1+1", "+44 20 7946 0000", "\v", "\r\n", "\t", "\\N", "<&>", "🫀", "_x000D_", '"', "\ufffe"]
)
def test_sample_has_awkward_texts(find, text):
    assert find(f"SELECT count(*) > 0 {EVENT} WHERE strpos(event.comment, %s) > 0", text)


def test_sample_has_about_forty_protocols_that_collide_as_sheet_names(find):
    names = find(f"SELECT array_agg(DISTINCT acquisition_protocol) {EVENT}")
    assert len(names) == 41
    assert {None, "", "Summary", "SUMMARY", "All data", "about", "History", "'Quoted'"} <= set(names)
    long = [name[:31] for name in names if name and len(name) > 31]
    assert len(long) > len(set(long))


def test_sample_has_columns_of_a_real_database(sample_url, openrem_url):
    query = (
        "SELECT table_name, column_name, data_type, is_nullable, character_maximum_length, numeric_precision,"
        " numeric_scale FROM information_schema.columns WHERE table_name LIKE 'remapp%'"
    )
    with psycopg.connect(sample_url) as ours, psycopg.connect(openrem_url) as theirs:
        real = set(theirs.execute(query).fetchall())
        made = set(ours.execute(query).fetchall())
    assert made <= real
    tables = {row[0] for row in made}
    assert {row for row in real if row[0] in tables} == made


def test_sample_accepts_rows_without_id(make_database, small_sample_url):
    url = make_database(small_sample_url)
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "INSERT INTO remapp_contextid (code_value, cid_table) VALUES ('x', '') RETURNING id"
        )
        assert row.fetchone()[0] > 15


def test_sample_checks_constraints_at_commit(make_database, small_sample_url):
    with psycopg.connect(make_database(small_sample_url)) as connection:
        connection.execute("DELETE FROM remapp_uniqueequipmentnames")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.commit()


def test_sample_leaves_nothing_of_its_making(find):
    assert find("SELECT count(*) FROM pg_namespace WHERE nspname = 'sample'") == 0


def test_sample_that_is_small_has_no_broken_studies(make_database):
    url = make_database()
    sample.fill(url, 5)
    assert one(url, "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'") == 5
    assert one(url, "SELECT count(*) FROM remapp_generalstudymoduleattr") == 5 + len(sample.SHARES)
    assert one(url, f"SELECT count(*) {STUDY} WHERE study_description LIKE 'broken: %'") == 0


def test_sample_command_fills_existing_database(make_database):
    command = [sys.executable, "-m", "local.sample", "--studies", "7", "--url", make_database()]
    said = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    assert said.startswith("7 CT studies")


def test_sample_command_ends_yesterday(make_database):
    """Then "Last 30 days" finds studies."""
    url = make_database()
    command = [sys.executable, "-m", "local.sample", "--studies", "600", "--url", url]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    newest = one(url, "SELECT max(study_date) FROM remapp_generalstudymoduleattr")
    today = datetime.now(UTC).date()
    assert today - timedelta(days=20) < newest < today


def test_sample_command_says_why_it_failed(sample_url):
    command = [sys.executable, "-m", "local.sample", "--studies", "7", "--url", sample_url]
    done = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "already exists" in done.stderr
    assert "Traceback" not in done.stderr
