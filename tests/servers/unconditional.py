"""An S3 server that takes no conditional writes, as OpenStack Swift's: 501 to If-None-Match, before another one.

It can't show what else Swift does differently; the answer is the one that Swift 2.30 gives.
"""

import http.client
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_ANSWER = b"""<?xml version='1.0' encoding='UTF-8'?>
<Error><Code>NotImplemented</Code><Message>Conditional object PUTs are not supported.</Message></Error>"""
_OF_THE_CONNECTION = {"connection", "transfer-encoding", "keep-alive", "date", "server"}


class Unconditional(ThreadingHTTPServer):
    """Hands everything else on."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(endpoint).netloc
        #: Requests that were not taken.
        self.refused = 0

    def handle_error(self, request, client_address) -> None:
        """A client that goes away is nobody's concern."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Unconditional
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_expect_100(self) -> bool:
        """Let a client go on at once: it waits a second before it sends what it puts without having been told."""
        told = super().handle_expect_100()
        self.wfile.flush()
        return told

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "If-None-Match" in self.headers:
            self.server.refused += 1
            self._send(501, {"Content-Type": "application/xml"}, _ANSWER)
            return
        with closing(http.client.HTTPConnection(self.server.behind, timeout=60)) as there:
            there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # the signature is of the host that the client named
                if name.lower() not in {"connection", "expect"}:
                    there.putheader(name, value)
            there.endheaders(body)
            with there.getresponse() as answer:
                headers = {n: v for n, v in answer.getheaders() if n.lower() not in _OF_THE_CONNECTION}
                self._send(answer.status, headers, answer.read())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name in headers}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
