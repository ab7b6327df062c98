"""Every export type shows a patient only where requested with the right to it."""

import psycopg
import pytest

from doseexport.catalogue import ID, NAME
from tests.component.canary import FILTERS, find_traces
from tests.component.exporting import list_distinct_specs
from tests.fakes import ADA, ADMIN, PIA

SPECS = list_distinct_specs()


@pytest.fixture(params=SPECS)
def spec(request):
    return SPECS[request.param]


@pytest.fixture
def needed(spec, stage):
    """The filter without which a type is not made."""
    if not spec.needs:
        return {}
    query = (
        "SELECT study.id FROM remapp_generalstudymoduleattr study JOIN remapp_projectionxrayradiationdose"
        " dose ON dose.general_study_module_attributes_id = study.id"
        " WHERE modality_type = ANY(%s) ORDER BY 1 LIMIT 1"
    )
    with psycopg.connect(stage.url) as connection:
        (study,) = connection.execute(query, [list(spec.modality.codes)]).fetchone()
    return {spec.needs[0]: str(study)}


def test_canary_is_shown_by_a_type_only_where_requested(spec, stage, needed):
    inclusions = {"include_names": spec.can_include(NAME), "include_ids": spec.can_include(ID)}
    neither = {"include_names": False, "include_ids": False}
    requested = {
        "named": stage.request_export(type=spec.type, filters={**needed, **FILTERS}, **inclusions),
        "filtered": stage.request_export(type=spec.type, filters={**needed, **FILTERS}, **neither),
        "plain": stage.request_export(ADA, type=spec.type, filters=needed, **neither),
    }
    found = {}
    for name, export_id in requested.items():
        row = stage.work(export_id)
        assert row.failure is None
        found[name] = find_traces(stage.read_file(row))
        refused = stage.sign_in(ADMIN).call("POST", f"/exports/{export_id}/download")
        assert refused.status == (200 if name == "plain" else 403)
        stage.collect(refused.body)
        stage.collect(stage.sign_in(PIA).call("POST", f"/exports/{export_id}/download").body)
    stage.collect_views_of_others(*requested.values())
    # An audit has accession numbers on request, and never a name or an ID.
    assert bool(found["named"]) == (any(inclusions.values()) and not spec.type.endswith("-audit"))
    assert found["filtered"] == found["plain"] == set()
    stage.assert_silent()


@pytest.mark.parametrize("name", ["ct-audit", "dx-audit", "mg-audit", "nm-audit", "rf-audit"])
def test_audit_shows_an_accession_number_only_with_its_right(name, stage):
    with psycopg.connect(stage.url) as connection:
        numbers = [
            number
            for (number,) in connection.execute(
                "SELECT accession_number FROM remapp_generalstudymoduleattr WHERE accession_number <> ''"
            )
        ]
    options = {"z": "0.1", "exam_by": "standard_name", "drl_factor": "0.001", "above_p95": "yes"}
    plain = stage.request_export(
        ADA, type=name, filters={}, options=options, include_names=False, include_ids=False
    )
    row = stage.work(plain)
    assert row.failure is None
    text = stage.read_file(row)
    assert [number for number in numbers if number in text] == []
    refused = stage.sign_in(ADA).call("POST", "/exports", {"type": name, "include_ids": True})
    assert refused.status == 403
    stage.assert_silent()
