"""Documents cite what is there."""

import re
import subprocess
from pathlib import Path

import pytest

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"(?<![\w/.])(?:tests|functions|layers|local|docs|examples|events)/[\w/.-]*\w")


def list_documents() -> list[str]:
    root = Path(__file__).resolve().parents[2]
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=root, capture_output=True, text=True, check=True)
    return listed.stdout.split()


@pytest.mark.parametrize("document", list_documents())
def test_document_links_to_existing_files(root, document):
    path = root / document
    targets = [found for found in LINK.findall(path.read_text()) if ":" not in found]
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("document", list_documents())
def test_document_cites_existing_paths(root, document):
    if document == "CHANGELOG.md":  # it names what was before
        return
    cited = set(PATH.findall((root / document).read_text()))
    assert [path for path in cited if not any(root.glob(path + "*"))] == []
