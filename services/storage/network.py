"""What everything that talks over a network has in common: proxies, certificates, and when to ask once more."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import InvalidHeader
from urllib3.util import make_headers

from rossi.errors import ConfigError

if TYPE_CHECKING:
    from urllib3.connectionpool import ConnectionPool

#: Names a file with the certificates of authorities that are trusted, as OpenSSL and all that builds on it read it.
TRUSTED = "SSL_CERT_FILE"


#: How long it is waited at most before a request is repeated, whatever a server says (Retry-After) [s].
LONGEST = 30.0


class Patience(Retry):
    """When urllib3 asks once more: not where nothing would change, and what a refusal says is not read to its end."""

    def parse_retry_after(self, retry_after: str) -> float:
        """Return how long a server wants to be left alone, within bounds; nothing, where it says nothing sensible."""
        try:
            return min(super().parse_retry_after(retry_after), LONGEST)
        except (InvalidHeader, ValueError, OverflowError):
            return 0.0

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: Any = None,
    ) -> Self:
        """Count an attempt; see `urllib3.Retry`."""
        if error is not None and (distrust(error) or _proxy_refuses(error)):
            raise error
        if response is not None:
            response.close()
        return super().increment(method, url, response, error, _pool, _stacktrace)


def causes(error: object) -> Iterator[BaseException]:
    """Iterate over an exception and all that it was made from, however the libraries in between wrapped it."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        waiting += [getattr(one, "kwargs", {}).get("error"), getattr(one, "cause", None)]  # botocore's, pyvo's


def distrust(error: object) -> str:
    """Return why a server's certificate is not trusted and what to do, empty if an error is about something else."""
    found = next((one for one in causes(error) if isinstance(one, ssl.SSLCertVerificationError)), None)
    if found is None:
        return ""
    return (
        f"the server's certificate is not trusted ({found.verify_message or found}); if it is of an authority that you "
        f"trust, set {TRUSTED} to a file with that authority's certificate (PEM)"
    )


def _proxy_refuses(error: object) -> bool:
    return any("Tunnel connection failed: 4" in str(one) for one in causes(error))


def authorities() -> str | None:
    """Return the file with the authorities to trust, for clients that do not look for it; None for their own."""
    return os.environ.get(TRUSTED) or None


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy that the environment names.

    Parameters
    ----------
    url : str
        Without user and password.
    headers : dict
        With which it lets requests through; credentials are in here, so it is not printed.
    """

    url: str
    headers: dict[str, str]


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy by which a URL is asked for (HTTPS_PROXY, NO_PROXY ...), None if it is asked directly.

    Raises
    ------
    ConfigError
        If it is none that can be used; the message repeats no password.
    """
    parts, proxies = urlsplit(url), getproxies()
    name = parts.scheme if parts.scheme in proxies else "all"
    if name not in proxies or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    variable = f"{name.upper()}_PROXY"
    proxy = _sensible(proxies[name], variable)
    headers: dict[str, str] = {}
    if proxy.username is not None:
        user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        headers = make_headers(proxy_basic_auth=user, proxy_basic_auth_encoding="utf-8")
    return Proxy(f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}", dict(headers))


def _sensible(url: str, variable: str) -> SplitResult:
    """Return the parts of a proxy's URL.

    Raises
    ------
    ConfigError
    """
    kind = "that makes no sense"
    try:
        proxy = urlsplit(url)
        if proxy.scheme in {"http", "https"} and proxy.hostname and proxy.port != 0:
            return proxy
        if proxy.scheme not in {"http", "https"}:
            kind = f"of kind {proxy.scheme}" if "://" in url else "without http:// or https:// in front"
    except ValueError:
        kind = "of which the host or the port is none"
    raise ConfigError(
        f"The environment variable {variable} names a proxy {kind}; one that can be used looks like "
        "http://user:password@host:3128. For hosts that need no proxy, set NO_PROXY."
    )
