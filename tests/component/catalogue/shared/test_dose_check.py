"""The text of a Dose Check, message by message (export-rules §2)."""

import psycopg
import pytest
from local import sample

from tests.component.exporting import export, read_csv

ALERT = {"dlp_alert_value_configured": True, "dlp_alert_value": 1000}
NOTIFICATION = {"ctdivol_notification_value_configured": True, "ctdivol_notification_value": 50}
BEGIN = "Dose Check Alerts: DLP alert is configured at 1000.00 mGy.cm with "
NONE = "no accumulated forward estimate recorded. "


@pytest.fixture(scope="module")
def database(postgres):
    """A small sample whose one event of one study has the check of a test."""
    url = postgres.create_database("dose_check")
    sample.fill(url, 20)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection, url
    postgres.drop_database("dose_check")


@pytest.fixture
def describe(database):
    """`describe(columns, alert=…, notification=…)`: the cell for this check and its authorizing persons."""
    connection, url = database
    connection.execute("DELETE FROM remapp_personparticipant")
    connection.execute("DELETE FROM remapp_ctdosecheckdetails")
    study, event = connection.execute(
        "SELECT general_study_module_attributes_id, event.id FROM remapp_ctirradiationeventdata event"
        " JOIN remapp_ctradiationdose dose ON dose.id = ct_radiation_dose_id ORDER BY event.id LIMIT 1"
    ).fetchone()
    connection.execute(
        "UPDATE remapp_generalstudymoduleattr SET accession_number = 'the one', accession_hashed = false"
        " WHERE id = %s",
        [study],
    )

    def describe(columns, **persons):
        names = ["ct_irradiation_event_data_id", *columns]
        values = ", ".join(["%s"] * len(names))
        (check,) = connection.execute(
            f"INSERT INTO remapp_ctdosecheckdetails ({', '.join(names)}) VALUES ({values}) RETURNING id",
            [event, *columns.values()],
        ).fetchone()
        for part, given in persons.items():
            for name in given:
                connection.execute(
                    "INSERT INTO remapp_personparticipant (person_name, person_role_in_procedure,"
                    f" ct_dose_check_details_{part}_id) VALUES (%s, '', %s)",
                    [name, check],
                )
        data, _ = export(url, filters={"accession_number": "the one"})
        header, row = read_csv(data)
        return row[header.index("E1 Dose check details")]

    return describe


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, ""),
        ({"dlp_alert_value_configured": False, "dlp_alert_value": 5}, ""),
        ({"alert_reason_for_proceeding": "none configured"}, ""),
        (ALERT, BEGIN + NONE),
        (ALERT | {"dlp_alert_value": None}, BEGIN.replace("1000.00", "an unrecorded value") + NONE),
        (ALERT | {"accumulated_dlp_forward_estimate": 0}, BEGIN + NONE),
        (
            ALERT | {"accumulated_dlp_forward_estimate": "1234.565"},
            BEGIN + "an accumulated forward estimate of 1234.56 mGy.cm. ",
        ),
        (
            ALERT | {"accumulated_dlp_forward_estimate": "1234.575"},
            BEGIN + "an accumulated forward estimate of 1234.58 mGy.cm. ",
        ),
        (
            {
                "ctdivol_alert_value_configured": True,
                "ctdivol_alert_value": "0.5",
                "accumulated_ctdivol_forward_estimate": 2,
            },
            (
                "Dose Check Alerts: CTDIvol alert is configured at 0.50 mGy with"
                " an accumulated forward estimate of 2.00 mGy. "
            ),
        ),
        (
            ALERT | {"alert_reason_for_proceeding": "clinical"},
            BEGIN + NONE + "Reason for proceeding: clinical. ",
        ),
        (ALERT | {"alert_reason_for_proceeding": ""}, BEGIN + NONE),
        (
            NOTIFICATION,
            (
                "Dose Check Notifications: CTDIvol notification is configured at 50.00 mGy with"
                " no forward estimate recorded. "
            ),
        ),
        (
            NOTIFICATION | {"ctdivol_forward_estimate": 60, "notification_reason_for_proceeding": "x"},
            (
                "Dose Check Notifications: CTDIvol notification is configured at 50.00 mGy with"
                " a forward estimate of 60.00 mGy. Reason for proceeding: x. "
            ),
        ),
        (
            {
                "dlp_notification_value_configured": True,
                "dlp_notification_value": 9,
                "dlp_forward_estimate": 10,
            },
            (
                "Dose Check Notifications: DLP notification is configured at 9.00 mGy.cm with"
                " an accumulated forward estimate of 10.00 mGy.cm. "
            ),
        ),
        (
            ALERT | NOTIFICATION,
            BEGIN + NONE + "Dose Check Notifications: CTDIvol notification is configured at 50.00 mGy with"
            " no forward estimate recorded. ",
        ),
    ],
)
def test_dose_check_words(describe, columns, words):
    assert describe(columns) == words


def test_dose_check_joins_persons_and_leaves_out_nameless_ones(describe):
    words = describe(ALERT, alert=["Dr. A", "", None, "B | C"])
    assert words == BEGIN + NONE + "Person authorizing irradiation: Dr. A | B | C. "


def test_dose_check_without_named_persons_has_none(describe):
    assert describe(ALERT, alert=["", None]) == BEGIN + NONE


def test_dose_check_persons_are_in_the_part_they_authorized(describe):
    words = describe(ALERT | NOTIFICATION, alert=["A"], notification=["N"])
    alert, notification = words.split("Dose Check Notifications")
    assert alert.endswith("Person authorizing irradiation: A. ")
    assert notification.endswith("Person authorizing irradiation: N. ")
