# ruff: noqa: INP001 (a script, not a package)
"""Write the layers' requirements.txt from requirements.lock, so that the tested packages are deployed.

    python layers/pin.py

boto3 is left out because Lambda's runtime has it. tzdata is included because Lambda's runtime does not
guarantee time zones.
"""

import re
from pathlib import Path

LAYERS = Path(__file__).resolve().parent
LOCK = LAYERS.parent / "requirements.lock"
PACKAGES = {
    "core": ("aws-lambda-powertools", "jmespath", "typing-extensions", "tzdata"),
    "parquet": ("arro3-core", "arro3-io"),
    "worker": ("isal", "psycopg", "psycopg-binary", "xlsxwriter"),
}


def pin(layer: str) -> str:
    """Return a layer's requirements with the pins and hashes of requirements.lock, for all platforms."""
    text = LOCK.read_text(encoding="utf-8")
    blocks = [_find_block(package, text) for package in PACKAGES[layer]]
    return "# From requirements.lock, by layers/pin.py.\n" + "".join(blocks)


def _find_block(package: str, lock: str) -> str:
    found = re.search(rf"^({package}==\S+)[^\\\n]*(\\\n(?: +--hash=\S+(?: \\)?\n)+)", lock, re.MULTILINE)
    if found is None:
        raise LookupError(f"requirements.lock does not contain {package}")
    return f"{found[1]} {found[2]}"


def main() -> None:
    """Write the requirements.txt of every layer."""
    for layer in PACKAGES:
        (LAYERS / layer / "requirements.txt").write_text(pin(layer), encoding="utf-8")


if __name__ == "__main__":
    main()
