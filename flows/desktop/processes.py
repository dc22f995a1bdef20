"""Processes that stay when the command has ended: started in the background, found and stopped by their own ids.

A folder keeps what is needed for it: ``processes.json``, a log for each, Prefect's own folder, the S3 server's data
and credentials.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rossi.errors import ConfigError, RossiError

#: Seconds that a process has to end by itself.
STOP_TIMEOUT = 20.0
_PROCESSES = "processes.json"
#: Lines at the end of a log among which the reason is: a server says afterwards that it could not start.
_LAST = 10
_ERROR = re.compile(r"[\w.]+(Error|Exception): ")


class StartError(RossiError):
    """A process in the background didn't start."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process in the background.

    Parameters
    ----------
    name : str
    pid : int
        Also of its process group.
    born : str
        When it began, in the system's own words: a pid is used again by others.
    about : str
        For people: its address.
    """

    name: str
    pid: int
    born: str
    about: str = ""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return bool(self.born) and _born(self.pid) == self.born


def default_folder() -> Path:
    """Return where the state is kept: ``$XDG_STATE_HOME/rossi``, or below ``~/.local/state``."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "rossi"


class Machine:
    """What runs in the background for one folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.

    Raises
    ------
    ConfigError
        If it can't be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"{folder} can't be made ({error.strerror}); name another folder with --state.") from None

    def running(self) -> list[Running]:
        """Return what was started and still runs, oldest first."""
        try:
            found = json.loads((self.folder / _PROCESSES).read_text())
        except FileNotFoundError:
            return []
        except ValueError:
            raise ConfigError(f"{self.folder / _PROCESSES} can't be read; remove it if nothing runs.") from None
        return [one for one in (Running(**entry) for entry in found) if one.alive]

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], about: str = "") -> Running:
        """Start a program, named with its whole path, in a session of its own, with a log file."""
        with self.log(name).open("ab") as log, Path(os.devnull).open("rb") as nothing:
            # Not subprocess.Popen, which wants to see the end of what it started.
            redirected = [(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)]
            pid = os.posix_spawn(
                command[0],
                [*command],
                {**os.environ, **environment},
                file_actions=[(os.POSIX_SPAWN_DUP2, nothing.fileno(), 0), *redirected],
                setsid=True,
            )
        one = Running(name, pid, _born(pid), about)
        self._write([*(other for other in self.running() if other.name != name), one])
        return one

    def wait(self, one: Running, ready: Callable[[], bool], patience: float) -> None:
        """Wait until a process is ready.

        Raises
        ------
        StartError
            If it ends before, or takes too long; with the last error of its log, or the last line.
        """
        end = time.monotonic() + patience
        while not ready():
            if not one.alive or time.monotonic() > end:
                why = "ended" if not one.alive else f"was not ready within {patience:.0f} s"
                raise StartError(f"{one.name} {why}: {self._last_words(one.name)} (all of it in {self.log(one.name)})")
            time.sleep(0.2)

    def stop(self) -> list[Running]:
        """Stop everything, the newest first; returns what was stopped."""
        found = list(reversed(self.running()))
        for one in found:
            _stop(one)
        self._write([])
        return found

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.folder / f"{name}.log"

    def _write(self, processes: Sequence[Running]) -> None:
        path = self.folder / _PROCESSES
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps([asdict(one) for one in processes], indent=1))
        temporary.replace(path)

    def _last_words(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").strip().splitlines()[-_LAST:]
        errors = [line for line in lines if _ERROR.match(line)]
        return (errors or lines or ["it said nothing"])[-1].strip()


def _stop(one: Running) -> None:
    """Stop a process, what it started with it; a group's members that do not go are killed."""
    for number, patience in ((signal.SIGTERM, STOP_TIMEOUT), (signal.SIGKILL, STOP_TIMEOUT)):
        try:
            os.killpg(one.pid, number)
        except ProcessLookupError:
            return
        end = time.monotonic() + patience
        while _group_lives(one.pid) and time.monotonic() < end:
            time.sleep(0.1)


def _group_lives(group: int) -> bool:
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:  # those of our own that have ended
            continue
    except ChildProcessError:
        pass
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _born(pid: int) -> str:
    """Return when a process began, empty if there is none (or only its remains)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
        told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return told.stdout.strip()
    return "" if fields[0] == "Z" else fields[19]


def python(*arguments: str) -> list[str]:
    """Return a command for this Python."""
    return [sys.executable, *arguments]
