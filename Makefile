# Everything that a fresh machine needs besides Python 3.11 or newer and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
OUT ?=

.PHONY: demo test test-slow check install format docs clean help

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: install  ## Run the province of March and April 2016 and show its bulletin
	$(BIN)/exchange simulate bulletin-2016 $(if $(OUT),--out $(OUT))

test: $(VENV)/.test  ## Run the tests
	$(BIN)/python -m pytest

test-slow: $(VENV)/.test  ## Run the proofs that take minutes
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.check  ## Format, lint, strict types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.check  ## Bring the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.install  ## Write the reference pages anew from the code
	$(BIN)/python -m tests.reference_pages

install: $(VENV)/.install  ## Make .venv and install

# The marks say what was installed last; they are older than what they were made from when that changed.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.install: $(VENV)/.python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.install
	$(INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.check: $(VENV)/.install
	$(INSTALL) --editable '.[test,check]'
	@touch $@

clean:  ## Remove what was installed and what runs left behind
	rm -rf $(VENV) out build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
