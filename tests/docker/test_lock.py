"""Demo, tests and images install one lock, of what pyproject.toml asks for; nothing here asks an index."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
STAGE = ("catalogue", "plot", "s3", "web")
#: What must be found in the parts that an image installs, or an environment for tests.
INSTALLED = {
    ("stage",): STAGE,
    ("stage", "campaign"): (*STAGE, "campaign", "kubernetes"),
    ("stage", "campaign", "build", "dev"): ("all", "server", "dev"),
}
PARTS = max(INSTALLED, key=len)
ENTRY = r"^([A-Za-z0-9._-]+)==(\S+?)(?: ; (.+))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"


def read_part(part):
    """Return (name, version, marker) of each package of a part, of which every line is understood."""
    text = (ROOT / "docker" / "requirements" / f"{part}.txt").read_text()
    assert re.sub(r"\A(#.*\n)+", "", re.sub(ENTRY, "", text, flags=re.M)) == ""
    return [(canonicalize_name(name), number, marker) for name, number, marker, _ in re.findall(ENTRY, text, re.M)]


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def wanted(extras):
    """Yield what pyproject.toml asks for with some extras."""
    optional = project()["optional-dependencies"]
    todo = [
        Requirement(one) for one in project()["dependencies"] + [one for extra in extras for one in optional[extra]]
    ]
    for one in todo:
        if one.name == "rossi":
            todo += [Requirement(other) for extra in one.extras for other in optional[extra]]
        else:
            yield one


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "docker" / "requirements", tmp_path / "docker" / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def check():
    """The lock's own check."""
    return runpy.run_path(str(ROOT / "docker" / "requirements" / "lock.py"))["check"]


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


@pytest.mark.parametrize("other", ["", "2"])
def test_lock_is_of_this_pyproject(copy, other):
    """As it is said on the command line, by what can reach nothing but the files beside it."""
    edit(copy / "pyproject.toml", '"numpy>=', f'"numpy>={other}')
    command = [sys.executable, "-I", copy / "docker" / "requirements" / "lock.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": ""})
    assert (done.returncode, bool(done.stderr)) == (bool(other), bool(other))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"astropy>=', '"astropy>=8.0.1,>='),
        ('"lark>=', '"attrs",\n    "lark>='),
        ('    "rich>=15.0.0",\n', ""),
        ('"pyvo>=', '"pyvo[test]>='),
        ('parquet = ["pyarrow>=26.0.1"]\n', ""),
        ('"setuptools>=80"', '"setuptools>=81"'),
        ('requires-python = ">=3.11"', 'requires-python = ">=3.12"'),
    ],
)
def test_other_requirements_need_another_lock(check, copy, before, after):
    edit(copy / "pyproject.toml", before, after)
    assert "pyproject.toml requires something else" in check(copy)
    assert "make lock" in check(copy)


def test_what_requires_nothing_leaves_the_lock_alone(check, copy):
    edit(copy / "pyproject.toml", "line-length = 120", "line-length = 100")
    edit(copy / "pyproject.toml", 'description = "', 'description = "All ')
    assert check(copy) == ""


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("stage", "numpy==", "numpy==2"),
        ("campaign", "--hash=sha256:", "--hash=sha256:0"),
        ("dev", "\npytest==", "\n#pytest=="),
        ("build", "# all parts of the lock: sha256 ", "# all parts of the lock: sha256 0"),
    ],
)
def test_an_edited_lock_is_found(check, copy, part, before, after):
    edit(copy / "docker" / "requirements" / f"{part}.txt", before, after)
    assert "was edited" in check(copy)


def test_parts_of_different_locks_are_found(check, copy):
    """As a merge leaves them that took one file from each side."""
    (copy / "docker" / "requirements" / "stage.txt").write_text(
        (copy / "docker" / "requirements" / "campaign.txt").read_text()
    )
    assert "was edited" in check(copy)


@pytest.mark.parametrize("parts", INSTALLED)
def test_lock_has_what_pyproject_asks_for(parts):
    locked = {name: number for part in parts for name, number, _ in read_part(part)}
    for requirement in wanted(INSTALLED[parts]):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


def test_what_builds_is_locked_too():
    locked = {name: number for name, number, _ in read_part("build")}
    for requirement in map(
        Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    ):
        assert requirement.specifier.contains(locked[requirement.name]), requirement


def test_each_package_stands_once():
    names = [name for part in PARTS for name, _, _ in read_part(part)]
    assert sorted(set(names)) == sorted(names)


def test_stages_install_neither_prefect_nor_tools():
    names = {name for name, _, _ in read_part("stage")}
    assert not names & {"prefect", "kubernetes", "sqlalchemy", "pytest", "mypy", "ruff", "setuptools"}


def test_lock_names_no_index():
    for part in PARTS:
        assert "//" not in (ROOT / "docker" / "requirements" / f"{part}.txt").read_text()


def test_nothing_that_demo_and_tests_install_is_resolved():
    """Each installation is of uv, or of the lock's files, by hashes, or of rossi itself and nothing else."""
    make = ["make", "--dry-run", "--always-make", ".venv/dev"]
    said = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [line for line in said.splitlines() if " install " in line]
    calls = [call.split(" install ")[1].split() for line in lines for call in line.split(" || ")]
    for words in calls:
        assert "--no-deps" in words
    uv, *whole, rossi = calls
    assert {"--require-hashes", "/dev/stdin"} <= set(uv)
    shown, _, _ = lines[0].partition(" | ")
    given = subprocess.check_output(shown, shell=True, cwd=ROOT, text=True)
    assert re.match(ENTRY, given)[1] == "uv"
    assert re.sub(ENTRY, "", given) == ""
    assert len(whole) == 2  # by pip, if uv can't
    for words in whole:
        assert "--require-hashes" in words
        files = {word for word in words if "/" in word} - {".venv/bin/python"}
        assert files == {f"docker/requirements/{part}.txt" for part in PARTS}
    assert {"--no-build-isolation", "--editable", "."} <= set(rossi)


def test_what_is_tested_is_what_is_locked():
    made = Path(sys.prefix, "dev")
    locks = [ROOT / "docker" / "requirements" / f"{part}.txt" for part in PARTS]
    if not made.exists() or made.stat().st_mtime < max(path.stat().st_mtime for path in locks):
        pytest.skip("this environment was not made from the lock as it is now")
    for part in PARTS:
        for name, number, marker in read_part(part):
            if not marker or Requirement(f"{name} ; {marker}").marker.evaluate():
                assert version(name) == number, name
