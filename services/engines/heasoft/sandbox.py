"""A private place for one call of a task.

Tasks remember their parameters in files (PFILES), write helper files with fixed names, truncate paths at about 128
characters, and ask at a terminal for what they miss. So each call has its own parameter files, home, working and
temporary directory below a short path, an environment that holds what is listed here and nothing else, no terminal, and
a time limit after which it is killed with everything that it has started.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rossi.errors import ConfigError, RossiError

#: What a call inherits: where HEASoft, its libraries and its CALDB are. All else is set here or left out.
INHERITED = (
    *("HEADAS", "FTOOLS", "LHEASOFT", "LHEAPERL", "LHEA_DATA", "LHEA_HELP", "EXT", "PFCLOBBER"),
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PERLLIB", "PERL5LIB", "PYTHONPATH", "PYTHONHOME"),
    *("CALDB", "CALDBCONFIG", "CALDBALIAS", "XANADU", "XANBIN", "POW_LIBRARY", "TCLRL_LIBDIR", "XRDEFAULTS"),
    *("PGPLOT_FONT", "PGPLOT_RGB", "PGPLOT_DIR", "SYSTEMROOT"),
)
#: Longest path that tasks handle is about 128 characters; some add a suffix such as ``_cols.lis``.
LONGEST = 110
#: Longest directory that a sandbox is made in, so that every name that rossi gives fits.
_LONGEST_ROOT = 40
#: Seconds that a call may take; a long observation takes a minute. ROSSI_HEASOFT_TIME_LIMIT sets another limit.
TIME_LIMIT = 3600.0


class TaskStopped(RossiError):
    """A task was stopped or killed, which may go well next time: neither the data nor the configuration is to blame."""

    code = "task_stopped"


def time_limit(environment: Mapping[str, str] | None = None) -> float:
    """Return how long a call may take [s].

    Raises
    ------
    ConfigError
        If ROSSI_HEASOFT_TIME_LIMIT is not a positive number.
    """
    text = (os.environ if environment is None else environment).get("ROSSI_HEASOFT_TIME_LIMIT", "")
    try:
        limit = float(text or TIME_LIMIT)
    except ValueError:
        limit = 0.0
    if not limit > 0:
        raise ConfigError(f"ROSSI_HEASOFT_TIME_LIMIT is {text!r}; a positive number of seconds was expected.")
    return limit


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The directories of one call.

    Parameters
    ----------
    root : Path
        ``w`` below it is the working directory, ``p`` holds parameter files, ``h`` is the home, ``t`` for temporary
        files.
    """

    root: Path

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.root / "w"

    @property
    def log(self) -> Path:
        """What the call said."""
        return self.root / "log"

    def environment(self, given: Mapping[str, str], packages: str = "") -> dict[str, str]:
        """Return the environment of the call.

        Parameters
        ----------
        given : mapping
            Where the variables of `INHERITED` are taken from.
        packages : str
            Folder that heasoftpy is imported from, if it is not on PYTHONPATH already.
        """
        system = Path(given.get("HEADAS", "")) / "syspfiles"
        kept = {name: given[name] for name in INHERITED if name in given}
        folders = [*filter(None, kept.get("PYTHONPATH", "").split(os.pathsep))]
        if packages and packages not in folders:
            folders.insert(0, packages)
        kept |= {"PYTHONPATH": os.pathsep.join(folders)} if folders else {}
        programs = str(Path(given.get("HEADAS", "")) / "bin")
        return kept | {
            "PATH": os.pathsep.join(filter(None, (programs, kept.get("PATH", "")))),
            "PFILES": f"{self.root / 'p'};{system}",
            "HOME": str(self.root / "h"),
            "TMPDIR": str(self.root / "t"),
            "HEADASNOQUERY": "1",
            "HEADASPROMPT": "/dev/null",
            "HEADASOUTPUT": "stdout",
            "FTOOLSINPUT": "stdin",
            "FTOOLSOUTPUT": "stdout",
            "PGPLOT_TYPE": "/null",
            "TERM": "dumb",
            "LC_ALL": "C",
            "TZ": "UTC",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def place(self, name: str) -> Path:
        """Return the path of a file in the working directory.

        Raises
        ------
        ConfigError
            If tasks would truncate it.
        """
        path = self.work / name
        if len(str(path)) > LONGEST:
            raise ConfigError(
                f"{path}: the path has {len(str(path))} characters, but HEASoft's tasks truncate what is longer than "
                f"about 128; set TMPDIR to a shorter folder."
            )
        return path

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put files into the working directory; names may lead into folders, which are made."""
        for name, data in files.items():
            path = self.place(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def run(self, command: Sequence[str], environment: Mapping[str, str], limit: float) -> int:
        """Run a command to its end and return its exit status, which says little.

        Parameters
        ----------
        command : sequence of str
        environment : mapping
            All that the command sees.
        limit : float [s]

        Raises
        ------
        TaskStopped
            If it took longer; then it and all processes of its group are gone.
        """
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.work,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # no terminal, and a process group of its own
            )
            try:
                return process.wait(limit)
            except subprocess.TimeoutExpired:
                raise TaskStopped(f"it was stopped after {limit:g} s, its time limit.") from None
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def sandbox(folder: str = "") -> Iterator[Sandbox]:
    """Make a sandbox, and remove it afterwards, whatever happens.

    Parameters
    ----------
    folder : str
        Where it is made; by default the system's folder for temporary files if its path is short, else /tmp.

    Raises
    ------
    ConfigError
        If no folder with a short path can be written to.
    """
    candidates = [folder] if folder else list(dict.fromkeys((tempfile.gettempdir(), "/tmp")))
    usable = [c for c in candidates if len(c) <= _LONGEST_ROOT and os.access(c, os.W_OK)]
    if not usable:
        raise ConfigError(
            f"{', '.join(candidates)}: HEASoft's tasks need a folder for temporary files that can be written to and "
            f"whose path has at most {_LONGEST_ROOT} characters; set TMPDIR to one."
        )
    root = Path(tempfile.mkdtemp(prefix="r", dir=usable[0]))
    try:
        for name in "wpht":
            (root / name).mkdir()
        yield Sandbox(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)
