"""Documents cite what is there."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

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


def test_deploy_document_calls_what_exists(root):
    workflows = re.findall(
        r"^```yaml\n(.*?)^```$", (root / "docs/deploy.md").read_text(), re.MULTILINE | re.DOTALL
    )
    steps = [
        step.get("run", "")
        for workflow in map(yaml.safe_load, workflows)
        for job in workflow["jobs"].values()
        for step in job.get("steps", [])
    ]
    tasks = re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE)
    called = [task for step in steps for task in re.findall(r"^make (\w+)", step)]
    assert called == ["check", "validate", "test", "setup"]
    assert set(called) <= set(tasks)
    files = [file for step in steps for file in re.findall(r"(?:examples|requirements)[\w./-]+", step)]
    assert [file for file in files if not (root / file).is_file()] == []
