"""The Dockerfiles: a target for every stage, nobody's root, entry points that signals reach."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
FILES = ("Dockerfile", "heasoft.Dockerfile")


def lines(name):
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (DOCKER / name).read_text(), flags=re.M))
    return [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]


def test_every_stage_has_a_target_with_all_layers_in_common():
    text = (DOCKER / "Dockerfile").read_text()
    targets = dict(re.findall(r'^FROM stage AS (\w+)\nENTRYPOINT \["python", "-m", "services\.(\w+)"\]$', text, re.M))
    rooms = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    assert targets == {"worker" if room == "execution" else room: room for room in rooms}


@pytest.mark.parametrize("name", FILES)
def test_signals_reach_python(name):
    """No shell stands between: entry points and health checks are lists."""
    commands = [value for word, value in lines(name) if word == "ENTRYPOINT"]
    commands += [value.partition("CMD ")[2] for word, value in lines(name) if word == "HEALTHCHECK"]
    assert commands
    for command in commands:
        assert json.loads(command)[0] in {"python", "rossi"}


@pytest.mark.parametrize("name", FILES)
def test_the_first_process_hears_sigterm(name):
    assert "cp first-process.pth" in (DOCKER / name).read_text()
    line = (DOCKER / "first-process.pth").read_text().splitlines()[-1]
    shown = "print(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)"
    heard = [
        subprocess.run([sys.executable, "-c", f"{code}\n{shown}"], capture_output=True, text=True, check=True).stdout
        for code in (line, f"import os; os.getpid = lambda: 1\n{line}")
    ]
    assert heard == ["False\n", "True\n"]


@pytest.mark.parametrize("name", FILES)
def test_nobody_is_root_and_nothing_secret_is_named(name):
    users = [value for word, value in lines(name) if word == "USER"]
    assert users[-1] == "10001:10001"
    for word, value in lines(name):
        if word in {"ARG", "ENV", "COPY"}:
            assert not re.search("password|secret|token|credential", value, re.I), value


@pytest.mark.parametrize("name", FILES)
def test_bases_are_named_in_full_or_by_whoever_builds(name):
    stages = {value.split()[-1] for word, value in lines(name) if word == "FROM"}
    bases = {value.split()[0] for word, value in lines(name) if word == "FROM"} - stages
    for base in bases - {"${HEASOFT}"}:
        assert re.fullmatch(r"docker\.io/library/python:[a-z0-9.-]+", base), base


@pytest.mark.parametrize("name", FILES)
def test_labels_say_what_it_was_built_from(name):
    labels = " ".join(value for word, value in lines(name) if word == "LABEL")
    assert set(re.findall(r"org\.opencontainers\.image\.(\w+)=", labels)) >= {"source", "revision", "version"}


@pytest.mark.parametrize("name", FILES)
def test_only_tmp_has_to_be_writable(name):
    """Every place that something writes to is named, and lies below /tmp, an emptyDir of the pod."""
    named = dict(re.findall(r"(HOME|TMPDIR|MPLCONFIGDIR|PREFECT_HOME)=(\S+)", (DOCKER / name).read_text()))
    assert set(named) >= {"HOME", "TMPDIR", "MPLCONFIGDIR"}
    assert all(f"{place}/".startswith("/tmp/") for place in named.values())


def test_heasoft_is_looked_for_by_the_user_who_will_need_it():
    words = lines("heasoft.Dockerfile")
    assert [word for word in words if word[0] == "USER"][-1] == ["USER", "10001:10001"]
    assert words[-2:] == [["FROM", "heasoft AS checked"], ["RUN", '["python", "-m", "services.engines.heasoft"]']]


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "lib" / "python3.11" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def write(site, names):
    for name in names:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("")


def prune(site):
    subprocess.run([sys.executable, DOCKER / "prune.py", site.parents[2]], check=True)


def test_pruning_leaves_what_is_imported(site):
    kept = [
        "astropy/tests/runner.py",
        "numpy/testing/utils.py",
        "botocore/data/s3/x.json",
        "botocore/data/endpoints.json",
        "apprise/plugins/mail.py",
    ]
    gone = ["astropy/wcs/tests/t.py", "numpy/tests/t.py", "botocore/data/ec2/x.json", "astropy/wcs/src/w.c", "a.pyi"]
    write(site, kept + gone)
    prune(site)
    assert all((site / name).exists() for name in kept)
    assert not any((site / name).exists() for name in gone)
    assert list(site.glob("numpy/testing/__pycache__/utils.*.pyc"))
    assert not list(site.glob("apprise/plugins/__pycache__"))


def test_pruning_leaves_the_parts_of_the_cluster_that_are_asked_for(site):
    client = site / "kubernetes" / "client"
    write(client, ["api/__init__.py", "api/apps_v1_api.py", "models/__init__.py", "models/v1_scale.py"])
    (client / "api" / "batch_v1_api.py").write_text("from kubernetes.client.models.v1_job import V1Job\n")
    (client / "models" / "v1_job.py").write_text("from kubernetes.client.models.v1_pod import V1Pod\n")
    (client / "models" / "v1_pod.py").write_text("")
    prune(site)
    assert {path.name for path in client.rglob("*.py")} == {"__init__.py", "batch_v1_api.py", "v1_job.py", "v1_pod.py"}


def test_all_parts_of_the_cluster_that_are_asked_for_are_left():
    used = {
        one for path in (ROOT / "flows").rglob("*.py") for one in re.findall(r"client\.(\w+)Api\b", path.read_text())
    }
    files = {re.sub(r"(?<!^)(?=[A-Z])", "_", one).lower() + "_api.py" for one in used}
    kept = set(re.search(r"KEPT_APIS = frozenset\(\{(.*)\}\)", (DOCKER / "prune.py").read_text()).group(1).split(", "))
    assert {f'"{name}"' for name in files} | {'"__init__.py"'} == kept


@pytest.mark.skipif(sys.platform != "linux", reason="libraries of other systems are left alone")
def test_libraries_are_loaded_without_symbols(site):
    here = Path(numpy.__file__).parents[1]
    for name in ("greenlet", "yaml"):
        shutil.copytree(here / name, site / name)
    before = sum(path.stat().st_size for path in site.rglob("*.so"))
    prune(site)
    assert sum(path.stat().st_size for path in site.rglob("*.so")) < before / 2
    code = "import greenlet, yaml._yaml; print(greenlet.__file__, yaml._yaml.__file__)"
    environment = {"PYTHONPATH": str(site), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert all(name.startswith(str(site)) for name in done.stdout.split())
