"""Products of one store for a browser on this machine, so that Prefect's pages can link to them.

Read-only, and only what is asked for by its key: nothing is listed. At ``/metrics`` it has numbers for a dashboard.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from flows.core.metrics import CONTENT_TYPE, PATH, StoreNumbers
from rossi.errors import ConfigError, RossiError
from services.storage import MissingObject, ObjectStore, open_store
from services.storage.base import is_key

HOST = "127.0.0.1"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send an object."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Send what is known of an object."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        key = unquote(urlsplit(self.path).path).lstrip("/")
        host = self.headers.get("Host", "").partition(":")[0]
        if host not in (HOST, "localhost"):  # a page of another site, which made its name point here
            self._send(HTTPStatus.FORBIDDEN, b"Only for this machine.", "text/plain", body=body)
            return
        if key == PATH:
            self._metrics(body=body)
            return
        try:
            data = self.server.store.get(key) if is_key(key) else None
        except MissingObject:
            data = None
        except RossiError as error:
            self._send(HTTPStatus.BAD_GATEWAY, str(error).encode(), "text/plain", body=body)
            return
        if data is None:
            self._send(HTTPStatus.NOT_FOUND, b"The store has no such product.", "text/plain", body=body)
            return
        kind = mimetypes.guess_type(key)
        self._send(HTTPStatus.OK, data, (kind[1] is None and kind[0]) or "application/octet-stream", body=body)

    def _metrics(self, *, body: bool) -> None:
        try:
            self._send(HTTPStatus.OK, self.server.numbers.text(), CONTENT_TYPE, body=body)
        except RossiError as error:
            self._send(HTTPStatus.BAD_GATEWAY, str(error).encode(), "text/plain", body=body)

    def _send(self, status: HTTPStatus, data: bytes, kind: str, *, body: bool) -> None:
        self.send_response(status)
        self.send_header(
            "Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") and "charset" not in kind else kind
        )
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the log is for the reduction."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    store: ObjectStore
    numbers: StoreNumbers


@contextmanager
def browse(store: str, port: int, prefix: str = "") -> Iterator[str]:
    """Serve a store's products while the context lasts.

    Parameters
    ----------
    store : str
        URL.
    port : int
        On 127.0.0.1; 0 takes a free one.
    prefix : str
        Of what is counted at ``/metrics``.

    Yields
    ------
    str
        Address that keys are put behind, with a slash.

    Raises
    ------
    ConfigError
        If the port is taken.
    """
    opened = open_store(store)
    try:
        server = _Server((HOST, port), _Handler)
    except OSError as error:
        raise ConfigError(f"Port {port} can't be used for products ({error.strerror}); choose another one.") from None
    server.store, server.numbers = opened, StoreNumbers(opened, prefix)
    thread = threading.Thread(target=server.serve_forever, name="browse", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
