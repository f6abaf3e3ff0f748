# Every target sets up what it needs (scripts/setup); Python >= 3.10 is all that must be there.
# PYTHON=/path/to/python chooses another one. ARGS='...' goes to pytest or to the bench.
.PHONY: help setup demo test world lint format mutants bench soak constraints build clean
.DEFAULT_GOAL := help
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## only set up: the tap, its tests and the targets
	@scripts/setup dev postgres target-csv target-duckdb target-jsonl target-postgres \
		tweepy-4.12 tweepy-4.13

demo: ## stream into a DuckDB file and show it; again to continue; LIVE=1 with BEARER_TOKEN for X
	@scripts/setup app target-duckdb
	@.venv/bin/python -m scripts.demo

test: setup ## run the test suite, on one worker more than there are cores
	@.venv/bin/pytest -m 'not world' -n $(WORKERS) --dist load --maxschedchunk 1 $(ARGS)

world: setup ## the tests that need more around them: all of Meltano, a second PostgreSQL, S3
	@.venv/bin/pytest -m world -n $(WORKERS) --dist load --maxschedchunk 1 $(ARGS)

lint: setup ## ruff, its format, mypy --strict, and the files that are made by scripts
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/python -m scripts.make_meltano_yml --check

format: setup ## let ruff write the format and the simple fixes
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

mutants: setup ## break each promise on purpose; its test must fail (minutes; ARGS='G2 G6')
	@.venv/bin/python -m scripts.mutants $(ARGS)

bench: setup ## measure speed beside curl and tweepy (minutes; see docs/)
	@.venv/bin/python bench/run.py $(ARGS)

soak: setup ## long captures: PostgreSQL, a slow target, faults (half an hour; see docs/evidence/soak.md)
	@TAP_SOAK=1 .venv/bin/pytest -s -o faulthandler_timeout=0 tests/soak -k 'not debian' $(ARGS)

constraints: ## pin every version anew: constraints.txt and constraints/
	@scripts/constraints

build: setup ## make dist/: sdist and wheel
	@.venv/bin/uv build -q --build-constraint constraints.txt --out-dir dist
	@ls dist

clean: ## remove environments, caches and what the demo left
	@rm -rf .venv .tools .mypy_cache .ruff_cache .hypothesis dist demo-output
