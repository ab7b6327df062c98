"""Start the command line, so that Ctrl-C ends with a sentence even while its modules are imported."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line, and return its exit code."""
    try:
        from doseexport import cli  # noqa: PLC0415  importing it takes most of the start

        return cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("doseexport: stopped; no file was written.\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
