# make serve, make test: each sets up all it needs under .venv and target; a second run is quick.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= config/examples/site/edgeplane.toml
SCENARIO ?= static
RIVAL ?= gdnsd
SECONDS ?= 60
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
# `maturin develop` asks pip for what .deps has already installed.
DEVELOP := PIP_NO_DEPS=1 PIP_QUIET=1 $(BIN)/maturin develop --locked

RUST := Cargo.toml Cargo.lock rust-toolchain.toml $(shell find rust -name target -prune -o -path rust/fuzz -prune -o \( -name '*.rs' -o -name Cargo.toml -o -path 'rust/*/data/*' \) -print)

.PHONY: help serve test check bench fuzz faults judges packages build tools test-tools clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

serve: tools $(VENV)/.core-release ## Build, and run a node with the example site (CONFIG=…)
	@exec $(BIN)/edgeplane serve $(CONFIG)

test: test-tools check judges ## Build, and run everything that a change must pass
	cargo test --quiet --locked --profile ci --workspace
	$(BIN)/python -m pytest -q

# Fuzz targets are only looked at, which takes neither their flags nor libFuzzer's C++.
check: tools $(VENV)/.core-ci ## Formats, linters, types, stubs, and the rules about the code
	cargo fmt --all --check
	cargo clippy --quiet --locked --profile ci --workspace --all-targets -- -D warnings
	CUSTOM_LIBFUZZER_PATH=/none/libFuzzer.a cargo check --quiet --locked --manifest-path rust/fuzz/Cargo.toml
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/python -m mypy.stubtest edgeplane._core
	$(BIN)/python -m pytest -q tests/tidy

bench: tools $(VENV)/.core-release ## Measure against a rival (SCENARIO=static RIVAL=gdnsd)
	cargo build --quiet --release -p edgeplane-load
	$(BIN)/python bench/run.py $(SCENARIO) --rival $(RIVAL)

# Coverage needs compiler flags that stable Rust has, but does not offer without this variable. The data plane under the
# targets has no unsafe code, so overflow checks and debug assertions take the place of a sanitizer. Files that targets write lie
# in memory: some are flushed for every input.
fuzz: export RUSTC_BOOTSTRAP := 1
fuzz: tools ## Run every fuzz target for a time (SECONDS=60)
	@c++ --version >/dev/null 2>&1 || { echo "missing: a C++ compiler: sudo apt-get install g++" >&2; exit 1; }
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz
	cargo run --quiet --manifest-path rust/fuzz/Cargo.toml --example seeds rust/fuzz/corpus
	cargo fuzz build --fuzz-dir rust/fuzz --sanitizer none
	scratch=$$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	for target in $$(cargo fuzz list --fuzz-dir rust/fuzz); do \
	  TMPDIR="$$scratch" cargo fuzz run --fuzz-dir rust/fuzz --sanitizer none $$target -- \
	    -max_total_time=$(SECONDS) -timeout=5 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1; done

faults: test-tools tools $(VENV)/.core-release ## The faults of tests/fault in full length (about half an hour)
	EDGEPLANE_LONG=1 $(BIN)/python -m pytest -q tests/fault

judges: $(VENV)/.judges ## Install what judges the edge from npm and Go

$(VENV)/.judges: $(VENV)/.deps tests/conformance/http/package-lock.json tests/conformance/http/h2spec/go.sum
	@.ci/tools $(PYTHON) judges
	npm --prefix tests/conformance/http --silent ci
	go build -C tests/conformance/http/h2spec -o $(CURDIR)/$(BIN)/h2spec github.com/summerwind/h2spec/cmd/h2spec
	@touch $@

packages: ## Install the Debian packages that tests use, with their daemons not started (needs root)
	@.ci/packages install

build: tools $(VENV)/.deps ## A wheel in dist/
	$(BIN)/maturin build --release --out dist

tools:
	@.ci/tools $(PYTHON)

test-tools:
	@.ci/packages check

clean: ## Remove what the other commands made
	rm -rf $(VENV) target dist edgeplane/_core*.so

# The dependencies alone, so that a change of the code does not install them anew.
$(VENV)/.deps: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python .ci/dependencies.py > $(VENV)/requirements.txt
	$(BIN)/python -m pip install --quiet --requirement $(VENV)/requirements.txt
	@touch $@

$(VENV)/.core-ci: $(VENV)/.deps $(RUST)
	@echo "building the core; the first time takes some minutes"
	$(DEVELOP) --quiet --profile ci --features pyo3/extension-module,test-clock
	@rm -f $(VENV)/.core-release
	@touch $@

$(VENV)/.core-release: $(VENV)/.deps $(RUST)
	@echo "building the core; the first time takes ten minutes on two cores"
	$(DEVELOP) --release
	@rm -f $(VENV)/.core-ci
	@touch $@
