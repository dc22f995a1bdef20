"""What the images install is what pyproject.toml asks for, each package in one version and by its hash."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
STAGE = ("catalogue", "plot", "s3", "web")
LOCKS = {"stage": STAGE, "campaign": (*STAGE, "campaign", "kubernetes")}
#: The images' platform; the tests may run on another one.
PLATFORM = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "python_version": "3.11"}
ADVICE = "run `make lock`"


def read_lock(name):
    text = (ROOT / "docker" / "requirements" / f"{name}.txt").read_text()
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.M)
    assert "".join(f"{one}=={version} \\\n{hashes}" for one, version, hashes in found) == text
    return {canonicalize_name(one): version for one, version, _ in found}


def closure(project, extras):
    """Return all requirements, of requirements too, that hold for the images."""
    optional = project["optional-dependencies"]
    todo = [Requirement(one) for one in project["dependencies"] + [o for e in extras for o in optional[e]]]
    seen = {}
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        if name == "rossi":
            todo += [Requirement(other) for extra in one.extras for other in optional[extra]]
            continue
        seen.setdefault(name, []).append(one)
        for text in requires(name) or () if len(seen[name]) == 1 or one.extras else ():
            other = Requirement(text)
            environments = [PLATFORM | {"extra": extra} for extra in ("", *one.extras)]
            if other.marker is None or any(other.marker.evaluate(environment) for environment in environments):
                todo.append(other)
    return seen


@pytest.mark.parametrize("name", LOCKS)
def test_lock_matches_pyproject(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock, wanted = read_lock(name), closure(project, LOCKS[name])
    assert set(wanted) <= set(lock), ADVICE
    for package, requirements in wanted.items():
        for requirement in requirements:
            assert requirement.specifier.contains(lock[package], prereleases=True), f"{requirement}: {ADVICE}"


def test_campaign_only_adds_to_what_stages_have():
    assert read_lock("stage").items() <= read_lock("campaign").items(), ADVICE


def test_what_builds_is_locked_too():
    system = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    lock = read_lock("build")
    for requirement in map(Requirement, system):
        assert requirement.specifier.contains(lock[requirement.name]), ADVICE
