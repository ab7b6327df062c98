"""The command line: exit codes, one-line messages, and no file left behind."""

import contextlib
import os
import subprocess
import sys

import pytest

from doseexport import cli
from doseexport.engine.writers.file_plan import FileReport
from doseexport.errors import ExportError

URL = "postgresql://ada:PASSWORD@localhost/openrem"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `ct-csv` into a file of a new folder, with `write` in the place of the pipeline."""
    monkeypatch.setattr(cli.getpass, "getuser", lambda: "ada")

    def run(*options, write=None):
        monkeypatch.setattr(cli, "write_export", write or _unexpected)
        output = str(tmp_path / "out.csv")
        return cli.main(["ct-csv", "--database-url", URL, "--output", output, *options])

    return run


def _unexpected(*_):
    raise AssertionError("the pipeline was not to be started")


def _write_a_line(_context, _database, sink, _monitor):
    sink.write(b"a line")
    return FileReport(1, 1, ())


def read_error(capsys):
    out, error = capsys.readouterr()
    assert out == ""
    assert error.endswith("\n")
    (line,) = error.splitlines()
    assert line.startswith("doseexport: ")
    return line


def test_cli_reports_what_is_in_the_file(run, tmp_path, capsys):
    def write(requested, database, sink, monitor):
        sink.write(b"whole")
        monitor.expect(2)
        monitor.advance()
        assert requested.request.filters == {"model": "a=b"}
        assert (requested.request.include_names, requested.request.include_ids) == (True, False)
        assert requested.requested_by == "ada"
        assert requested.requested_at.tzinfo is not None
        assert database.parameters == {"conninfo": URL}
        assert database.time_zone == "Europe/Paris"
        return FileReport(1234, 5678, ("something is odd",))

    options = ("--filter", "model=a=b", "--order", "model", "--include-names", "--time-zone", "Europe/Paris")
    assert run(*options, write=write) == 0
    out, error = capsys.readouterr()
    assert (tmp_path / "out.csv").read_bytes() == b"whole"
    assert out.splitlines() == [
        f"{tmp_path / 'out.csv'}: 1,234 studies, 5,678 events",
        "filter: model: model name contains a=b",
        "warning: something is odd",
    ]
    assert error == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--filter", "model"], "--filter model: It must be NAME=VALUE"),
        (["--filter", "model=a", "--filter", "model=b"], "--filter model: It is given twice"),
        (
            ["--filter", "model=a", "--filter", "model_name=b"],
            "filters.model_name: The filter is given twice",
        ),
        (
            ["--filter", "model="],
            "--filter model: The value is blank. Enter a value, or leave out the filter.",
        ),
        (["--filter", "patient_id= "], "--filter patient_id: The value is blank"),
        (["--option", "max_events="], "--option max_events: The value is blank"),
        (["--output", "out.xlsx"], "--output: ct-csv writes a file csv, not xlsx."),
        (["--output", "out.XLS"], "--output: ct-csv writes a file csv, not xls."),
        (["--name", "Van 3"], "--name: A name stands in the manifest only."),
        (["--name", "a/b", "--manifest"], "name: A name becomes part of a file name"),
        (["--output", "-", "--manifest"], "--output: A manifest needs a file beside it."),
        (["--database-url", "postgresql://\udcff@x/y"], "--database-url: This is not a PostgreSQL URL"),
        (["--filter", "\udcff=x"], "filters.\\udcff: "),
        (["--filter", "model=\udcff"], "filters.model: The value must be valid Unicode"),
        (["--time-zone", "\udcff"], "--time-zone: There is no such time zone"),
        (["--filter", "colour=red"], "filters.colour: "),
        (["--filter", "date_from=soon"], "filters.date_from: The value must be a date"),
        (["--filter", "dlp_min=2", "--filter", "dlp_max=1"], "filters.dlp_min: "),
        (["--order", "colour"], "order: "),
        (["--output", "/nonexistent/x.csv"], "--output: No such file or directory"),
    ],
)
def test_cli_bad_input_is_one_line_and_exit_code_2(run, tmp_path, capsys, options, words):
    assert run(*options) == 2
    assert words in read_error(capsys)
    assert list(tmp_path.iterdir()) == []


def test_cli_refuses_folder_as_file(run, tmp_path, capsys):
    assert run("--output", str(tmp_path)) == 2
    assert "--output: " in read_error(capsys)


def test_cli_writes_to_a_pipe_that_stays_a_pipe(run, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert run("--output", str(pipe), write=_write_a_line) == 0
    assert pipe.is_fifo()
    assert os.read(reader, 100) == b"a line"
    os.close(reader)


STOP_WHILE_WRITING = """
from doseexport.cli import STDOUT, open_file
with open_file(STDOUT) as file:
    file.write(b"1")
    raise KeyboardInterrupt
"""


def test_stopped_export_does_not_wait_for_the_reader_of_its_output():
    received, given = os.pipe()
    os.set_blocking(given, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(given, bytes(4096))
    os.set_blocking(given, True)
    command = [sys.executable, "-c", STOP_WHILE_WRITING]
    environment = os.environ | {"PYTHONUNBUFFERED": ""}
    with os.fdopen(received, "rb"), os.fdopen(given, "wb") as output:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, env=environment, timeout=60, check=False
        )
    assert done.returncode != 0
    assert b"KeyboardInterrupt" in done.stderr


def test_cli_writes_to_a_pipe_without_a_name(run, monkeypatch):
    """As bash opens it for >(…) and as /dev/stdout often is."""
    reader, writer = os.pipe()
    assert run("--output", f"/dev/fd/{writer}", write=_write_a_line) == 0
    assert os.read(reader, 100) == b"a line"
    os.close(reader)
    os.close(writer)


def test_cli_writes_to_standard_output_and_reports_beside_it(run, capfdbinary):
    assert run("--output", "-", write=_write_a_line) == 0
    out, error = capfdbinary.readouterr()
    assert out == b"a line"
    assert error.decode().splitlines() == ["-: 1 studies, 1 events", "filter: none: all studies"]


def test_cli_prints_filters_without_values_that_identify_a_patient(run, capsys):
    options = ("--filter", "patient_id=SECRET", "--filter", "accession_number=SECRET")
    assert run(*options, write=_write_a_line) == 0
    out, error = capsys.readouterr()
    assert "filter: patient_id: " in out
    assert "SECRET" not in out + error


@pytest.mark.parametrize("order", ["-study_date", "-time_date", "-total_dlp", "=-study_date", "newest_first"])
def test_cli_takes_orders_that_begin_with_a_hyphen(run, order):
    orders = []

    def write(requested, *others):
        orders.append(requested.request.order)
        return _write_a_line(requested, *others)

    given = [f"--order{order}"] if order.startswith("=") else ["--order", order]
    assert run(*given, write=write) == 0
    assert orders == ["highest_dlp" if "dlp" in order else "newest_first"]


@pytest.mark.parametrize("option", ["--filt", "--out", "--time", "--include-name"])
def test_cli_takes_no_abbreviations(run, option, capsys):
    with pytest.raises(SystemExit) as ended:
        run(option, "x")
    assert ended.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err


def test_cli_switches_words_off_by_a_blank_option(tmp_path, monkeypatch):
    given = []

    def write(requested, *others):
        given.append(requested.request.options)
        return _write_a_line(requested, *others)

    monkeypatch.setattr(cli, "write_export", write)
    output = ["--database-url", URL, "--output", str(tmp_path / "out.csv")]
    assert cli.main(["mg-nhsbsp-csv", *output, "--option", "words="]) == 0
    assert cli.main(["mg-nhsbsp-csv", *output]) == 0
    assert given == [{"words": ""}, {}]


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        (("rf-xlsx",), True),
        (("rf-xlsx", "--time-zone", "Europe/London"), False),
        (("rf-csv",), False),
        (("ct-csv",), False),
    ],
)
def test_cli_warns_of_event_times_in_an_assumed_zone(tmp_path, monkeypatch, capsys, options, warns):
    monkeypatch.setattr(cli, "write_export", _write_a_line)
    assert cli.main([*options, "--database-url", URL, "--output", str(tmp_path / "out")]) == 0
    out, _ = capsys.readouterr()
    words = "warning: times of events were read in Europe/London. Enter OpenREM's zone with --time-zone."
    assert (words in out) is warns


@pytest.mark.parametrize(
    ("encoding", "marks"), [("utf-8", ("█", "░")), ("ascii", ("#", ".")), (None, ("#", "."))]
)
def test_cli_bar_has_characters_that_the_terminal_can_show(encoding, marks):
    assert cli.find_marks(encoding) == marks


def test_cli_writes_through_a_link_that_stays_a_link(run, tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_bytes(b"an older file")
    link.symlink_to(real)
    assert run("--output", str(link), write=_write_a_line) == 0
    assert link.is_symlink()
    assert real.read_bytes() == b"a line"


def test_cli_refuses_unknown_time_zone(run, tmp_path, capsys):
    assert run("--time-zone", "Mars/Olympus") == 2
    assert "--time-zone: " in read_error(capsys)


@pytest.mark.parametrize("arguments", [[], ["pdf"], ["ct-csv"], ["ct-csv", "--database-url", URL]])
def test_cli_missing_or_unknown_words_are_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "doseexport" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ExportError("NO_STUDIES", "No study matches."), "doseexport: No study matches. (NO_STUDIES)"),
        (KeyboardInterrupt(), "doseexport: stopped; no file was written."),
    ],
)
def test_cli_failed_run_is_exit_code_1_and_leaves_the_folder_unchanged(run, tmp_path, capsys, failure, words):
    def write(requested, database, sink, monitor):
        sink.write(b"half")
        raise failure

    assert run(write=write) == 1
    assert read_error(capsys) == words
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out.csv").write_bytes(b"an older file")
    assert run(write=write) == 1
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"an older file"]


def test_cli_never_shows_the_password(run, capsys):
    def write(*_):
        raise ExportError("DATABASE_REFUSED", "Refused.")

    run(write=write)
    assert "PASSWORD" not in "".join(capsys.readouterr())


def test_cli_list_shows_every_type_column_filter_and_order(capsys):
    assert cli.main(["list"]) == 0
    out = capsys.readouterr().out
    for words in ("ct-csv  ", "ct-xlsx  ", "Patient name", "S2 kVp", "dlp_min", "(mGy.cm)", "highest_dlp"):
        assert words in out


def test_cli_list_shows_the_default_of_an_option(capsys):
    assert cli.main(["list"]) == 0
    (first, *_) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    words ")]
    assert "(scout, postclip, prefire," in first


def test_cli_draws_progress_bar_on_a_terminal_only(monkeypatch, capsys):
    def draw(is_terminal):
        monkeypatch.setattr(cli.sys.stderr, "isatty", lambda: is_terminal)
        bar = cli.ProgressBar()
        bar.expect(4)
        for _ in range(4):
            bar.advance()
        bar.clear()
        return capsys.readouterr().err

    assert draw(is_terminal=False) == ""
    assert "100 % of 4 studies" in draw(is_terminal=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--pseudonyms", "pool"],
            "--pseudonym-key-file: Pseudonyms and the file of their key belong together",
        ),
        (
            ["--pseudonym-key-file", "KEY"],
            "--pseudonym-key-file: Pseudonyms and the file of their key belong",
        ),
        (["--pseudonyms", " ", "--pseudonym-key-file", "KEY"], "--pseudonyms: Enter one project"),
        (
            ["--pseudonyms", "a", "--option", "pseudonyms=b", "--pseudonym-key-file", "KEY"],
            "--pseudonyms: Enter one project",
        ),
        (
            ["--pseudonyms", "Pool", "--pseudonym-key-file", "KEY"],
            "options.pseudonyms: The value must be 1 to 40",
        ),
        (["--pseudonyms", "pool", "--pseudonym-key-file", "NONE"], "--pseudonym-key-file: No such file"),
        (
            ["--pseudonyms", "pool", "--pseudonym-key-file", "BAD"],
            "--pseudonym-key-file: It must hold 32 bytes",
        ),
        (
            ["--pseudonyms", "pool", "--pseudonym-key-file", "KEY", "--include-ids"],
            "include_ids: An export with pseudonyms cannot name patients",
        ),
        (["--option", "dates=shifted"], "options.dates: Dates are changed with pseudonyms only"),
    ],
)
def test_cli_refuses_pseudonyms_without_their_key(run, tmp_path, capsys, options, words):
    folder = tmp_path.parent
    (folder / "KEY").write_bytes(bytes(32))
    (folder / "BAD").write_bytes(b"0f" * 31)
    given = [str(folder / each) if each in {"KEY", "BAD", "NONE"} else each for each in options]
    assert run(*given) == 2
    assert words in read_error(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [bytes(range(32)), bytes(range(32)).hex().encode(), b"%s\n" % bytes(range(32)).hex().upper().encode()],
)
def test_cli_reads_the_key_of_pseudonyms(run, tmp_path, capsys, data):
    key = tmp_path.parent / "project.key"
    key.write_bytes(data)

    def write(context, _database, sink, _monitor):
        assert context.pseudonym_key == bytes(range(32))
        assert context.request.options == {"pseudonyms": "pool", "dates": "month"}
        sink.write(b"whole")
        return FileReport(1, 1, (), pseudonym_key_id="q25otfa5skfz7sdw")

    assert run("--pseudonyms", "pool", "--pseudonym-key-file", str(key), write=write) == 0
    assert "pseudonyms: pool, key q25otfa5skfz7sdw\n" in capsys.readouterr().out
