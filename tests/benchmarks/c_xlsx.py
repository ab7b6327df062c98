"""Write the workbook with libxlsxwriter, the C library, for comparison.

c_xlsx.c writes it, from the rows as COPY writes them. Debian's libxlsxwriter-dev has the library.

Run as `python -m tests.benchmarks.c_xlsx TYPE URL FILE`.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from doseexport.engine.copy_text import split_row
from tests.benchmarks.same_rows import ModalityWorkbook, open_workbook

SOURCE = Path(__file__).with_suffix(".c")
PROGRAM = SOURCE.parents[2] / ".state" / "c_xlsx"
ESCAPE = re.compile(rb"_(?=x[0-9A-Fa-f]{4}_)")
KINDS = {"number": "n", "text": "s", "date": "d", "time": "t", "datetime": "D"}


def build() -> bool:
    """Compile the program. Return whether this machine has what that needs."""
    PROGRAM.parent.mkdir(exist_ok=True)
    command = ["cc", "-O2", "-o", str(PROGRAM), str(SOURCE), "-lxlsxwriter"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def main(export_type: str, url: str, path: str) -> None:
    """Send the rows to the program."""
    with open_workbook(export_type, url) as book:
        kinds = ["".join(KINDS[column.kind.name] for column in part) for part in (book.study, book.event)]
        with subprocess.Popen([PROGRAM, path, *kinds], stdin=subprocess.PIPE) as program:
            program.stdin.writelines(write_lines(book))
        if program.returncode:
            raise SystemExit(program.returncode)


def write_lines(book: ModalityWorkbook) -> Iterator[bytes]:
    """Yield the lines that the program reads."""
    yield b"N All data\n"
    numbers: dict[bytes, bytes] = {}
    headings = "\t".join(book.sheet_headings).encode()
    for number, (protocol, name) in enumerate(book.sheets.items(), start=1):
        numbers[protocol.encode()] = b"%d" % number
        yield b"N %s\nH %s\n" % (name.encode(), headings)
    for study, events in book.lines:
        yield b"S %s\n" % protect(study)
        for event in events:
            (protocol,) = split_row(event.split(b"\t")[book.position])
            yield b"E %s\t%s\n" % (numbers[protocol.encode()], protect(event))


def protect(row: bytes) -> bytes:
    """Return a row with the escapes of a workbook that libxlsxwriter leaves to its callers."""
    if b"_x" in row:
        row = ESCAPE.sub(b"_x005F_", row)
    return row.replace(b"\xef\xbf\xbe", b"_xFFFE_").replace(b"\xef\xbf\xbf", b"_xFFFF_")


if __name__ == "__main__":
    main(*sys.argv[1:])
