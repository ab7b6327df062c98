"""Verification of a file against its manifest: size, SHA-256, and the rows of its sheets or tables.

A workbook or a zip of tables is read, in pieces, only after its SHA-256 is verified.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO

from doseexport.engine.manifest import SCHEMA_VERSION
from doseexport.errors import ExportError

_PIECE = 1 << 20
_LONGEST = 64
"""Bytes of the longest start of a row element that two pieces can share."""
csv.field_size_limit(1 << 30)  # PostgreSQL's largest text
_SHEET = re.compile(r'<sheet name="([^"]*)"')
_ROW = re.compile(rb'<row r="(\d+)"')


class HashedFile:
    """A sink that writes to a file and computes its `size` in bytes and its SHA-256 in hexadecimal."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Write the next bytes."""
        self._file.write(data)
        self._sha256.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes written so far."""
        return self._sha256.hexdigest()


def verify_file(path: Path, manifest_path: Path) -> str:
    """Return the message that the file matches its manifest, or raise ExportError with the difference."""
    try:
        manifest = json.loads(manifest_path.read_bytes())
        _check(path, manifest)
    except OSError as error:
        raise ExportError("UNREADABLE", f"{error.filename}: {error.strerror}.") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, zipfile.BadZipFile) as error:
        raise ExportError("BAD_MANIFEST", f"{manifest_path} is not a manifest of such a file.") from error
    return f"{path} is the file that {manifest_path} describes."


def _check(path: Path, manifest: dict[str, Any]) -> None:
    if manifest["schema_version"] != SCHEMA_VERSION:
        raise ExportError("BAD_MANIFEST", "This program does not know the version of the manifest.")
    file, expected = manifest["file"], _list_sheets(manifest)
    size = path.stat().st_size
    if size != file["size"]:
        raise ExportError("WRONG_SIZE", f"{path} has {size:,} bytes; its manifest says {file['size']:,}.")
    with path.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != file["sha256"]:
            raise ExportError("WRONG_SHA256", f"The SHA-256 of {path} is not the manifest's.")
    count = next((count for suffix, count in _COUNTS.items() if file["name"].endswith(suffix)), None)
    if count is not None and count(path) != expected:
        raise ExportError("WRONG_SHEETS", f"The sheets of {path}, or their rows, are not the manifest's.")


def _list_sheets(manifest: dict[str, Any]) -> list[tuple[str, int]]:
    return [(sheet["name"], sheet["rows"] + sheet["rows_above"]) for sheet in manifest["sheets"]]


def count_sheets(path: Path) -> list[tuple[str, int]]:
    """Return the sheets of an exported workbook in the order of tabs, each with its last row's number."""
    with zipfile.ZipFile(path) as package:
        names = [html.unescape(name) for name in _SHEET.findall(package.read("xl/workbook.xml").decode())]
        return [(name, _find_last_row(package, number)) for number, name in enumerate(names, start=1)]


def count_tables(path: Path) -> list[tuple[str, int]]:
    """Return the tables in a zip by name, each with the number of its rows, headings of a csv included."""
    with zipfile.ZipFile(path) as package:
        names = [Path(name) for name in package.namelist() if Path(name).suffix in _COUNT_ROWS]
        return [(name.stem, _COUNT_ROWS[name.suffix](package, str(name))) for name in names]


def _count_csv(package: zipfile.ZipFile, name: str) -> int:
    with package.open(name) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as table:
        return sum(1 for _ in csv.reader(table))


def _count_parquet(package: zipfile.ZipFile, name: str) -> int:
    # Only files of Parquet need arro3.
    from arro3.io import read_parquet  # noqa: PLC0415

    # Parquet is read from its end, which is slow in a zip.
    with package.open(name) as packed, tempfile.TemporaryFile() as table:
        shutil.copyfileobj(packed, table)
        return sum(batch.num_rows for batch in read_parquet(table))


_COUNT_ROWS = {".csv": _count_csv, ".parquet": _count_parquet}


_COUNTS = {".xlsx": count_sheets, ".zip": count_tables}


def _find_last_row(package: zipfile.ZipFile, number: int) -> int:
    with package.open(f"xl/worksheets/sheet{number}.xml") as sheet:
        return _read_last_row(sheet)


def _read_last_row(sheet: IO[bytes]) -> int:
    last, rest = 0, b""
    while piece := sheet.read(_PIECE):
        found = _ROW.findall(rest + piece)
        last = int(found[-1]) if found else last
        rest = (rest + piece)[-_LONGEST:]
    return last
