"""From filters to a file."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import openpyxl
import pytest
from local.stack.users import User
from playwright.sync_api import Route
from playwright.sync_api import expect as assert_that
from tests.browser.conftest import Visits
from tests.browser.steps import download, field, newest, open_details, start, wait_for


def count_studies(path: Path) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    return sum(1 for _ in book["All data"].iter_rows()) - 1


def test_filter_preview_start_download(visit: Visits, physicist: User, tmp_path: Path) -> None:
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
    assert_that(row).to_contain_text("Study date 2025-09-01 to 2025-10-31 · DLP from 100 mGy·cm")
    wait_for(row, "Completed")
    path = download(page, row, tmp_path)
    assert path.name.startswith("ct-xlsx_")
    assert count_studies(path) == previewed > 0


def test_a_preview_grows_old_when_the_form_changes(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?date_from=2025-10-01")
    page.get_by_role("button", name="Preview").click()
    assert_that(page.get_by_text("Most frequent protocols")).to_be_visible()
    assert_that(page.locator("#preview")).not_to_have_class(re.compile("stale"))
    field(page, "Station").fill("CT1")
    assert_that(page.locator("#preview")).to_have_class(re.compile("stale"))


def test_enter_in_a_field_previews_and_starts_nothing(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Study date from").fill("2090-01-01")
    field(page, "Procedure").press("Enter")
    assert_that(page.locator("#preview")).to_have_text("No study matches these filters.")
    page.get_by_role("link", name="Exports").click()
    assert_that(page.get_by_text("No exports yet.")).to_be_visible()


def test_a_wrong_value_is_told_beside_its_field(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Age from").fill("many")
    page.get_by_role("button", name="Export to csv").click()
    age = field(page, "Age from")
    assert_that(age).to_be_focused()
    assert_that(age).to_have_attribute("aria-invalid", "true")
    assert_that(age).to_have_accessible_description("The value must be a plain number such as 12 or 12.5.")
    age.fill("20")
    start(page)


def test_filters_live_in_the_address_and_come_back_from_it(visit: Visits, physicist: User) -> None:
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


def test_addresses_with_openrems_names_are_understood(visit: Visits, physicist: User) -> None:
    old = "study_date__gt=2024-05-01&generalequipmentmoduleattr__station_name=CT2&test_data=2"
    page = visit().sign_in(physicist, f"#CT?{old}")
    assert_that(field(page, "Study date from")).to_have_value("2024-05-01")
    assert_that(field(page, "Station")).to_have_value("CT2")
    assert_that(page).to_have_url(re.compile(r"#CT\?date_from=2024-05-01&station=CT2&test_patients=exclude$"))
    assert_that(page.locator(".message")).to_have_count(0)


@pytest.mark.parametrize(
    ("address", "lost"),
    [
        ("#CT?station=CT2&colour=red", "colour"),
        ("#CT?station=CT2&events=eleven", "events"),
        ("#CT?station=CT2&date_from=2024-02-31", "date_from"),
        ("#CT?station=CT2&patient_id=7", "patient_id"),
        ("#CT?station=CT2&type=ct-gone", "ct-gone"),
        ("#XX?station=CT2", "XX"),
        ("#RF?station=CT2&study_id=7", "study_id"),
        ("#MG?station=CT2&type=mg-csv&option.words=scout", "words"),
    ],
)
def test_what_an_address_cannot_bring_is_told(
    visit: Visits, privileged: User, address: str, lost: str
) -> None:
    """Or somebody would take for narrowed what is not."""
    page = visit().sign_in(privileged, address)
    assert_that(page.locator(".message")).to_contain_text(f"cannot hold: {lost}. Look before")
    assert_that(field(page, "Station")).to_have_value("CT2")


def test_half_a_date_is_not_taken_for_none(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist)
    field(page, "Study date from").press_sequentially("31")
    page.get_by_role("button", name="Export to csv").click()
    assert_that(page.get_by_text("This date is not complete.").first).to_be_visible()
    assert_that(field(page, "Study date from")).to_be_focused()


def test_an_address_that_cannot_be_read_still_opens_the_form(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#%")
    assert_that(page.get_by_role("tab", name="CT")).to_be_visible()


def test_the_address_never_names_a_patient(visit: Visits, privileged: User) -> None:
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


def test_an_address_that_names_a_patient_is_cleaned_and_not_used(visit: Visits, privileged: User) -> None:
    page = visit().sign_in(privileged, "#CT?patient_id=Secretid&station=CT1")
    assert_that(field(page, "Patient ID")).to_have_value("")
    assert_that(page).to_have_url(re.compile("#CT.station=CT1$"))


def test_filters_stay_when_the_tab_changes(visit: Visits, physicist: User) -> None:
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


def test_chips_say_what_is_chosen_and_take_it_away(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#CT?age_max=16&station=CT1&events=more&test_patients=exclude")
    chosen = page.get_by_role("listitem")
    assert_that(chosen).to_have_text(
        [
            re.compile("Station contains “CT1”"),
            re.compile("Age up to 16 years"),
            re.compile("Test patients left out"),
            re.compile("Number of events: more than 10"),
        ]
    )
    page.get_by_role("button", name="Remove: Age up to 16 years").click()
    assert_that(field(page, "Age to")).to_have_value("")
    page.get_by_role("button", name="Clear filters").click()
    assert_that(chosen).to_have_text(["All computed tomography studies"])
    assert_that(page).to_have_url(re.compile("#CT$"))


def test_only_pidgroup_chooses_names_and_ids(visit: Visits, physicist: User, privileged: User) -> None:
    page = visit().sign_in(physicist)
    assert_that(page.get_by_text("Patients in the file")).to_be_hidden()
    assert_that(field(page, "Patient name")).to_have_count(0)
    page = visit().sign_in(privileged, "#CT?date_from=2025-10-20")
    assert_that(page.get_by_text("The file holds neither names nor IDs of patients.")).to_be_visible()
    page.get_by_role("radio", name="Both").check()
    assert_that(page.get_by_text("The file will hold patients' names and IDs.")).to_be_visible()
    start(page, "Export to csv with names and IDs")
    assert_that(newest(page)).to_contain_text("patient data")
    page.get_by_role("link", name="New export").click()
    assert_that(page.get_by_role("radio", name="Not named")).to_be_checked()


def test_every_type_of_the_catalogue_has_its_choice(visit: Visits, privileged: User) -> None:
    page = visit().sign_in(privileged)
    shown = {}
    for modality in ("CT", "DX", "MG", "NM", "RF"):
        page.get_by_role("tab", name=modality).click()
        shown[modality] = page.locator("#types strong").all_inner_texts()
    assert shown == {
        "CT": ["Table", "Workbook", "PHE 2019 survey"],
        "DX": ["Table", "Workbook", "PHE 2019 survey: projection", "PHE 2019 survey: study"],
        "MG": ["Table", "Workbook", "NHSBSP survey", "NHSBSP survey workbook"],
        "NM": ["Table", "Workbook"],
        "RF": ["Table", "Workbook", "openSkin", "PHE 2019 survey"],
    }


def test_openskin_asks_for_its_study(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#RF?type=rf-openskin")
    page.get_by_role("button", name="Export to csv").click()
    assert_that(page.get_by_text("Enter a Study ID or Study UID.")).to_have_count(2)
    assert_that(field(page, "Study ID")).to_be_focused()
    field(page, "Study UID").fill("1.2.3")
    field(page, "Study UID").press("Tab")
    assert "1.2.3" not in page.url
    start(page)
    wait_for(newest(page), "Failed")
    assert_that(newest(page)).to_contain_text("No study matches the filters, so there is no file.")


def test_options_that_differ_are_sent(visit: Visits, physicist: User) -> None:
    page = visit().sign_in(physicist, "#MG?type=mg-nhsbsp-csv")
    field(page, "Ages in whole years").check()
    field(page, "Survey number").fill("3")
    start(page)
    details = open_details(page, newest(page))
    assert_that(details).to_contain_text("Survey number: 3")
    assert_that(details).to_contain_text("Whole years: yes")
    assert_that(details).not_to_contain_text("scout")


@pytest.mark.parametrize("modality", ["CT", "DX", "MG", "NM", "RF"])
def test_a_modality_unknown_to_the_page_gets_a_form_all_the_same(
    visit: Visits, physicist: User, modality: str
) -> None:
    """What the catalogue gains tomorrow: names that no list in the page knows."""
    window = visit()

    def rename(route: Route) -> None:
        reply = route.fetch()
        catalogue = reply.json()
        found = next(each for each in catalogue["modalities"] if each["name"] == modality)
        found["name"] = "PT"
        found["filters"].append(
            {
                "name": "uptake_min",
                "kind": "number",
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

    window.page.route("**/export-types", rename)
    page = window.sign_in(physicist)
    assert_that(page.get_by_role("tab")).to_have_text(["PT"])
    assert_that(field(page, "Uptake min")).to_be_visible()
    assert_that(page.get_by_role("radio", name="Glance")).to_be_visible()
