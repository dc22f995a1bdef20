PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --python-platform linux --generate-hashes --no-annotate --no-header
STAGE := --extra catalogue --extra plot --extra s3 --extra web
ARCHIVE ?= $(CURDIR)/out/archive
ENV_FILE ?= docker/.env

.PHONY: test demo bench lock clean browser test-cluster test-s3 test-long fuzz

# Set everything up, then check format, lint and types and run every test. The files with the longest tests are among the
# first by name; the default is to begin with those that have the most tests, and leaves a single long one to the end.
test: .venv/dev browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses $$(( $$($(BIN)/python -c 'import os; print(os.cpu_count())') * 3 / 2 )) --dist loadfile --no-loadscope-reorder

# The report is tested in a browser: Chromium of the system, or else Playwright's copy of it.
browser: .venv/dev
	@command -v chromium || command -v chromium-browser || command -v google-chrome || test -x "$(ROSSI_CHROMIUM)" \
	|| { test "$$(id -u)" = 0 && apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends chromium; } \
	|| $(BIN)/playwright install chromium

# On a cluster of one node or more: make test-cluster KUBECONFIG=~/.kube/config LOAD='kind load docker-image'
test-cluster: .venv/dev
	KUBECONFIG='$(KUBECONFIG)' LOAD='$(LOAD)' $(BIN)/python tests/cluster/run.py

# The store on every S3 server, also Ceph's, which Debian has: apt-get install radosgw ceph-mon ceph-osd ceph-common ceph-base
test-s3: .venv/dev
	ROSSI_REQUIRE_CEPH=1 $(BIN)/python -m pytest tests/services/test_s3_store.py

# Fifty kills, every byte changed, every fault at every request, Prefect's server slow and gone: an hour.
test-long: .venv/dev browser
	ROSSI_LONG_TESTS=1 $(BIN)/python -m pytest tests/services tests/flows/test_kills.py tests/flows/test_limits.py tests/flows/test_up.py

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
bench: .venv/dev browser
	$(BIN)/python tests/benchmarks/bench_pca.py
	$(BIN)/python tests/benchmarks/bench_prep.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_hexte.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_report.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_fanout.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/scale.py
	$(BIN)/python tests/benchmarks/bench_store.py
	$(BIN)/python tests/benchmarks/bench_prefect.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_many.py --observations 1000

# What the images install, with hashes; the tests say when it has to be made anew.
lock: .venv/dev
	$(BIN)/python -m pip install --quiet uv
	echo 'setuptools>=80' | $(LOCK) --output-file docker/requirements/build.txt -
	$(LOCK) $(STAGE) --output-file docker/requirements/stage.txt pyproject.toml
	$(LOCK) $(STAGE) --extra campaign --extra kubernetes --constraint docker/requirements/stage.txt --output-file docker/requirements/campaign.txt pyproject.toml

# Passwords of docker/compose.yaml, made up once.
$(ENV_FILE):
	umask 077 && $(PYTHON) -c 'from secrets import token_hex; print("\n".join(f"{name}={token_hex(20)}" \
	    for name in ("DATABASE_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "API_AUTH")), "ARCHIVE=$(ARCHIVE)", sep="\n")' > $@

.venv/dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch .venv/dev

clean:
	rm -rf .venv out
