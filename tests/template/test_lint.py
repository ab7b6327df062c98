"""Check that cfn-lint accepts the template as CloudFormation receives it.

`sam validate --lint` in test_sam.py runs it on the template as written.
"""

import json

import pytest


@pytest.fixture(scope="module")
def problems(run, translated, tmp_path_factory):
    """Return what cfn-lint finds in the translated template, and in two broken resources of it.

    One process reads both, because cfn-lint needs 2 s to prepare.
    """
    broken = json.loads(json.dumps(translated))
    broken["Resources"] = {name: broken["Resources"][name] for name in ("UserPoolClient", "Api")}
    address = {"Fn::GetAtt": ["Api", "ApiEndpoint"]}
    broken["Resources"]["UserPoolClient"]["Properties"]["CallbackURLs"] = [address]
    folder = tmp_path_factory.mktemp("lint")
    for name, template in {"translated": translated, "broken": broken}.items():
        (folder / f"{name}.json").write_text(json.dumps(template))
    files = f"{folder}/translated.json {folder}/broken.json"
    return run("sh", "-c", f"cfn-lint --format parseable {files} || true").splitlines()


def test_cfn_lint_accepts_the_translated_template(problems):
    # Circular references appear only after translation, because SAM writes the body of the API.
    assert [line for line in problems if "broken.json" not in line] == []


def test_cfn_lint_finds_a_circular_reference(problems):
    assert "E3004" in "".join(line for line in problems if "broken.json" in line)


def test_parameter_rules_survive_translation(source, translated):
    assert translated["Rules"] == source["Rules"]
    assert len(source["Rules"]) > 5


def test_translated_template_is_below_the_size_limit(translated):
    # The limit is 1 MB through S3, which `sam deploy` uses.
    assert len(json.dumps(translated)) < 200_000
