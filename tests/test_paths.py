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


def anchors(page: Path) -> set[str]:
    """Return what links may name in a page: its headings, as they become addresses."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {"", *(re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings)}


def test_links_between_documents_lead_somewhere() -> None:
    """Those of the pages are followed by `make docs`, too, where these become others."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")]
    found = re.compile(r"\]\(([^)#:\s]*)#?([^)\s:]*)\)")
    links = [(page, *link) for page in pages for link in found.findall(page.read_text())]
    assert len(links) > 100
    for page, path, anchor in links:
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), (page.name, path)
        assert target.suffix != ".md" or anchor in anchors(target), (page.name, path, anchor)
