"""Reading files from web servers: what directories on the web and public buckets have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from rossi.errors import ConfigError
from services.storage.base import StoreError
from services.storage.remote import REQUESTS, BrokenTransfer, Content

#: urllib3 is the layer that repeats requests: those that were not answered, and those that a busy server turned down.
_RETRY = Retry(
    total=5,
    backoff_factor=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET", "HEAD"),
    raise_on_status=False,
)
_TIMEOUT = Timeout(connect=10, read=60)
#: Files are wanted as they lie there, not unpacked on the way.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "rossi"}
_BLOCK = 1 << 20
_ABSENT, _BEHIND_END = frozenset({404, 410}), 416

Answer = TypeVar("Answer")


class Web:
    """Requests to one server, directly or by the proxy that the environment names (HTTPS_PROXY, NO_PROXY ...).

    Parameters
    ----------
    url : str
        Any of the server's.
    """

    def __init__(self, url: str) -> None:
        self._pool = _pool(url)

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
        ConfigError
            If the server refuses.
        StoreError
            If it does not answer, or can't now.
        """
        try:
            answer = self._pool.request(
                method, url, headers={**_HEADERS, **(headers or {})}, preload_content=False, decode_content=False
            )
        except HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise StoreError(
                f"{url}: the archive's server can't be reached ({reason}); check the network and try again."
            ) from None
        try:
            if answer.status in _ABSENT:
                answer.drain_conn()
                return None
            if answer.status >= 300 and answer.status != _BEHIND_END:
                raise _refusal(answer, url)
            return use(answer)
        finally:
            answer.release_conn()


def identity_of(answer: BaseHTTPResponse) -> str:
    """Return what tells this content from another: the ETag, or else the time of its last change."""
    headers = answer.headers
    tag = headers.get("ETag", "").removeprefix("W/").strip('"')
    return f"etag:{tag}" if tag else f"date:{headers.get('Last-Modified', '')}"


def _pool(url: str) -> PoolManager:
    parts, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(parts.netloc):
        return PoolManager(4, maxsize=REQUESTS, retries=_RETRY, timeout=_TIMEOUT)
    return ProxyManager(proxy, 4, maxsize=REQUESTS, retries=_RETRY, timeout=_TIMEOUT)


def _refusal(answer: BaseHTTPResponse, url: str) -> Exception:
    answer.drain_conn()
    said = f"{url}: the archive's server answers {answer.status} {answer.reason or ''}".rstrip()
    if answer.status < 500 and answer.status not in {408, 425, 429}:
        return ConfigError(f"{said}; check the archive's URL.")
    return StoreError(f"{said}; try again later.")


def ranged(start: int) -> dict[str, str]:
    """Return the header that asks for a file from a byte on."""
    return {"Range": f"bytes={start}-"} if start else {}


def content(answer: BaseHTTPResponse, start: int) -> Content:
    """Return what came of a file that was asked for from a byte on.

    Raises
    ------
    BrokenTransfer
    """
    if answer.status == _BEHIND_END:
        answer.drain_conn()
        return Content(b"", start)
    data = b""
    try:
        while block := answer.read(_BLOCK):
            data = data + block if data else block
    except (HTTPError, OSError) as error:
        # a whole file that comes instead of its end is of no use before it is there
        arrived = data if answer.status == 206 or not start else b""
        raise BrokenTransfer(arrived, type(error).__name__) from None
    return Content(data, start if answer.status == 206 else 0, identity_of(answer))
