PYTHON ?= python3
BIN := .venv/bin

.PHONY: test browser demo bench clean

# Set everything up, then check format, lint and types and run every test.
test: .venv/dev browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

# The report is tested in a browser: Chromium of the system, or else Playwright's copy of it.
browser: .venv/dev
	@command -v chromium || command -v chromium-browser || command -v google-chrome || test -x "$(ROSSI_CHROMIUM)" \
	|| { test "$$(id -u)" = 0 && apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends chromium; } \
	|| $(BIN)/playwright install chromium

# Set everything up, simulate a small archive and reduce it; look at out/report.html.
demo: .venv/dev
	$(BIN)/rossi simulate --out out/archive --observations 30 --seed 1
	$(BIN)/rossi campaign --config out/archive/rossi.toml --store out/store --out out
	@echo "Open out/report.html in a browser."

# Ratios against named references; not part of the tests.
bench: .venv/dev browser
	$(BIN)/python tests/benchmarks/bench_pca.py
	$(BIN)/python tests/benchmarks/bench_prep.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_hexte.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_report.py

.venv/dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch .venv/dev

clean:
	rm -rf .venv out
