"""Paths of the project that its documents, manifests and comments name are there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: Of a file or folder; not of an image (registry/rossi/x), a URL, or a place made when something runs.
NAMED = re.compile(
    r"(?<![\w./-])((?:services|flows|tests|k8s|docs|rossi/(?:pca|hexte|front|fits|ftools|timeseries|spectra|simulate|plot))/[\w./-]*\w)"
)
MADE_LATER = {"tests/fuzz/crashes"}
WRITTEN = ("*.md", "Makefile", ".ci", "docker", "k8s", "pyproject.toml")


def tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    return listed.stdout.split()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="without git nothing tells which files are the project's")
def test_named_paths_are_there() -> None:
    text = {name: (ROOT / name).read_text(errors="replace") for name in tracked(*WRITTEN)}
    named = {(name, path) for name, content in text.items() for path in NAMED.findall(content)}
    assert len(named) > 50
    missing = {(name, path) for name, path in named if not (ROOT / path).exists() and path not in MADE_LATER}
    assert not {(name, path) for name, path in missing if not (ROOT / f"{path}.py").exists()}
