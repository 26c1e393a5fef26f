# Every command a person needs. `make` alone lists them.
PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
PYTEST := $(PYTHON) -m pytest
PORT ?= 8000
JOBS ?= 2

.PHONY: help setup demo test check format bench bench-full soak clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## Make .venv with everything for development; quick when it is up to date
	@python3 .ci/setup.py

demo: ## Start the program with sample data on http://127.0.0.1:8000 (PORT= changes it)
	@python3 .ci/setup.py --runtime
	@exec $(MANAGE) demo --port $(PORT)

test: setup ## Run every test on SQLite, then those about data on PostgreSQL, with Chromium
	@$(PYTHON) .ci/machine.py
	$(PYTEST) -n $(JOBS)
	$(PYTEST) -n $(JOBS) --database=postgresql

check: setup ## Style, types, directions of import, migrations, API schema, translations
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTHON) -m importlinter.cli lint --no-cache
	$(MANAGE) check
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) spectacular --validate --fail-on-warn --file /dev/null
	$(PYTHON) .ci/translations.py check

format: setup ## Put the code into its usual form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: setup ## Measure against the floors and ratios of benchmarks/, and race at full number
	@$(PYTHON) .ci/machine.py
	$(PYTHON) -m benchmarks
	$(PYTEST) -m full --database=sqlite
	$(PYTEST) -m full --database=postgresql

bench-full: setup ## As bench, with the long planner runs
	@$(PYTHON) .ci/machine.py
	$(PYTHON) -m benchmarks --full

soak: setup ## Keep server and worker under load for ten minutes and look for leaks
	$(PYTHON) -m benchmarks.soak

clean: ## Remove everything that the commands above made; entered data in data/ stays
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-artefacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f locale/*/LC_MESSAGES/*.mo
