# The two commands of the README are `make demo` and `make test`. Everything runs inside .venv.
VENV ?= .venv
export VENV
BIN := $(VENV)/bin

.PHONY: help demo test lint test-training recordings corpora fuzz bench clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 20

demo: ## set up, start the server, play the demo's calls, print the console's address
	@scripts/environment serve
	@$(BIN)/voicerisk demo

test: ## set up and pass every check and test
	@scripts/system-packages chromium chromium-driver nginx-light postgresql
	@scripts/environment dev
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest

lint: ## format, lint, types, layers
	@scripts/environment dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-training: ## the training side's tests, with its extra (large: it brings torch)
	@scripts/environment train
	$(BIN)/python -m pytest --train-extra tests/training

recordings: ## the conformance tests on the whole recorded sessions (VOICERISK_STREAMS says where they are)
	@test -n "$(VOICERISK_STREAMS)" || { echo "Set VOICERISK_STREAMS to the folder with the recorded sessions." >&2; exit 2; }
	@scripts/environment dev
	$(BIN)/python -m pytest tests/conformance

corpora: ## the checks that need the speech corpora (VOICERISK_CORPORA says where they are)
	@test -n "$(VOICERISK_CORPORA)" || { echo "Set VOICERISK_CORPORA to the folder with the corpora." >&2; exit 2; }
	@scripts/environment dev
	$(BIN)/voicerisk evaluate --model tension --quick

fuzz: ## a minute of coverage-guided fuzzing for each binary framing (FUZZ_SECONDS)
	@scripts/environment fuzz
	$(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ_SECONDS),60)

bench: ## measure and write benchmarks/RESULTS.md
	@scripts/environment dev
	$(BIN)/python -m benchmarks

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) data runs
