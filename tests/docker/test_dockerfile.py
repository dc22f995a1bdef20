"""The Dockerfiles: a target for every stage, nobody's root, entry points that signals reach."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
FILES = ("Dockerfile", "heasoft.Dockerfile")


def lines(name):
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (DOCKER / name).read_text(), flags=re.M))
    return [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]


def test_every_stage_has_a_target_with_all_layers_in_common():
    text = (DOCKER / "Dockerfile").read_text()
    targets = set(re.findall(r'^FROM stage AS (\w+)\nENTRYPOINT \["python", "-m", "services\.\1"\]$', text, re.M))
    assert targets == {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")} | {"worker"}


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
    words = [(word, value) for word, value in lines("heasoft.Dockerfile") if word in {"USER", "RUN"}]
    assert words[-2:] == [("USER", "10001:10001"), ("RUN", '["python", "-m", "services.engines.heasoft"]')]


def test_pruning_leaves_what_is_imported(tmp_path):
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    kept = [
        "astropy/tests/runner.py",
        "numpy/testing/utils.py",
        "botocore/data/s3/x.json",
        "botocore/data/endpoints.json",
    ]
    gone = ["astropy/wcs/tests/t.py", "numpy/tests/t.py", "botocore/data/ec2/x.json", "astropy/wcs/src/w.c", "a.pyi"]
    for name in kept + gone:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("")
    subprocess.run([sys.executable, DOCKER / "prune.py", tmp_path], check=True)
    assert all((site / name).exists() for name in kept)
    assert not any((site / name).exists() for name in gone)
    assert list(site.glob("numpy/testing/__pycache__/utils.*.pyc"))
