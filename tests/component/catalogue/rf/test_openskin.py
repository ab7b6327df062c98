"""rf-openskin over the sample, compared with a second computation from the tables."""

from decimal import Decimal

import psycopg
import pytest
from local import sample

from doseexport.errors import ExportError, RequestError
from tests.component.exporting import export, parse, read_csv
from tests.oracles.ct import guard
from tests.oracles.rf import RfArchive
from tests.oracles.rf_forms import openskin_row

TEXTS = {1, 2, 3, 4, 5, 7, 8, 9, 10, 18, 19, 22, 38, 39}
"""Columns (from 1) that are texts."""
MEANS = {25, 26, 28}


@pytest.fixture(scope="module")
def archive(sample_url):
    return RfArchive(sample_url)


def run(url, **filters):
    data, report = export(url, type="rf-openskin", filters=filters)
    return data, report


def expect(archive, study):
    for event in archive.events_of(study):
        cells = openskin_row(archive, study, event)
        yield [guard(cell) if n in TEXTS else cell for n, cell in enumerate(cells, start=1)]


def assert_same(rows, wanted):
    assert len(rows) == len(wanted)
    for row, cells in zip(rows, wanted, strict=True):
        assert len(row) == len(cells) == 39
        for n, (found, expected) in enumerate(zip(row, cells, strict=True), start=1):
            if n in MEANS and found and expected:  # as exact as each divides
                assert round(Decimal(found), 12) == round(Decimal(expected), 12), n
            else:
                assert found == expected, n


def test_openskin_every_cell_follows_the_rules(sample_url, archive):
    named = [study for study in archive.studies if (study["study_description"] or "").startswith("broken: ")]
    for study in {each["id"]: each for each in (*named, *archive.studies[::4])}.values():
        data, report = run(sample_url, study_id=study["id"])
        assert_same(read_csv(data), list(expect(archive, study)))
        assert (report.studies, report.events) == (1, len(archive.events_of(study)))


def test_openskin_study_is_found_by_uid_too(sample_url, archive):
    study = max(archive.studies, key=lambda study: (study["study_instance_uid"] or "", study["id"]))
    by_uid, _ = run(sample_url, study_uid=study["study_instance_uid"])
    by_id, _ = run(sample_url, study_id=study["id"])
    assert by_uid == by_id
    with pytest.raises(ExportError, match="No study"):
        run(sample_url, study_uid=study["study_instance_uid"][:-1])


def test_openskin_study_without_exposures_gives_only_the_bom(sample_url, archive):
    empty = next(study for study in archive.studies if not archive.events_of(study))
    assert run(sample_url, study_id=empty["id"])[0] == b"\xef\xbb\xbf"


def test_openskin_shows_last_of_several_copper_filters(sample_url, archive):
    found = set()
    for study in archive.studies:
        for event in archive.events_of(study):
            rows = archive.filters[archive.source(event)["id"]]
            names = [(archive.meaning(row["xray_filter_material_id"]) or "").lower() for row in rows]
            found.add((sum("copper" in name for name in names), bool(names) and "copper" in names[-1]))
    assert {(0, False), (1, True), (1, False), (2, True)} <= found


def test_openskin_needs_one_study(sample_url):
    for filters in ({}, {"acquisition_protocol": "fluoro"}, {"study_id": ""}):
        with pytest.raises(RequestError) as refused:
            parse(type="rf-openskin", filters=filters)
        assert (refused.value.status, refused.value.field) == (422, "filters.study_id")


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "1; DROP TABLE"])
def test_openskin_refuses_invalid_id(value):
    with pytest.raises(RequestError) as refused:
        parse(type="rf-openskin", filters={"study_id": value})
    assert refused.value.field == "filters.study_id"


def test_openskin_applies_other_filters_beside_the_id(sample_url, archive):
    study = next(study for study in archive.studies if study["study_date"])
    assert run(sample_url, study_id=study["id"], date_from=study["study_date"].isoformat())[1].studies == 1
    with pytest.raises(ExportError, match="No study"):
        run(sample_url, study_id=study["id"], date_to="1990-01-01")


def test_openskin_does_not_find_study_of_another_modality(sample_url):
    with psycopg.connect(sample_url) as connection:
        sql = "SELECT max(id) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'"
        (other,) = connection.execute(sql).fetchone()
    with pytest.raises(ExportError, match="No study"):
        run(sample_url, study_id=other)


def test_openskin_never_mixes_two_studies_of_one_uid(make_database):
    url = make_database()
    sample.fill(url, 3, rf=3, mg=1, dx=1, nm=1)
    with psycopg.connect(url) as connection:
        studies = connection.execute(
            "UPDATE remapp_generalstudymoduleattr SET study_instance_uid = '1.2.3' WHERE modality_type = 'RF'"
            " RETURNING id"
        ).fetchall()
    with pytest.raises(ExportError) as refused:
        run(url, study_uid="1.2.3")
    assert refused.value.code == "SEVERAL_STUDIES"
    assert run(url, study_uid="1.2.3", study_id=studies[0][0])[1].studies == 1
