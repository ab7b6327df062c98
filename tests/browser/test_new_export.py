"""The form of a new export, from filters to the file."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import openpyxl
import pytest
from local.stack.service import Service
from local.stack.users import User
from playwright.sync_api import Route
from playwright.sync_api import expect as assert_that

from tests.browser.conftest import DESKTOP, PHONE, Visits
from tests.browser.steps import download, field, newest, open_details, start, wait_for


def count_studies(path: Path) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    return sum(1 for _ in book["All data"].iter_rows()) - 1


def test_form_filters_previews_exports_and_downloads(visit: Visits, physicist: User, tmp_path: Path) -> None:
    page = visit().sign_in(physicist)
    field(page, "Study date from").fill("2025-09-01")
    field(page, "Study date to").fill("2025-10-31")
    field(page, "DLP from").fill("100")
    page.get_by_role("radio", name="Workbook").check()
    page.get_by_role("button", name="Preview").click()
    studies = page.get_by_role("definition").first
    assert_that(studies).to_have_text(re.compile(r"^\d+$"))
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    previewed = int(studies.inner_text())
    start(page, "Export to xlsx")
    row = newest(page)
    assert_that(row).to_contain_text("CT workbook (xlsx)")
    assert_that(row).to_contain_text("Study date 1 Sept 2025 to 31 Oct 2025 · DLP from 100 mGy·cm")
    wait_for(row, "Completed")
    path = download(page, row, tmp_path)
    assert path.name.startswith("ct-xlsx_")
    assert count_studies(path) == previewed > 0


def test_enter_in_field_previews_without_export(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Study date from").fill("2090-01-01")
    field(page, "Procedure").press("Enter")
    assert_that(page.locator("#preview")).to_contain_text("No study matches these filters.")
    page.get_by_role("link", name="Exports").click()
    assert_that(page.get_by_text("No exports yet.")).to_be_visible()


def test_form_shows_error_beside_field(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    refused = as_service(physicist).request_export(type="ct-csv", filters={"age_min": "many"})
    page = visit().sign_in(physicist)
    field(page, "Age from").fill("many")
    page.get_by_role("button", name="Export to csv").click()
    age = field(page, "Age from")
    assert_that(age).to_be_focused()
    assert_that(age).to_have_attribute("aria-invalid", "true")
    assert_that(age).to_have_accessible_description(refused.json["detail"])
    age.fill("20")
    start(page)


def test_address_stores_and_restores_filters(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    page.get_by_role("tab", name="MG").click()
    field(page, "Study date from").fill("2024-01-01")
    field(page, "View").fill("cranio & caudal")
    page.get_by_role("radio", name="NHSBSP survey workbook").check()
    field(page, "Survey number").fill("7")
    page.get_by_label("Order of studies").select_option("oldest_first")
    page.get_by_label("Order of studies").press("Tab")
    address = page.url
    assert not urlsplit(address).query
    other = visit().sign_in(physicist, "#" + urlsplit(address).fragment)
    assert_that(other.get_by_role("tab", name="MG")).to_have_attribute("aria-selected", "true")
    assert_that(field(other, "Study date from")).to_have_value("2024-01-01")
    assert_that(field(other, "View")).to_have_value("cranio & caudal")
    assert_that(field(other, "Survey number")).to_have_value("7")
    assert_that(other.get_by_label("Order of studies")).to_have_value("oldest_first")


def test_address_accepts_openrem_names(visit: Visits, physicist: User) -> None:
    old = "study_date__gt=2024-05-01&generalequipmentmoduleattr__station_name=CT2&test_data=2"
    page = visit().sign_in(physicist, f"#CT?{old}")
    assert_that(field(page, "Study date from")).to_have_value("2024-05-01")
    assert_that(field(page, "Station")).to_have_value("CT2")
    assert_that(page).to_have_url(re.compile(r"#CT\?date_from=2024-05-01&station=CT2&test_patients=exclude$"))
    assert_that(page.locator(".message")).to_have_count(0)


def test_address_reports_ignored_parts(visit: Visits, privileged: User) -> None:
    """A user must not believe that an ignored filter narrows the export."""
    window = visit()
    page = window.sign_in(privileged)
    for number, (address, ignored) in enumerate(IGNORED.items()):
        window.open(address)
        said = f"Ignored from this link: {ignored}. Check the filters."
        assert_that(page.locator(".message").filter(has_text=said)).to_be_visible()
        assert_that(field(page, "Station")).to_have_value(f"CT{number}")


IGNORED = {
    "#CT?station=CT0&colour=red": "colour",
    "#CT?station=CT1&events=eleven": "events",
    "#CT?station=CT2&date_from=2024-02-31": "date_from",
    "#CT?station=CT3&patient_id=7": "patient_id",
    "#CT?station=CT4&type=ct-gone": "ct-gone",
    "#XX?station=CT5": "XX",
    "#RF?station=CT6&study_id=7": "study_id",
    "#MG?station=CT7&type=mg-csv&option.words=scout": "words",
}


def test_form_rejects_incomplete_date(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Study date from").press_sequentially("31")
    page.get_by_role("button", name="Export to csv").click()
    assert_that(page.get_by_text("Enter a complete date.").first).to_be_visible()
    assert_that(field(page, "Study date from")).to_be_focused()


def test_address_malformed_opens_form(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#%")
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_address_never_contains_patient_filters(visit: Visits, privileged: User) -> None:
    page = visit().sign_in(privileged)
    secrets = {"Patient name": "Secretname", "Patient ID": "Secretid", "Accession number": "Secretnumber"}
    for label, value in secrets.items():
        field(page, label).fill(value)
        field(page, label).press("Tab")
        assert "Secret" not in page.url
    field(page, "Station").fill("CT3")
    field(page, "Station").press("Tab")
    assert_that(page).to_have_url(re.compile("#CT.station=CT3$"))
    page.get_by_role("link", name="Exports").click()
    page.go_back()
    for label, value in secrets.items():
        assert_that(field(page, label)).to_have_value(value)
    assert "Secret" not in page.evaluate("JSON.stringify(sessionStorage) + JSON.stringify(localStorage)")


def test_address_drops_patient_filters(visit: Visits, privileged: User) -> None:
    page = visit().sign_in(privileged, "#CT?patient_id=Secretid&station=CT1")
    assert_that(field(page, "Patient ID")).to_have_value("")
    assert_that(page).to_have_url(re.compile("#CT.station=CT1$"))


def test_filters_survive_change_of_tab(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Study date from").fill("2024-01-01")
    field(page, "DLP from").fill("10")
    page.get_by_role("tab", name="RF").click()
    assert_that(field(page, "Study date from")).to_have_value("2024-01-01")
    assert_that(field(page, "DLP from")).to_have_count(0)
    assert_that(page).to_have_url(re.compile("#RF.date_from=2024-01-01$"))
    page.go_back()
    assert_that(page.get_by_role("tab", name="CT")).to_have_attribute("aria-selected", "true")
    assert_that(field(page, "DLP from")).to_have_value("10")


def test_chips_show_and_remove_filters(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?age_max=16&station=CT1&events=more&test_patients=exclude")
    chosen = page.get_by_role("listitem")
    assert_that(chosen).to_have_text(
        [
            re.compile("Station contains “CT1”"),
            re.compile("Age up to 16 years"),
            re.compile("Test patients excluded"),
            re.compile("Number of events: more than 10"),
        ]
    )
    page.get_by_role("button", name="Remove: Age up to 16 years").click()
    assert_that(field(page, "Age to")).to_have_value("")
    page.get_by_role("button", name="Clear filters").click()
    assert_that(chosen).to_have_text(["All computed tomography studies"])
    assert_that(page).to_have_url(re.compile("#CT$"))


def test_patient_identifiers_are_for_pidgroup_only(visit: Visits, physicist: User, privileged: User) -> None:
    page = visit().sign_in(physicist)
    assert_that(page.get_by_role("radiogroup", name="Patient identifiers")).to_be_hidden()
    assert_that(field(page, "Patient name")).to_have_count(0)
    page = visit().sign_in(privileged, "#CT?date_from=2025-10-20")
    assert_that(page.get_by_text("The file contains no patient names or IDs.")).to_be_visible()
    page.get_by_role("radio", name="Both").check()
    assert_that(page.get_by_text("The file will contain patient names and IDs.")).to_be_visible()
    start(page, "Export to csv with names and IDs")
    assert_that(newest(page)).to_contain_text("patient data")
    page.get_by_role("link", name="New export").click()
    assert_that(page.get_by_role("radio", name="None", exact=True)).to_be_checked()


def test_file_options_list_every_type(visit: Visits, privileged: User) -> None:
    page = visit().sign_in(privileged)
    shown = {}
    for modality in ("CT", "DX", "MG", "NM", "RF"):
        page.get_by_role("tab", name=modality).click()
        shown[modality] = page.locator("#types strong").all_inner_texts()
    programs = ["Tables for programs", "Parquet tables"]
    assert shown == {
        "CT": ["Table", "Workbook", "Dose audit", "PHE 2019 survey", *programs],
        "DX": [
            "Table",
            "Workbook",
            "Dose audit",
            "PHE 2019 survey: projection",
            "PHE 2019 survey: study",
            *programs,
        ],
        "MG": ["Table", "Workbook", "Dose audit", "NHSBSP survey", "NHSBSP survey workbook", *programs],
        "NM": ["Table", "Workbook", "Dose audit", *programs],
        "RF": ["Table", "Workbook", "Dose audit", "openSkin", "PHE 2019 survey", *programs],
    }


def test_openskin_requires_study(
    visit: Visits, physicist: User, as_service: Callable[[User], Service]
) -> None:
    service = as_service(physicist)
    page = visit().sign_in(physicist, "#RF?type=rf-openskin")
    page.get_by_role("button", name="Export to csv").click()
    assert_that(page.get_by_text("Enter a Study ID or Study UID.")).to_have_count(2)
    assert_that(field(page, "Study ID")).to_be_focused()
    field(page, "Study UID").fill("1.2.3")
    field(page, "Study UID").press("Tab")
    assert "1.2.3" not in page.url
    start(page)
    wait_for(newest(page), "Failed")
    assert_that(newest(page)).to_contain_text(
        service.call("GET", "/exports?limit=1").json["exports"][0]["error"]["message"]
    )


def test_options_send_changed_values_only(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#MG?type=mg-nhsbsp-csv")
    field(page, "Ages in whole years").check()
    field(page, "Survey number").fill("3")
    start(page)
    details = open_details(page, newest(page))
    options = details.get_by_text("Survey number: 3 · Whole years: yes", exact=True)
    assert_that(options).to_be_visible()


@pytest.mark.parametrize("modality", ["CT", "DX", "MG", "NM", "RF"])
def test_form_supports_unknown_modality(visit: Visits, physicist: User, modality: str) -> None:
    """A later catalogue can contain names that the page does not know."""
    window = visit()

    def rename(route: Route) -> None:
        reply = route.fetch()
        catalogue = reply.json()
        found = next(each for each in catalogue["modalities"] if each["name"] == modality)
        found["name"] = "PT"
        found["filters"].append(
            {
                "name": "uptake_min",
                "value_type": "number",
                "unit": "min",
                "help": "h",
                "aliases": [],
                "needs_group": None,
            }
        )
        found["types"].append(
            {**found["types"][0], "type": "pt-glance", "help": "a first glance", "include_names": False}
        )
        catalogue["modalities"] = [found]
        route.fulfill(json=catalogue)

    window.page.route("**/export-types*", rename)
    page = window.sign_in(physicist)
    assert_that(page.get_by_role("tab")).to_have_text(["PT"])
    assert_that(field(page, "Uptake min")).to_be_visible()
    assert_that(page.get_by_role("radio", name="Glance")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, (1280, 800), (1024, 768), PHONE])
def test_preview_is_in_view_even_if_nothing_matches(
    visit: Visits, physicist: User, size: tuple[int, int]
) -> None:
    page = visit(size=size).sign_in(physicist, "#CT?date_from=2090-01-01")
    page.get_by_role("button", name="Preview").click()
    message = page.locator("#preview").get_by_text("No study matches these filters.")
    assert_that(message).to_be_in_viewport(ratio=1)
    button = page.get_by_role("button", name="Preview").bounding_box()
    text = message.bounding_box()
    assert button is not None
    assert text is not None
    assert text["y"] + text["height"] <= button["y"], "the message is behind the buttons"


def test_error_of_a_field_moves_no_other_field(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?age_min=x")
    neighbour = field(page, "Weight from")
    before = neighbour.bounding_box()
    page.get_by_role("button", name="Preview").click()
    assert_that(field(page, "Age from")).to_have_attribute("aria-invalid", "true")
    assert neighbour.bounding_box() == before


def test_date_shortcuts_fill_whole_months_quarters_and_years(visit: Visits, physicist: User) -> None:
    """They mean the day on which they are pressed. The page can be open since the day before."""
    window = visit()
    window.page.clock.set_fixed_time(datetime(2026, 1, 31, 12, tzinfo=UTC))
    page = window.sign_in(physicist)
    assert_that(page.get_by_role("button", name="This year", exact=True)).to_be_visible()
    page.clock.set_fixed_time(datetime(2026, 2, 15, 12, tzinfo=UTC))
    dates = {}
    for name in SHORTCUTS:
        page.get_by_role("button", name=name, exact=True).click()
        dates[name] = (
            field(page, "Study date from").input_value(),
            field(page, "Study date to").input_value(),
        )
    assert dates == SHORTCUTS


SHORTCUTS = {
    "Last 30 days": ("2026-01-16", ""),
    "Last month": ("2026-01-01", "2026-01-31"),
    "Last quarter": ("2025-10-01", "2025-12-31"),
    "Last 12 months": ("2025-02-15", ""),
    "This year": ("2026-01-01", ""),
    "Last year": ("2025-01-01", "2025-12-31"),
    "Last financial year": ("2024-04-01", "2025-03-31"),
}


def test_pseudonyms_replace_patient_identifiers(visit: Visits, privileged: User, tmp_path: Path) -> None:
    page = visit().sign_in(privileged)
    page.get_by_role("radio", name="IDs", exact=True).check()
    dates = field(page, "Dates, with pseudonyms")
    assert_that(dates).to_be_disabled()
    field(page, "Pseudonyms of project").fill("page-pool")
    assert_that(page.get_by_role("radio", name="IDs", exact=True)).to_be_disabled()
    assert_that(page.get_by_text("The file contains pseudonyms, and neither names nor IDs.")).to_be_visible()
    dates.select_option("shifted")
    start(page, "Export to csv")
    row = newest(page)
    wait_for(row, "Completed")
    header = download(page, row, tmp_path).read_text("utf-8-sig").partition("\r\n")[0]
    assert header.startswith("Pseudonym,Study pseudonym,Accession pseudonym,Shifted study date,Institution,")
    assert_that(open_details(page, row)).to_contain_text("page-pool")


def test_project_out_of_form_is_refused_beside_its_field(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Pseudonyms of project").fill("Page Pool")
    page.get_by_role("button", name="Preview").click()
    error = page.locator("#option-pseudonyms-error")
    assert_that(error).to_have_text("The value must be 1 to 40 of a-z, 0-9 and -.")


def test_help_beside_a_field_is_readable_without_a_mouse(visit: Visits, physicist: User) -> None:
    page = visit(size=PHONE).sign_in(physicist)
    page.locator("summary").get_by_text("Study", exact=True).click()
    note = page.locator("#filters").get_by_text("equals, where OpenREM stores a hash")
    assert_that(note).to_be_visible()
