# Everything runs from a bare Python 3.11 or newer. A target installs what it needs, once.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

# On Linux, PyPI's torch brings gigabytes of CUDA. Without an NVIDIA card, torch comes from this index, if it answers.
CPU_INDEX     := https://download.pytorch.org/whl/cpu
INDEX_ANSWERS := import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=10)
CPU_TORCH = $(shell test "$$(uname -s)" = Linux && ! nvidia-smi >/dev/null 2>&1 && \
	if $(PYTHON) -c '$(INDEX_ANSWERS)' $(CPU_INDEX)/torch/ 2>/dev/null; then echo --extra-index-url $(CPU_INDEX); \
	else echo "$(CPU_INDEX) does not answer: torch comes from the other indexes, maybe with CUDA" >&2; fi)

.PHONY: ui test test-slow test-all test-stress coverage pictures docs check format index clean

ui: $(VENV)/installed  ## build the index of corpus/ if there is none, and serve the page on 127.0.0.1:7860
	$(BIN)/rag ui

index: $(VENV)/installed  ## bring the index up to date
	$(BIN)/rag index

# Two processes, each of which takes whole files, so that servers and indexes are made once.
TWO := -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/installed-dev  ## run the tests, except the slow ones
	$(BIN)/python -m pytest $(TWO) -m "not slow"

test-slow: $(VENV)/installed-dev  ## run the slow tests, which `make test` leaves out
	$(BIN)/python -m pytest $(TWO) -m slow --timeout 1800

test-all: test test-slow  ## run all tests, the slow ones last

RUNS ?= 5
test-stress: $(VENV)/installed-dev  ## run the browser tests RUNS times on a busy machine, and count the runs that failed
	@sh -c 'while :; do :; done' & busy=$$!; trap "kill $$busy" EXIT; failed=0; \
	for run in $$(seq $(RUNS)); do nice $(BIN)/python -m pytest -q $(TWO) -m "browser and not slow" || failed=$$((failed + 1)); done; \
	echo "$$failed of $(RUNS) runs failed"; test $$failed = 0

coverage: $(VENV)/installed-dev  ## run all tests, and show which lines and branches they reach
	$(BIN)/python -m pytest $(TWO) --timeout 1800 --cov --cov-report=term

pictures: $(VENV)/installed-dev  ## the page in each of its states, as the browser tests see it, into screenshots/
	PICTURES=1 $(BIN)/python -m pytest -m browser

docs: $(VENV)/installed-dev  ## build the documentation site into site/, without the network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Types, layers and dependencies are checked on the package as it is installed, with ui/ and eval/ inside rag/.
check: $(VENV)/installed-dev  ## lint (the Dockerfile, too), format, types, import layers, dependencies; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/hadolint Dockerfile
	! grep -rnE "allow_pickle|trust_remote_code *= *True" --include=*.py rag ui eval  # these run code from files
	rm -rf build/package && mkdir -p build/package
	cp -Rp rag build/package/ && cp -Rp ui eval corpus build/package/rag/
	cd build/package && ../../$(BIN)/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache
	cd build/package && PYTHONPATH=. ../../$(BIN)/lint-imports ../../pyproject.toml
	cd build/package && ../../$(BIN)/deptry . --config ../../pyproject.toml

format: $(VENV)/installed-dev  ## put the code into the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the virtual environment and all that was built
	rm -rf $(VENV) build dist site *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt $(CPU_TORCH) --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt $(CPU_TORCH) --editable '.[dev,docs]'
	touch $@ $(VENV)/installed
