"""Each end of an export is counted once, no matter which process settles it."""

from doseexport.aws.clients import ClientError
from doseexport.jobs.sweep import sweep_exports
from tests.emf import read_lines, read_values
from tests.fakes import ADA, add, run


def lose_worker(services, clock):
    """An export whose first worker fell silent and whose second one has it."""
    export = run(services, add(services))
    sweep_exports(services, clock.move(minutes=2))
    return run(services, services.exports.load(export.id))


def test_sweep_records_lost_worker_as_failure(services, clock, capsys):
    export = lose_worker(services, clock)
    assert "ExportsFailed" not in read_values(capsys.readouterr().out)
    sweep_exports(services, clock.move(minutes=2))
    log = capsys.readouterr().out
    assert read_values(log)["ExportsFailed"] == [1]
    line = next(line for line in read_lines(log) if "ExportsFailed" in line)
    found = [line[key] for key in ("export_id", "type", "attempt", "code")]
    assert found == [export.id, export.request.type, 2, "WORKER_LOST"]


def test_sweep_records_abort_of_lost_worker(services, clock, capsys):
    export = run(services, add(services))
    services.exports.request_abort(export.id, ADA, clock())
    sweep_exports(services, clock.move(minutes=2))
    assert read_values(capsys.readouterr().out)["ExportsAborted"] == [1]


def test_sweep_records_what_it_leaves_and_cannot_handle(services, clock, capsys, monkeypatch):
    sweep_exports(services, clock())
    assert read_values(capsys.readouterr().out) == {"SweepBroken": [0], "SweepLeft": [0]}
    run(services, add(services))
    clock.move(minutes=2)
    sweep_exports(services, clock(), lambda: 5.0)
    assert read_values(capsys.readouterr().out) == {"SweepBroken": [0], "SweepLeft": [1]}

    def refuse(*_):
        raise ClientError({}, "UpdateItem")

    monkeypatch.setattr(services.exports, "requeue", refuse)
    sweep_exports(services, clock())
    assert read_values(capsys.readouterr().out) == {"SweepBroken": [1], "SweepLeft": [0]}
