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


@pytest.mark.parametrize("document", list_documents())
def test_document_names_resources_of_the_template(root, translated, document):
    text = (root / document).read_text()
    named = re.findall(r"(?:--logical-resource-id|\$\(find_resource) (\w+)", text)
    assert set(named) <= set(translated["Resources"])


def test_alarms_document_has_a_remedy_for_every_failure_of_a_worker(root):
    engine = "layers/core/doseexport/engine"
    aws = "layers/core/doseexport/aws"
    files = ("postgres_errors", "dialect", "snapshot", "merge", "export_file", "writers/parquet")
    sources = [root / f"{engine}/{name}.py" for name in files]
    sources += [root / f"{aws}/{name}.py" for name in ("upload", "credentials", "pseudonym_keys")]
    text = "".join(source.read_text() for source in sources)
    of_requests = {"NO_STUDIES", "SEVERAL_STUDIES"}
    codes = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)",', text)) - of_requests
    assert len(codes) > 20
    table = (root / "docs/alarms.md").read_text().partition("| code | do |")[2].partition("\n\n")[0]
    assert sorted(codes - set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", table))) == []


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
