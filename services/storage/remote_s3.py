"""An archive in a public bucket, read without credentials: as what S3 is to whoever has none, a web server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, urlencode

from urllib3 import BaseHTTPResponse

from rossi.errors import ConfigError
from services.storage.archive import MOST_FILES, ArchiveFile, endless
from services.storage.base import StoreError
from services.storage.places import Root, absent, candidates
from services.storage.s3_listing import MOST_LISTING, Page, read_page
from services.storage.s3_url import S3Place, parse_s3_url
from services.storage.transfer import Content, Together
from services.storage.web import Web, beginning, content, first, ranged, whole

#: Of a listing; each has a thousand keys, but a server may send fewer.
_MOST_PAGES = MOST_FILES // 100
#: Names of buckets that can be a part of a host's.
_OF_A_HOST = re.compile(r"[a-z0-9-]+")
_MD5 = re.compile("etag:([0-9a-f]{32})")


def anonymous_buckets(url: str) -> S3Folder:
    """Return the archive at ``s3://bucket/prefix?endpoint=...&region=...``; see `candidates` for short forms.

    Raises
    ------
    ConfigError
        If the URL makes no sense.
    """
    return S3Folder(parse_s3_url(url))


def address(place: S3Place) -> str:
    """Return the web address of a bucket; Amazon's without a region answers for buckets of any."""
    if place.endpoint:
        return f"{place.endpoint.rstrip('/')}/{place.bucket}"
    host = f"s3.{place.region}.amazonaws.com" if place.region else "s3.amazonaws.com"
    return f"https://{place.bucket}.{host}" if _OF_A_HOST.fullmatch(place.bucket) else f"https://{host}/{place.bucket}"


class S3Folder:
    """See `services.storage.transfer.Remote`.

    Parameters
    ----------
    place : S3Place
    """

    def __init__(self, place: S3Place) -> None:
        self._bucket, self._address = place.bucket, address(place)
        self._web = Web(self._address)
        self._root = Root(candidates(f"s3://{place.bucket}/{place.prefix}"), self._answers)

    @property
    def url(self) -> str:
        """Where it lies."""
        return str(self._root)

    def files(self, path: str, together: Together) -> list[ArchiveFile]:  # noqa: ARG002 - pages follow each other
        """See `Remote.files`."""
        root = self._key("")
        found: list[ArchiveFile] = []
        for page in self._pages(prefix=_folder(self._key(path))):
            found += [file._replace(path=file.path[len(root) :].lstrip("/")) for file in page.files]
            if len(found) > MOST_FILES:
                raise endless(f"{self.url}/{path}")
        return found

    def directories(self, path: str) -> list[str]:
        """See `Remote.directories`."""
        prefix = _folder(self._key(path))
        found: list[str] = []
        for page in self._pages(prefix=prefix, delimiter="/"):
            found += [folder[len(prefix) :].removesuffix("/") for folder in page.folders]
            if len(found) > MOST_FILES:
                raise endless(f"{self.url}/{path}")
        return found

    def check(self) -> None:
        """See `Remote.check`."""
        if not self._answers(self._root.find()):
            raise absent(self.url)

    def head(self, path: str) -> ArchiveFile | None:
        """See `Remote.head`."""
        return self._web.describe(self._url(path), path)

    def read(self, path: str, start: int, size: int) -> Content | None:
        """See `Remote.read`."""
        return self._web.ask("GET", self._url(path), lambda answer: _content(answer, start, size), ranged(start))

    def beginning(self, path: str, size: int) -> bytes | None:
        """See `Remote.beginning`."""
        return self._web.ask("GET", self._url(path), lambda answer: beginning(answer, size), first(size))

    def _url(self, path: str) -> str:
        return f"{self._address}/{quote(self._key(path))}"

    def _key(self, path: str) -> str:
        return "/".join(filter(None, (self._prefix(self._root.find()), path)))

    def _prefix(self, place: str) -> str:
        return place.removeprefix(f"s3://{self._bucket}").strip("/")

    def _answers(self, place: str) -> bool:
        page = self._page({"prefix": f"{_folder(self._prefix(place))}AO", "max-keys": "1"})
        return bool(page.files)

    def _pages(self, **options: str) -> Iterator[Page]:
        token = ""
        for _ in range(_MOST_PAGES):
            page = self._page(options | ({"continuation-token": token} if token else {}))
            yield page
            if not page.is_truncated:
                return
            if page.token in {"", token}:
                raise StoreError(f"{self._named(options)}: the listing stops in the middle; try again later.")
            token = page.token
        raise endless(self._named(options))

    def _page(self, options: dict[str, str]) -> Page:
        query = urlencode({"list-type": "2", "encoding-type": "url", **options}, quote_via=quote)
        url, named = f"{self._address}/?{query}", self._named(options)
        data = self._web.ask("GET", url, lambda answer: whole(answer, MOST_LISTING, named))
        if data is None:
            raise ConfigError(f"{self._address}: there is no bucket {self._bucket!r}; check the archive's URL.")
        return read_page(data, options["prefix"], named)

    def _named(self, options: dict[str, str]) -> str:
        return f"s3://{self._bucket}/{options['prefix']}"


def _folder(key: str) -> str:
    return f"{key}/" if key else ""


def _content(answer: BaseHTTPResponse, start: int, size: int) -> Content:
    """Return what came of an object, with the MD5 of it whole: with a key of its own, or in parts, its ETag is none."""
    found = content(answer, start, size)
    plain = "kms" not in answer.headers.get("x-amz-server-side-encryption", "") and _MD5.fullmatch(found.identity)
    return replace(found, md5=plain[1]) if plain else found
