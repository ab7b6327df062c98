"""Cases that OpenREM ignores, loses or fails on, and their results here."""

import pytest
from openpyxl import load_workbook

from doseexport.cli import main
from doseexport.domain.request import parse_request
from doseexport.errors import RequestError
from tests.conformance.tables import read_csv
from tests.conformance.workbook_tables import list_protocols

BAD_FILTERS = {
    "study_date__gt=not a date": "BAD_FILTER_VALUE",
    "total_dlp__gte=much": "BAD_FILTER_VALUE",
    "num_events=11": "BAD_FILTER_VALUE",
    "no_such_parameter=1": "UNKNOWN_FILTER",
}
SECOND_DOSE = """
INSERT INTO remapp_ctradiationdose (id, general_study_module_attributes_id) VALUES (9999, 11);
UPDATE remapp_ctirradiationeventdata SET ct_radiation_dose_id = 9999 WHERE acquisition_protocol = 'TAP'"""
PROTOCOL = (
    "UPDATE remapp_ctirradiationeventdata SET acquisition_protocol = '{}' WHERE acquisition_protocol = '{}'"
)


@pytest.mark.parametrize("refusal", BAD_FILTERS.items(), ids=BAD_FILTERS)
@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_d19_bad_filter_is_refused_and_leaves_no_file(kind, refusal, openrem_url, tmp_path, capsys) -> None:
    option, code = refusal
    arguments = [kind, "--database-url", openrem_url, f"--filter={option}", f"--output={tmp_path / 'file'}"]
    assert main(arguments) == 2
    expected = capsys.readouterr().err
    assert f"({code})" in expected
    assert option.partition("=")[0] in expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["patient_id", "patient_name"])
def test_d19_patient_filter_without_the_right_is_refused_by_name(name: str) -> None:
    with pytest.raises(RequestError) as raised:
        parse_request({"type": "ct-csv", "filters": {name: "phy"}}, may_see_patients=False)
    assert (raised.value.status, raised.value.field) == (403, f"filters.{name}")


@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_d19_no_study_means_an_error_and_no_file(kind: str, openrem_url: str, tmp_path, capsys) -> None:
    option = "--filter=study_date__lt=1990-01-01"
    assert main([kind, "--database-url", openrem_url, option, f"--output={tmp_path / 'file'}"]) == 1
    assert "NO_STUDIES" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_d03_text_that_would_run_is_harmless_in_csv_and_as_stored_in_xlsx(altered, export) -> None:
    url = altered("UPDATE remapp_generalstudymoduleattr SET study_description = '=1+1' WHERE id = 36")
    assert read_csv(export("ct-csv", url)).column("Study description")[0] == "'=1+1"
    headings, first, *_ = load_workbook(export("ct-xlsx", url))["All data"].rows
    cell = first[[heading.value for heading in headings].index("Study description")]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_p01_event_without_scanning_length_costs_one_cell(our_csv, altered, export, capsys) -> None:
    url = altered("""
        DELETE FROM remapp_scanninglength WHERE ct_irradiation_event_data_id IN (SELECT event.id
        FROM remapp_ctirradiationeventdata event WHERE acquisition_protocol = 'AC_CT_Body')""")
    found = read_csv(export("ct-csv", url))
    assert "warning: No scanning length in 1 of the events" in capsys.readouterr().out
    assert found.rows[1:] == our_csv.rows[1:]
    pairs = zip(found.headings, found.rows[0], our_csv.rows[0], strict=True)
    assert [(heading, ours) for heading, ours, before in pairs if ours != before] == [
        ("E2 Scanning length", "")
    ]


def test_p02_study_with_two_dose_reports_keeps_all_its_events(our_csv, altered, export, capsys) -> None:
    found = read_csv(export("ct-csv", altered(SECOND_DOSE)))
    assert "warning: Several CT dose reports in 1 of the studies" in capsys.readouterr().out
    assert found.rows == our_csv.rows


@pytest.mark.parametrize(
    "protocol", ["Summary", "All data", "Columns", "About", "History", "''TAP''", "daily qa"]
)
def test_p03_protocol_with_awkward_name_has_its_own_sheet(protocol: str, altered, export) -> None:
    book = load_workbook(export("ct-xlsx", altered(PROTOCOL.format(protocol, "TAP"))))
    stored = protocol.replace("''", "'")
    column = [cell.value for cell in book["topogram"][1]].index("Protocol")
    sheets = [sheet for sheet in list_protocols(book) if sheet.cell(2, column + 1).value == stored]
    assert len(sheets) == 1
    assert sheets[0].max_row == 2
    assert len({name.casefold() for name in book.sheetnames}) == len(book.sheetnames)


def test_p04_empty_protocol_and_none_at_all_share_the_sheet_unknown(altered, export) -> None:
    book = load_workbook(export("ct-xlsx", altered(PROTOCOL.format("", "Daily QA"))))
    assert "daily_qa" not in book.sheetnames
    assert book["unknown"].max_row - 1 == 38 + 5
    assert sum(sheet.max_row - 1 for sheet in list_protocols(book)) == 75


def test_p05_study_without_events_has_its_row(altered, export) -> None:
    url = altered("UPDATE remapp_ctradiationdose SET general_study_module_attributes_id = 17"
                  " WHERE general_study_module_attributes_id IN (11, 12, 13)")  # fmt: skip
    assert len(read_csv(export("ct-csv", url)).rows) == 15
    assert load_workbook(export("ct-xlsx", url))["All data"].max_row == 16
