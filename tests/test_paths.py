"""Paths of the project that its documents, manifests and scripts name are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Of a file or folder; not of an image (registry/rossi/x), a URL, or a place made when something runs.
ROOMS = (
    r"services|flows|tests|k8s|docs"
    r"|rossi/(?:pca|hexte|energy|front|fits|ftools|timeseries|spectra|simulate|sources|plot|timing)"
)
NAMED = re.compile(rf"(?<![\w./-])((?:{ROOMS})/[\w./-]*\w)")
MADE_LATER = {"tests/fuzz/crashes"}
WRITTEN = ("*.md", "docs/**/*.md", "Makefile", "pyproject.toml", ".ci/*", "docker/*", "k8s/**/*")


def test_named_paths_are_there() -> None:
    files = [path for pattern in WRITTEN for path in ROOT.glob(pattern) if path.is_file()]
    named = {(path.name, one) for path in files for one in NAMED.findall(path.read_text(errors="replace"))}
    assert len(named) > 50
    missing = {(name, one) for name, one in named if not (ROOT / one).exists() and one not in MADE_LATER}
    assert not {(name, one) for name, one in missing if not (ROOT / f"{one}.py").exists()}
