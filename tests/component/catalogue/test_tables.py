"""Tables of the sample: every row of OpenREM once, keys that resolve, and the cells of other files."""

import io
import json
import zipfile
from collections import Counter, defaultdict
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache

import psycopg
import pytest
from frictionless import Package as DataPackage

from doseexport.catalogue.dictionary import describe_type
from tests.component.exporting import export, read_csv
from tests.component.packages import CtPivot, DxPivot, Package, Parquet, export_package
from tests.databases.hostile import CORPUS
from tests.oracles.dx import is_same_mean

ROWS = 200
"""As many rows of a table frictionless reads, which takes longest. Other tests read every cell and key."""
BOTH = {"include_names": True, "include_ids": True}
KINDS = ["ct-tables", "dx-tables", "mg-tables", "nm-tables", "rf-tables"]
CODES = {"ct": ["CT"], "dx": ["DX", "CR", "PX"], "mg": ["MG"], "nm": ["NM"], "rf": ["RF"]}
EVENT = (
    "JOIN remapp_projectionxrayradiationdose report ON report.general_study_module_attributes_id = study.id"
    " JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id"
)
CT_EVENT = (
    "JOIN remapp_ctradiationdose report ON report.general_study_module_attributes_id = study.id"
    " JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = report.id"
)
FIRST_SOURCE = (
    f"{EVENT} JOIN (SELECT DISTINCT ON (irradiation_event_xray_data_id) *"
    " FROM remapp_irradeventxraysourcedata ORDER BY irradiation_event_xray_data_id, id) source"
    " ON source.irradiation_event_xray_data_id = event.id"
)
OF_SOURCE = "irradiation_event_xray_source_data_id = source.id"
NM_REPORT = (
    "JOIN remapp_radiopharmaceuticalradiationdose report"
    " ON report.general_study_module_attributes_id = study.id"
)
ADMINISTRATION = (
    f"{NM_REPORT} JOIN remapp_radiopharmaceuticaladministrationeventdata event"
    " ON event.radiopharmaceutical_radiation_dose_id = report.id"
)
OF_ADMINISTRATION = "radiopharmaceutical_administration_event_data_id = event.id"
XRAY = {
    "events": EVENT,
    "pulses": f"{FIRST_SOURCE} JOIN ("
    + " UNION ALL ".join(
        f"SELECT irradiation_event_xray_source_data_id FROM remapp_{table}"
        for table in ("kvp", "xraytubecurrent", "exposure", "pulsewidth")
    )
    + f") pulse ON pulse.{OF_SOURCE}",
    "filters": f"{FIRST_SOURCE} JOIN remapp_xrayfilters filter ON filter.{OF_SOURCE}",
}
COUNTED = {
    "ct": {
        "events": CT_EVENT,
        "sources": f"{CT_EVENT} JOIN remapp_ctxraysourceparameters tube"
        " ON tube.ct_irradiation_event_data_id = event.id",
    },
    "dx": XRAY,
    "mg": XRAY,
    "rf": XRAY,
    "nm": {
        "administrations": NM_REPORT + " LEFT" + ADMINISTRATION.removeprefix(NM_REPORT),
        "organ_doses": f"{ADMINISTRATION} JOIN remapp_organdose child ON child.{OF_ADMINISTRATION}",
        "participants": f"{ADMINISTRATION} JOIN remapp_personparticipant child ON child.{OF_ADMINISTRATION}",
        "pet_series": f"{NM_REPORT} JOIN remapp_petseries child"
        " ON child.radiopharmaceutical_radiation_dose_id = report.id",
    },
}
"""The joins from studies to the rows of a table, by modality."""


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module", params=["plain", "standard names"])
def url(request, sample_url, standard_url):
    """The sample as it is, and a small one with standard names switched on. Read it only."""
    return sample_url if request.param == "plain" else standard_url


@pytest.fixture(scope="module")
def export_whole():
    """Return the bytes of a file with every study, with names and IDs, and its report, made once."""
    return cache(lambda url, kind: export(url, type=kind, **BOTH))


@pytest.fixture(scope="module")
def read_whole(export_whole):
    """Return the tables of that file. Read them only."""
    return cache(lambda url, kind: Package(export_whole(url, kind)[0]))


@pytest.fixture(scope="module")
def exported(export_whole, url, kind):
    return export_whole(url, kind)


@pytest.fixture(scope="module")
def package(read_whole, url, kind):
    return read_whole(url, kind)


def test_tables_have_the_rows_that_plain_sql_counts(url, kind, exported, package):
    _, report = exported
    name = kind.partition("-")[0]
    with psycopg.connect(url) as connection:

        def count(joins):
            query = (
                f"SELECT count(*) FROM remapp_generalstudymoduleattr study {joins}"
                " WHERE modality_type = ANY(%s)"
            )
            return connection.execute(query, [CODES[name]]).fetchone()[0]

        expected = {"studies": count(""), **{table: count(joins) for table, joins in COUNTED[name].items()}}
    assert {table: len(package[table]) for table in expected} == expected
    assert min(expected.values()) > 0
    assert (report.studies, report.events) == (len(package["studies"]), list(expected.values())[1])
    assert [(each.name, each.rows) for each in report.sheets] == [
        (table, len(rows)) for table, rows in package.rows.items()
    ]


def test_tables_report_the_studies_that_have_rows(package, exported):
    of_event = {row["event_id"]: row["study_id"] for row in package["events"]}
    for sheet in exported[1].sheets:
        owners = {row.get("study_id") or of_event[row["event_id"]] for row in package[sheet.name]}
        assert sheet.studies == len(owners)


def test_tables_keys_are_unique_and_resolve(package):
    for name, resource in package.resources.items():
        schema = resource["schema"]
        keys = [tuple(row[column] for column in schema["primaryKey"]) for row in package[name]]
        assert len(set(keys)) == len(keys)
        assert all(all(key) for key in keys)
        for each in schema["foreignKeys"]:
            (column,), (there,) = each["fields"], each["reference"]["fields"]
            found = {row[column] for row in package[name]}
            assert found <= {row[there] for row in package[each["reference"]["resource"]]}


def test_tables_are_in_the_order_of_studies_then_events_then_numbers(package, kind):
    place = {row["study_id"]: n for n, row in enumerate(package["studies"])}
    of_event = {row["event_id"]: row["study_id"] for row in package["events"]}
    kinds = ["", "kvp", "tube_current", "exposure", "pulse_width"]
    for rows in package.rows.values():
        keys = [
            (
                place[row.get("study_id") or of_event[row["event_id"]]],
                int(row.get("event_id") or 0),
                kinds.index(row.get("kind", "")),
                ["", "study_description", "requested_procedure"].index(row.get("source", "")),
                int(row.get("n") or row.get("event_no") or 0),
            )
            for row in rows
        ]
        assert keys == sorted(keys)


def test_data_package_is_valid_and_describes_every_column(exported, package, tmp_path):
    path = tmp_path / "tables.zip"
    path.write_bytes(exported[0])
    report = DataPackage(str(path)).validate(limit_rows=ROWS)
    assert report.valid, report.flatten(["title", "message"])
    for name, resource in package.resources.items():
        assert [each["name"] for each in resource["schema"]["fields"]] == package.texts[name].partition("\n")[
            0
        ].split(",")
        assert all(each["description"] for each in resource["schema"]["fields"])
        assert resource["rows"] == len(package[name])


def test_data_package_types_are_those_of_the_cells(package):
    read = {
        "string": str, "integer": int, "number": Decimal, "boolean": {"true": 1, "false": 0}.__getitem__,
        "date": date.fromisoformat, "time": time.fromisoformat, "datetime": datetime.fromisoformat,
    }  # fmt: skip
    seen = set()
    for name, resource in package.resources.items():
        for each in resource["schema"]["fields"]:
            for row in package[name]:
                if row[each["name"]]:
                    read[each["type"]](row[each["name"]])
                    seen.add(each["type"])
    assert {"string", "integer", "number", "date", "time"} <= seen
    assert all("T" in row["started_at"] for row in package["events"] if row.get("started_at"))


@pytest.mark.parametrize(("name", "pivot"), [("ct", CtPivot), ("dx", DxPivot)])
@pytest.mark.parametrize("included", [True, False])
def test_tables_by_event_number_are_the_csv(url, read_whole, name, pivot, included):
    expected = read_csv(export(url, type=f"{name}-csv", **(BOTH if included else {}))[0])
    if included:
        package = read_whole(url, f"{name}-tables")
    else:
        package, _ = export_package(url, f"{name}-tables")
        assert not {"patient_name", "patient_id", "patient_birth_date"} & package["studies"][0].keys()
        expected = expected[:20]
        for column in ("patient_name", "patient_id", "patient_birth_date"):
            for row in package["studies"]:
                row[column] = ""
    headings, *rows = pivot(package).rows()
    if not included:
        shown = [n for n, heading in enumerate(headings) if heading not in HIDDEN]
        headings, rows = [headings[n] for n in shown], [[row[n] for n in shown] for row in rows[:19]]
    assert headings == expected[0]
    assert len(rows) == len(expected) - 1
    for made, row in zip(rows, expected[1:], strict=True):
        differences = [
            (heading, ours, theirs)
            for heading, ours, theirs in zip(headings, made, row, strict=True)
            if ours != theirs and not (heading.endswith("kVp") and is_same_mean(ours, theirs))
        ]
        assert differences == []


HIDDEN = {"Patient name", "Patient ID", "Date of birth"}


def test_mg_tables_hold_the_rows_of_the_csv(url):
    csv = read_csv(export(url, type="mg-csv")[0])
    package, report = export_package(url, "mg-tables")
    studies = {row["study_id"]: row for row in package["studies"]}
    modifiers = defaultdict(list)
    for row in package["view_modifiers"]:
        modifiers[row["event_id"]].append(row["modifier_meaning"])
    made = Counter(
        (
            studies[row["study_id"]]["study_date"],
            row["view_meaning"],
            "".join(f"{each} " for each in modifiers[row["event_id"]] if each),
            row["compression_thickness_mm"],
            row["agd_mgy"],
        )
        for row in package["events"]
    )
    places = [csv[0].index(name) for name in ("Study date", "View", "View Modifier", "Thickness", "AGD")]
    found = Counter(tuple(row[n] for n in places) for row in csv[1:])
    empty = Counter({cells: n for cells, n in (found - made).items() if not any(cells[1:])})
    assert found - made == empty
    assert sum(empty.values()) == len(csv) - 1 - report.events
    assert not made - found


def test_mg_tables_totals_are_those_of_the_workbook(url):
    package, _ = export_package(url, "mg-tables")
    with psycopg.connect(url) as connection:
        stored = connection.execute(
            "SELECT id, total_agd_left, total_agd_right, total_agd_both FROM remapp_generalstudymoduleattr"
            " WHERE modality_type = 'MG'"
        ).fetchall()
    expected = {
        (str(study), side): value
        for study, *values in stored
        for side, value in zip(("left", "right", "both"), values, strict=True)
        if value is not None
    }
    made = {(row["study_id"], row["side"]): Decimal(row["agd_mgy"]) for row in package["totals"]}
    assert {key: made[key] for key in expected} == expected
    assert expected


def test_rf_tables_totals_are_the_planes_of_the_csv(url):
    headings, *rows = read_csv(export(url, type="rf-csv")[0])
    package, _ = export_package(url, "rf-tables")
    planes = package.group("totals", "study_id")
    columns = {
        "DAP total (Gy.m^2)": ("dap_gy_cm2", "0.0001"),
        "Dose RP total (Gy)": ("rp_dose_mgy", "0.001"),
        "Fluoro duration total (s)": ("fluoro_time_s", "1"),
        "Acq. dose RP total (Gy)": ("acquisition_rp_dose_mgy", "0.001"),
        "Number of events": ("number_of_events", "1"),
    }
    compared = 0
    for study, row in zip(package["studies"], rows, strict=True):
        cells = dict(zip(headings, row, strict=True))
        shown = planes[study["study_id"]]
        is_b = [plane["plane"] == "B" for plane in shown]
        blocks = (
            {"B" if b else "A": plane for b, plane in zip(is_b, shown, strict=True)} if len(shown) < 3 else {}
        )
        if len(shown) == 2 and True not in is_b:
            blocks = dict(zip("AB", shown, strict=True))
        for block, plane in blocks.items():
            for heading, (column, factor) in columns.items():
                value = plane[column]
                expected = cells[f"{block} {heading}"]
                assert (Decimal(value) * Decimal(factor) if value else "") == (
                    Decimal(expected) if expected else ""
                )
                compared += 1
    assert compared > 20


def test_nm_tables_hold_the_children_of_administrations(url):
    headings, *rows = read_csv(export(url, type="nm-csv")[0])
    package, _ = export_package(url, "nm-tables")

    def read(*starts):
        return Counter(
            cell
            for row in rows
            for heading, cell in zip(headings, row, strict=True)
            if cell and heading.startswith(starts)
        )

    def column(table, name):
        return Counter(row[name] for row in package[table] if row[name])

    assert column("organ_doses", "finding_site_meaning") == read("Organ Dose Finding Site")
    assert column("administrations", "activity_mbq") == read("Administered activity")
    assert {row["administration_id"] for row in package["organ_doses"]} <= {
        row["administration_id"] for row in package["administrations"]
    }


def test_tables_hold_hostile_texts_unchanged(hostile_url, export_whole, read_whole, tmp_path):
    cells = set()
    for kind in KINDS:
        (tmp_path / f"{kind}.zip").write_bytes(export_whole(hostile_url, kind)[0])
        assert DataPackage(str(tmp_path / f"{kind}.zip")).validate().valid
        tables = read_whole(hostile_url, kind).rows.values()
        cells |= {cell for rows in tables for row in rows for cell in row.values()}
    assert [text for text in CORPUS if text not in cells] == []


def test_tables_hold_long_texts_line_ends_and_empty_texts(make_database, standard_url):
    url = make_database(standard_url)
    texts = ["x\r\ny" * 8_250, "\U0001fac0" * 33_000, '","', "", "a\u2028b\x1c\x1d\x1e\x85c"]
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE remapp_generalstudymoduleattr SET study_description = (%s::text[])[1 + id %% 5]", [texts]
        )
    package, report = export_package(url, "ct-tables", **BOTH)
    for row in package["studies"]:
        assert row["study_description"] == texts[int(row["study_id"]) % 5]
    assert_same_tables(url, "ct-tables", package, report)
    assert package.texts["studies"].count("\n") > len(package["studies"])


def read_cell(text, kind):
    """A csv's cell as a value of its type."""
    read = {"integer": int, "number": Decimal, "boolean": "true".__eq__, "date": date.fromisoformat,
            "time": time.fromisoformat, "datetime": datetime.fromisoformat}  # fmt: skip
    return read.get(kind, str)(text) if text else None


def assert_same_tables(url, kind, package, report):
    """Assert that the Parquet of a type holds the values of its csv, with the types that are promised."""
    data, other = export(url, type=kind.replace("tables", "parquet"), **BOTH)
    counts = [(each.name, each.studies, each.rows) for each in report.sheets]
    assert [(each.name, each.studies, each.rows) for each in other.sheets] == counts
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        described = json.loads(file.read("datapackage.json"))
        tables = {each["name"]: Parquet(file.read(each["path"])) for each in described["resources"]}
    assert list(tables) == list(package.rows)
    for name, table in tables.items():
        kinds = {each["name"]: each["type"] for each in package.resources[name]["schema"]["fields"]}
        assert table.types == {column: PARQUET_TYPES[kind] for column, kind in kinds.items()}
        expected = [
            tuple(read_cell(row[column], kind) for column, kind in kinds.items()) for row in package[name]
        ]
        assert table.rows == expected, name


PARQUET_TYPES = {
    "string": "VARCHAR", "integer": "BIGINT", "number": "DECIMAL(30,12)", "boolean": "BOOLEAN",
    "date": "DATE", "time": "TIME", "datetime": "TIMESTAMP",
}  # fmt: skip


def test_parquet_holds_the_values_of_the_csv(url, kind, package, exported):
    assert_same_tables(url, kind, package, exported[1])


def test_parquet_holds_hostile_texts_unchanged(hostile_url, kind, export_whole, read_whole):
    assert_same_tables(hostile_url, kind, read_whole(hostile_url, kind), export_whole(hostile_url, kind)[1])


def test_numbers_of_openrem_have_no_more_decimals_than_parquet_holds(sample_url):
    with psycopg.connect(sample_url) as connection:
        (most,) = connection.execute(
            "SELECT max(coalesce(numeric_scale, 99)) FROM information_schema.columns"
            " WHERE table_name LIKE 'remapp\\_%' AND data_type = 'numeric'"
        ).fetchone()
    assert most <= 12


def test_pulses_and_filters_are_those_of_the_first_source_record(make_database, standard_url):
    url = make_database(standard_url)
    before, _ = export_package(url, "rf-tables")
    with psycopg.connect(url) as connection:
        connection.execute(
            "WITH again AS (INSERT INTO remapp_irradeventxraysourcedata (id, irradiation_event_xray_data_id)"
            " SELECT max(source.id) OVER () + row_number() OVER (), irradiation_event_xray_data_id"
            " FROM remapp_irradeventxraysourcedata source RETURNING id),"
            " kvps AS (INSERT INTO remapp_kvp (id, kvp, irradiation_event_xray_source_data_id)"
            " SELECT (SELECT max(id) FROM remapp_kvp) + row_number() OVER (), 7, id FROM again)"
            " INSERT INTO remapp_xrayfilters (id, irradiation_event_xray_source_data_id)"
            " SELECT (SELECT max(id) FROM remapp_xrayfilters) + row_number() OVER (), id FROM again"
        )
    after, report = export_package(url, "rf-tables")
    assert after.rows == before.rows
    assert [each for each in report.warnings if each.startswith("Several X-ray source data in")]


def test_tables_without_standard_names_lack_their_tables(sample_url, standard_url):
    names = {url: set(export_package(url, "ct-tables")[0].rows) for url in (sample_url, standard_url)}
    assert names[standard_url] - names[sample_url] == {"study_names", "event_names"}


def test_dictionary_of_tables_names_them():
    places = [(sheet, each.heading) for each in describe_type("ct-tables") for sheet in each.sheets]
    assert places[:2] == [("studies", "study_id"), ("events", "study_id")]
    assert {("events", "event_no"), ("sources", "kvp"), ("event_names", "standard_name")} <= set(places)
