# Two commands matter: `make demo` runs an election, `make test` checks everything. Each sets up what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin
BROWNIE_BIN := .venv-brownie/bin
DEMO_DEPTH := 10
NETWORK ?= development
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup demo test test-all lint format bench bench-ceremony brownie-setup brownie-compile brownie-test brownie-deploy lock clean distclean

help:  ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready node_modules/.ready build/.ready  ## Install locked packages, compile contracts, make development keys.

.venv/.ready: requirements/tohyo.txt pyproject.toml
	@echo "tohyo: installing locked Python packages into .venv"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/tohyo.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

node_modules/.ready: package.json package-lock.json
	@echo "tohyo: installing locked npm packages into node_modules"
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

build/.ready: .venv/.ready node_modules/.ready $(wildcard contracts/*.sol contracts/*/*.sol zk/*.py zk/*/*.py)
	@echo "tohyo: compiling contracts, making development keys"
	$(BIN)/python -m chain.compiler
	$(BIN)/tohyo zk setup vote --depth $(DEMO_DEPTH) > /dev/null
	@mkdir -p build && touch $@

demo: setup  ## Run a whole election on a local chain (more: `.venv/bin/tohyo demo --help`).
	$(BIN)/tohyo demo $(ARGS)

test: setup  ## Run the tests (about ten minutes on two cores).
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" $(ARGS)

test-all: setup brownie-setup  ## Run every test, the slow and the Brownie ones too.
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: setup  ## Check style, types, layers and Solidity rules.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	solhint --disc --max-warnings 0 'contracts/**/*.sol'
	forge fmt --check contracts

format: setup  ## Format Python and Solidity.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	forge fmt contracts

bench: setup  ## Measure gas, proving, the audit and test cards; writes bench/results and docs/figures.md.
	$(BIN)/python bench/gas_cream.py
	$(BIN)/python bench/gas_classic.py
	$(BIN)/python bench/constraints.py
	$(BIN)/python bench/zk_proofs.py
	$(BIN)/python bench/zk_engine.py
	$(BIN)/python bench/audit_ballots.py
	$(BIN)/python bench/testpki.py
	$(BIN)/python -m tests.docs.figures

bench-ceremony: setup  ## Measure a key ceremony beside snarkjs; about ten minutes.
	$(BIN)/python bench/ceremony.py
	$(BIN)/python -m tests.docs.figures

brownie-setup: .venv-brownie/.ready  ## Install Brownie into an environment of its own.

.venv-brownie/.ready: .venv/.ready node_modules/.ready requirements/brownie.txt
	@echo "tohyo: installing locked Brownie packages into .venv-brownie"
	$(PYTHON) -m venv .venv-brownie
	BROWNIE_NOCOMPILE=1 $(BIN)/uv pip install --quiet --python $(BROWNIE_BIN)/python --no-binary eth-brownie --require-hashes -r requirements/brownie.txt
	@touch $@

BROWNIE = HOME=$(CURDIR)/.toolchain/home SOLCX_BINARY_PATH=$(CURDIR)/.toolchain/solcx $(BROWNIE_BIN)/brownie

brownie-compile: setup brownie-setup  ## Compile the contracts with Brownie.
	mkdir -p .toolchain/home && $(BROWNIE) compile

brownie-test: setup brownie-setup  ## Run Brownie's own test suite.
	mkdir -p .toolchain/home && $(BROWNIE) test tests/brownie

brownie-deploy: setup brownie-setup  ## Deploy the example on a chain of Brownie's (NETWORK=ganache-cli for Ganache).
	mkdir -p .toolchain/home && $(BROWNIE) run deploy --network $(NETWORK)

clean:  ## Remove what can be made again, except installed packages.
	rm -rf build .tohyo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv*' -not -path './node_modules/*' -prune -exec rm -rf {} +

distclean: clean  ## Remove installed packages too.
	rm -rf .venv .venv-brownie node_modules .toolchain/home

lock:  ## Resolve the Python and npm locks again.
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements/tohyo.txt -q
	$(BIN)/uv pip compile --group pyproject.toml:brownie --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements/brownie.txt -q --python-version 3.11
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund
