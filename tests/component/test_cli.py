"""The command line as users run it: a process, a real PostgreSQL, a file."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from jsonschema import Draft202012Validator

from doseexport.catalogue.schema import NUCLEAR_MEDICINE, STANDARD_NAMES
from tests.component.exporting import KEY, export

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "manifest.schema.json"
PROGRAM = (sys.executable, "-m", "doseexport.cli")
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from doseexport.cli import main
sys.exit(main())
"""


@pytest.fixture
def run(sample_url, tmp_path):
    def run(kind, *options, program=PROGRAM, url=sample_url):
        output = tmp_path / f"out.{kind[3:]}"
        command = [*program, kind, "--database-url", url, "--output", str(output), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False), output

    return run


def test_cli_hides_password_and_file_is_only_for_its_user(run, sample_url, monkeypatch):
    found = urlsplit(sample_url)
    monkeypatch.setenv("PGPASSWORD", found.password)
    without = found._replace(netloc=f"{found.username}@{found.hostname}:{found.port}").geturl()
    done, output = run("ct-csv", "--include-names", url=without)
    assert (done.returncode, done.stderr) == (0, "")
    assert output.stat().st_mode & 0o777 == 0o600


def test_cli_writes_the_services_pseudonyms_and_verifies_them(run, sample_url, tmp_path):
    key = tmp_path / "project.key"
    key.write_bytes(KEY)
    given = (
        "--pseudonyms",
        "pool",
        "--pseudonym-key-file",
        str(key),
        "--option",
        "dates=shifted",
        "--manifest",
    )
    done, output = run("mg-csv", *given)
    assert (done.returncode, done.stderr) == (0, "")
    options = {"pseudonyms": "pool", "dates": "shifted"}
    data, report = export(sample_url, type="mg-csv", options=options)
    assert sorted(output.read_bytes().splitlines()) == sorted(data.splitlines())
    assert f"pseudonyms: pool, key {report.pseudonym_key_id}" in done.stdout
    assert KEY.hex() not in done.stdout
    manifest = output.with_name(f"{output.name}.manifest.json")
    about = json.loads(manifest.read_text())
    assert (about["pseudonym_key_id"], about["options"]) == (report.pseudonym_key_id, options)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(about)
    command = [*PROGRAM, "verify", str(output), str(manifest)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_cli_writes_the_services_file(run, sample_url):
    done, output = run(
        "ct-csv", "--filter", "date_from=2023-01-01", "--order", "oldest_first", "--include-ids"
    )
    assert (done.returncode, done.stderr) == (0, "")
    data, report = export(
        sample_url, filters={"date_from": "2023-01-01"}, order="oldest_first", include_ids=True
    )
    assert output.read_bytes() == data
    summary, used, *warnings = done.stdout.splitlines()
    assert used == "filter: date_from: studies on or after this date 2023-01-01"
    assert summary == f"{output}: {report.studies:,} studies, {report.events:,} events"
    assert warnings == [f"warning: {warning}" for warning in report.warnings]


def test_cli_writes_a_workbook(run):
    done, output = run("ct-xlsx", "--include-names")
    assert (done.returncode, done.stderr) == (0, "")
    assert output.read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [("study_description=there is none", 1, "(NO_STUDIES)"), ("dlp_min=much", 2, "filters.dlp_min: ")],
)
def test_cli_failure_is_one_line_and_no_file(run, tmp_path, given, code, words):
    done, _ = run("ct-xlsx", "--filter", given)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    assert words in line
    assert list(tmp_path.iterdir()) == []


def test_cli_missing_database_is_one_line_without_password(run, sample_url, tmp_path):
    done, _ = run("ct-csv", url=sample_url.replace("/sample", "/nowhere"))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "(DATABASE_MISSING)" in line
    assert sample_url.split(":")[2].split("@")[0] not in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["ct-csv", "ct-xlsx"])
def test_cli_full_disk_is_one_line_and_no_file(run, tmp_path, kind):
    done, _ = run(kind, program=(sys.executable, "-c", LIMITED))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "(NO_SPACE)" in line
    assert list(tmp_path.iterdir()) == []


def heed_signals():
    """Undo what nohup or a shell's background does: a signal that is ignored stays ignored in children."""
    for each in (signal.SIGHUP, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)


def test_cli_ends_on_ctrl_c_with_one_line_and_no_file(sample_url, tmp_path):
    with psycopg.connect(sample_url) as blocking:
        blocking.execute("LOCK TABLE remapp_contextid IN ACCESS EXCLUSIVE MODE")
        output = str(tmp_path / "out.csv")
        command = [*PROGRAM, "ct-csv", "--database-url", sample_url, "--output", output]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_signals,  # noqa: PLW1509  no other thread runs
        )
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'sample'"
        )
        end = time.monotonic() + 60
        with psycopg.connect(sample_url, autocommit=True) as watching:
            while not watching.execute(waiting).fetchone()[0]:
                assert time.monotonic() < end
                time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (1, "", "doseexport: stopped; no file was written.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sign", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_cli_stopped_by_a_signal_leaves_nothing(sample_url, tmp_path, sign):
    output = tmp_path / "out.csv"
    with psycopg.connect(sample_url) as connection:
        connection.execute("LOCK TABLE remapp_ctirradiationeventdata IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(
            [*PROGRAM, "ct-csv", "--database-url", sample_url, "--output", str(output)],
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_signals,  # noqa: PLW1509  no other thread runs
        )
        while process.poll() is None and not list(tmp_path.iterdir()):
            time.sleep(0.05)
        process.send_signal(sign)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (1, "doseexport: stopped; no file was written.\n")
    assert list(tmp_path.iterdir()) == []


def test_cli_started_with_nohup_survives_a_hangup(run, sample_url, tmp_path):
    ignore = "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    raised = "import os; from doseexport import cli\nadvance = cli.ProgressBar.advance\n"
    hang_up = "cli.ProgressBar.advance = lambda bar: (os.kill(os.getpid(), signal.SIGHUP), advance(bar))\n"
    done, output = run(
        "ct-csv", program=(sys.executable, "-c", ignore + raised + hang_up + "sys.exit(cli.main())")
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert output.exists()


def test_program_interrupted_while_it_starts_says_so():
    program = (
        "import sys, builtins\n"
        "real = builtins.__import__\n"
        "def stop(name, *rest, **more):\n"
        "    if name == 'argparse': raise KeyboardInterrupt\n"
        "    return real(name, *rest, **more)\n"
        "from doseexport.__main__ import main\n"
        "builtins.__import__ = stop\n"
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "doseexport: stopped; no file was written.\n")


@pytest.mark.parametrize("name", [b"out \xff.csv", "ausgef\u00fchrt.csv".encode()])
def test_cli_writes_files_of_any_name_for_an_ascii_terminal(sample_url, tmp_path, name):
    output = os.fsencode(tmp_path) + b"/" + name
    given = (*PROGRAM, "mg-csv", "--database-url", sample_url, "--manifest", "--name", "Van 3")
    command = [os.fsencode(part) for part in given]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LOGNAME": os.fsdecode(b"ad\xffa")}
    done = subprocess.run([*command, b"--output", output], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert Path(os.fsdecode(output)).exists()
    manifest = json.loads(Path(os.fsdecode(output + b".manifest.json")).read_bytes())
    assert os.fsencode(manifest["file"]["name"]) == name
    assert manifest["name"] == "Van 3"


def test_cli_lists_all_types_on_an_ascii_terminal():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*PROGRAM, "list"], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_cli_refuses_a_manifest_nested_too_deeply(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "manifest").write_text("[" * 100_000)
    command = [*PROGRAM, "verify", str(tmp_path / "file"), str(tmp_path / "manifest")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "(BAD_MANIFEST)" in line


def test_cli_lists_only_what_the_database_can_hold(make_database, small_sample_url, sample_url):
    old = make_database(small_sample_url)
    with psycopg.connect(old) as connection:
        for table in sorted(NUCLEAR_MEDICINE.tables | STANDARD_NAMES.tables):
            connection.execute(f"DROP TABLE {table} CASCADE")
    listed = {}
    for url in (old, sample_url, None):
        options = ["--database-url", url] if url else []
        done = subprocess.run([*PROGRAM, "list", *options], capture_output=True, text=True, check=True)
        listed[url] = done.stdout
    assert listed[sample_url] == listed[None]
    filters = ("standard_study_name", "standard_acquisition_name")
    assert not [name for name in filters if re.search(rf"^    {name} ", listed[old], re.MULTILINE)]
    assert all(re.search(rf"^    {name} ", listed[sample_url], re.MULTILINE) for name in filters)
    types = {url: set(re.findall(r"^[a-z]\S+", text, re.MULTILINE)) for url, text in listed.items()}
    assert types[None] - types[old] == {"nm-csv", "nm-xlsx", "nm-audit", "nm-tables", "nm-parquet"}


def test_cli_says_that_the_database_has_no_such_studies(make_database, small_sample_url, tmp_path):
    old = make_database(small_sample_url)
    with psycopg.connect(old) as connection:
        for table in sorted(NUCLEAR_MEDICINE.tables):
            connection.execute(f"DROP TABLE {table} CASCADE")
    command = [*PROGRAM, "nm-csv", "--database-url", old, "--output", str(tmp_path / "nm.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ("doseexport: type: OpenREM before 1.0 has no nuclear medicine. (NOT_IN_OPENREM)\n")
    assert list(tmp_path.iterdir()) == []
