# The targets here are the steps of continuous integration and of CONTRIBUTING.md.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
export MPLBACKEND := Agg
# Spark is half a gigabyte and needs Java: make setup SPARK=1 takes it too.
COMMA := ,
EXTRAS := delta,excel,iceberg,mlflow,plot,postgres,report,sign,tune$(if $(SPARK),$(COMMA)spark)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs bench lowest newest notebooks clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]" --group test
	touch $(STAMP)

setup: $(STAMP)  ## make .venv with what the demo and the tests need

demo: setup  ## simulate a business and run the whole way: train, score, explain
	$(BIN)/churnpredict demo demo-output

test: setup  ## the tests; with CI=1 the slow ones too
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(CI),,-m "not slow")

check: setup  ## format, lint, language, types, import contracts, doctests, README, notebooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/ruff check --select D401 src docs
	$(BIN)/codespell README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md changelog.d docs src
	$(BIN)/python docs/prose.py
	$(BIN)/mypy
	$(BIN)/mypy --strict tests/typing_example.py
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q --doctest-modules src --doctest-glob='*.md' README.md docs/*.md docs/*/*.md
	$(BIN)/python docs/make_pages.py --check
	$(BIN)/python notebooks/run.py --check

docs: setup  ## build the documentation into docs/_build, warnings as errors, and check its links
	$(BIN)/python -m pip install --quiet --group docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	$(BIN)/python docs/check_links.py

bench: setup  ## every promise with a number, both sides in one run
	$(BIN)/python -m pip install --quiet --group bench
	for file in benchmarks/[a-z]*.py; do taskset -c 0 $(BIN)/python $$file || exit 1; done

lowest:  ## all tests with the lowest versions that pyproject.toml allows, in .venv-lowest
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet uv
	VIRTUAL_ENV=.venv-lowest .venv-lowest/bin/uv pip install --quiet --resolution lowest-direct --editable ".[$(EXTRAS)]" --group test
	.venv-lowest/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -W ignore::DeprecationWarning -W ignore::FutureWarning  # of old libraries

newest: setup  ## all tests with the newest versions, pre-releases too, in .venv-newest, and what they change in results
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet uv
	VIRTUAL_ENV=.venv-newest .venv-newest/bin/uv pip install --quiet --upgrade --prerelease allow --editable ".[$(EXTRAS)]" --group test
	.venv-newest/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/python tests/compare_versions.py $(BIN)/python .venv-newest/bin/python

notebooks: setup  ## execute the notebooks and keep their outputs
	$(BIN)/python notebooks/run.py

clean:  ## remove what the targets made
	rm -rf $(VENV) .venv-lowest .venv-newest demo-output .pytest_cache .mypy_cache .ruff_cache dist
