# Every command a person needs. `make` alone lists them.
PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
PYTEST := $(PYTHON) -m pytest
PORT ?= 8000
JOBS ?= 2
MINUTES ?= 10

.PHONY: help setup demo test check format pictures bench bench-full soak clean

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
	.venv/bin/lint-imports --no-cache
	$(MANAGE) check
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) spectacular --validate --fail-on-warn --file /dev/null
	$(PYTHON) .ci/public_texts.py check
	$(PYTHON) .ci/translations.py check

format: setup ## Put the code into its usual form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

pictures: setup ## Draw the pictures of printed pages anew, for the tests and for docs/
	$(PYTHON) -m tests.support.pictures

bench: setup ## Measure planner, form, briefs, imports, duplicates, lists beside others
	@$(PYTHON) .ci/machine.py
	$(PYTHON) -m benchmarks.planning
	$(PYTHON) -m benchmarks.campaign benchmarks/data/campaign/camp-[1-4]0-*.json --seconds 10
	$(PYTHON) -m benchmarks.gaps
	$(PYTHON) -m benchmarks.form
	$(PYTHON) -m benchmarks.briefs
	$(PYTHON) -m benchmarks.duplicates
	$(PYTHON) -m benchmarks.people_import
	$(PYTHON) -m benchmarks.people --contacts 20000

bench-full: setup ## The planner on every file, a minute each; a million people on both databases
	$(PYTHON) -m benchmarks.people --contacts 100000
	$(PYTHON) -m benchmarks.people --contacts 100000 --database postgresql
	$(PYTHON) -m benchmarks.people --contacts 1000000
	$(PYTHON) -m benchmarks.people --contacts 1000000 --database postgresql
	$(PYTHON) -m benchmarks.planning --full
	$(PYTHON) -m benchmarks.campaign benchmarks/data/campaign/*.json --seconds 60
	$(PYTHON) -m benchmarks.gaps --full

soak: setup ## Races, kills, walks and reasons in full; then server and worker under load (MINUTES=10)
	@$(PYTHON) .ci/machine.py
	$(PYTEST) -m full
	$(PYTEST) -m full --database=postgresql
	$(PYTHON) -m benchmarks.soak --minutes $(MINUTES)

clean: ## Remove everything that the commands above made; entered data in data/ stays
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-artefacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f locale/*/LC_MESSAGES/*.mo
