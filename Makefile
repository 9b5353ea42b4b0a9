# Every target is one line; the work is done in scripts/. Bare `make` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
ARGS ?=
.PHONY: help demo test check bench faults soak services lock format translated

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
demo: .venv/run.stamp ## run the whole stack on the sample reports (ARGS=--once ends by itself)
	@.venv/bin/backline demo $(ARGS)
test: .venv/dev.stamp services ## every test, on private databases and brokers
	@.venv/bin/python -m pytest $(ARGS)
check: .venv/dev.stamp ## format, lint, types, import contracts, rules of the house
	@scripts/check.sh
bench: .venv/bench.stamp services ## cost per run beside plain Celery, DBOS and Procrastinate; reading the Web API beside spotipy and tekore
	@.venv/bin/python -m bench $(ARGS)
faults: .venv/dev.stamp services ## 2,000 runs a stack under kill -9, broker and database loss; then cut links, full disks, wrong clocks, an upgrade; 500 courses through Spotify's sandbox
	@.venv/bin/python -m tests.journeys.faults $(ARGS) && .venv/bin/python -m tests.journeys.faults_hosts $(ARGS) && .venv/bin/python -m tests.journeys.faults_around $(ARGS) && .venv/bin/python -m tests.journeys.faults_spotify $(ARGS) && .venv/bin/python -m pytest -m long
soak: .venv/dev.stamp services ## an hour with all on: memory and files of each process must stay flat
	@.venv/bin/python -m tests.journeys.soak $(ARGS)
services: ## bring in PostgreSQL, Redis and RabbitMQ (apt where it may)
	@scripts/services.sh
lock: .venv/run.stamp ## resolve every version again, with hashes and without addresses
	@scripts/lock.sh
format: .venv/dev.stamp ## format and sort what ruff can
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .
translated: .venv/dev.stamp ## accept French and German texts that follow their changed English
	@.venv/bin/python scripts/translations.py $(ARGS)
.venv/%.stamp: requirements/%.lock pyproject.toml
	@scripts/venv.sh $*
