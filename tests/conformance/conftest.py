"""Exports over OpenREM's own database, and the files that OpenREM wrote from it."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from local.sample.postgres import Postgres

from doseexport import catalogue
from doseexport.cli import main
from tests.conformance.tables import Table, read_csv

Export = Callable[..., Path]

# What OpenREM's test files lack, on a copy: study ids to identify rows, hashes, marks, standard names.
ENRICH = """
UPDATE remapp_ctradiationdose SET comment = 'id ' || general_study_module_attributes_id;
UPDATE remapp_generalstudymoduleattr SET accession_hashed = true, accession_number =
    encode(sha256(convert_to('ACC 7', 'UTF8')), 'hex') WHERE id = 4;
UPDATE remapp_patientmoduleattr SET name_hashed = true, patient_name =
    encode(sha256(convert_to('Curie^Marie', 'UTF8')), 'hex'), id_hashed = true, patient_id =
    encode(sha256(convert_to('MC 1867', 'UTF8')), 'hex') WHERE general_study_module_attributes_id = 4;
UPDATE remapp_patientmoduleattr SET not_patient_indicator = '' WHERE general_study_module_attributes_id = 5;
UPDATE remapp_patientmoduleattr SET not_patient_indicator = 'ID starts with phy'
    WHERE general_study_module_attributes_id IN (6, 13);
UPDATE remapp_generalequipmentmoduleattr SET manufacturer = 'S%_\\IEMENS'
    WHERE general_study_module_attributes_id = 9;
UPDATE remapp_generalstudymoduleattr SET number_of_events = 10, number_of_spiral = 10, number_of_axial = 10,
    number_of_const_angle = 10, number_of_stationary = 11 WHERE id = 15;
INSERT INTO remapp_standardnames (id, standard_name, modality) VALUES
    (1, 'Chest', 'CT'), (2, 'Chest spiral', 'CT');
INSERT INTO remapp_generalstudymoduleattr_standard_names (generalstudymoduleattr_id, standardnames_id)
    VALUES (5, 1), (9, 1);
INSERT INTO remapp_ctirradiationeventdata_standard_protocols (ctirradiationeventdata_id, standardnames_id)
    SELECT id, 2 FROM remapp_ctirradiationeventdata WHERE acquisition_protocol IN ('Thorax', 'TAP');
"""


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Run the command line, `export(type, url, *options)`, and return its file; it has to succeed."""
    folder = tmp_path_factory.mktemp("exports")
    numbers = count(1)

    def run(kind: str, url: str, *options: str) -> Path:
        file = folder / f"{next(numbers)}.{catalogue.find_spec(kind).format}"
        assert main([kind, "--database-url", url, *options, "--output", str(file)]) == 0
        return file

    return run


@pytest.fixture(scope="session")
def reference(reference_dir: Path) -> Callable[[str], Path]:
    """Name a file that OpenREM wrote."""
    return (reference_dir / "reference").__truediv__


@pytest.fixture(scope="session")
def our_csv(export: Export, openrem_url: str) -> Table:
    """Our csv of every CT study of OpenREM's test files."""
    return read_csv(export("ct-csv", openrem_url))


@pytest.fixture(scope="session")
def our_xlsx(export: Export, openrem_url: str) -> Path:
    """Our workbook of every CT study of OpenREM's test files."""
    return export("ct-xlsx", openrem_url)


@pytest.fixture(scope="session")
def enriched_url(postgres: Postgres, openrem_url: str) -> str:
    """OpenREM's test files with what they lack; each study's comment is its id. Read it only."""
    url = postgres.create_database("openrem_enriched", openrem_url.rpartition("/")[2])
    with psycopg.connect(url) as connection:
        connection.execute(ENRICH)
    return url


@pytest.fixture
def altered(make_database: Callable[..., str], openrem_url: str) -> Iterator[Callable[[str], str]]:
    """Make a copy of OpenREM's test files on which some SQL was run."""

    def alter(sql: str) -> str:
        url = make_database(openrem_url)
        with psycopg.connect(url) as connection:
            connection.execute(sql)
        return url

    return alter
