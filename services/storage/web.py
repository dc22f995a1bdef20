"""Reading files from web servers: what directories on the web, public buckets and calibration have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import HTTPError

from rossi.errors import ConfigError, DataError
from services.storage.archive import UNKNOWN, ArchiveFile
from services.storage.base import Refusal, StoreError, split_url
from services.storage.network import Patience, causes, distrust, proxy_for
from services.storage.pace import POOLS
from services.storage.transfer import REQUESTS, BrokenTransfer, Content

#: urllib3 is the layer that repeats requests: those that were not answered, and for two minutes those that a busy
#: server turned down; for five, where it says itself how long to wait (Retry-After, see `Patience`).
_RETRY = Patience(
    total=10,
    connect=5,
    read=5,
    other=5,
    backoff_factor=0.2,
    backoff_max=30.0,
    backoff_jitter=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET", "HEAD"),
    raise_on_status=False,
)
_TIMEOUT = Timeout(connect=10, read=60)
#: Files are wanted as they lie there, not unpacked on the way.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "rossi"}
_BLOCK = 1 << 20
_ABSENT, _BEHIND_END, _PROXY = frozenset({404, 410}), 416, 407
#: Answers below 500 that may be others later, and one above that will not.
_PASSING, _NEVER = frozenset({408, 425, 429}), 501
#: Redirections that are followed, one after the other.
_HOPS = 5
_PORTS = {"http": 80, "https": 443}
#: No size has so many digits.
_DIGITS = 19

Answer = TypeVar("Answer")


class Web:
    """Requests to one server, directly or by the proxy that the environment names (HTTPS_PROXY, NO_PROXY ...).

    Parameters
    ----------
    url : str
        Any of the server's.
    repeats : int, optional
        How often a request is repeated at most, where there is something to go on with instead.

    Raises
    ------
    ConfigError
        If it is none, or the proxy can't be used.
    """

    def __init__(self, url: str, repeats: int | None = None) -> None:
        split_url(url)
        self._pool = _pool(url, _RETRY if repeats is None else _RETRY.new(total=repeats))
        self._heads = True

    def ask(
        self,
        method: str,
        url: str,
        use: Callable[[BaseHTTPResponse], Answer],
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """Return what `use` makes of the answer, None if there is nothing at the URL.

        Raises
        ------
        Refusal
            If the server refuses, or sends elsewhere than to itself.
        ConfigError
            If its certificate is not trusted, or the proxy does not let the request through.
        StoreError
            If it does not answer, or can't now.
        """
        asked = url
        for _ in range(_HOPS):
            answer = self._send(method, asked, {**_HEADERS, **(headers or {})})
            try:
                target = answer.get_redirect_location()
                if not target:
                    return _used(answer, url, use)
            finally:
                _leave(answer)
            asked = _followed(url, asked, target)
        raise Refusal(f"{url}: the server redirects more than {_HOPS} times")

    def describe(self, url: str, path: str) -> ArchiveFile | None:
        """Return size and identity of a file as far as the server tells them, None if there is none."""
        if self._heads:
            try:
                return self.ask("HEAD", url, lambda answer: _described(answer, path))
            except Refusal:  # by some servers HEAD is; the beginning of GET's answer tells the same
                found = self.ask("GET", url, lambda answer: _described(answer, path))
                self._heads = False
                return found
        return self.ask("GET", url, lambda answer: _described(answer, path))

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        try:
            return self._pool.request(
                method, url, headers=headers, preload_content=False, decode_content=False, redirect=False
            )
        except HTTPError as error:
            if why := distrust(error):
                raise ConfigError(f"{url}: {why}.") from None
            if any("Tunnel connection failed: 407" in str(one) for one in causes(error)):
                raise _locked(url) from None
            reason = getattr(error, "reason", None) or error
            raise StoreError(
                f"{url}: the server can't be reached ({reason}); check the network and try again."
            ) from None


def identity_of(answer: BaseHTTPResponse) -> str:
    """Return what tells this content from another: the ETag, or else the time of its last change; empty without."""
    headers = answer.headers
    changed = headers.get("Last-Modified", "")
    return etag(headers.get("ETag", "")) or (f"date:{changed}" if changed else "")


def etag(text: str) -> str:
    """Return the identity that an ETag is, as a header or a listing has it; empty for none."""
    tag = text.strip().removeprefix("W/").strip('"')
    return f"etag:{tag}" if tag else ""


def number(text: str) -> int:
    """Return a size that a server tells, `UNKNOWN` for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else UNKNOWN


def _described(answer: BaseHTTPResponse, path: str) -> ArchiveFile:
    return ArchiveFile(path, number(answer.headers.get("Content-Length", "")), identity_of(answer))


def _pool(url: str, retries: Patience) -> PoolManager:
    proxy = proxy_for(url)
    options: dict[str, Any] = {"maxsize": REQUESTS, "retries": retries, "timeout": _TIMEOUT}
    pool = ProxyManager(proxy.url, 4, proxy_headers=proxy.headers, **options) if proxy else PoolManager(4, **options)
    pool.pool_classes_by_scheme = POOLS
    return pool


def _used(answer: BaseHTTPResponse, url: str, use: Callable[[BaseHTTPResponse], Answer]) -> Answer | None:
    if answer.status in _ABSENT:
        return None
    if answer.status == _PROXY:
        raise _locked(url)
    if answer.status < 300 or answer.status == _BEHIND_END:
        return use(answer)
    said = f"{url}: the server answers {answer.status} {answer.reason or ''}".rstrip()
    if answer.status == _NEVER or (answer.status < 500 and answer.status not in _PASSING):
        raise Refusal(said)
    raise StoreError(f"{said}; try again later.")


def _leave(answer: BaseHTTPResponse) -> None:
    """Give the connection back if there is nothing more on it; else nobody knows how much would have to be read."""
    if getattr(answer, "length_remaining", None) == 0:
        answer.release_conn()
    else:
        answer.close()


def _followed(url: str, asked: str, target: str) -> str:
    """Return where a redirection leads.

    Raises
    ------
    Refusal
        If it leaves the server.
    """
    try:
        full = urljoin(asked, target)
        there, stays = urlsplit(full), _origin(full) == _origin(asked)
    except ValueError:
        raise Refusal(f"{url}: the server redirects to {target[:200]!r}, which is no address") from None
    if not stays:
        raise Refusal(
            f"{url}: the server redirects to {there.scheme}://{there.netloc.rpartition('@')[2]}{there.path}, which is "
            "not followed; if the archive is there, give that address"
        )
    return full


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _locked(url: str) -> ConfigError:
    return ConfigError(
        f"{url}: the proxy asks for a user name and password (407); set HTTPS_PROXY (or HTTP_PROXY) to "
        "http://user:password@host:port."
    )


def ranged(start: int) -> dict[str, str]:
    """Return the header that asks for a file from a byte on."""
    return {"Range": f"bytes={start}-"} if start else {}


def first(size: int) -> dict[str, str]:
    """Return the header that asks for the beginning of a file."""
    return {"Range": f"bytes=0-{size - 1}"}


def beginning(answer: BaseHTTPResponse, size: int) -> bytes:
    """Return so many bytes that come first; a server need not keep to the range that it was asked for.

    Raises
    ------
    BrokenTransfer
    """
    return content(answer, 0, size).data[:size]


def content(answer: BaseHTTPResponse, start: int, size: int) -> Content:
    """Return what came of a file of a known size that was asked for from a byte on; of more than that, one byte.

    Raises
    ------
    BrokenTransfer
    """
    if answer.status == _BEHIND_END:
        return Content(b"", start)
    left = size + 1 - (start if answer.status == 206 else 0)
    data = b""
    try:
        while left > len(data) and (block := answer.read(min(_BLOCK, left - len(data)))):
            data = data + block if data else block
    except (HTTPError, OSError) as error:
        # a whole file that comes instead of its end is of no use before it is there
        arrived = data if answer.status == 206 or not start else b""
        raise BrokenTransfer(arrived, type(error).__name__) from None
    return Content(data, start if answer.status == 206 else 0, identity_of(answer))


def whole(answer: BaseHTTPResponse, most: int, url: str) -> bytes:
    """Return all that comes of a listing.

    Raises
    ------
    DataError
        If it is more than `most` bytes.
    StoreError
        If it breaks off.
    """
    data = bytearray()
    try:
        while block := answer.read(_BLOCK):
            data += block
            if len(data) > most:
                raise DataError(f"{url}: the listing does not end after {len(data)} bytes; tell who runs the server.")
    except (HTTPError, OSError) as error:
        raise StoreError(f"{url}: the listing stops in the middle ({type(error).__name__}); try again later.") from None
    return bytes(data)
