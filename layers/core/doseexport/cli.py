"""Write the same export files on this machine, without AWS."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import io
import os
import re
import secrets
import signal
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NoReturn, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from doseexport import catalogue
from doseexport.catalogue import Spec
from doseexport.catalogue.dictionary import Entry, describe_type
from doseexport.catalogue.filters import describe_filters
from doseexport.catalogue.options import PSEUDONYMS
from doseexport.catalogue.schema import FULL, Schema
from doseexport.catalogue.values import WORDS_VALUE
from doseexport.domain.export import name_manifest
from doseexport.domain.export_name import read_export_name
from doseexport.domain.pseudonyms import KEY_BYTES
from doseexport.domain.request import ExportRequest, parse_request
from doseexport.engine.export_file import explain_disk_errors, write_export
from doseexport.engine.manifest import FileFacts, write_manifest
from doseexport.engine.plan import RequestContext
from doseexport.engine.postgres import Database, check_url
from doseexport.engine.progress import Stoppable
from doseexport.engine.verify import HashedFile, verify_file
from doseexport.engine.writers.file_plan import FileReport
from doseexport.errors import DoseExportError, ExportError

BAD_INPUT, FAILED = 2, 1
STOPPED = "doseexport: stopped; no file was written.\n"
STDOUT = Path("-")
TIME_ZONE = "Europe/London"
_TABLE_SUFFIXES = (".csv", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".zip")


class ProgressBar:
    """A progress monitor that draws a bar if standard error is a terminal."""

    def __init__(self) -> None:
        self._drawn = sys.stderr.isatty()
        self._marks = find_marks(sys.stderr.encoding)
        self._total = 1
        self._done = 0

    def guard(self, blocking: Stoppable) -> None:
        """Do nothing: only Ctrl-C stops a run here, and it interrupts blocking calls without help."""

    def note_schema(self, schema: Schema) -> None:
        """Do nothing: the list of types reads the schema itself."""

    def expect(self, studies: int) -> None:
        """Set how many studies there will be."""
        self._total = studies

    def advance(self) -> None:
        """Count a study, and redraw the bar at each whole percent."""
        self._done += 1
        if not self._drawn:
            return
        before, after = ((self._done - back) * 100 // self._total for back in (1, 0))
        if before != after:
            full, empty = self._marks
            bar = full * (after // 2) + empty * (50 - after // 2)
            sys.stderr.write(f"\r{bar} {after:3d} % of {self._total:,} studies")

    def clear(self) -> None:
        """Erase the bar."""
        if self._drawn:
            sys.stderr.write("\r\033[K")


def find_marks(encoding: str | None) -> tuple[str, str]:
    """Return the characters of the full and the empty part of a bar that a terminal can show."""
    marks = "█", "░"
    try:
        "".join(marks).encode(encoding or "ascii")
    except UnicodeEncodeError:
        return "#", "."
    return marks


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with status 2."""
        self.exit(BAD_INPUT, f"doseexport: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Return 0 if it succeeded, 1 if the export failed, 2 for bad input."""
    _accept_all_texts()
    try:
        given = _join_order(sys.argv[1:] if arguments is None else arguments)
        options = _make_parser(given).parse_args(given)
        _clean_up_after_signals()
        return _COMMANDS.get(options.type, _export)(options)
    except DoseExportError as error:
        field = f"{error.field}: " if error.field else ""
        sys.stderr.write(f"doseexport: {field}{error.message} ({error.code})\n")
        return FAILED if isinstance(error, ExportError) else BAD_INPUT
    except OSError as error:
        sys.stderr.write(f"doseexport: {error.strerror or type(error).__name__}; no file was written.\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write(STOPPED)
        return FAILED


def _accept_all_texts() -> None:
    """Write characters that a terminal cannot show, or that are no characters, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _clean_up_after_signals() -> None:
    """Clean up after SIGTERM and SIGHUP as after Ctrl-C. A signal that nohup ignores stays ignored."""
    for each in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, signal.default_int_handler)


def _join_order(arguments: Iterable[str]) -> list[str]:
    """Join --order and a value like -study_date by =, because argparse takes that value for an option."""
    joined: list[str] = []
    for each in arguments:
        if joined and joined[-1] == "--order" and re.match("-[^-]", each):
            joined[-1] += f"={each}"
        else:
            joined.append(each)
    return joined


def _make_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of all commands, or of one type alone if the arguments begin with that type."""
    parser = OneLineParser(prog="doseexport", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="type", required=True, metavar="TYPE")
    listing = commands.add_parser(
        "list", help="list every type with its columns, filters and orders", allow_abbrev=False
    )
    listing.add_argument("--database-url", metavar="URL", help="list only what this database can hold")
    verify = commands.add_parser("verify", help="check a file against its manifest")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument("manifest", type=Path, metavar="MANIFEST")
    for spec in _list_specs(arguments):
        own = commands.add_parser(spec.type, help=spec.help, description=spec.help, allow_abbrev=False)
        _add_options(own)
    return parser


def _list_specs(arguments: Sequence[str]) -> Iterable[Spec]:
    try:
        return (catalogue.find_spec(next(iter(arguments), "")),)
    except KeyError:
        return catalogue.load_specs().values()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database-url", required=True, metavar="URL", help="postgresql://user:password@host/name"
    )
    parser.add_argument(
        "--filter", action="append", default=[], metavar="NAME=VALUE", help="see `doseexport list`"
    )
    parser.add_argument("--order", help="see `doseexport list`")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="see `doseexport list`"
    )
    parser.add_argument(
        "--include-names", action="store_true", help="include patients' names and dates of birth"
    )
    parser.add_argument("--include-ids", action="store_true", help="include patients' IDs and dates of birth")
    parser.add_argument(
        "--pseudonyms", metavar="PROJECT", help="pseudonyms of a project instead of patients; coarse dates"
    )
    parser.add_argument(
        "--pseudonym-key-file",
        type=Path,
        metavar="FILE",
        help="the key of that project: 32 bytes, or 64 hexadecimal digits",
    )
    parser.add_argument("--time-zone", help=f"OpenREM's time zone (default: {TIME_ZONE})")
    parser.add_argument(
        "--output",
        required=True,
        type=Path,
        metavar="FILE",
        help="the file to write, completely or not at all; - writes to standard output",
    )
    parser.add_argument("--manifest", action="store_true", help="also write FILE.manifest.json")
    parser.add_argument("--name", help="the name of the export in the manifest; without patient data")


def _export(options: argparse.Namespace) -> int:
    name = _read_name(options)
    request = _read_request(options)
    key = _read_key(options, request)
    context = RequestContext(request, _find_user(), datetime.now().astimezone(), key)
    check_url(options.database_url)
    _check_output(options, context.request.spec)
    time_zone = _read_time_zone(options.time_zone or TIME_ZONE)
    database = Database({"conninfo": options.database_url}, time_zone)
    bar = ProgressBar()
    try:
        with explain_disk_errors():
            report = _write_file(options, context, database, bar, name)
    finally:
        bar.clear()
    _print(_report(options, context.request, report), to_stderr=_is_stdout(options.output))
    return 0


def _read_name(options: argparse.Namespace) -> str | None:
    name = read_export_name(options.name)
    if name and not options.manifest:
        message = "A name stands in the manifest only. Add --manifest."
        raise DoseExportError("BAD_NAME", message, "--name", 422)
    return name


def _check_output(options: argparse.Namespace, spec: Spec) -> None:
    suffix = options.output.suffix.lower()
    problem = ""
    if suffix in _TABLE_SUFFIXES and suffix != f".{spec.format}":
        problem = f"{spec.type} writes a file {spec.format}, not {suffix[1:]}."
    elif options.manifest and not is_replaceable(options.output):
        problem = "A manifest needs a file beside it. Enter the name of a file."
    if problem:
        raise DoseExportError("BAD_OUTPUT", problem, "--output", 422)


def _is_stdout(path: Path) -> bool:
    """Return whether the path is -, or leads to standard output in another way."""
    if path == STDOUT:
        return True
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return path.samefile(f"/dev/fd/{sys.stdout.fileno()}")
    return False


def _write_file(
    options: argparse.Namespace,
    context: RequestContext,
    database: Database,
    bar: ProgressBar,
    name: str | None,
) -> FileReport:
    """Write the file and, if it is wanted, the manifest, which needs the checksum of all that is written."""
    if not options.manifest:
        with open_file(options.output) as output:
            return write_export(context, database, output, bar)
    with open_file(Path(name_manifest(str(options.output)))) as manifest, open_file(options.output) as output:
        file = HashedFile(output)
        report = write_export(context, database, file, bar)
        facts = FileFacts(options.output.name, file.size, file.sha256)
        manifest.write(write_manifest(None, context.request, report, facts, name))
        return report


def _verify(options: argparse.Namespace) -> int:
    _print([f"{verify_file(options.file, options.manifest)}\n"])
    return 0


def _find_user() -> str:
    try:
        return getpass.getuser().encode(errors="replace").decode()
    except (OSError, KeyError):
        return f"user {os.getuid()}"


def _read_request(options: argparse.Namespace) -> ExportRequest:
    body = {
        "type": options.type,
        "filters": _read_pairs("filter", options.filter),
        "order": options.order,
        "options": _read_options(options),
        "include_names": options.include_names,
        "include_ids": options.include_ids,
    }
    return parse_request(body, may_see_patients=True, may_use_pseudonyms=True)


def _read_options(options: argparse.Namespace) -> dict[str, str]:
    pairs = _read_pairs("option", options.option, may_be_blank=_list_words(options.type))
    project = options.pseudonyms
    if project is not None and (not project.strip() or pairs.setdefault(PSEUDONYMS.name, project) != project):
        message = "Enter one project, once."
        raise DoseExportError("BAD_PSEUDONYMS", message, "--pseudonyms", 422)
    return pairs


def _read_key(options: argparse.Namespace, request: ExportRequest) -> bytes | None:
    """Return the key of the request's pseudonyms. Raise DoseExportError unless its file has one."""
    path = options.pseudonym_key_file
    if request.has_pseudonyms != (path is not None):
        raise _bad_key("Pseudonyms and the file of their key belong together. Give both, or neither.")
    return None if path is None else _load_key(path)


def _load_key(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _bad_key(f"{error.strerror}.") from None
    with contextlib.suppress(ValueError):
        key = data if len(data) == KEY_BYTES else bytes.fromhex(data.decode("ascii"))
        if len(key) == KEY_BYTES:
            return key
    raise _bad_key(f"It must hold {KEY_BYTES} bytes, or {2 * KEY_BYTES} hexadecimal digits.")


def _bad_key(problem: str) -> DoseExportError:
    return DoseExportError("BAD_PSEUDONYM_KEY", problem, "--pseudonym-key-file", 422)


def _list_words(kind: str) -> set[str]:
    """Return the options of an export type that are lists of words, which can be empty."""
    return {each.name for each in catalogue.find_spec(kind).options if each.value_type is WORDS_VALUE}


def _read_pairs(option: str, given: Iterable[str], may_be_blank: Collection[str] = ()) -> dict[str, str]:
    """Return the pairs NAME=VALUE. A blank value would mean the default, or every study, so it is refused."""
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        problem = ""
        if not equals:
            problem = "It must be NAME=VALUE."
        elif name in pairs:
            problem = "It is given twice."
        elif not value.strip() and name not in may_be_blank:
            problem = f"The value is blank. Enter a value, or leave out the {option}."
        if problem:
            raise DoseExportError(f"BAD_{option.upper()}", problem, f"--{option} {name}", 422)
        pairs[name] = value
    return pairs


def _read_time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise DoseExportError("BAD_TIME_ZONE", "There is no such time zone.", "--time-zone", 422) from None


def open_file(path: Path) -> contextlib.AbstractContextManager[BinaryIO]:
    """Open a file for writing. Write to a pipe or device directly, and replace any other file at the end."""
    if path == STDOUT:
        return _write_to_stdout()
    return _replace_when_complete(path.resolve()) if is_replaceable(path) else _create(path, "wb")


@contextlib.contextmanager
def _write_to_stdout() -> Iterator[BinaryIO]:
    """Write to the standard output. After an error, drop what is buffered: its reader may never take it."""
    try:
        yield sys.stdout.buffer
    except BaseException:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _create(path: Path, mode: str) -> BinaryIO:
    """Open a file that only its user may read. Raise DoseExportError if that is refused."""
    try:
        return cast("BinaryIO", open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600)))
    except OSError as error:
        raise DoseExportError("BAD_OUTPUT", f"{error.strerror}.", "--output", 422) from error


def is_replaceable(path: Path) -> bool:
    """Return whether the path is that of a file, or of none yet, but not of a pipe or a device."""
    return path != STDOUT and (path.is_file() or not path.exists())


@contextlib.contextmanager
def _replace_when_complete(path: Path) -> Iterator[BinaryIO]:
    """Write to a new file beside `path`. Its name is known before it exists, so that no signal leaves it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with _create(temporary, "xb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # if it could not be created
            temporary.unlink()
        raise


def _report(options: argparse.Namespace, request: ExportRequest, report: FileReport) -> Iterator[str]:
    """Yield what is in the file, the filters without values that identify a patient, and the warnings."""
    yield f"{options.output}: {report.studies:,} studies, {report.events:,} events\n"
    given = [(request.spec.filter(name), value) for name, value in request.filters.items()]
    yield from (f"filter: {words}\n" for words in describe_filters(given) or ["none: all studies"])
    if report.pseudonym_key_id:
        yield f"pseudonyms: {request.options[PSEUDONYMS.name]}, key {report.pseudonym_key_id}\n"
    yield from (f"warning: {warning}\n" for warning in report.warnings)
    if options.time_zone is None and request.spec.has_event_times and report.events:
        yield f"warning: times of events were read in {TIME_ZONE}. Enter OpenREM's zone with --time-zone.\n"


def _list_types(options: argparse.Namespace) -> int:
    schema = FULL if options.database_url is None else _fetch_schema(options.database_url)
    _print(line for spec in catalogue.list_specs(schema) for line in _describe(spec))
    return 0


def _fetch_schema(url: str) -> Schema:
    check_url(url)
    return Database({"conninfo": url}).fetch_schema()


def _describe(spec: Spec) -> Iterator[str]:
    yield f"{spec.type}  {spec.help}\n"
    parts = {
        "columns": [(each.heading, _describe_column(each)) for each in describe_type(spec.type)],
        "filters": [
            (each.name, f"{each.help}: {each.unit or each.value_type.words}") for each in spec.filters
        ],
        "orders": [(each.name, each.help) for each in spec.orders],
        "options": [
            (each.name, f"{each.help}: {each.value_type.words} ({each.default})") for each in spec.options
        ],
    }
    for title, lines in parts.items():
        yield from [f"  {title}\n", *(f"    {name:28} {text}\n" for name, text in lines)] if lines else ()


def _describe_column(entry: Entry) -> str:
    """Return meaning, unit and DICOM concept in one line."""
    return ": ".join((entry.meaning, " ".join(filter(None, (entry.unit, entry.dicom))))).rstrip(": ")


_COMMANDS = {"list": _list_types, "verify": _verify}


def _print(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    stream = sys.stderr if to_stderr else sys.stdout
    # If the reader closes standard output early, the file is complete all the same.
    with contextlib.suppress(BrokenPipeError):
        stream.writelines(lines)
        stream.flush()


if __name__ == "__main__":
    sys.exit(main())
