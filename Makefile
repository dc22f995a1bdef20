PYTHON ?= python3
BIN := .venv/bin

.PHONY: test test-s3 test-long fuzz demo bench clean

# Set everything up, then check format, lint and types and run every test.
test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

# The store on every S3 server, also Ceph's, which Debian has: apt-get install radosgw ceph-mon ceph-osd ceph-common ceph-base
test-s3: .venv/dev
	ROSSI_REQUIRE_CEPH=1 $(BIN)/python -m pytest tests/services/test_s3_store.py

# Fifty kills, every byte changed, every fault at every request: half an hour.
test-long: .venv/dev
	ROSSI_LONG_TESTS=1 $(BIN)/python -m pytest tests/services tests/flows/test_kills.py

# Damaged and hostile input for every reader, INPUTS of them; what fails is kept in tests/fuzz/crashes.
INPUTS ?= 1000000
fuzz: .venv/dev
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS)

# Set everything up, simulate a small archive and reduce it; look at out/report.html.
demo: .venv/dev
	$(BIN)/rossi simulate --out out/archive --observations 30 --seed 1
	$(BIN)/rossi campaign --config out/archive/rossi.toml --store out/store --out out
	@echo "Open out/report.html in a browser."

# Ratios against named references; not part of the tests.
bench: .venv/dev
	$(BIN)/python tests/benchmarks/bench_pca.py
	$(BIN)/python tests/benchmarks/bench_prep.py
	$(BIN)/python tests/benchmarks/bench_store.py

.venv/dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch .venv/dev

clean:
	rm -rf .venv out
