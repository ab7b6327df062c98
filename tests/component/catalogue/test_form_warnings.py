"""Survey forms and openSkin report missing and repeated dose reports and accumulated doses."""

import pytest

from tests.component.exporting import export
from tests.databases.sampled import select

OF_STUDIES = """SELECT study.id, count(DISTINCT report.id) AS reports, count(accum.id) AS totals,
    count(DISTINCT coalesce(accum.acquisition_plane_id, 0)) FILTER (WHERE accum.id IS NOT NULL) AS planes
    FROM remapp_generalstudymoduleattr study
    LEFT JOIN remapp_projectionxrayradiationdose report
        ON report.general_study_module_attributes_id = study.id
    LEFT JOIN remapp_accumxraydose accum ON accum.projection_xray_radiation_dose_id = report.id
    WHERE modality_type = 'RF' GROUP BY study.id ORDER BY study.id"""


@pytest.fixture(scope="module")
def studies(sample_url):
    return select(sample_url, OF_STUDIES)


def list_warnings(url, kind, **filters):
    return export(url, type=kind, filters=filters)[1].warnings


def test_form_counts_missing_and_repeated_records(sample_url, studies):
    none, several = (sum(test(row["reports"]) for row in studies) for test in ((0).__eq__, (1).__lt__))
    without = sum(not row["totals"] for row in studies)
    assert none
    assert several
    assert without > none
    expected = list_warnings(sample_url, "rf-phe2019")
    assert f"No X-ray dose report in {none} of the studies: there are no events." in expected
    assert (
        f"Several X-ray dose reports in {several} of the studies: the events of all are included." in expected
    )
    assert f"No accumulated dose in {without} of the studies: columns F, G, H, J and K are blank." in expected


def test_form_reports_added_accumulated_doses_of_one_plane(sample_url, studies):
    added = {row["id"] for row in studies if row["totals"] > row["planes"]}
    # Or they have several rows of totals, as rf-csv says.
    message = next(words for words in list_warnings(sample_url, "rf-csv") if "the values are added" in words)
    assert message in list_warnings(sample_url, "rf-phe2019")
    assert 0 < len(added) <= int(message.partition(" in ")[2].split()[0])


def test_openskin_reports_missing_or_repeated_report(sample_url, studies):
    words = {
        0: "No X-ray dose report in 1 of the studies",
        2: "Several X-ray dose reports in 1 of the studies",
    }
    for reports, message in words.items():
        study = next(row["id"] for row in studies if row["reports"] == reports)
        (expected,) = (
            each for each in list_warnings(sample_url, "rf-openskin", study_id=study) if "report" in each
        )
        assert expected.startswith(message)
    plain = next(row["id"] for row in studies if row["reports"] == 1)
    assert not any("report" in each for each in list_warnings(sample_url, "rf-openskin", study_id=plain))


@pytest.mark.parametrize("kind", ["dx-phe2019-projection", "dx-phe2019-study"])
def test_dx_form_counts_missing_and_repeated_reports(sample_url, kind):
    rows = select(sample_url, OF_STUDIES.replace("= 'RF'", "IN ('DX', 'CR', 'PX')"))
    none, several = (sum(test(row["reports"]) for row in rows) for test in ((0).__eq__, (1).__lt__))
    assert none
    assert several
    expected = list_warnings(sample_url, kind)
    assert f"No X-ray dose report in {none} of the studies: there are no events." in expected
    assert (
        f"Several X-ray dose reports in {several} of the studies: the events of all are included." in expected
    )
