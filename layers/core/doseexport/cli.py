"""`doseexport`: the same files, written to this machine, for people without AWS."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import io
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from doseexport import catalogue
from doseexport.catalogue import Spec
from doseexport.domain.export import name_manifest
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


class ProgressBar:
    """A Monitor that draws how far the run is, on a terminal only."""

    def __init__(self) -> None:
        self._drawn = sys.stderr.isatty()
        self._expected = 1
        self._done = 0

    def guard(self, blocking: Stoppable) -> None:
        """Nothing stops a run here but Ctrl-C, which reaches what blocks by itself."""

    def expect(self, studies: int) -> None:
        """Learn how many studies there will be."""
        self._expected = studies

    def advance(self) -> None:
        """Count a study, and draw each whole per cent."""
        self._done += 1
        if not self._drawn:
            return
        before, after = ((self._done - back) * 100 // self._expected for back in (1, 0))
        if before != after:
            filled = "█" * (after // 2)
            sys.stderr.write(f"\r{filled:░<50} {after:3d} % of {self._expected:,} studies")

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._drawn:
            sys.stderr.write("\r\033[K")


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """End with 2."""
        self.exit(BAD_INPUT, f"doseexport: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0: done, 2: bad input, 1: the export failed."""
    options = _make_parser().parse_args(arguments)
    # Ended from outside we clean up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _COMMANDS.get(options.type, _export)(options)
    except DoseExportError as error:
        field = f"{error.field}: " if error.field else ""
        sys.stderr.write(f"doseexport: {field}{error.message} ({error.code})\n")
        return FAILED if isinstance(error, ExportError) else BAD_INPUT
    except OSError as error:
        sys.stderr.write(f"doseexport: {error.strerror or type(error).__name__}; no file was written.\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("doseexport: stopped; no file was written.\n")
        return FAILED


def _make_parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="doseexport", description=__doc__)
    kinds = parser.add_subparsers(dest="type", required=True, metavar="TYPE")
    kinds.add_parser("list", help="show every type with its columns, filters and orders")
    verify = kinds.add_parser("verify", help="tell whether a file is the one that its manifest describes")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument("manifest", type=Path, metavar="MANIFEST")
    for spec in catalogue.load_specs().values():
        _add_options(kinds.add_parser(spec.type, help=spec.help, description=spec.help))
    return parser


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
    parser.add_argument("--include-names", action="store_true", help="patients' names and dates of birth")
    parser.add_argument("--include-ids", action="store_true", help="patients' IDs and dates of birth")
    parser.add_argument(
        "--time-zone", default="Europe/London", help="the zone OpenREM runs in (Europe/London)"
    )
    parser.add_argument(
        "--output", required=True, type=Path, metavar="FILE", help="written whole or not at all"
    )
    parser.add_argument("--manifest", action="store_true", help="write FILE.manifest.json beside the file")


def _export(options: argparse.Namespace) -> int:
    asked = RequestContext(_read_request(options), _find_user(), datetime.now().astimezone())
    check_url(options.database_url)
    database = Database({"conninfo": options.database_url}, _read_time_zone(options.time_zone))
    bar = ProgressBar()
    try:
        with explain_disk_errors(), _open_manifest(options) as manifest, open_file(options.output) as output:
            file = HashedFile(output)
            report = write_export(asked, database, file, bar)
            facts = FileFacts(options.output.name, file.size, file.sha256)
            manifest.write(write_manifest(None, asked.request, report, facts))
    finally:
        bar.clear()
    _tell(options.output, report)
    return 0


def _open_manifest(options: argparse.Namespace) -> contextlib.AbstractContextManager[BinaryIO]:
    if not options.manifest:
        return contextlib.nullcontext(io.BytesIO())
    return open_file(Path(name_manifest(str(options.output))))


def _verify(options: argparse.Namespace) -> int:
    _print([f"{verify_file(options.file, options.manifest)}\n"])
    return 0


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"


def _read_request(options: argparse.Namespace) -> ExportRequest:
    body = {
        "type": options.type,
        "filters": _read_pairs("filter", options.filter),
        "order": options.order,
        "options": _read_pairs("option", options.option),
        "include_names": options.include_names,
        "include_ids": options.include_ids,
    }
    return parse_request(body, may_see_patients=True)


def _read_pairs(what: str, given: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name in pairs:
            problem = "It is given twice." if equals else "It must be NAME=VALUE."
            raise DoseExportError(f"BAD_{what.upper()}", problem, f"--{what} {name}", 422)
        pairs[name] = value
    return pairs


def _read_time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise DoseExportError("BAD_TIME_ZONE", "There is no such time zone.", "--time-zone", 422) from None


def open_file(path: Path) -> contextlib.AbstractContextManager[BinaryIO]:
    """Return a file to write: pipes and devices as they are, others to be replaced by a whole file."""
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():
            return path.open("wb")
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise DoseExportError("BAD_OUTPUT", f"{error.strerror}.", "--output", 422) from error
    return _replace_when_whole(os.fdopen(handle, "wb"), Path(name), path)


@contextlib.contextmanager
def _replace_when_whole(file: BinaryIO, temporary: Path, path: Path) -> Iterator[BinaryIO]:
    try:
        with file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _tell(path: Path, report: FileReport) -> None:
    lines = [f"{path}: {report.studies:,} studies, {report.events:,} events\n"]
    _print(lines + [f"warning: {warning}\n" for warning in report.warnings])


def _list_types(_: argparse.Namespace) -> int:
    _print(line for spec in catalogue.load_specs().values() for line in _describe(spec))
    return 0


def _describe(spec: Spec) -> Iterator[str]:
    yield f"{spec.type}  {spec.help}\n"
    parts = {
        "columns": [(each.heading, each.meaning) for each in spec.list_columns()],
        "filters": [
            (each.name, f"{each.help}: {each.unit or each.value_type.words}") for each in spec.filters
        ],
        "orders": [(each.name, each.help) for each in spec.orders],
        "options": [
            (each.name, f"{each.help}: {each.value_type.words} ({each.default})") for each in spec.options
        ],
    }
    for title, lines in parts.items():
        yield from [f"  {title}\n", *(f"    {name:28} {words}\n" for name, words in lines)] if lines else ()


_COMMANDS = {"list": _list_types, "verify": _verify}


def _print(lines: Iterable[str]) -> None:
    # Somebody who closes our output early still has the file.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.writelines(lines)
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
