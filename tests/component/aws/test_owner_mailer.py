"""The owner who requested it gets one mail when the export has ended, or the audit trail says why not."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from doseexport.aws.clients import ClientError
from doseexport.aws.owner_mailer import OwnerMailer
from doseexport.jobs.occurrences import run_occurrence
from tests.component.schedules import DECEMBER, create, exports_of, join, leave
from tests.fakes import add, aws_client, finish
from tests.invocation import CONTEXT

EVENT = json.loads((Path(__file__).resolve().parents[3] / "events/mail_owners.json").read_text())
PAGE = "https://page.example"
SENDER = "doses@hospital.example"
ADDRESS = "ada@hospital.example"


class Ses:
    """SES that records mails, or answers with an error."""

    def __init__(self):
        self.sent = []
        self.error = None

    def send_email(self, **mail):
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": f"{ADDRESS} refused"}}, "SendEmail")
        self.sent.append(mail)


@pytest.fixture
def ses():
    return Ses()


@pytest.fixture
def ada(services):
    person = join(services, "ada", "exportgroup")
    write_address(services, "ada")
    return person


@pytest.fixture
def mailer(services, ses):
    return OwnerMailer(
        services.exports,
        services.audit,
        services.user_pool,
        ses,
        sender=SENDER,
        app_url=PAGE,
        clock=services.clock,
    )


@pytest.fixture
def export(services, ada):
    """An export of Ada, who requested a mail."""
    return request_mail(services, ada)


def write_address(services, name, *, address=ADDRESS, verified="true"):
    aws_client("cognito-idp").admin_update_user_attributes(
        UserPoolId=services.settings.user_pool_id,
        Username=name,
        UserAttributes=[
            {"Name": "email", "Value": address},
            {"Name": "email_verified", "Value": verified},
        ],
    )


def request_mail(services, owner, *, send_mail=True):
    """Return an export of an owner that has completed."""
    return finish(services, add(services, owner, filters={"station": "Secret Room"}, send_mail=send_mail))


def list_records(services, export_id, *events):
    """The stream's records of an export's entries of these events."""
    items = aws_client("dynamodb").scan(TableName="audit")["Items"]
    found = [
        item for item in items if item["pk"]["S"] == f"EXPORT#{export_id}" and item["event"]["S"] in events
    ]
    return [
        {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": str(number)}}
        for number, item in enumerate(found, 1)
    ]


def list_mails(services, export_id):
    """The entries about mails in an audit trail: event and code."""
    entries = services.audit.read(export_id)
    return [(entry.event.value, entry.code) for entry in entries if entry.event.startswith("mail_")]


def test_owner_who_asked_gets_one_mail_with_a_link(services, mailer, ses, ada, capsys):
    export = request_mail(services, ada)
    records = list_records(services, export.id, "completed")
    assert mailer.send_all(records) is None
    assert mailer.send_all(records) is None  # the stream repeats it
    (mail,) = ses.sent
    assert (mail["FromEmailAddress"], mail["Destination"]) == (SENDER, {"ToAddresses": [ADDRESS]})
    content = mail["Content"]["Simple"]
    assert content["Subject"]["Data"] == "Dose export completed"
    assert f"{PAGE}/#exports?export={export.id}" in content["Body"]["Text"]["Data"]
    assert "Secret" not in json.dumps(mail)
    assert list_mails(services, export.id) == [("mail_sent", None)]
    metric = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (metric["MailsSent"], metric["MailsRefused"]) == ([1.0], [0.0])


def test_owner_who_did_not_ask_gets_no_mail(services, mailer, ses, ada):
    export = request_mail(services, ada, send_mail=False)
    assert mailer.send_all(list_records(services, export.id, "completed")) is None
    assert (ses.sent, list_mails(services, export.id)) == ([], [])


def test_no_mail_about_entries_that_are_no_end_or_were_restored(services, mailer, ses, ada):
    export = request_mail(services, ada)
    restored = list_records(services, export.id, "completed")
    restored[0]["dynamodb"]["NewImage"]["restored_at"] = {"S": "2026-11-28T00:00:00Z"}
    others = list_records(services, export.id, "requested", "started")
    assert mailer.send_all([*others, *restored]) is None
    assert ses.sent == []


@pytest.mark.parametrize(
    ("fate", "code"),
    [
        ("gone", "OWNER_DELETED"),
        ("replaced", "OWNER_DELETED"),
        ("disabled", "OWNER_DISABLED"),
        ("unverified", "ADDRESS_UNVERIFIED"),
        ("refused", "MAIL_REFUSED"),
    ],
)
def test_mail_that_cannot_be_sent_is_in_the_audit_trail(services, mailer, ses, export, fate, code):  # noqa: PLR0917  fixtures
    meet_fate(services, ses, fate)
    records = list_records(services, export.id, "completed")
    assert mailer.send_all(records) is None
    ses.error = None
    assert mailer.send_all(records) is None
    assert (ses.sent, list_mails(services, export.id)) == ([], [("mail_failed", code)])
    assert services.exports.load(export.id).is_downloadable


def meet_fate(services, ses, fate):
    account = {"UserPoolId": services.settings.user_pool_id, "Username": "ada"}
    if fate in {"gone", "replaced"}:
        aws_client("cognito-idp").admin_delete_user(**account)
    if fate == "replaced":
        join(services, "ada", "exportgroup")
        write_address(services, "ada", address="other@hospital.example")
    if fate == "disabled":
        aws_client("cognito-idp").admin_disable_user(**account)
    if fate == "unverified":
        write_address(services, "ada", verified="false")
    if fate == "refused":
        ses.error = "MessageRejected"


@pytest.mark.parametrize("fate", ["refused", "unverified"])
def test_refusal_by_ses_is_counted_without_the_address(services, mailer, ses, export, fate, capsys):  # noqa: PLR0917  fixtures
    meet_fate(services, ses, fate)
    assert mailer.send_all(list_records(services, export.id, "completed")) is None
    output = capsys.readouterr().out
    assert json.loads(output.splitlines()[-1])["MailsRefused"] == [float(fate == "refused")]
    assert ADDRESS not in output


def test_mail_that_may_pass_later_is_repeated_by_the_stream(services, mailer, ses, ada):
    first, second = (request_mail(services, ada) for _ in range(2))
    records = [
        *list_records(services, first.id, "completed"),
        *list_records(services, second.id, "completed"),
    ]
    ses.error = "TooManyRequestsException"
    assert mailer.send_all(records) == records[0]["dynamodb"]["SequenceNumber"]
    assert list_mails(services, first.id) == []
    ses.error = None
    assert mailer.send_all(records) is None
    assert len(ses.sent) == 2


@pytest.mark.parametrize("send_mail", [True, False])
def test_owner_of_a_paused_schedule_gets_a_mail(services, mailer, ses, ada, send_mail):
    schedule = create(services, ada, send_mail=send_mail, name="Secret plan")
    leave(services, ada, "exportgroup")
    services.clock.now = DECEMBER
    assert run_occurrence(services, schedule.id, DECEMBER) == "paused"
    skipped = services.schedules.load(schedule.id).last.export_id
    assert mailer.send_all(list_records(services, skipped, "skipped")) is None
    assert len(ses.sent) == int(send_mail)
    if send_mail:
        text = ses.sent[0]["Content"]["Simple"]["Body"]["Text"]["Data"]
        assert "GROUP_LOST" in text
        assert f"{PAGE}/#schedules" in text
        assert "Secret" not in text


def test_schedule_hands_its_wish_to_its_exports(services, mailer, ses, ada):
    schedule = create(services, ada, send_mail=True)
    services.clock.now = DECEMBER
    run_occurrence(services, schedule.id, DECEMBER)
    (export,) = exports_of(services, ada)
    finish(services, export)
    assert mailer.send_all(list_records(services, export.id, "completed")) is None
    assert len(ses.sent) == 1


def test_owner_mailer_handler_reports_where_to_resume(services, ada, monkeypatch, load_handler):
    values = {
        "AUDIT_TABLE_NAME": "audit",
        "EXPORTS_TABLE_NAME": "exports",
        "AUDIT_RETENTION_DAYS": "7",
        "USER_POOL_ID": services.settings.user_pool_id,
        "MAIL_SENDER": SENDER,
        "APP_URL": PAGE,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    handler = load_handler("mail_owners")
    assert handler(deepcopy(EVENT), CONTEXT) == {"batchItemFailures": []}  # an export that nobody knows
    broken = deepcopy(EVENT)
    del broken["Records"][0]["dynamodb"]["NewImage"]["attempt"]
    number = broken["Records"][0]["dynamodb"]["SequenceNumber"]
    assert handler(broken, CONTEXT) == {"batchItemFailures": [{"itemIdentifier": number}]}
