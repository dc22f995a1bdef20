"""Every link and picture of built pages that stays among them leads somewhere: ``python docs/_ext/links.py FOLDER``."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The places of a page that links may name, and what the page itself links to.

    Parameters
    ----------
    text : str
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = {""}
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag is called, and what it names."""
        for name, value in attrs:
            if name == "id":
                self.names.add(value or "")
            elif name in {"href", "src"} and value:
                self.links.add(value)


def broken(root: Path) -> list[str]:
    """Return a sentence for each link that leads nowhere."""
    pages = {path.resolve(): Page(path.read_text()) for path in root.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            missing = not target.exists() or (target in pages and unquote(parts.fragment) not in pages[target].names)
            found += [f"{path.relative_to(root.resolve())}: {link} leads nowhere"] if missing else []
    return found


if __name__ == "__main__":
    sys.exit("\n".join(broken(Path(sys.argv[1]))) or None)
