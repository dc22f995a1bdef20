PYTHON ?= python3
BIN := .venv/bin
LOCK := $(wildcard docker/requirements/*.txt)
UV := uv==0.13.9
RUN_TESTS := -m pytest --numprocesses $$(( $$(getconf _NPROCESSORS_ONLN) * 2 )) --dist loadfile --no-loadscope-reorder
ARCHIVE ?= $(CURDIR)/out/archive
ENV_FILE ?= docker/.env

.PHONY: docs figures test types run-tests test-latest test-lowest demo bench lock clean browser test-cluster test-s3 test-tap test-fit test-long fuzz mutants

# Set everything up, check format, lint, docstrings, types and layers, and run every test.
test: .venv/dev browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(MAKE) --jobs=2 types run-tests

# Hundreds of processes import the same files, which are compiled once, whatever the environment says of that.
test run-tests test-latest test-lowest test-long docs: export PYTHONDONTWRITEBYTECODE =

# Types use one processor, and tests wait now and then: both at once.
types: .venv/dev
	$(BIN)/numpydoc lint $$(find rossi -name '*.py')
	$(BIN)/mypy
	$(BIN)/lint-imports

# tests/conftest.py says with which files to begin; the default is to begin with those that have the most
# tests, and leaves a single long one to the end.
run-tests: .venv/dev browser
	$(BIN)/python $(RUN_TESTS)

# The tests, or some of them (TESTS='tests/rossi ...'), with the newest versions that the index has today of everything that
# pyproject.toml names and within its bounds (Prefect: a minor version); and with the oldest that it admits. Each in an environment of its own, which is made anew.
test-latest: BIN := .venv-latest/bin
test-latest: RESOLUTION := highest
test-lowest: BIN := .venv-lowest/bin
test-lowest: RESOLUTION := lowest-direct
test-latest test-lowest: .venv-uv/bin/uv
	$(PYTHON) -m venv --clear $(BIN:/bin=)
	.venv-uv/bin/uv pip install --quiet --python $(BIN)/python --resolution $(RESOLUTION) --editable '.[dev]'
	$(BIN)/python $(RUN_TESTS) $(TESTS)

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
	ROSSI_REQUIRE_CEPH=1 ROSSI_LONG_TESTS=1 $(BIN)/python -m pytest tests/services/storage/test_s3_store.py

# The catalogue's client on a strict TAP server, which Debian has: apt-get install gavodachs2-server postgresql-pgsphere postgresql-q3c
test-tap: .venv/dev
	ROSSI_REQUIRE_DACHS=1 $(BIN)/python -m pytest tests/services/query/test_dachs.py

# Spectra fitted by sherpa, another project's, 20 of each. It is built here, with what Debian has: apt-get install g++ libfftw3-dev bison flex
test-fit: .venv-fit/sherpa
	PYTHONPATH=.venv-fit ROSSI_LONG_TESTS=1 $(BIN)/python -m pytest -s tests/rossi/spectra/test_fit.py tests/docs/test_tutorials.py -k "fit or transient"

.venv-fit/sherpa: .venv/dev tests/rossi/spectra/sherpa.txt
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --upgrade --target .venv-fit --requirement tests/rossi/spectra/sherpa.txt
	touch $@

# Fifty kills, every byte changed, every fault at every request, Prefect's server slow and gone: an hour.
test-long: .venv/dev browser
	ROSSI_LONG_TESTS=1 $(BIN)/python -m pytest tests/docs tests/services tests/rossi tests/flows/test_campaign.py tests/flows/test_kills.py tests/flows/test_secrets.py tests/flows/test_stopping.py tests/flows/desktop tests/flows/prefect tests/flows/cli/test_find.py tests/flows/core/test_vanished.py tests/flows/core/test_settings.py

# The documentation as pages, in build/docs/index.html. A warning fails, and so does a link or anchor among them that leads nowhere.
docs: .venv/dev
	$(BIN)/sphinx-build --quiet --fresh-env --write-all --fail-on-warning --jobs 2 --doctree-dir build/doctrees docs build/docs
	$(BIN)/python docs/_ext/links.py build/docs

# The figures of the tutorials, by their own code: all of it with sherpa, which test-fit says how to build.
figures: .venv-fit/sherpa
	PYTHONPATH=.:.venv-fit $(BIN)/python -m tests.docs.pages

# Damaged and hostile input for every reader, INPUTS of them; what fails is kept in tests/fuzz/crashes.
INPUTS ?= 1000000
fuzz: .venv/dev
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS)

# Single changes at random places of the science, CHANGES of them, each tried by the tests that run what was changed: nine of ten
# are to be noticed. What is known is kept in out/mutants, so a run can be broken off; later ones try again what no test noticed.
CHANGES ?= 500
SEED ?= 1
mutants: .venv-mutants/tools
	PYTHONPATH=$(CURDIR)/.venv-mutants nice -n 19 $(BIN)/python -m tests.mutants --number $(CHANGES) --seed $(SEED)

.venv-mutants/tools: .venv/dev tests/mutants/requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --upgrade --target .venv-mutants --requirement tests/mutants/requirements.txt
	touch $@

# Set everything up, simulate a small archive and reduce it; look at out/report.html.
demo: .venv/dev
	$(BIN)/rossi demo --out out --no-open

# Ratios against named references as one table, and as out/bench.json; not part of the tests. Some of them: BENCH='start worker'
bench: .venv/dev browser
	$(BIN)/python -m tests.benchmarks $(BENCH)

# The versions and hashes that all of the above and the images install: renew them, or with KEEP=--keep only what has to be.
lock: .venv-uv/bin/uv
	.venv-uv/bin/python docker/requirements/lock.py $(KEEP)

.venv-uv/bin/uv: Makefile
	$(PYTHON) -m venv --clear .venv-uv
	.venv-uv/bin/python -m pip install --quiet $(UV)

# Passwords of docker/compose.yaml, made up once.
$(ENV_FILE):
	umask 077 && $(PYTHON) -c 'from secrets import token_hex; print("\n".join(f"{name}={token_hex(20)}" \
	    for name in ("DATABASE_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "API_AUTH")), "ARCHIVE=$(ARCHIVE)", sep="\n")' > $@

# pip would compile with one processor.
.venv/dev: pyproject.toml $(LOCK)
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes $(LOCK:%=--requirement %)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q -j 0 .venv/lib
	touch .venv/dev

clean:
	rm -rf .venv .venv-* out
