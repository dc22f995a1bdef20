"""An API server over HTTP that behaves as a cluster's does for what campaigns ask of it, and fails when told to.

It lets its clients do what the Role of k8s/base allows, checks Jobs against the API's schema, pages lists, ends
watches when their time is over, sends bookmarks, and answers 401, 403, 404, 409, 410 and 422 as the real one does. Not
here: quotas and other admission (`tests.flows.kubernetes.nodes`), field management, several versions of an API, TLS.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate
import yaml

from tests.flows.kubernetes.objects import Expired, Json, Objects

TOKEN = "token-of-the-tests"
API_VERSION = "1.30"
_PATH = re.compile(
    r"/(?:api/v1|apis/batch/v1)/namespaces/([^/]+)/(jobs|pods|events|resourcequotas)(?:/([^/]+))?(/log)?"
)
_KINDS = {"jobs": "Job", "pods": "Pod", "events": "Event", "resourcequotas": "ResourceQuota"}
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_ACCOUNTS = Path(__file__).parents[3] / "k8s/base/accounts.yaml"


def role() -> set[tuple[str, str]]:
    """Return what the flow's Role allows: verbs and resources."""
    (found,) = [item for item in yaml.safe_load_all(_ACCOUNTS.read_text()) if item["kind"] == "Role"]
    return {(verb, kind) for rule in found["rules"] for verb in rule["verbs"] for kind in rule["resources"]}


@dataclass
class Faults:
    """What goes wrong.

    Parameters
    ----------
    statuses : list of int
        Of the next answers, before anything else works.
    drop_after : int or None
        A watch's connection breaks after so many events, in the middle of a line.
    delay : float [s]
        Before every answer.
    gone_as_event : bool
        How a watch is told that its version is too old: as an event in it, or as the answer's status.
    lose_answer : int
        Of so many creations the client never hears.
    """

    statuses: list[int] = field(default_factory=list)
    drop_after: int | None = None
    delay: float = 0.0
    gone_as_event: bool = True
    lose_answer: int = 0


class ApiServer:
    """The server; `stop` and `start` it again, and it is on the same port with the same objects."""

    def __init__(self, namespace: str = "rossi") -> None:
        self.namespace = namespace
        self.allowed = role()
        self.objects = Objects()
        self.faults = Faults()
        self.requests: list[str] = []
        self.delete: Callable[[str, str], None] = lambda name, _: self.objects.remove("jobs", name)
        self.log: Callable[[str], str | None] = lambda _: None
        self.port = 0
        self.up = False
        self.bookmark_seconds = 0.2
        self.connections: set[socket.socket] = set()

    def start(self) -> None:
        """Listen."""
        server = self

        class Handler(_Handler):
            api = server

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_: object) -> None:
                """Broken connections are what the tests are about."""

        self._http = Server(("127.0.0.1", self.port), Handler)
        self.port, self.up = self._http.server_port, True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, breaking every connection off."""
        self.up = False
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join()

    def kubeconfig(self, path: Path, token: str = TOKEN) -> Path:
        """Write a configuration for its clients."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "c", "user": "u"}}],
        }
        path.write_text(yaml.safe_dump(config))
        return path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: ApiServer

    def setup(self) -> None:
        super().setup()
        self.api.connections.add(self.request)

    def finish(self) -> None:
        self.api.connections.discard(self.request)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        self.api.requests.append(f"{self.command} {self.path}")

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        time.sleep(self.api.faults.delay)
        if self.api.faults.statuses:
            self._status(self.api.faults.statuses.pop(0), "as the test wants it")
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._status(401, "Unauthorized")
            return
        parts = urlsplit(self.path)
        if parts.path == _REVIEW:
            self._review(body["spec"]["resourceAttributes"])
            return
        match = _PATH.fullmatch(parts.path)
        if match is None or match[1] != self.api.namespace:
            self._status(403, f"{parts.path} is forbidden")
            return
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        _, kind, name, log = match.groups()
        verbs = {"POST": "create", "PATCH": "patch", "DELETE": "delete", "GET": "get" if name else "list"}
        verb = "watch" if query.get("watch") == "true" else verbs[self.command]
        if (verb, kind + (log or "")) not in self.api.allowed:
            self._status(403, f'cannot {verb} resource "{kind + (log or "")}" in the namespace "{match[1]}"')
            return
        with_name = {"GET": self._read, "PATCH": self._patch, "DELETE": self._delete}
        if log:
            self._log(name, query)
        elif name:
            with_name[self.command](kind, name, query, body)
        elif self.command == "POST":
            self._create(kind, body)
        elif query.get("watch") == "true":
            self._watch(kind, query)
        else:
            self._list(kind, query)

    def _review(self, asked: Json) -> None:
        kind = "/".join(filter(None, (asked["resource"], asked["subresource"])))
        allowed = asked["namespace"] == self.api.namespace and (asked["verb"], kind) in self.api.allowed
        self._answer(201, {"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}})

    def _create(self, kind: str, body: Json) -> None:
        try:
            kubernetes_validate.validate(body, API_VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            self._status(422, error.message)
            return
        made = self.api.objects.create(kind, body)
        if self.api.faults.lose_answer:
            self.api.faults.lose_answer -= 1
            self._hang_up()
        elif made is None:
            self._status(409, f'{kind} "{body["metadata"]["name"]}" already exists')
        else:
            self._answer(201, made)

    def _read(self, kind: str, name: str, _query: dict[str, str], _body: Json) -> None:
        found = self.api.objects.get(kind, name)
        if found is None:
            self._status(404, f'{kind} "{name}" not found')
        else:
            self._answer(200, found)

    def _patch(self, kind: str, name: str, query: dict[str, str], body: Json) -> None:
        def change(item: Json) -> None:
            item["metadata"].setdefault("labels", {}).update(body["metadata"]["labels"])

        self.api.objects.update(kind, name, change)
        self._read(kind, name, query, body)

    def _delete(self, kind: str, name: str, query: dict[str, str], body: Json) -> None:
        if self.api.objects.get(kind, name) is None:
            self._status(404, f'{kind} "{name}" not found')
            return
        self.api.delete(name, query.get("propagationPolicy") or body.get("propagationPolicy") or "Background")
        self._answer(200, {"kind": "Status", "status": "Success"})

    def _list(self, kind: str, query: dict[str, str]) -> None:
        with self.api.objects.changed:
            items = [item for item in self.api.objects.all(kind) if _selected(item, query)]
            version = str(self.api.objects.version)
        since, _, begun = query.get("continue", "").partition("/")
        begin = int(begun or 0)
        try:
            self.api.objects.since(kind, int(since or version))
        except Expired:
            self._status(410, "The provided continue parameter is too old to display a consistent list result.")
            return
        end = begin + int(query.get("limit") or len(items) or 1)
        meta = {"resourceVersion": version} | ({"continue": f"{since or version}/{end}"} if end < len(items) else {})
        self._answer(200, {"kind": f"{_KINDS[kind]}List", "metadata": meta, "items": items[begin:end]})

    def _log(self, name: str, query: dict[str, str]) -> None:
        text = self.api.log(name)
        if text is None:
            self._status(404, f'pods "{name}" not found')
            return
        lines = text.splitlines(keepends=True)
        data = "".join(lines[-int(query["tailLines"]) :] if "tailLines" in query else lines).encode()
        self._send(200, "text/plain", data)

    def _watch(self, kind: str, query: dict[str, str]) -> None:
        objects, version = self.api.objects, int(query["resourceVersion"])
        end = time.monotonic() + float(query.get("timeoutSeconds") or 60)
        gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
        if not self.api.faults.gone_as_event:
            try:
                objects.since(kind, version)
            except Expired:
                self._answer(410, gone)
                return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent = 0
        while self.api.up and time.monotonic() < end:
            with objects.changed:
                objects.changed.wait(self.api.bookmark_seconds)
                try:
                    events = objects.since(kind, version)
                except Expired:
                    self._event("ERROR", gone)
                    break
            chosen = [(event, item) for _, event, item in events if _selected(item, query)]
            version = max([version, *(new for new, _, _ in events)])
            for event, item in chosen:
                if self.api.faults.drop_after is not None and sent >= self.api.faults.drop_after:
                    self._hang_up(b'{"type": "MODIFIED", "obj')
                    return
                self._event(event, item)
                sent += 1
            if not chosen and query.get("allowWatchBookmarks") == "true":
                self._event("BOOKMARK", {"kind": _KINDS[kind], "metadata": {"resourceVersion": str(version)}})
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, event: str, item: Json) -> None:
        self._chunk(json.dumps({"type": event, "object": item}).encode() + b"\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _hang_up(self, last: bytes = b"") -> None:
        if last:
            self._chunk(last)
        self.close_connection = True
        self.request.shutdown(socket.SHUT_RDWR)

    def _status(self, code: int, message: str) -> None:
        self._answer(code, {"kind": "Status", "status": "Failure", "code": code, "message": message})

    def _answer(self, code: int, what: Any) -> None:
        self._send(code, "application/json", json.dumps(what).encode())

    def _send(self, code: int, kind: str, data: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _selected(item: Json, query: dict[str, str]) -> bool:
    labels = item["metadata"].get("labels") or {}
    wanted = [term.partition("=") for term in filter(None, query.get("labelSelector", "").split(","))]
    fields = [term.partition("=") for term in filter(None, query.get("fieldSelector", "").split(","))]
    selectable = {"metadata.name": item["metadata"]["name"]}
    selectable |= {"status.phase": item.get("status", {}).get("phase"), "type": item.get("type")}
    return all(labels.get(name) == value for name, _, value in wanted) and all(
        selectable[name] == value for name, _, value in fields
    )
