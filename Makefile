# The tasks of this project. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The Python that runs the functions. pyenv finds a version by PYENV_VERSION; other Pythons ignore it.
RUNTIME ?= env PYENV_VERSION=3.13 python3.13
RUNTIME_VENV := .venv-runtime
TESTS ?= tests
WORKERS ?= 4
STUDIES ?= 6500
RIVALS := .state/bench
# Placeholder passwords and ids in examples, and a hash that a test compares, are no secrets. Names of variables are
# checked by ruff (S105 to S107).
NO_SECRETS := --disable-plugin KeywordDetector --exclude-secrets '^(password|PASSWORD|secret|none)$$' \
  --exclude-lines 'fingerprint ==|-0123456789abcdef|=db-ABCDEFGHIJ'

# Some images forbid bytecode. Each process of a test run would then compile all modules again, for half a minute.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick runtime programs check validate sample bench screenshots openapi columns lock audit clean

help:  ## list the tasks
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

setup: $(VENV)/.ready  ## create .venv with all packages and the doseexport command

# The project comes first, so that with an unsuitable Python pip says which one the project needs.
$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

demo: setup  ## run the complete service on this machine and make one CT export
	$(BIN)/python -m local.stack.demo

# There are more workers than processors, because those of tests/browser and tests/journey often wait for the
# service they test.
test: setup programs  ## run all tests; they need neither AWS nor Docker
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

quick: setup  ## check format, style and types, and run the unit tests
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 tests/unit

runtime: programs $(RUNTIME_VENV)/.ready  ## run the unit and component tests on Python 3.13, which runs the functions
	$(RUNTIME_VENV)/bin/pytest -n 2 --dist loadfile tests/unit tests/component

$(RUNTIME_VENV)/.ready: requirements.lock pyproject.toml
	$(RUNTIME) -m venv $(RUNTIME_VENV)
	$(RUNTIME_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUNTIME_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

programs:  ## install Debian's headless chromium and LibreOffice Calc for tests, if missing and available
	tests/install-programs

check: setup  ## check format, style, types, imports, security and secrets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive layers/core/doseexport layers/pin.py functions
	git ls-files -z -- ':!events' ':!*.lock' ':!*.png' | xargs -0 $(BIN)/detect-secrets-hook $(NO_SECRETS)

validate: setup  ## check the template: cfn-lint, sam validate, sam build, and the project's own rules
	$(BIN)/pytest tests/template

sample: setup  ## run a synthetic OpenREM database with STUDIES CT studies until Ctrl-C
	$(BIN)/python -m local.sample --studies $(STUDIES)

bench: setup $(RIVALS)/.ready  ## run the benchmarks and write docs/benchmarks.md; BENCH=full adds a million studies
	$(BIN)/python -m tests.benchmarks.run

# The packages of the programs compared with are kept apart from the project's own.
$(RIVALS)/.ready: requirements-bench.lock
	$(BIN)/uv pip install --quiet --require-hashes --target $(RIVALS) -r requirements-bench.lock
	touch $@

screenshots: setup programs  ## retake docs/screenshots
	$(BIN)/python -m tests.browser.screenshots

openapi: setup  ## regenerate docs/openapi.json from the code
	$(BIN)/python -m local.openapi

columns: setup  ## regenerate docs/columns.md from the columns in the code
	$(BIN)/python -m local.columns

lock: setup  ## update the lock files from pyproject.toml, and the layers' requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock
	echo 'aws-sam-cli==1.170.0' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-sam.lock
	echo 'checkov==3.3.30' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-checkov.lock
	echo 'awscli==1.46.3' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-aws.lock
	printf '%s\n' pandas==3.1.1 rustpy-xlsxwriter==0.8.0 | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-bench.lock
	$(BIN)/python layers/pin.py

audit: setup  ## check the pinned packages for known vulnerabilities; needs PyPI
	$(BIN)/uv tool run pip-audit==2.10.1 --require-hashes --disable-pip -r requirements.lock

clean:  ## remove everything that was built or written here
	rm -rf $(VENV) $(RUNTIME_VENV) .state .aws-sam build
