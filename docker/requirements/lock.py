"""Make the lock anew with the newest versions; ``--keep`` those that still do; ``--check`` it, which asks no index.

It is one resolution, for every platform and Python that pyproject.toml admits: each package in one version, with the
hashes of its files, in the first part that needs it. pip and uv read it, and no index is named in it.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STAGE = ("catalogue", "plot", "timing", "s3", "web")
#: The extras that each part completes; `build` has what builds rossi, `dev` all the rest.
EXTRAS = {"stage": STAGE, "campaign": (*STAGE, "campaign", "kubernetes")}
PARTS = ("stage", "campaign", "build", "dev")
HEADER = """\
# Made by `make lock`, not by hand.
# pyproject.toml's requirements: sha256 {}
# all parts of the lock: sha256 {}
"""


def digest(value: object) -> str:
    """Return the SHA-256 of a value's JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def requirements(root: Path) -> dict[str, Any]:
    """Return all that the lock depends on."""
    whole = tomllib.loads((root / "pyproject.toml").read_text())
    names = ("dependencies", "optional-dependencies", "requires-python")
    return {name: whole["project"][name] for name in names} | {"build": whole["build-system"]["requires"]}


def path(root: Path, part: str) -> Path:
    """Return where a part of the lock stands."""
    return root / "docker" / "requirements" / f"{part}.txt"


def read(root: Path) -> tuple[list[str], list[str]]:
    """Return the parts' headers and what follows them."""
    size = HEADER.count("\n")
    texts = [path(root, part).read_text().splitlines(keepends=True) for part in PARTS]
    return ["".join(lines[:size]) for lines in texts], ["".join(lines[size:]) for lines in texts]


def resolve(root: Path, *arguments: str, given: str = "", known: str = "") -> dict[str, str]:
    """Return each package's lines by its name; versions in the text `known` are kept where they do."""
    first = requirements(root)["requires-python"].removeprefix(">=")
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "resolved.txt")
        output.write_text(known)
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
        command += ["--python-version", first, *arguments, "--output-file", str(output)]
        subprocess.run(command, cwd=root, input=given, text=True, check=True)
        blocks = re.findall(r"^\S.*\n(?:\s.*\n)*", output.read_text(), re.M)
    return {re.split(r"==|\[", block)[0]: block for block in blocks}


def make(root: Path, keep: bool) -> None:
    """Write the lock."""
    known = "".join(read(root)[1]) if keep else ""
    wanted = requirements(root)
    build = "\n".join(wanted["build"])
    every = ("--universal", "--fork-strategy", "fewest", "--generate-hashes", "--all-extras", "pyproject.toml", "-")
    left = resolve(root, *every, given=build, known=known)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as versions:
        versions.write("".join(left.values()))
        versions.flush()
        locked = ("--python-platform", "linux", "--constraint", versions.name)
        names = {
            part: resolve(root, *locked, *(f"--extra={extra}" for extra in extras), "pyproject.toml")
            for part, extras in EXTRAS.items()
        } | {"build": resolve(root, *locked, "-", given=build)}
    names["dev"] = dict(left)
    bodies = ["".join(left.pop(name) for name in sorted(names[part].keys() & left.keys())) for part in PARTS]
    header = HEADER.format(digest(wanted), digest(bodies))
    for part, body in zip(PARTS, bodies, strict=True):
        path(root, part).write_text(header + body)


def check(root: Path) -> str:
    """Return what is wrong with the lock, or nothing."""
    headers, bodies = read(root)
    if set(headers) == {HEADER.format(digest(requirements(root)), digest(bodies))}:
        return ""
    if all(HEADER.splitlines()[1].format(digest(requirements(root))) in header for header in headers):
        return "a part of the lock in docker/requirements/ was edited; say `make lock`, or take it back"
    return "pyproject.toml requires something else than the lock was made of; say `make lock KEEP=--keep`"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    if given.check:
        sys.exit(check(ROOT) or None)
    make(ROOT, given.keep)
