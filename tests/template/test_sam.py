"""Run the SAM CLI on the template and on the examples of the document. test_layers.py runs `sam build`."""

import json


def test_sam_validate_accepts_the_template(sam):
    assert "is a valid SAM Template" in sam("validate", "--lint")


READ_PARAMETERS = """
import json, pathlib, sys
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.config.samconfig import SamConfig
config = SamConfig(sys.argv[1])
given = config.get_all(["deploy"], "parameters")["parameter_overrides"]
print(json.dumps(CfnParameterOverridesType().convert(given, None, None)))
"""


def test_sam_reads_the_samconfig_examples_of_the_document(sam_python, run, tmp_path, samconfigs):
    for text, given in samconfigs.items():
        (tmp_path / "samconfig.toml").write_text(text)
        assert json.loads(run(sam_python, "-c", READ_PARAMETERS, tmp_path)) == given
