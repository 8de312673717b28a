# The two commands of a newcomer: make demo, make test. The others are for those who build mailsync.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-long lint format train accuracy bench servers clean

help:
	@echo "make demo      run the product on a sample mailbox (no account, no network needed)"
	@echo "make test      install what the tests need and run them"
	@echo "make test-long the long suites: faults, kill -9, fuzzing"
	@echo "make lint      ruff, mypy strict, import rules"
	@echo "make format    format the code"
	@echo "make accuracy  score the reader against annotated mail: make accuracy GOLD=\"folder ...\""
	@echo "make train     train the reader's weights anew: make train GOLD=\"folder ...\""
	@echo "make bench     time the pages over a large log"

# One stamp a purpose, so that the demo does not wait for test tools.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("mailsync needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/mailsync demo $(ARGS)

servers:
	@sh tests/servers.sh

test: $(VENV)/.tools servers
	$(BIN)/python -m pytest -n auto -m "not long" $(ARGS)

test-long: $(VENV)/.tools servers
	$(BIN)/python -m pytest -m long $(ARGS)

lint: $(VENV)/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.train: $(VENV)/.tools
	$(BIN)/python -m pip install --quiet --group train
	@touch $@

train: $(VENV)/.train
	$(BIN)/python benchmarks/train.py $(GOLD)

accuracy: $(VENV)/.train
	$(BIN)/python benchmarks/accuracy/kinds.py $(GOLD) $(ARGS)

bench: $(VENV)/.tools
	$(BIN)/python benchmarks/pages.py $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
