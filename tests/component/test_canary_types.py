"""Every export type shows a patient only where requested with the right to it."""

import psycopg
import pytest

from doseexport import catalogue
from doseexport.catalogue import ID, NAME
from tests.component.canary import FILTERS, find_traces
from tests.fakes import ADA, ADMIN, PIA

SPECS = catalogue.load_specs()


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
        stage.hear_others(export_id)
        refused = stage.sign_in(ADMIN).call("POST", f"/exports/{export_id}/download")
        assert refused.status == (200 if name == "plain" else 403)
        stage.hear(refused.body)
        stage.hear(stage.sign_in(PIA).call("POST", f"/exports/{export_id}/download").body)
    assert bool(found["named"]) == any(inclusions.values())
    assert found["filtered"] == found["plain"] == set()
    stage.assert_silent()
