"""Write one export from a database into memory, without the service."""

import csv
import io
from datetime import UTC, datetime

from doseexport import catalogue
from doseexport.domain.request import parse_request
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database


class Indifferent:
    """A monitor that stops nothing."""

    def guard(self, blocking):
        pass

    def note_schema(self, schema):
        pass

    def expect(self, studies):
        pass

    def advance(self):
        pass


def parse(**body):
    return parse_request({"type": "ct-csv", **body}, may_see_patients=True, may_use_pseudonyms=True)


def list_distinct_specs():
    """Every type by name, but of the types of Parquet, which read what those of tables read, only one."""
    every = catalogue.load_specs()
    return {name: spec for name, spec in every.items() if spec.format != "zip" or name in _DISTINCT}


_DISTINCT = {"ct-tables", "dx-tables", "mg-tables", "nm-tables", "rf-tables", "ct-parquet"}


KEY = bytes(range(32))
"""The key of pseudonyms, where they are requested."""


def export(url, key=KEY, **body):
    """Return the file's bytes and its report."""
    file = io.BytesIO()
    context = RequestContext(parse(**body), "ada", datetime(2026, 11, 23, tzinfo=UTC), key)
    report = write_export(context, Database({"conninfo": url}), file, Indifferent())
    return file.getvalue(), report


def read_csv(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
