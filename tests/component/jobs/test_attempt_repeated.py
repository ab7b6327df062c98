"""A file that a killed worker had almost stored is made again with the same bytes."""

import io
from contextlib import suppress

import psycopg
import pytest

from doseexport.domain.export import State
from doseexport.engine.export_file import write_export
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database
from doseexport.jobs import attempt as attempt_module
from doseexport.jobs.sweep import sweep_exports
from tests.component.exporting import Indifferent, list_distinct_specs
from tests.component.running import plenty, read_object, run, services_with
from tests.fakes import add, keys_of, list_keys, list_uploads
from tests.processes import Killed, Process, services_of

SPECS = list_distinct_specs()


class DiesSending(Process):
    """Dies when the file is whole and about to be sent."""

    def call(self, name, act):
        if name == "upload_part":
            self.die()
        return super().call(name, act)


@pytest.fixture
def filters(spec, standard_url):
    """What a type cannot do without: openSkin's one study."""
    if not spec.needs:
        return {}
    with psycopg.connect(standard_url) as connection:
        (study,) = connection.execute(
            f"SELECT max(chosen.id) FROM remapp_generalstudymoduleattr chosen {spec.modality.event_tables}"
        ).fetchone()
    return {"study_id": str(study)}


def make_locally(url, export, settings):
    file, at = io.BytesIO(), export.created_at.astimezone(settings.time_zone)
    database = Database({"conninfo": url}, str(settings.time_zone))
    write_export(RequestContext(export.request, export.owner_name, at), database, file, Indifferent())
    return file.getvalue()


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_attempt_repeated_makes_the_same_bytes_for_every_type(services, clock, standard_url, spec, filters):
    ready = services_with(services, standard_url)
    export = add(ready, type=spec.type, filters=filters)
    process = DiesSending()
    with suppress(Killed):
        attempt_module.run_attempt(services_of(process, ready), export.id, 1, plenty)
    assert process.is_dead
    assert sweep_exports(ready, clock.move(minutes=2)) == {"requeued": 1}
    row = run(ready, export, 2)
    assert row.state is State.COMPLETED, row.failure
    assert read_object(ready, row.result.key) == make_locally(standard_url, export, ready.settings)
    assert list_keys(ready) == keys_of(row.result)
    assert list_uploads(ready) == []
