"""A TAP service on this machine, with a resolver of names and a registry beside it.

It speaks what pyvo and astropy speak: synchronous queries, jobs (UWS), VOTables, error documents, the status OVERFLOW
with a random part of the rows beyond a limit, /tables, /capabilities. Rows are kept in SQLite.

    python -m tests.servers.tap --rows 100000       # prints its address; for benchmarks and for playing
"""

from __future__ import annotations

import argparse
import math
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from tests.servers.adql import AdqlError, translate
from tests.servers.rows import COLUMNS, made_rows

_TYPES = {"TEXT": 'datatype="char" arraysize="*"', "INTEGER": 'datatype="int"', "REAL": 'datatype="double"'}
_UWS = 'xmlns="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1"'


@dataclass
class Behaviour:
    """What the service does wrong."""

    limit: int = 100_000
    #: Whether it says that an answer was cut off.
    honest: bool = True
    #: Answers of this status come before the first good one; -1 for ever.
    unavailable: int = 0
    #: A text that comes in place of every answer to a query.
    instead: str = ""
    #: Words that it takes for ADQL's own where they are not quoted, and quotes in its list of columns.
    reserved: frozenset[str] = frozenset()
    #: Seconds a job takes.
    job_takes: float = 0.0
    names: dict[str, tuple[float, float]] = field(default_factory=lambda: {"eta car": (161.26474, -59.68443)})


class TapServer(ThreadingHTTPServer):
    """The service; `url` is the base of TAP."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address) -> None:
        """A client that goes away is nobody's concern."""

    def __init__(self, rows: Iterable[dict[str, Any]] = (), table: str = "xtemaster") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.database.create_function("adql_contains", 5, _contains, deterministic=True)
        self.lock = threading.Lock()
        self.tables: dict[str, tuple[str, dict[str, tuple[str, str, str]]]] = {}
        self.behaviour = Behaviour()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.queries: list[str] = []
        self.requests: list[str] = []
        self.add_table(table, COLUMNS, rows, "XTE Master Catalog")

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/tap"

    def add_table(
        self, name: str, columns: dict[str, tuple[str, str, str]], rows: Iterable[dict[str, Any]], description: str
    ) -> None:
        """Make a table."""
        self.tables[name] = description, columns
        self.database.execute(f"CREATE TABLE {name} ({', '.join(f'{n} {t}' for n, (t, _, _) in columns.items())})")
        self.add(rows, name)

    def add(self, rows: Iterable[dict[str, Any]], table: str = "xtemaster") -> None:
        """Add rows to a table."""
        names = list(self.tables[table][1])
        marks = ", ".join("?" * len(names))
        with self.lock:
            self.database.executemany(
                f"INSERT INTO {table} VALUES ({marks})", ([r.get(n) for n in names] for r in rows)
            )

    def answer(self, query: str, maxrec: int | None) -> tuple[int, str]:
        """Run a query; return status and VOTable."""
        self.queries.append(query)
        if self.behaviour.instead:
            return 200, self.behaviour.instead
        if "rr.resource" in query:
            return 200, _registry(self.url)
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", query)
        if words := [word for word in self.behaviour.reserved if re.search(rf"\b{word}\b", bare, re.I)]:
            return 400, _error(f"Could not parse your query: Expected end of text, found {words[0]!r}")
        try:
            with self.lock:
                return 200, self._select(query, maxrec)
        except (AdqlError, sqlite3.Error) as error:
            return 400, _error(str(error))

    def _select(self, text: str, maxrec: int | None) -> str:
        query = translate(text)
        most = self.behaviour.limit if maxrec is None else min(maxrec, self.behaviour.limit)
        cursor = self.database.execute(query.sql())
        rows = cursor.fetchmany(most + 1)
        overflow = len(rows) > most
        if overflow:
            # beyond its own limit the service gives whatever it comes across
            cursor = self.database.execute(query.sql(part=most))
            rows = cursor.fetchall()
        names = [column[0] for column in cursor.description]
        kinds = {name: (kind, unit) for name, (kind, unit, _) in self.tables.get(query.table, ("", {}))[1].items()}
        renamed = {n for n, c in zip(query.names, query.columns, strict=True) if n != c}
        kinds = {name: kind for name, kind in kinds.items() if name not in renamed}
        status = "OVERFLOW" if overflow and self.behaviour.honest else ""
        return _votable([(name, *kinds.get(name, _guess(rows, k))) for k, name in enumerate(names)], rows, status)


def _guess(rows: list[tuple[Any, ...]], number: int) -> tuple[str, str]:
    value = rows[0][number] if rows else 0
    return ("INTEGER" if isinstance(value, int) else "REAL" if isinstance(value, float) else "TEXT"), ""


def _contains(ra: float | None, dec: float | None, x: float, y: float, radius: float) -> int:
    if ra is None or dec is None:
        return 0
    a, b = math.radians(dec), math.radians(y)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(ra - x) / 2) ** 2
    return int(2 * math.degrees(math.asin(min(1.0, math.sqrt(half)))) <= radius)


def _votable(columns: list[tuple[str, str, str]], rows: list[tuple[Any, ...]], status: str) -> str:
    fields = "".join(
        f'<FIELD name="{name}" {_TYPES[kind]}{f" unit={quoteattr(unit)}" if unit else ""}/>'
        for name, kind, unit in columns
    )
    texts = {k for k, (_, kind, _) in enumerate(columns) if kind == "TEXT"}
    data = "".join(
        "<TR>"
        + "".join(
            f"<TD>{'' if v is None else escape(str(v)) if k in texts else repr(v)}</TD>" for k, v in enumerate(row)
        )
        + "</TR>\n"
        for row in rows
    )
    over = f'<INFO name="QUERY_STATUS" value="{status}"/>' if status else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/>'
        f"<TABLE>{fields}<DATA><TABLEDATA>\n{data}</TABLEDATA></DATA></TABLE>{over}</RESOURCE></VOTABLE>"
    )


def _error(message: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">{escape(message)}</INFO></RESOURCE>'
        "</VOTABLE>"
    )


_REGTAP = (
    "ivoid res_type short_name res_title content_level res_description reference_url creator_seq created updated "
    "rights "
    "content_type source_format source_value region_of_regard waveband access_urls standard_ids intf_types intf_roles "
    "cap_descriptions"
).split()


def _registry(url: str) -> str:
    values = dict.fromkeys(_REGTAP, "")
    values |= {"ivoid": "ivo://nasa.heasarc/services/xamin", "res_type": "vs:catalogservice", "short_name": "HEASARC"}
    values |= {"access_urls": url, "standard_ids": "ivo://ivoa.net/std/tap", "intf_types": "vs:paramhttp"}
    values |= {"intf_roles": "std", "res_title": "HEASARC Xamin"}
    return _votable([(name, "TEXT", "") for name in _REGTAP], [tuple(values.values())], "")


_CAPABILITIES = """<?xml version="1.0" encoding="UTF-8"?>
<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"
 xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0">
<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">
<interface role="std" xsi:type="vs:ParamHTTP"><accessURL use="base">{url}</accessURL></interface>
<language><name>ADQL</name><version ivo-id="ivo://ivoa.net/std/ADQL#v2.0">2.0</version></language>
<outputFormat ivo-id="ivo://ivoa.net/std/TAPRegExt#output-votable-td"><mime>application/x-votable+xml</mime></outputFormat>
<outputLimit><default unit="row">{limit}</default><hard unit="row">{limit}</hard></outputLimit>
</capability></vosi:capabilities>"""


class _Handler(BaseHTTPRequestHandler):
    server: TapServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._handle({})

    def do_DELETE(self) -> None:
        self._handle({})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self._handle({k.upper(): v[0] for k, v in parse_qs(body, keep_blank_values=True).items()})

    def _handle(self, values: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        self.server.requests.append(f"{self.command} {parts.path}")
        values |= {k.upper(): v[0] for k, v in parse_qs(parts.query).items()}
        behaviour = self.server.behaviour
        if behaviour.unavailable:
            behaviour.unavailable -= behaviour.unavailable > 0
            return self._send(503, "<html><body>Service Unavailable</body></html>", "text/html")
        match parts.path.strip("/").split("/"):
            case ["tap", "sync"]:
                self._send(*self.server.answer(values.get("QUERY", ""), _maxrec(values)))
            case ["tap", "async", *rest]:
                self._job(rest, values)
            case ["tap", "tables"]:
                self._send(200, self._tables())
            case ["tap", "capabilities"]:
                self._send(200, _CAPABILITIES.format(url=self.server.url, limit=behaviour.limit))
            case ["sesame", *_]:
                self._sesame(unquote(parts.query))
            case _:
                self._send(404, "no such thing", "text/plain")
        return None

    def _job(self, rest: list[str], values: dict[str, str]) -> None:
        jobs = self.server.jobs
        if not rest:
            name = uuid.uuid4().hex[:8]
            jobs[name] = {"phase": "PENDING", "values": values, "since": 0.0}
            return self._redirect(f"/tap/async/{name}")
        name, *what = rest
        if name not in jobs:
            return self._send(404, "no such job", "text/plain")
        job = jobs[name]
        if self.command == "DELETE":
            del jobs[name]
            return self._redirect("/tap/async")
        if what == ["phase"] and self.command == "POST":
            job |= {"phase": "EXECUTING", "since": time.monotonic()}
            return self._redirect(f"/tap/async/{name}")
        if job["phase"] == "EXECUTING" and time.monotonic() - job["since"] >= self.server.behaviour.job_takes:
            status, text = self.server.answer(job["values"].get("QUERY", ""), _maxrec(job["values"]))
            job |= {"phase": "COMPLETED" if status == 200 else "ERROR", "result": text}
        if what == ["results", "result"]:
            return self._send(200, job.get("result", ""))
        return self._send(200, self._uws(name, job))

    def _uws(self, name: str, job: dict[str, Any]) -> str:
        done = ""
        if job["phase"] == "COMPLETED":
            link = f"{self.server.url}/async/{name}/results/result"
            done = f'<results><result id="result" xlink:href="{link}"/></results>'
        if job["phase"] == "ERROR":
            text = job["result"].partition('value="ERROR">')[2].partition("</INFO>")[0]
            done = f'<errorSummary type="fatal" hasDetail="false"><message>{text}</message></errorSummary>'
        return (
            f'<?xml version="1.0"?>\n<job {_UWS}><jobId>{name}</jobId><ownerId/><phase>{job["phase"]}</phase><quote/>'
            "<creationTime>2026-01-01T00:00:00Z</creationTime><executionDuration>600</executionDuration>"
            f"<destruction>2030-01-01T00:00:00Z</destruction><parameters/>{done}</job>"
        )

    def _tables(self) -> str:
        text = ""
        for name, (description, columns) in self.server.tables.items():
            inner = "".join(
                f"<column><name>{self._spelled(n)}</name><description>{d}</description><unit>{u}</unit></column>"
                for n, (_, u, d) in columns.items()
            )
            text += f"<table><name>{name}</name><description>{description}</description>{inner}</table>"
        return (
            '<?xml version="1.0"?>\n<vosi:tableset xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" '
            'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"><schema><name>public</name>'
            f"{text}</schema></vosi:tableset>"
        )

    def _spelled(self, name: str) -> str:
        return f'"{name}"' if name in self.server.behaviour.reserved else name

    def _sesame(self, name: str) -> None:
        place = self.server.behaviour.names.get(name.lower())
        text = f"# {name}\n%J {place[0]} {place[1]} = x\n" if place else f"# {name}\n#! Nothing found\n"
        self._send(200, text, "text/plain")

    def _redirect(self, path: str) -> None:
        self.send_response(303)
        self.send_header("Location", self.server.root + path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, text: str, kind: str = "application/x-votable+xml") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _maxrec(values: dict[str, str]) -> int | None:
    return int(values["MAXREC"]) if values.get("MAXREC") else None


@contextmanager
def serving(server: ThreadingHTTPServer):
    """Serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000)
    server = TapServer(made_rows(parser.parse_args().rows))
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
