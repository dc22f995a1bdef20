"""A web server that lists directories as Apache does, sends parts of files, and can be told to fail."""

from __future__ import annotations

import hashlib
import html
import re
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit


@dataclass
class Faults:
    """What goes wrong, by path."""

    #: How many more times a file is cut off in the middle.
    cut: dict[str, int] = field(default_factory=dict)
    #: How many more times a path answers 503.
    busy: dict[str, int] = field(default_factory=dict)
    #: Listings that end without an end.
    torn: set[str] = field(default_factory=set)
    #: Files whose bytes are others than those that HEAD speaks of.
    other: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    #: Status that a path answers, a file or a directory; an empty path is all of them.
    status: dict[str, int] = field(default_factory=dict)
    #: The same, for HEAD alone.
    head_status: dict[str, int] = field(default_factory=dict)
    #: Where paths are redirected to.
    elsewhere: dict[str, str] = field(default_factory=dict)
    #: Paths whose answers never end, whatever their status.
    endless: set[str] = field(default_factory=set)
    #: Names that a listing adds, as they stand in its links.
    links: dict[str, list[str]] = field(default_factory=dict)
    #: Neither lengths nor ETags nor dates: bodies come in chunks.
    chunked: bool = False
    #: What a busy path answers, and how long it wants to be left alone.
    busy_status: int = 503
    retry_after: str = ""


class WebServer(ThreadingHTTPServer):
    """Files below a folder."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address) -> None:
        """A client that goes away is nobody's concern."""

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.faults = Faults()
        self.log: list[str] = []
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        name = unquote(urlsplit(self.path).path).strip("/")
        self.server.log.append(f"{self.command} {name} {self.headers.get('Range', '')}".strip())
        path = self.server.root / name
        faults = self.server.faults
        status = faults.status.get(name, faults.status.get("", 0))
        if self.command == "HEAD":
            status = faults.head_status.get(name, faults.head_status.get("", status))
        if name in faults.endless:
            self._endless(status or 200)
        elif name in faults.elsewhere:
            self._send(301, b"elsewhere", headers={"Location": faults.elsewhere[name]})
        elif status:
            self._send(status, b"no")
        elif faults.busy.get(name):
            faults.busy[name] -= 1
            self._send(
                faults.busy_status, b"busy", headers={"Retry-After": faults.retry_after} if faults.retry_after else {}
            )
        elif path.is_dir():
            self._send(200, self._index(name, path), kind="text/html;charset=UTF-8")
        elif path.is_file():
            self._file(name, path, with_body=with_body)
        else:
            self._send(404, b"not found")

    def _file(self, name: str, path: Path, *, with_body: bool) -> None:
        faults = self.server.faults
        data = path.read_bytes()
        headers = {"ETag": f'"{hashlib.md5(data).hexdigest()[:12]}-{len(data):x}"', "Accept-Ranges": "bytes"}
        if not with_body:
            self._send(200, data, headers=headers, with_body=False)
            return
        data = faults.other.get(name, data)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        status, start = 200, 0
        if asked and faults.ranges:
            status, start = 206, int(asked[1])
            if start >= len(data):
                self._send(416, b"")
                return
            whole = len(data)
            data = data[: int(asked[2]) + 1] if asked[2] else data
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{whole}"
        if faults.cut.get(name):
            faults.cut[name] -= 1
            self._send(status, data[start:], headers=headers, cut=max(1, (len(data) - start) // 2))
            return
        self._send(status, data[start:], headers=headers)

    def _index(self, name: str, folder: Path) -> bytes:
        lines = [f'<a href="{link}">{html.escape(link)}</a>\n' for link in self.server.faults.links.get(name, ())]
        for entry in sorted(folder.iterdir()):
            link = quote(entry.name) + "/" * entry.is_dir()
            size = "-" if entry.is_dir() else f"{entry.stat().st_size / 1024:.1f}K"
            lines.append(
                f'<img src="/icons/x.gif" alt="[   ]"> <a href="{link}">{html.escape(entry.name)}</a> 2012 {size}\n'
            )
        if name in self.server.faults.torn:
            lines, end = lines[: len(lines) // 2], ""
        else:
            end = "<hr></pre>\n</body></html>\n"
        text = (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n<head>\n'
            f"<title>Index of /{name}</title>\n</head>\n<body>\n<h1>Index of /{name}</h1>\n"
            '<pre><a href="?C=N;O=D">Name</a> <a href="?C=S;O=A">Size</a><hr>'
            f'<a href="/{name.rpartition("/")[0]}">Parent Directory</a>\n{"".join(lines)}{end}'
        )
        return text.encode()

    def _send(self, status, data, *, headers=None, kind="application/octet-stream", with_body=True, cut=0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if self.server.faults.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if with_body and self.command != "HEAD":
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) * bool(data) + b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(data)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if not with_body or self.command == "HEAD":
            return
        if cut:
            self.wfile.write(data[:cut])
            self.close_connection = True
            return
        self.wfile.write(data)

    def _endless(self, status: int) -> None:
        self.close_connection = True
        self.send_response(status)
        self.end_headers()
        if self.command == "HEAD":
            return
        head = b"<html><title>Index of /</title><h1>Index of /</h1>"
        self.wfile.write(head)
        with suppress(OSError):  # until the client has enough
            while True:
                self.wfile.write(b'<a href="x">x</a>' * 4000)
                self.server.sent += 68_000

    def log_message(self, *_: object) -> None:
        """Say nothing."""
