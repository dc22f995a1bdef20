PYTHON ?= python3
BIN := .venv/bin

.PHONY: test demo bench clean

# Set everything up, then check format, lint and types and run every test.
test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

# Set everything up, simulate a small archive and reduce it; look at out/report.html.
demo: .venv/dev
	$(BIN)/rossi simulate --out out/archive --observations 30 --seed 1
	$(BIN)/rossi campaign --config out/archive/rossi.toml --store out/store --out out
	@echo "Open out/report.html in a browser."

# Ratios against named references; not part of the tests.
bench: .venv/dev
	$(BIN)/python tests/benchmarks/bench_pca.py
	$(BIN)/python tests/benchmarks/bench_prep.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_hexte.py
	$(BIN)/python tests/benchmarks/bench_prefect.py

.venv/dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch .venv/dev

clean:
	rm -rf .venv out
