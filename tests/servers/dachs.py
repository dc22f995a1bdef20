"""GAVO DaCHS, a TAP server that parses ADQL strictly, over a PostgreSQL of its own; Debian has both.

For root on Debian: PostgreSQL and DaCHS run as the users that their packages make. Nothing of the system's own
database or configuration is touched.
"""

import csv
import os
import shutil
import subprocess
import textwrap
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import free_port, running
from tests.servers.rows import COLUMNS

PACKAGES = "gavodachs2-server postgresql-pgsphere postgresql-q3c"
HARD_LIMIT = 300_000
_TYPES = {"TEXT": "text", "INTEGER": "integer", "REAL": "double precision"}
_UCDS = {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main", "obsid": "meta.id;meta.main"}


def missing():
    """Return why it can't run here, empty if it can."""
    if not shutil.which("dachs") or not _binaries():
        return f"DaCHS is not installed; Debian has it: apt-get install {PACKAGES}"
    if os.geteuid() != 0:
        return "PostgreSQL and DaCHS run as users of their own, which only root can become"
    return ""


@contextmanager
def serving_rows(folder, rows):
    """Serve rows as the table ``rossi.xtemaster``; yields the service's address. `folder` is readable for all."""
    database, web = free_port(), free_port()
    root, settings = folder / "gavo", folder / "gavo.rc"
    settings.write_text(_settings(root, web))
    _owned(folder / "pg", "postgres")
    _owned(root, "dachsroot")
    _run("postgres", _binaries() / "initdb", "-D", folder / "pg", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    server = [_binaries() / "postgres", "-D", folder / "pg", "-p", str(database), "-k", folder / "pg", "-F"]
    environment = {**os.environ, "GAVOSETTINGS": str(settings)}
    with running(_as("postgres", *server), folder / "postgres.log", database, cwd=folder):
        there = ["-h", "127.0.0.1", "-p", str(database)]
        _run("postgres", _binaries() / "createuser", *there, "-s", "dachsroot")
        _run("postgres", _binaries() / "createdb", *there, "-O", "dachsroot", "gavo")
        dsn = f"host=127.0.0.1 port={database} dbname=gavo user=dachsroot"
        _run("dachsroot", "dachs", "init", "-d", dsn, cwd=folder, env=environment)
        _fill(root / "inputs/rossi", rows)
        _run("dachsroot", "dachs", "imp", "rossi/q", cwd=folder, env=environment)
        command = _as("dachsroot", "dachs", "serve", "debug")
        with running(command, folder / "dachs.log", web, cwd=folder, env=environment):
            yield f"http://127.0.0.1:{web}/tap"


def _settings(root, port):
    return textwrap.dedent(f"""\
        [general]
        rootDir: {root}
        maintainerAddress: nobody@example.org
        [web]
        serverURL: http://127.0.0.1:{port}
        serverPort: {port}
        bindAddress: 127.0.0.1
        [async]
        hardMAXREC: {HARD_LIMIT}
        [ivoa]
        authority: x-rossi
        """)


def _fill(place, rows):
    place.mkdir()
    nothing = '<values nullLiteral="-1"/>'
    columns = "".join(
        f'<column name="{"quoted/" * (name == "time")}{name}" type="{_TYPES[kind]}" unit="{unit}" '
        f'ucd="{_UCDS.get(name, "")}" description="{meaning}">'
        f"{nothing * (kind == 'INTEGER')}</column>"
        for name, (kind, unit, meaning) in COLUMNS.items()
    )
    (place / "q.rd").write_text(
        '<resource schema="rossi"><meta name="title">Observations</meta><meta name="creationDate">2026-01-01T00:00:00Z'
        '</meta><meta name="description">Observations</meta><meta name="subject">x-ray-sources</meta>'
        '<table id="xtemaster" onDisk="True" adql="True" mixin="//scs#q3cindex">'
        f'<meta name="description">XTE Master Catalog</meta>{columns}</table><data id="import"><sources>rows.csv'
        '</sources><csvGrammar/><make table="xtemaster"><rowmaker idmaps="*"/></make></data></resource>'
    )
    with (place / "rows.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    for path in (place, *place.iterdir()):
        shutil.chown(path, "dachsroot")


def _binaries():
    """Return the folder of the newest PostgreSQL's programs, None if there is none."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _owned(folder, user):
    folder.mkdir()
    shutil.chown(folder, user)


def _as(user, *command):
    return ["setpriv", f"--reuid={user}", "--init-groups", f"--regid={'gavo' if user == 'dachsroot' else user}"] + [
        str(part) for part in command
    ]


def _run(user, *command, **options):
    done = subprocess.run(_as(user, *command), capture_output=True, text=True, timeout=600, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-1000:]} {done.stderr[-1000:]}")
