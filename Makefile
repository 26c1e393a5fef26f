# Every command a person needs. `make` alone lists them.
PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
PORT ?= 8000

.PHONY: help setup demo test check bench bench-full soak clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## Make .venv with everything for development; quick when it is up to date
	@python3 .ci/setup.py

demo: ## Start the program with sample data on http://127.0.0.1:8000 (PORT= changes it)
	@python3 .ci/setup.py --runtime
	@exec $(MANAGE) demo --port $(PORT)
