"""docs/columns.md is the dictionary of the code."""

from local import columns

from doseexport import catalogue
from doseexport.catalogue.dictionary import describe_type


def test_columns_document_is_up_to_date():
    assert columns.TARGET.read_text("utf-8") == columns.render(), "run: make columns"


def test_columns_document_has_every_heading_of_every_type():
    rows = [line.split(" | ") for line in columns.render().splitlines() if line.startswith("| `")]
    for export_type in catalogue.load_specs():
        found = {row[0].strip("| `") for row in rows if export_type in row[-1]}
        assert {each.heading for each in describe_type(export_type)} <= found
