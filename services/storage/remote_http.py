"""An archive on a web server that answers with listings of directories, as Apache writes them."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote, unquote, urljoin, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from rossi.errors import ConfigError
from services.storage.archive import UNKNOWN, ArchiveFile
from services.storage.base import StoreError
from services.storage.places import Root, candidates
from services.storage.remote import Content, Together
from services.storage.web import Web, content, identity_of, ranged


def web_folders(url: str) -> WebFolder:
    """Return the archive at a web address; see `candidates` for short forms.

    Raises
    ------
    ConfigError
        If the URL carries a password.
    """
    if "@" in urlsplit(url).netloc:
        raise ConfigError("The archive's URL carries a user name or password; archives are read without.")
    return WebFolder(url)


class WebFolder:
    """See `services.storage.remote.Remote`.

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
        folders = [path]
        while folders:  # all directories of one depth at a time
            pages = together(self._entries, folders)
            below = []
            for folder, entries in zip(folders, pages, strict=True):
                for name in entries:
                    inner = "/".join(filter(None, (folder, name.rstrip("/"))))
                    if name.endswith("/"):
                        below.append(inner)
                    else:
                        found.append(ArchiveFile(inner, UNKNOWN))
            folders = below
        return found

    def directories(self, path: str) -> list[str]:
        """See `Remote.directories`."""
        return [name.rstrip("/") for name in self._entries(path) if name.endswith("/")]

    def head(self, path: str) -> ArchiveFile | None:
        """See `Remote.head`."""
        url = self._url(path)
        return self._web.ask("HEAD", url, lambda answer: _described(answer, path, url))

    def read(self, path: str, start: int) -> Content | None:
        """See `Remote.read`."""
        return self._web.ask("GET", self._url(path), lambda answer: content(answer, start), ranged(start))

    def _url(self, path: str) -> str:
        return f"{self._root.find()}/{quote(path)}"

    def _entries(self, path: str) -> list[str]:
        return self._page(f"{self._url(path).rstrip('/')}/") or []

    def _page(self, url: str) -> list[str] | None:
        """Return the names in a directory, those of directories with a slash; None if it does not exist."""
        text = self._web.ask("GET", url, lambda answer: _text(answer, url))
        if text is None:
            return None
        index = _Index(url)
        index.feed(text)
        if not index.complete:
            raise StoreError(f"{url}: the listing stops in the middle ({len(index.names)} names); try again later.")
        if not index.is_index:
            raise ConfigError(f"{url}: the server does not list directories; use the bucket or a local copy instead.")
        return list(dict.fromkeys(index.names))


def _text(answer: BaseHTTPResponse, url: str) -> str:
    try:
        return answer.read().decode("utf-8", "replace")
    except (HTTPError, OSError) as error:
        raise StoreError(f"{url}: the listing stops in the middle ({type(error).__name__}); try again later.") from None


def _described(answer: BaseHTTPResponse, path: str, url: str) -> ArchiveFile:
    size = answer.headers.get("Content-Length", "")
    if not size.isdigit():
        raise StoreError(f"{url}: the server does not tell the file's size.")
    return ArchiveFile(path, int(size), identity_of(answer))


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
        if name and target[:1] not in "?#" and "/" not in name.rstrip("/"):
            self.names.append(name)

    def handle_data(self, data: str) -> None:
        """Look for what such pages are headed with."""
        self.is_index = self.is_index or (self._in_title and data.strip().lower().startswith(("index of", "directory")))

    def handle_endtag(self, tag: str) -> None:
        """Notice the end of the page."""
        self.complete = self.complete or tag == "html"
