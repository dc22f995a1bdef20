"""A Prefect server that lives exactly as long as the campaign that started it.

Used when PREFECT_API_URL names no server. The server watches its standard input, which closes however the campaign
ends, `kill -9` included: none is ever left behind. Neither half of this module imports Prefect before it must.
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import IO

from flows.core.logs import DEBUG
from flows.desktop.access import check_auth, find_auth, restricted
from flows.prefect import OWN_SERVER
from rossi.errors import ConfigError

#: Seconds. A server takes 14-23 on two busy processors, more the first time, when it makes its database.
START_TIMEOUT = 180.0
STOP_TIMEOUT = 10.0
#: Seconds that a server which somebody else started has to answer; a busy one takes a few.
ANSWER_TIMEOUT = 30.0


_READY = b"ready\n"
_QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
#: A server of our own is gone before anybody could read its logs; the user's shows them, the terminal does not.
_OWN = {"PREFECT_LOGGING_LEVEL": "CRITICAL"}
_USERS = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}


class ServerError(Exception):
    """The Prefect server didn't start."""


@contextmanager
def prefect_server() -> Iterator[Callable[[], None]]:
    """Have a Prefect server; entered before Prefect is imported, which reads its address then.

    Yields
    ------
    callable
        Returns as soon as the server answers; so that Prefect can be imported while it starts.

    Raises
    ------
    ConfigError
        If Prefect's folder can't be made.
    ServerError
    """
    if not os.environ.get(DEBUG):
        quiet = _QUIET | (_USERS if os.environ.get("PREFECT_API_URL") else _OWN)
        for name, value in quiet.items():
            os.environ.setdefault(name, value)
    if url := os.environ.get("PREFECT_API_URL"):
        find_auth(url)
        yield lambda: _reach(url)
        return
    _make_home()
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryFile() as log:
        port = listener.getsockname()[1]
        own = {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api", OWN_SERVER: "1"}
        own |= restricted(f"rossi:{secrets.token_urlsafe(24)}", port)
        before = {name: os.environ.get(name) for name in own}
        os.environ.update(own)
        process = _start(listener, log)
        try:
            yield lambda: _wait(process, log)
        finally:
            _send_logs()
            for name, earlier in before.items():
                os.environ.pop(name) if earlier is None else os.environ.update({name: earlier})
            _stop(process)


def _reach(url: str) -> None:
    wait_for_server(url)
    check_auth(url)


def wait_for_server(url: str, patience: float = ANSWER_TIMEOUT) -> None:
    """Wait until somebody else's server answers.

    Parameters
    ----------
    url : str
        Of its API.
    patience : float
        Seconds.

    Raises
    ------
    ServerError
        If it does not, with what to do.
    """
    end = time.monotonic() + patience
    while not answers(url, min(max(1.0, end - time.monotonic()), ANSWER_TIMEOUT)):
        if time.monotonic() > end:
            raise ServerError(
                f"The Prefect server at {url} does not answer. Nothing was begun; start it (`rossi up`), or unset "
                "PREFECT_API_URL to run with a server of its own."
            )
        time.sleep(0.5)


def answers(url: str, patience: float = 2.0) -> bool:
    """Whether a Prefect server answers at the URL of its API."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=patience) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, ValueError, HTTPException):
        return False


def _make_home() -> None:
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"Prefect's folder {home} can't be made ({error.strerror}); name another one in PREFECT_HOME."
        ) from None


def _start(listener: socket.socket, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "flows.desktop.server", str(listener.fileno())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        pass_fds=[listener.fileno()],
        # Ctrl-C is for the campaign, which then stops its server.
        start_new_session=True,
    )


def _wait(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        answered = bool(selector.select(START_TIMEOUT))
    if answered and process.stdout.readline() == _READY:
        return
    log.seek(0)
    said = log.read().decode(errors="replace").strip().splitlines()
    why = said[-1] if said else "it said nothing"
    raise ServerError(f"The Prefect server didn't start within {START_TIMEOUT:.0f} s: {why}")


def _send_logs() -> None:
    """Have Prefect send the logs that it holds: once the server is gone, it would try to for a minute."""
    if (handlers := sys.modules.get("prefect.logging.handlers")) is not None:
        handlers.APILogWorker.drain_all(timeout=STOP_TIMEOUT)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Let the server write what it still holds, but not for long: what matters stands in the product store."""
    with process:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()


def _serve(descriptor: int) -> None:
    """Serve on an inherited socket until standard input closes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    from flows.desktop.database import have_writers_wait

    have_writers_wait()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            os.write(sys.stdout.fileno(), _READY)

    config = uvicorn.Config(create_app(ephemeral=True, final=True), log_level="error", lifespan="on")
    Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
