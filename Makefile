# Every habit of this project is one word here. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDIES ?= 6500
PANDAS := .state/bench
# Words that stand for a password in examples, and a hash that a test compares; names of variables are
# ruff's business (S105 to S107).
NO_SECRETS := --disable-plugin KeywordDetector --exclude-secrets '^(password|PASSWORD|secret|none)$$' \
  --exclude-lines 'fingerprint =='

.DEFAULT_GOAL := help
.PHONY: help setup demo test chromium check validate sample bench screenshots openapi lock audit clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

setup: $(VENV)/.ready  ## make .venv with everything, and the doseexport command

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: setup  ## the whole stack on this machine, and one CT export through it
	$(BIN)/python -m local.stack.demo

test: setup chromium  ## every test, on a machine without AWS and without Docker
	$(BIN)/pytest -n 2 --dist loadfile

chromium:  ## Debian's chromium for the browser tests, where it is missing and can be had
	tests/browser/install-chromium

check: setup  ## format, lint, types, import rules, dangerous code, secrets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive layers/core/doseexport layers/pin.py functions
	git ls-files -z -- ':!events' ':!*.lock' ':!*.png' | xargs -0 $(BIN)/detect-secrets-hook $(NO_SECRETS)

validate: setup  ## cfn-lint, sam validate, sam build, the template's house rules
	$(BIN)/pytest tests/template

sample: setup  ## a synthetic OpenREM database of STUDIES CT studies, kept running until Ctrl-C
	$(BIN)/python -m local.sample --studies $(STUDIES)

bench: setup $(PANDAS)/.ready  ## docs/benchmarks.md anew: ours against others; BENCH=full adds a million studies
	$(BIN)/python -m tests.benchmarks.run

# The rivals' own packages stay apart from what the project stands on.
$(PANDAS)/.ready: requirements-bench.lock
	$(BIN)/uv pip install --quiet --require-hashes --target $(PANDAS) -r requirements-bench.lock
	touch $@

screenshots: setup chromium  ## take docs/screenshots anew
	$(BIN)/python -m tests.browser.screenshots

openapi: setup  ## write docs/openapi.json anew from the code
	$(BIN)/python -m local.openapi

lock: setup  ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock
	echo 'aws-sam-cli==1.170.0' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-sam.lock
	echo 'checkov==3.3.30' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-checkov.lock
	echo 'pandas==2.3.3' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-bench.lock
	$(BIN)/python layers/pin.py

audit: setup  ## known weaknesses of the pinned packages, where PyPI itself can be asked
	$(BIN)/uv tool run pip-audit==2.10.1 --require-hashes --disable-pip -r requirements.lock

clean:  ## forget what was built and run here
	rm -rf $(VENV) .state .aws-sam build
