"""Files with pseudonyms hold what the key makes of the database, and nothing else of a patient."""

import base64
import hashlib
import hmac
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from local import sample

from doseexport import catalogue
from doseexport.catalogue.options import PSEUDONYMS
from doseexport.catalogue.shared.column_choice import list_choices
from doseexport.catalogue.shared.pseudonyms import DERIVED_FROM, list_derived, write_age_band
from doseexport.engine.manifest import FileFacts, write_manifest
from doseexport.errors import ExportError, RequestError
from tests.component.canary import read_part
from tests.component.exporting import KEY, export, list_distinct_specs, parse, read_csv
from tests.component.packages import Package
from tests.workbooks import load_exactly

OTHER = bytes(range(1, 33))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TYPES = sorted(
    name
    for name, spec in list_distinct_specs().items()
    if any(each.name == PSEUDONYMS.name for each in spec.options)
)
IDENTITY = "Quagga7f3e"
"""What stands in every text of a patient that must not leave."""


def hash_with(key, label, value):
    return hmac.new(key, f"v1\x1f{label}\x1f{value}".encode(), hashlib.sha256).digest()


def pseudonym(label, value, key=KEY):
    return base64.b32encode(hash_with(key, label, value))[:16].decode().lower() if value else ""


def write(url, name, dates="month", key=KEY, project="pool", **body):
    options = {"pseudonyms": project, "dates": dates, **body.pop("options", {})}
    return export(url, key, type=name, options=options, **body)


@pytest.fixture(scope="module")
def identified_url(postgres):
    """A sample in which everything that identifies a patient, a study or a person is recognisable."""
    url = postgres.create_database("identified")
    sample.fill(url, 60)
    sample.enable_standard_names(url)
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name LIKE 'remapp\\_%' ORDER BY 1, 2"
        ).fetchall()
        for table, column, kind in found:
            value = MOMENTS.get(kind) or (f"'{IDENTITY}'" if TEXTS.search(f"{table}.{column}") else None)
            if value:
                connection.execute(f"UPDATE {table} SET {column} = {value}")
        for table, changes in IDENTITIES.items():
            connection.execute(f"UPDATE remapp_{table} SET {changes}".replace("X", IDENTITY))
    return url


MOMENTS = {
    "date": "'1907-05-03'",
    "time without time zone": "'11:22:33'",
    "timestamp without time zone": "'1907-05-03 11:22:33'",
    "timestamp with time zone": "'1907-05-03 11:22:33+00'",
}
TEXTS = re.compile(r"\.(\w+_)?(comment|person_name|operator_name|physician_name|reason_for_proceeding|uid)$")
IDENTITIES = {
    "patientmoduleattr": "patient_name = 'X^Jo', patient_id = 'id X ' || (id % 7), other_patient_ids = 'X',"
    " name_hashed = false, id_hashed = false, not_patient_indicator = CASE WHEN id % 3 = 0 THEN 'X' END",
    "generalstudymoduleattr": "accession_number = 'acc X ' || id, accession_hashed = false,"
    " study_instance_uid = '1.2.X.' || id, study_date = DATE '2019-01-17' + (id % 300)::integer,"
    " study_description = 'Head'",
    "uniqueequipmentnames": "display_name = 'Room'",
}
TRACES = (
    IDENTITY.lower(),
    IDENTITY.encode().hex(),
    "1907",
    "11:22",
    "112233",
    hashlib.sha256(IDENTITY.encode()).hexdigest(),
)


def read_all(data):
    """The text of a file, of every part of a zip."""
    if not data.startswith(b"PK"):
        return data.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return "\n".join(read_part(name, book.read(name)) for name in book.namelist())


@pytest.mark.parametrize(
    ("name", "dates"), [(name, ("month", "shifted")[place % 2]) for place, name in enumerate(TYPES)]
)
def test_file_and_manifest_hold_no_identity(name, dates, identified_url):
    options = {"z": "0.1", "exam_by": "study_description", "drl_factor": "0.001"} if "audit" in name else {}
    given = {"date_from": "2018-12-31", "age_min": "0", "test_patients": "include"}
    given |= {"physician": IDENTITY} if name.startswith("rf-") else {}
    data, report = write(identified_url, name, dates, options=options, filters=given)
    request = parse(type=name, options={"pseudonyms": "pool", "dates": dates, **options}, filters=given)
    at_noon = replace(report, snapshot_at=NOON)  # the digits of now could look like a trace
    manifest = write_manifest("id", request, at_noon, FileFacts("file", 1, "")).decode()
    for text in (read_all(data), manifest):
        assert [trace for trace in TRACES if trace in text.lower()] == []
        assert "2018-12-31" not in text
        assert not re.search(r"2019-\d\d-\d\d", text) or dates == "shifted"
        assert KEY.hex() not in text
    with psycopg.connect(identified_url) as connection:
        ids = connection.execute("SELECT DISTINCT patient_id FROM remapp_patientmoduleattr").fetchall()
    made = {pseudonym("patient", text.upper().replace(" ", "")) for (text,) in ids}
    assert len(made) == 7
    # An audit of fewer than 20 studies lists no outliers.
    assert any(each in read_all(data) for each in made) or name.endswith("-audit")
    assert report.pseudonym_key_id == pseudonym_of_key()
    assert pseudonym_of_key() in manifest
    if not name.endswith("-csv"):
        assert pseudonym_of_key() in read_all(data)
    assert report.study_warnings == ()


def pseudonym_of_key():
    return base64.b32encode(hash_with(KEY, "key", ""))[:16].decode().lower()


def read_sheet(data, name):
    """The rows of a sheet."""
    sheet = load_exactly(io.BytesIO(data))[name]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def read_studies(url):
    """Patient, UID, accession number, date and age of studies, by pseudonym of the study."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT study_instance_uid, patient_id, accession_number, study_date, patient_age_decimal"
            " FROM remapp_generalstudymoduleattr study"
            " JOIN remapp_patientmoduleattr pat ON pat.general_study_module_attributes_id = study.id"
            " JOIN remapp_patientstudymoduleattr body ON body.general_study_module_attributes_id = study.id"
        ).fetchall()
    return {pseudonym("study", row[0].upper()): row[1:] for row in rows}


@pytest.mark.parametrize("dates", ["month", "shifted"])
@pytest.mark.parametrize("name", ["ct-csv", "mg-csv", "nm-csv", "dx-csv", "rf-csv"])
def test_cells_are_those_of_the_specification(name, dates, identified_url):
    header, *rows = read_csv(write(identified_url, name, dates)[0])
    studies = read_studies(identified_url)
    place = {heading: n for n, heading in enumerate(header)}
    assert rows
    for row in rows:
        patient, accession, day, age = studies[row[place["Study pseudonym"]]]
        patient = patient.upper().replace(" ", "")
        assert row[place["Pseudonym"]] == pseudonym("patient", patient)
        assert row[place["Accession pseudonym"]] == pseudonym("accession", accession.upper().replace(" ", ""))
        if dates == "month":
            assert row[place["Study month"]] == f"{day:%Y-%m}"
        else:
            days = int.from_bytes(hash_with(KEY, "shift", patient), "big") % 365 - 182
            assert row[place["Shifted study date"]] == (day + timedelta(days)).isoformat()
        assert row[place["Age band"]] == band(age)
    assert len({row[place["Study pseudonym"]] for row in rows}) > 3 or name == "nm-csv"


def band(age):
    if age is None or age < 0:
        return ""
    limits = [0, 1, 5, 10, 16, *range(20, 91, 5)]
    low = max(each for each in limits if each <= age)
    return "90+" if low == 90 else f"{low}–<{limits[limits.index(low) + 1]}"


def test_other_cells_are_those_without_pseudonyms(identified_url):
    header, *rows = read_csv(write(identified_url, "ct-csv")[0])
    old_header, *old_rows = read_csv(export(identified_url, type="ct-csv")[0])
    changed = ("Test patient?", "Dose check details")
    same = [each for each in header if each in old_header and not each.endswith(changed)]
    assert len(same) > 40
    assert pick(same, header, rows) == pick(same, old_header, old_rows)


def pick(headings, header, rows):
    places = [header.index(each) for each in headings]
    return sorted(([row[place] for place in places] for row in rows), key=repr)


def read_rows(data):
    return read_csv(data) if not data.startswith(b"PK") else read_sheet(data, "All data")


@pytest.mark.parametrize("dates", ["month", "shifted"])
@pytest.mark.parametrize("name", [each for each in TYPES if list_choices(catalogue.find_spec(each))])
def test_file_without_kept_study_columns_is_the_whole_one_without_them(name, dates, identified_url):
    columns = catalogue.find_spec(name).studies.columns
    left = [each.heading for each in columns if each.heading not in {*DERIVED_FROM, "Study time"}]
    options = {"leave_out": ", ".join(left)}
    header, *rows = read_rows(write(identified_url, name, dates, options=options)[0])
    whole_header, *whole_rows = read_rows(write(identified_url, name, dates)[0])
    assert not set(left) & set(header)
    assert {len(row) for row in rows} == {len(header)}
    assert pick(header, header, rows) == pick(header, whole_header, whole_rows)


@pytest.mark.parametrize("name", ["ct-tables", "dx-tables", "mg-tables", "nm-tables", "rf-tables"])
def test_keys_of_tables_resolve(name, identified_url):
    plain = Package(export(identified_url, type=name)[0])
    tables = Package(write(identified_url, name)[0])
    assert tables.names == plain.names
    for table, about in tables.resources.items():
        assert len(tables[table]) == len(plain[table])
        key = about["schema"]["primaryKey"]
        assert len({tuple(row[each] for each in key) for row in tables[table]}) == len(tables[table])
        for reference in about["schema"]["foreignKeys"]:
            (column,), other = reference["fields"], reference["reference"]["resource"]
            known = {row[column] for row in tables[other]} | {""}
            assert {row[column] for row in tables[table]} <= known
        for each in about["schema"]["fields"]:
            if each["name"] in {"study_id", "event_id", "administration_id", "report_id"}:
                assert each["type"] == "string"
                assert all(re.fullmatch("([a-z2-7]{16})?", row[each["name"]]) for row in tables[table])


def test_pseudonyms_are_the_same_in_every_type_and_run_and_differ_by_project(identified_url):
    csv = read_csv(write(identified_url, "ct-csv")[0])
    again = read_csv(write(identified_url, "ct-csv", "shifted")[0])
    tables = Package(write(identified_url, "ct-tables")[0])["studies"]
    other = read_csv(write(identified_url, "ct-csv", key=OTHER)[0])
    book = read_sheet(write(identified_url, "ct-xlsx")[0], "All data")
    expected = sorted(row[:3] for row in csv[1:])
    assert sorted(row[:3] for row in again[1:]) == expected
    assert (
        sorted([row[f"{each}pseudonym"] for each in ("", "study_", "accession_")] for row in tables)
        == expected
    )
    assert sorted(row[:3] for row in book[1:]) == expected
    assert not {cell for row in other[1:] for cell in row[:3]} & {cell for row in expected for cell in row}


def test_rows_are_in_no_order_of_time(identified_url):
    months = [row[3] for row in read_csv(write(identified_url, "ct-csv")[0])[1:]]
    assert months == sorted(months, reverse=True)
    first, second = (
        [row[1] for row in read_csv(write(identified_url, "ct-csv", "shifted")[0])[1:]] for _ in range(2)
    )
    assert sorted(first) == sorted(second)
    assert first != second


@pytest.fixture
def hashed_url(identified_url, make_database):
    url = make_database(identified_url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE remapp_patientmoduleattr SET id_hashed = true,"
            " patient_id = encode(sha256(patient_id::bytea), 'hex') WHERE id % 2 = 0"
        )
        connection.execute(
            "UPDATE remapp_generalstudymoduleattr SET accession_hashed = true,"
            " accession_number = encode(sha256(accession_number::bytea), 'hex')"
        )
    return url


def test_stored_hash_is_the_value_with_a_warning(hashed_url):
    data, report = write(hashed_url, "ct-csv")
    with psycopg.connect(hashed_url) as connection:
        rows = connection.execute(
            "SELECT patient_id, id_hashed, accession_number FROM remapp_generalstudymoduleattr study"
            " JOIN remapp_patientmoduleattr pat ON pat.general_study_module_attributes_id = study.id"
            " WHERE modality_type = 'CT'"
        ).fetchall()
    expected = [
        [
            pseudonym("patient", who if hashed else who.upper().replace(" ", "")),
            pseudonym("accession", number),
        ]
        for who, hashed, number in rows
    ]
    assert sorted([row[0], row[2]] for row in read_csv(data)[1:]) == sorted(expected)
    of_ids, of_numbers = [each for each in report.warnings if "hash" in each]
    assert f"patient ID of {sum(hashed for _, hashed, _ in rows)} of the studies" in of_ids
    assert f"accession number of {len(rows)} of the studies" in of_numbers


def test_missing_identifiers_stay_blank(identified_url, make_database):
    url = make_database(identified_url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE remapp_patientmoduleattr SET patient_id = CASE WHEN id % 2 = 0 THEN ' \t' END"
        )
        connection.execute(
            "UPDATE remapp_generalstudymoduleattr SET accession_number = NULL, study_instance_uid = ''"
        )
    for name in ("ct-csv", "mg-csv"):
        rows = read_csv(write(url, name, "shifted")[0])[1:]
        assert {tuple(row[:4]) for row in rows} == {("", "", "", "")}


def test_hostile_identifiers_are_hashed_whole(identified_url, make_database):
    texts = ['a"b', "a,b", "a\nb", "a\\b", "=1+1", "ß", "\x1fx", "é" * 60]
    url = make_database(identified_url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE remapp_patientmoduleattr SET patient_id = (%s::text[])[1 + id %% 8]", [texts]
        )
    expected = {pseudonym("patient", "".join(text.split()).upper()) for text in texts}
    assert {row[0] for row in read_csv(write(url, "ct-csv")[0])[1:]} == expected
    assert {row[0] for row in read_csv(write(url, "nm-csv")[0])[1:]} <= expected


def test_age_bands_begin_at_their_limit(sample_url):
    ages = ["-0.001", "0", "0.999", "1", "4.999", "5", "10", "15.999", "16", "20", "89.9", "90", "130", "NaN"]
    with psycopg.connect(sample_url) as connection:
        given = "unnest(%s::numeric[]) WITH ORDINALITY given (age, n)"
        sql = f"SELECT {write_age_band('age')} FROM {given} ORDER BY n"
        bands = [found for (found,) in connection.execute(sql, [ages])]
    assert bands == [
        *(None, "0–<1", "0–<1", "1–<5", "1–<5", "5–<10", "10–<16", "10–<16", "16–<20", "20–<25"),
        *("85–<90", "90+", "90+", None),
    ]


@pytest.mark.parametrize(
    ("day", "month"),
    [("2025-03-30", "2025-03"), ("0044-03-15 BC", "0044-03 BC"), ("infinity", "infinity")],
)
def test_month_has_the_era_of_its_date(sample_url, day, month):
    *_, column = list_derived("month")
    statement = f"SELECT {column.sql} FROM (SELECT date '{day}' AS study_date) study"
    with psycopg.connect(sample_url) as connection:
        assert connection.execute(statement).fetchone() == (month,)


def test_outliers_name_studies_by_their_pseudonyms(identified_url):
    options = {"z": "0.1", "exam_by": "study_description", "drl_factor": "0.001", "above_p95": "yes"}
    data, _ = write(
        identified_url, "ct-audit", "shifted", options=options, filters={"test_patients": "include"}
    )
    header, *rows = read_sheet(data, "Outliers")
    assert header[:5] == ["Pseudonym", "Study pseudonym", "Accession pseudonym", "Shifted study date", "Exam"]
    assert not {"Study id", "Event id", "Study date"} & set(header)
    known = read_studies(identified_url)
    assert rows
    assert {row[1] for row in rows} <= set(known)


def test_equal_outliers_are_in_no_order_of_time(identified_url, make_database):
    url = make_database(identified_url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE remapp_ctaccumulateddosedata SET ct_dose_length_product_total ="
                           " CASE WHEN id % 3 = 0 THEN 900 ELSE 100 END")  # fmt: skip
    orders = {}
    for uid in ("'1.2.X.' || id", "''"):
        with psycopg.connect(url) as connection:
            connection.execute(f"UPDATE remapp_generalstudymoduleattr SET study_instance_uid = {uid}")
        for number in (1, 2):
            orders[uid, number] = list_equal_outliers(url)
    named, again, unnamed, others = orders.values()
    assert [row[1] for row in named] == sorted(row[1] for row in named)
    assert named == again
    assert len(named) > 10
    assert sorted(unnamed) == sorted(others)
    assert unnamed != others


def list_equal_outliers(url):
    options = {"z": "1", "exam_by": "study_description"}
    data, _ = write(url, "ct-audit", options=options, filters={"test_patients": "include"})
    header, *rows = read_sheet(data, "Outliers")
    dlps = [row for row in rows if row[header.index("Quantity")] == "DLP"]
    assert len({row[header.index("Ratio")] for row in dlps}) == 1
    return [[cell or "" for cell in row[:3]] for row in dlps]


def test_export_without_its_key_fails(identified_url):
    with pytest.raises(ExportError) as failure:
        write(identified_url, "ct-csv", key=None)
    assert failure.value.code == "PSEUDONYM_KEY_MISSING"


@pytest.mark.parametrize("name", sorted(set(catalogue.load_specs()) - set(TYPES)))
def test_form_refuses_pseudonyms_by_name(name):
    if name.endswith("-parquet"):
        return
    spec = catalogue.find_spec(name)
    filters = dict.fromkeys(spec.needs[:1], "1")
    with pytest.raises(RequestError) as refusal:
        parse(type=name, options={"pseudonyms": "pool"}, filters=filters)
    assert (refusal.value.code, refusal.value.field) == ("UNKNOWN_OPTION", "options.pseudonyms")
