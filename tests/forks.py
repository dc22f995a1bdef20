"""Commands without the start of Python: forks of one process that has everything imported.

A fork has a process, folder, environment and outputs of its own, and ends as the command ends. It runs a module, as
`python -m`, or the file at a path. It shows neither how a command imports what it needs nor, in /proc, the environment
that it was given: tests of these start an interpreter.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import logging
import os
import pkgutil
import runpy
import select
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
#: What is imported before anything is forked, with all that is in it.
_PACKAGES = ("rossi", "services", "flows.core", "flows.kubernetes", "flows.cli")
#: What functions of these import when they are called.
_LATER = (
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "jinja2", "rich.progress", "pandas"),
    *("pyarrow.parquet", "kubernetes.client.api.batch_v1_api", "kubernetes.client.api.core_v1_api"),
    *("flows.executors", "flows.prefect.artifacts", "flows.prefect.form", "tests.services.merge.undrawn"),
)
#: What reads the environment when it is imported, with all that campaigns need of it.
_PREFECT = (
    *("prefect", "prefect.artifacts", "prefect.flow_engine", "prefect.task_engine", "prefect.concurrency.sync"),
    *("prefect.concurrency.asyncio", "prefect.utilities.visualization", "fastapi"),
)
_STATUS = struct.Struct("i")
#: Variable by which a process tells another one where its forks come from.
ADDRESS = "TESTS_FORKS"
#: Variable of a fork whose merges draw no figures.
UNDRAWN = "TESTS_UNDRAWN"


class Fork:
    """A running fork, with the methods of `subprocess.Popen` that are needed.

    Parameters
    ----------
    module : str
    arguments : sequence
    cwd : Path
    env : mapping
    stdout, stderr, stdin : file
        Files with a descriptor; standard input is empty by default.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[object],
        cwd: Path,
        env: Mapping[str, str],
        stdout: io.IOBase,
        stderr: io.IOBase,
        stdin: io.IOBase | None = None,
    ) -> None:
        self.args = [module, *map(str, arguments)]
        self.returncode: int | None = None
        self._lock = threading.Lock()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(address())
        asked = json.dumps({"args": self.args, "cwd": str(cwd), "env": dict(env)}).encode()
        with Path(os.devnull).open() as nothing:
            files = [(stdin or nothing).fileno(), stdout.fileno(), stderr.fileno()]
            socket.send_fds(self._server, [_STATUS.pack(len(asked))], files)
        self._server.sendall(asked)
        (self.pid,) = _STATUS.unpack(_exactly(self._server, _STATUS.size))

    def poll(self) -> int | None:
        """Return how it ended, negative for a signal, or None."""
        with self._lock:
            if self.returncode is None and select.select([self._server], [], [], 0)[0]:
                self._collect()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        with self._lock:
            if self.returncode is None:
                if not select.select([self._server], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
                self._collect()
            assert self.returncode is not None
            return self.returncode

    def _collect(self) -> None:
        (self.returncode,) = _STATUS.unpack(_exactly(self._server, _STATUS.size))
        self._server.close()

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


def run(
    module: str, arguments: Sequence[object], cwd: Path, env: Mapping[str, str], text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a module, or a file, to its end, with a text as its standard input."""
    with ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3))
        given.write(text)
        given.seek(0)
        fork = Fork(module, arguments, cwd, env, out, err, given)
        code = fork.wait()
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(fork.args, code, out.read(), err.read())


@cache
def address() -> str:
    """Start what is forked, once in a process and those that it tells; it ends with that."""
    if told := os.environ.get(ADDRESS):
        return told
    folder = tempfile.mkdtemp(prefix="forks")
    address = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "ROSSI_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", str(listener.fileno())],
            cwd=ROOT,
            env=environment | {"PYTHONPATH": str(ROOT)},
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,  # closes with this process, however that ends
            start_new_session=True,
        )

    def end() -> None:
        process.communicate()
        Path(address).unlink()
        Path(folder).rmdir()

    atexit.register(end)
    return address


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError("the process that is forked is gone")
        data += part
    return data


def _serve(listener: socket.socket) -> None:
    """Import everything, then fork for each connection."""
    for package in _PACKAGES:
        places = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(places, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in _LATER:
        importlib.import_module(name)
    # Matrices and files of calibration are computed once in a process, which takes longer than an observation.
    with tempfile.TemporaryDirectory() as folder:
        importlib.import_module("rossi.simulate").simulate_archive(Path(folder) / "archive", 1, 1)
    if "prefect" in sys.modules:
        raise RuntimeError("Prefect reads its settings when it is imported, and forks have others")
    sys.meta_path.insert(0, _Aside())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as watched:
        watched.register(sys.stdin, selectors.EVENT_READ)
        watched.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in watched.select():
                if key.fileobj is sys.stdin:
                    for running in {each.data for each in watched.get_map().values()} - {None}:
                        running.kill()
                    return
                if key.fileobj is listener:
                    running = _begin(listener)
                    watched.register(running.connection, selectors.EVENT_READ, running)
                    watched.register(running.process, selectors.EVENT_READ, running)
                elif key.fileobj is not key.data.connection:
                    watched.unregister(key.data.process)
                    with suppress(KeyError):
                        watched.unregister(key.data.connection)
                    _end(key.data)
                elif key.fd in watched.get_map():  # nobody listens any longer
                    watched.unregister(key.data.connection)
                    key.data.kill()


class _Aside(MetaPathFinder, Loader):
    """Prefect, imported and put aside: what imports it in a fork has it at once, with the settings of that moment."""

    def __init__(self) -> None:
        root = logging.getLogger()
        before = root.level, root.handlers[:]
        for name in _PREFECT:
            importlib.import_module(name)
        root.level, root.handlers[:] = before
        names = [name for name in sys.modules if name.partition(".")[0] == "prefect"]
        self._modules = {name: sys.modules.pop(name) for name in names}

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in self._modules else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        wanted = self._modules.pop(spec.name)
        self._spec = wanted.__spec__
        sys.modules.update(self._modules)
        self._modules.clear()
        return wanted

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
        importlib.import_module("prefect.context").refresh_global_settings_context()
        importlib.import_module("prefect.logging.configuration").setup_logging(incremental=False)


@dataclass(frozen=True)
class _Running:
    """A fork, and who asked for it."""

    pid: int
    process: int
    connection: socket.socket

    def kill(self) -> None:
        """Kill it, and what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def _begin(listener: socket.socket) -> _Running:
    """Fork, and tell who it is."""
    connection, _ = listener.accept()
    head, files, _, _ = socket.recv_fds(connection, _STATUS.size, 3)
    asked = json.loads(_exactly(connection, *_STATUS.unpack(head)))
    pid = os.fork()
    if not pid:
        listener.close()
        connection.close()
        os._exit(_run(asked, files))
    for file in files:
        os.close(file)
    connection.sendall(_STATUS.pack(pid))
    return _Running(pid, os.pidfd_open(pid), connection)


def _end(running: _Running) -> None:
    """Tell how it ended."""
    os.close(running.process)
    _, status = os.waitpid(running.pid, 0)
    with suppress(OSError), running.connection:
        running.connection.sendall(_STATUS.pack(os.waitstatus_to_exitcode(status)))


def _run(asked: dict, files: list[int]) -> int:
    """Be the module, and end as the interpreter would; returns the exit code."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    if os.environ.pop(UNDRAWN, ""):
        importlib.import_module("tests.services.merge.undrawn").undrawn().__enter__()
    module, *arguments = asked["args"]
    sys.argv = [module, *arguments]
    sys.path[:0] = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    code = 0
    try:
        if os.sep in module:
            runpy.run_path(module, run_name="__main__")
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
