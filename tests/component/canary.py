"""Put a token in place of a patient and collect everything that leaves the service."""

import io
import json
import logging
import zipfile

import psycopg
from local import sample

from doseexport.aws.logging import configure_logging
from doseexport.catalogue.values import hash_value
from tests.component.gateway import Gateway
from tests.component.packages import Parquet
from tests.component.running import read_object, services_with
from tests.fakes import ADA, ADMIN, BEN, BUCKET, PIA, aws_client, list_keys, take_messages
from tests.invocation import CONTEXT

CANARY = "Quagga7f3e"
BORN = "1907-05-03"
TRACES = [CANARY, CANARY.lower(), CANARY.upper(), BORN, hash_value(CANARY), "03/05/1907", "19070503"]
FILTERS = {"patient_name": CANARY, "patient_id": CANARY.lower()}
ENOUGH = 1000
"""The least that every path writes. Fewer characters mean that the search saw nothing."""


def fill(url):
    """Fill a database with a small sample of every modality in which every patient is the canary."""
    sample.fill(url, 60)
    sample.enable_standard_names(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE remapp_patientmoduleattr SET patient_name = %(x)s || '^Jo', patient_id = 'ID' || %(x)s,"
            " other_patient_ids = %(x)s, name_hashed = false, id_hashed = false,"
            " patient_birth_date = %(born)s",
            {"x": CANARY, "born": BORN},
        )


class Stage:
    """The service over that database. It collects everything that leaves the service except files."""

    def __init__(self, services, url, load_handler, *captures):
        self._caplog, self._capfd, self._postgres = caplog, _, postgres = captures
        self._lines = io.StringIO()
        configure_logging()
        for handler in logging.getLogger("doseexport").handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.stream = self._lines
        caplog.set_level(logging.DEBUG)
        for name in ("moto", "responses", "hypothesis", "faker"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.services = services_with(services, url)
        self.url = url
        self.clock = services.clock
        self._load_handler = load_handler
        self._start = len(postgres.read_log())
        self._collected = []

    def load(self, name):
        """Return the handler of a function, on the current services."""
        return self._load_handler(name, self.services)

    def sign_in(self, caller):
        groups = f"[{' '.join(sorted(caller.groups))}]"
        return Gateway(self.load, {"sub": caller.id, "username": caller.name, "cognito:groups": groups})

    def request_export(self, caller=PIA, **body):
        requested = {
            "type": "ct-xlsx",
            "include_names": True,
            "include_ids": True,
            "filters": FILTERS,
            **body,
        }
        answer = self.sign_in(caller).call("POST", "/exports", requested)
        assert answer.status == 202, answer.body
        return answer.json["id"]

    def work(self, export_id, attempt=1):
        """Run the worker on the export's message and return the row."""
        body = json.dumps({"export_id": export_id, "attempt": attempt})
        self.load("run_export")({"Records": [{"body": body}]}, CONTEXT)
        return self.services.exports.load(export_id)

    def sweep(self):
        return self.load("sweep_exports")({}, CONTEXT)

    def read_file(self, row):
        """Return the text of the file. For a zip this is the text of every part."""
        data = read_object(self.services, row.result.key)
        if not data.startswith(b"PK"):
            return data.decode("utf-8-sig")
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return "\n".join(book.namelist() + [read_part(name, book.read(name)) for name in book.namelist()])

    def collect(self, what):
        self._collected.append(json.dumps(what, default=str))

    def collect_views_of_others(self, *export_ids):
        """Collect what users without pidgroup are shown of exports."""
        for caller in (ADA, BEN, ADMIN):
            for export_id in export_ids:
                self.collect(self.sign_in(caller).call("GET", f"/exports/{export_id}").body)
            self.collect(self.sign_in(caller).call("GET", "/exports?scope=all").body)

    def read_server_log(self):
        """Return the lines that PostgreSQL has logged since the start."""
        return self._postgres.read_log()[self._start :]

    def assert_silent(self):
        """Assert that no log, metric, message, key, header, tag or other collected text names the patient.

        Return all of that text.
        """
        self.collect([{**vars(record), "text": record.getMessage()} for record in self._caplog.records])
        self.collect([self._lines.getvalue(), self._capfd.readouterr()])
        self.collect(take_messages(self.services))
        client = aws_client("s3")
        for key in list_keys(self.services):
            self.collect([key, client.head_object(Bucket=BUCKET, Key=key)])
            self.collect(client.get_object_tagging(Bucket=BUCKET, Key=key))
        self.collect(self.read_server_log())
        text = "\n".join(self._collected)
        betrayed = [line for line in self._collected if find_traces(line)]
        assert betrayed == [], betrayed
        assert len(text) > ENOUGH
        return text


def read_part(name, data):
    """The text of a part of a zip. That of Parquet is compressed, so its rows are read."""
    return str(Parquet(data).rows) if name.endswith(".parquet") else data.decode()


def find_traces(text):
    return {trace for trace in TRACES if trace in text}
