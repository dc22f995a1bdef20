"""An archive on a web server that answers with listings of directories, as Apache writes them."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote, unquote, urljoin

from rossi.errors import ConfigError
from services.storage.archive import DEEPEST, MOST_FILES, UNKNOWN, ArchiveFile, endless, is_inside
from services.storage.base import Refusal, StoreError, split_url
from services.storage.places import Root, absent, candidates
from services.storage.transfer import Content, Together
from services.storage.web import Web, beginning, content, first, ranged, whole

#: Size of a listing at most [byte]: ten times that of any directory of the archive; to read it takes seconds, even
#: where it was made to take long.
_MOST_LISTING = 1 << 21
#: Where a page has its first tag [byte].
_FIRST = 1024
_NO_LISTING = "{}: the server does not list directories; use the bucket or a local copy instead"


def web_folders(url: str) -> WebFolder:
    """Return the archive at a web address; see `candidates` for short forms.

    Raises
    ------
    ConfigError
        If the URL carries a password.
    """
    if "@" in split_url(url).netloc:
        raise ConfigError("The archive's URL carries a user name or password; archives are read without.")
    return WebFolder(url)


class WebFolder:
    """See `services.storage.transfer.Remote`.

    Parameters
    ----------
    url : str
        Of the folder that holds AO1, AO2, ...
    """

    def __init__(self, url: str) -> None:
        self._web = Web(url)
        self._root = Root(candidates(url), lambda place: self._page(f"{place}/") is not None)

    @property
    def url(self) -> str:
        """Where it lies."""
        return str(self._root)

    def files(self, path: str, together: Together) -> list[ArchiveFile]:
        """See `Remote.files`; sizes and identities are not known yet."""
        found: list[ArchiveFile] = []
        folders: list[tuple[str, tuple[frozenset[str], ...]]] = [(path, ())]
        count = 0
        for _ in range(DEEPEST):  # all directories of one depth at a time
            pages = together(self._entries, [folder for folder, _ in folders])
            below = []
            for (folder, above), entries in zip(folders, pages, strict=True):
                names = frozenset(entries)
                if names in above:  # a link leads back: what is there was listed before
                    continue
                count += len(names)
                inner = [("/".join(filter(None, (folder, name.rstrip("/")))), name) for name in entries]
                found += [ArchiveFile(place, UNKNOWN) for place, name in inner if not name.endswith("/")]
                below += [(place, (*above, names)) for place, name in inner if name.endswith("/")]
            if count > MOST_FILES:
                break
            folders = below
            if not folders:
                return found
        raise endless(f"{self.url}/{path}")

    def directories(self, path: str) -> list[str]:
        """See `Remote.directories`."""
        names = [name.rstrip("/") for name in self._entries(path) if name.endswith("/")]
        if len(names) > MOST_FILES:
            raise endless(f"{self.url}/{path}")
        return names

    def check(self) -> None:
        """See `Remote.check`."""
        if self._page(f"{self._root.find()}/") is None:
            raise absent(self.url)

    def head(self, path: str) -> ArchiveFile | None:
        """See `Remote.head`."""
        return self._web.describe(self._url(path), path)

    def read(self, path: str, start: int, size: int) -> Content | None:
        """See `Remote.read`."""
        return self._web.ask("GET", self._url(path), lambda answer: content(answer, start, size), ranged(start))

    def beginning(self, path: str, size: int) -> bytes | None:
        """See `Remote.beginning`."""
        return self._web.ask("GET", self._url(path), lambda answer: beginning(answer, size), first(size))

    def _url(self, path: str) -> str:
        return f"{self._root.find()}/{quote(path)}"

    def _entries(self, path: str) -> list[str]:
        return self._page(f"{self._url(path).rstrip('/')}/") or []

    def _page(self, url: str) -> list[str] | None:
        """Return the names in a directory, those of directories with a slash; None if it does not exist."""
        text = self._web.ask("GET", url, lambda answer: whole(answer, _MOST_LISTING, url))
        if text is None:
            return None
        if text and b"<" not in text[:_FIRST]:
            raise Refusal(_NO_LISTING.format(url))
        index = _Index(url)
        try:
            index.feed(text.decode("utf-8", "replace"))
        except AssertionError:  # what Python's parser makes of a declaration that is none
            raise StoreError(f"{url}: the listing can't be read; tell who runs the server.") from None
        if not index.complete:
            raise StoreError(f"{url}: the listing stops in the middle ({len(index.names)} names); try again later.")
        if not index.is_index:
            raise Refusal(_NO_LISTING.format(url))
        return list(dict.fromkeys(index.names))


class _Index(HTMLParser):
    """The names in a page that Apache (or another server) wrote about a directory."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.names: list[str] = []
        self.complete = False
        self.is_index = False
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the names out of links."""
        self._in_title = tag in {"title", "h1"}
        if tag != "a":
            return
        target = dict(attrs).get("href") or ""
        full = urljoin(self.url, target.partition("?")[0].partition("#")[0])
        name = unquote(full.removeprefix(self.url)) if full.startswith(self.url) else ""
        if name and target[:1] not in "?#" and "/" not in name.removesuffix("/") and is_inside(name.removesuffix("/")):
            self.names.append(name)

    def handle_data(self, data: str) -> None:
        """Look for what such pages are headed with."""
        self.is_index = self.is_index or (self._in_title and data.strip().lower().startswith(("index of", "directory")))

    def handle_endtag(self, tag: str) -> None:
        """Notice the end of the page."""
        self.complete = self.complete or tag == "html"
