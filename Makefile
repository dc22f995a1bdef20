PYTHON ?= python3
BIN := .venv/bin

.PHONY: test test-cluster demo bench clean

# Set everything up, then check format, lint and types and run every test.
test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

# On a cluster of one node or more: make test-cluster KUBECONFIG=~/.kube/config LOAD='kind load docker-image'
test-cluster: .venv/dev
	KUBECONFIG='$(KUBECONFIG)' LOAD='$(LOAD)' $(BIN)/python tests/cluster/run.py

# Set everything up, simulate a small archive and reduce it; look at out/report.html.
demo: .venv/dev
	$(BIN)/rossi simulate --out out/archive --observations 30 --seed 1
	$(BIN)/rossi campaign --config out/archive/rossi.toml --store out/store --out out
	@echo "Open out/report.html in a browser."

# Ratios against named references; not part of the tests.
bench: .venv/dev
	$(BIN)/python tests/benchmarks/bench_pca.py
	$(BIN)/python tests/benchmarks/bench_prep.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_fanout.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/scale.py

.venv/dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch .venv/dev

clean:
	rm -rf .venv out
