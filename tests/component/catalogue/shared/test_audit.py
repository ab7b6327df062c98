"""Audit workbooks equal an audit computed a second time, sheet by sheet and cell by cell."""

import io
import re
import zipfile
from collections import Counter

import openpyxl
import psycopg
import pytest
import python_calamine

from doseexport.errors import ExportError, RequestError
from tests.component.exporting import export, parse
from tests.oracles.audit import OF_STUDY, PER_EVENT, POPULATIONS, describe, list_outliers, read_groups

MODALITIES = ["CT", "RF", "DX", "MG", "NM"]
KEYS = ["Exam", "Room", "Population", "Detail", "Quantity"]
TOLERANCE = 1e-12
# Characters that XML lacks: calamine leaves them escaped.
UNREADABLE = re.compile("_x(FFFE|FFFF)_")
OPTIONS = [
    {},
    {"exam_by": "requested_procedure", "child_bands": "both"},
    {"exam_by": "standard_name", "child_bands": "age", "adult_age": "18"},
    {"exam_by": "study_description", "adult_weight": "50-90"},
]


def read(data):
    """Return each sheet as a list of dicts by heading; Summary, Charts and DRLs as rows."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = {}
    for name in book.sheet_names:
        rows = [
            [unescape(cell) for cell in row]
            for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        ]
        is_table = name not in ("Summary", "Charts", "DRLs", "About")
        sheets[name] = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] if is_table else rows
    return sheets


def unescape(cell):
    return UNREADABLE.sub(lambda found: chr(int(found[1], 16)), cell) if isinstance(cell, str) else cell


def audit(url, modality, filters=None, include_ids=False, **options):
    data, report = export(
        url,
        type=f"{modality.lower()}-audit",
        filters=filters or {},
        include_ids=include_ids,
        options=options,
    )
    return read(data), report


def groups_of(sheets):
    rows = [*sheets.get("Examinations", []), *sheets.get("Protocols", [])]
    return {tuple(row[key] for key in KEYS): row for row in rows}


def assert_same(found, expected, where):
    if expected is None:
        assert found == "", where
    else:
        # Most are equal, and pytest.approx takes longer than all else.
        assert found == expected or found == pytest.approx(expected, rel=TOLERANCE, abs=0), where


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("database", ["sample_url", "standard_url"])
def test_audit_groups_equal_sql(request, database, modality, options):
    url = request.getfixturevalue(database)
    sheets, _ = audit(url, modality, **options)
    bands = {name: options[name] for name in ("child_bands",) if name in options}
    if "adult_age" in options:
        bands["adult_age"] = int(options["adult_age"])
    expected = read_groups(
        url,
        modality,
        options.get("exam_by", "auto"),
        options.get("adult_weight"),
        standard=database == "standard_url",
        **bands,
    )
    found = groups_of(sheets)
    assert set(found) == {key for key, group in expected.items() if group.values}
    with psycopg.connect(url) as connection:
        for key, row in found.items():
            for heading, figure in describe(connection, expected[key]).items():
                assert_same(row[heading], figure, (key, heading))
    assert_same_exclusions(sheets["Excluded"], expected)
    assert_in_order(sheets, modality)


def assert_same_exclusions(rows, expected):
    counted = Counter()
    for (exam, room, population, _, quantity), group in expected.items():
        for reason, number in group.left_out.items():
            counted[exam, room, population, quantity, reason] += number
    found = {
        tuple(row[name] for name in ("Exam", "Room", "Population", "Quantity", "Reason")): row["Number"]
        for row in rows
    }
    assert len(found) == len(rows)
    assert found == counted


def assert_in_order(sheets, modality):
    quantities = [*OF_STUDY[modality], PER_EVENT.get(modality)]
    for name in ("Examinations", "Protocols"):
        order = [
            (row["Exam"], row["Room"], POPULATIONS.index(row["Population"]), row["Detail"],
             quantities.index(row["Quantity"]))
            for row in sheets.get(name, [])
        ]  # fmt: skip
        assert order == sorted(order)


@pytest.mark.parametrize("modality", ["CT", "DX", "MG"])
def test_audit_outliers_equal_sql(sample_url, modality):
    # Standard names are off, so all exams are one, and its groups are large.
    sheets, _ = audit(sample_url, modality, z="2", above_p95="yes", drl="none", exam_by="standard_name")
    groups = read_groups(sample_url, modality, "standard_name")
    with psycopg.connect(sample_url) as connection:
        expected = list_outliers(connection, groups, 2, above_p95=True)
    found = {
        (*(row[key] for key in KEYS), row["Study id"], row["Event id"] or None): row
        for row in sheets["Outliers"]
    }
    assert set(found) == set(expected)
    for key, (value, median, z, reasons) in expected.items():
        row = found[key]
        assert_same(row["Value"], value, key)
        assert_same(row["Group median"], median, key)
        assert_same(row["Ratio"], value / median, key)
        assert row["z"] == pytest.approx(z, rel=1e-9), key
        assert row["Reasons"] == reasons
        assert row["Reviewed by"] == row["Outcome"] == ""
    assert_outliers_in_order(sheets["Outliers"], [*OF_STUDY[modality], PER_EVENT[modality]])
    if modality == "CT":
        assert expected


def assert_outliers_in_order(rows, quantities):
    order = [
        (quantities.index(row["Quantity"]), -row["Ratio"], row["Study id"], row["Event id"] or 0)
        for row in rows
    ]
    assert order == sorted(order)


def test_audit_rooms_and_charts_show_the_medians_of_groups(sample_url):
    sheets, _ = audit(sample_url, "CT", exam_by="study_description")
    groups = [row for row in groups_of(sheets).values() if row["n"] >= 10 and row["Room"] != "(none)"]
    assert sheets["Rooms"]
    for row in sheets["Rooms"]:
        key = [row[name] for name in KEYS if name != "Room"]
        medians = sorted(
            each["Median"] for each in groups if [each[name] for name in KEYS if name != "Room"] == key
        )
        assert row["Rooms"] == len(medians)
        with psycopg.connect(sample_url) as connection:
            quantiles = "SELECT percentile_cont(array[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY v)"
            sql = f"{quantiles} FROM unnest(%s::float8[]) v"
            (expected,) = connection.execute(sql, [medians]).fetchone()
        is_local = len(medians) >= 10
        shown = expected if len(medians) >= 4 else [None, expected[1], None]
        for heading, figure in zip(("P25", "Median", "P75"), shown, strict=True):
            assert_same(row[heading], figure, (key, heading))
        assert row["Called"] == ("local DRL" if is_local else "typical value")
        assert_same(row["Local value"], expected[2] if is_local else expected[1], key)
    charts = sheets["Charts"]
    title, headings, first = charts[0][0], charts[1], charts[2]
    assert headings == ["Room", "Median", "Median − P25", "P75 − median", "DRL"]
    group = groups_of(sheets)[title, first[0], "adult", "", "DLP"]
    assert first[1] == group["Median"]
    if group["P25"] != "":
        assert first[2] == pytest.approx(group["Median"] - group["P25"])


def test_audit_counts_the_test_patients_left_out(make_database, sample_url):
    url = make_database(sample_url)
    sql = (
        "UPDATE remapp_patientmoduleattr SET not_patient_indicator = 'phantom' WHERE id IN ("
        " SELECT pat.id FROM remapp_patientmoduleattr pat JOIN remapp_generalstudymoduleattr study"
        " ON study.id = pat.general_study_module_attributes_id WHERE modality_type = 'CT'"
        " AND not_patient_indicator IS NULL ORDER BY pat.id LIMIT 7)"
    )
    before, _ = audit(url, "CT")
    with psycopg.connect(url) as connection:
        connection.execute(sql)
    after, report = audit(url, "CT")
    every, whole = audit(url, "CT", filters={"test_patients": "include"})
    assert (
        facts(after)["Studies of test patients left out"]
        == 7 + facts(before)["Studies of test patients left out"]
    )
    assert facts(every)["Studies of test patients left out"] == 0
    assert whole.studies == report.studies + facts(after)["Studies of test patients left out"]


def test_audit_answers_in_one_line_in_the_report_and_on_summary(make_database, sample_url):
    url = make_database(sample_url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE remapp_generalstudymoduleattr SET study_description = 'CT Head'"
            " WHERE modality_type = 'CT'"
        )
    sheets, report = audit(url, "CT", exam_by="study_description")
    compared = [row for row in sheets["Examinations"] if row["Ratio"] != ""]
    above = [row for row in compared if row["Flag"]]
    assert report.answer == f"{len(above)} of {len(compared)} groups above their DRL"
    assert sheets["Summary"][1][0] == report.answer
    assert above
    for row in compared:
        assert (row["DRL"], row["n"] >= 6) == (790, True)
        assert row["Ratio"] == pytest.approx(row["Median"] / 790, rel=TOLERANCE)
        clearly = row["Median CI low"] > 790
        expected = ("clearly above" if clearly else "above") if row["Median"] > 790 else ""
        assert row["Flag"] == expected
        assert "DRL is for: Acute stroke" in row["Caution"]
    assert export(url, type="ct-csv")[1].answer == ""


def facts(sheets):
    return {row[0]: row[1] for row in sheets["Summary"]}


@pytest.mark.parametrize("modality", MODALITIES)
def test_audit_summary_counts_a_value_of_several_groups_once(standard_url, modality):
    plain, report = audit(standard_url, modality, exam_by="study_description")
    overlapping, whole = audit(standard_url, modality, exam_by="standard_name", child_bands="both")
    numbers = read_numbers(plain, modality)
    assert read_numbers(overlapping, modality) == numbers
    assert facts(plain)["Values"] == facts(overlapping)["Values"] == sum(n for n, _ in numbers.values())
    left_out = sum(n for _, n in numbers.values())
    assert sum(report.exclusions.values()) == sum(whole.exclusions.values()) == left_out
    assert sum(row["Number"] for row in plain["Excluded"]) == left_out
    for name in OF_STUDY[modality]:
        assert sum(numbers[name]) == facts(plain)["Studies"]
    in_groups = sum(row["n"] for row in groups_of(overlapping).values())
    assert in_groups > facts(overlapping)["Values"]


def read_numbers(sheets, modality):
    """Return the values of each quantity, and those that are left out, as Summary counts them."""
    names = [*OF_STUDY[modality], *([PER_EVENT[modality]] if modality in PER_EVENT else [])]
    rows = {row[0]: row for row in sheets["Summary"] if row[0] in names}
    return {name: (rows[name][3], rows[name][4]) for name in names}


def test_audit_without_any_value_fails(make_database, sample_url):
    url = make_database(sample_url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE remapp_radiopharmaceuticaladministrationeventdata"
                           " SET administered_activity = 0")  # fmt: skip
    with pytest.raises(ExportError, match="no dose value") as failed:
        audit(url, "NM")
    assert failed.value.code == "NO_VALUES"


@pytest.mark.parametrize(
    ("database", "modality", "warnings"),
    [
        ("standard_url", "CT", []),
        ("sample_url", "CT", ["OpenREM has no standard names switched on, so every exam is (none)."]),
        ("standard_url", "NM", ["Nuclear medicine has no standard names, so every exam is (none)."]),
        ("sample_url", "NM", ["Nuclear medicine has no standard names, so every exam is (none)."]),
    ],
)
def test_audit_by_standard_names_warns_without_any(request, database, modality, warnings):
    _, report = audit(request.getfixturevalue(database), modality, exam_by="standard_name")
    assert [each for each in report.warnings if "standard names" in each] == warnings


@pytest.mark.parametrize("options", [{}, {"pseudonyms": "pool"}], ids=str)
def test_audit_warns_of_texts_that_it_cuts(make_database, small_sample_url, options):
    url = make_database(small_sample_url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE remapp_generalstudymoduleattr"
                           " SET study_description = repeat('é', 32768) WHERE id % 2 = 0")  # fmt: skip
    sheets, report = audit(url, "CT", exam_by="study_description", **options)
    cut = sum(
        isinstance(cell, str) and len(cell) == 32_767
        for name in ("Examinations", "Protocols", "Rooms", "Outliers", "Excluded", "DRLs")
        for row in sheets[name]
        for cell in (row if isinstance(row, list) else row.values())
    )
    warning = f"{cut} texts were cut to 32,767 characters, the most that a cell can hold."
    assert cut > 1
    assert [each for each in report.warnings if "were cut" in each] == [warning]
    assert not [each for each in report.study_warnings if "were cut" in each.message]
    for name in ("Summary", "About"):
        assert warning in {cell for row in sheets[name] for cell in row}


def test_audit_has_accession_numbers_only_on_request(sample_url):
    options = {"z": "1", "exam_by": "standard_name"}
    without, _ = audit(sample_url, "CT", **options)
    with_ids, _ = audit(sample_url, "CT", include_ids=True, **options)
    assert "Accession number" not in without["Outliers"][0]
    with psycopg.connect(sample_url) as connection:
        stored = dict(
            connection.execute(
                "SELECT id, coalesce(accession_number, '') FROM remapp_generalstudymoduleattr"
            ).fetchall()
        )
    assert {row["Study id"]: row["Accession number"] for row in with_ids["Outliers"]} == {
        row["Study id"]: stored[row["Study id"]] for row in with_ids["Outliers"]
    }
    assert any(row["Accession number"] for row in with_ids["Outliers"])


def test_audit_lists_studies_at_the_alert_levels(make_database, sample_url):
    url = make_database(sample_url)
    with psycopg.connect(url) as connection:
        ids = [
            study
            for (study,) in connection.execute(
                "SELECT study.id FROM remapp_generalstudymoduleattr study WHERE modality_type = 'RF'"
                " AND study_description NOT LIKE 'broken%' ORDER BY id LIMIT 2"
            )
        ]
        connection.execute(
            "UPDATE remapp_generalstudymoduleattr SET total_dap_delta_weeks = 0.02, total_rp_dose_delta_weeks"
            " = 1.999 WHERE id = %s", [ids[0]]
        )  # fmt: skip
        connection.execute(
            "INSERT INTO remapp_skindosemapresults (peak_skin_dose, general_study_module_attributes_id)"
            " VALUES (1.9, %(study)s), (2, %(study)s), ('NaN', %(study)s)", {"study": ids[1]}
        )  # fmt: skip
        connection.execute(
            "UPDATE remapp_accumintegratedprojradiogdose SET dose_rp_total = NULL"
            " WHERE accumulated_xray_dose_id IN (SELECT accum.id FROM remapp_accumxraydose accum"
            " JOIN remapp_projectionxrayradiationdose dose ON dose.id = projection_xray_radiation_dose_id"
            " WHERE general_study_module_attributes_id = %s)", [ids[1]]
        )  # fmt: skip
    sheets, _ = audit(url, "RF", z="1000", adult_weight="1-2")
    alerts = [row for row in sheets["Outliers"] if row["Study id"] in ids]
    assert {(row["Study id"], row["Quantity"]) for row in alerts} >= {(ids[0], "DAP"), (ids[1], "RP dose")}
    for row in alerts:
        if (row["Study id"], row["Quantity"]) == (ids[0], "DAP"):
            assert row["Reasons"].endswith("alert DAP over the window")
        if (row["Study id"], row["Quantity"]) == (ids[1], "RP dose"):
            assert (row["Value"], row["Ratio"], row["z"]) == ("", "", "")
            assert row["Reasons"] == "alert skin dose"


def test_audit_dap_unit_changes_heading_and_values(sample_url):
    plain, _ = audit(sample_url, "DX")
    other, _ = audit(sample_url, "DX", dap_unit="Gy.cm2")
    for key, row in groups_of(plain).items():
        changed = groups_of(other)[key]
        assert (row["Unit"], changed["Unit"]) == ("cGy·cm²", "Gy·cm²")
        assert changed["Median"] == pytest.approx(row["Median"] / 100, rel=1e-15)


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"drl": "no such"}, "drl", "must be ndrl_uk"),
        ({"exam_map": "a = b\n\nc"}, "exam_map", "line 3"),
        ({"exam_map": "\n".join(["a = b"] * 201)}, "exam_map", "200 lines"),
        ({"exam_map": "a = "}, "exam_map", "line 1"),
        ({"adult_weight": "fifty-90"}, "adult_weight", "two numbers"),
        ({"adult_weight": "90-50"}, "adult_weight", "smaller one first"),
        ({"z": "0"}, "z", "above 0"),
        ({"z": "-3"}, "z", "above 0"),
        ({"drl_factor": "x"}, "drl_factor", "plain number"),
        ({"child_bands": "height"}, "child_bands", "weight, age or both"),
        ({"exam_by": "name"}, "exam_by", "standard_name"),
        ({"adult_age": "0"}, "adult_age", "above 0"),
        ({"above_p95": "maybe"}, "above_p95", "yes or no"),
        ({"dap_unit": "Gy·cm²"}, "dap_unit", "no such option"),
    ],
)
def test_audit_option_is_refused_by_its_name(options, field, words):
    with pytest.raises(RequestError, match=words) as refused:
        parse(type="ct-audit", options=options)
    assert (refused.value.status, refused.value.field) == (422, f"options.{field}")


def test_audit_has_no_orders_and_excludes_test_patients_by_default():
    with pytest.raises(RequestError):
        parse(type="ct-audit", order="oldest_first")
    assert parse(type="ct-audit").filters == {"test_patients": "exclude"}
    assert parse(type="ct-audit", filters={"test_data": "include"}).filters == {"test_patients": "include"}
    assert parse(type="ct-csv").filters == {}


def test_audit_charts_point_at_the_blocks_beside_them(sample_url):
    data, _ = export(sample_url, type="ct-audit", options={"exam_by": "study_description"})
    rows = read(data)["Charts"]
    package = zipfile.ZipFile(io.BytesIO(data))
    charts = [name for name in package.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]
    titles = [n for n, row in enumerate(rows[:-1], start=1) if rows[n][0] == "Room" and row[0]]
    assert 0 < len(charts) == len(titles) <= 12
    for number, title in enumerate(titles, start=1):
        xml = package.read(f"xl/charts/chart{number}.xml").decode()
        first = title + 2
        last = first
        while last < len(rows) and rows[last][0]:
            last += 1
        ranges = set(re.findall(r"<c:f>Charts!\$([A-E])\$(\d+)(?::\$([A-E])\$(\d+))?</c:f>", xml))
        assert {"A", "B", "C", "D"} <= {column for column, *_ in ranges} <= set("ABCDE")
        ranges.discard(("A", str(title), "", ""))
        for column, low, end, high in ranges:
            assert (column, int(low), int(high or low)) == (end or column, first, last)
        assert "mGy·cm" in xml
        assert f"<c:f>Charts!$A${title}</c:f>" in xml
        assert not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", xml)


def test_audit_survives_openpyxl_and_marks_flagged_rows(sample_url):
    data, report = export(sample_url, type="ct-audit", options={"exam_by": "study_description"})
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == [sheet.name for sheet in report.sheets]
    sheet = book["Examinations"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref.startswith("A1:")
    (marked,) = sheet.conditional_formatting
    assert str(marked.sqref).startswith("A2:")
    assert marked.rules[0].dxf.font.b
    for row in sheet.iter_rows(min_row=2, max_row=50):
        for cell in row[11:22]:
            if isinstance(cell.value, int | float):
                size = abs(cell.value)
                form = "0.000" if size < 1 else "0.00" if size < 10 else "0.0" if size < 100 else "0"
                assert cell.number_format == form
