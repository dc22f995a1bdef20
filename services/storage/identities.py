"""What files of an archive on a disk hold, remembered by what tells that they were not touched since.

A file is known again by its size, its inode and the times when its content and its status changed, as long as the
memory is not too old. Then it is read once more: a disk may go bad without telling anybody.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
import uuid
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from services.storage.cache import CacheConfig

_DAY = 86400.0
#: A file that changed so recently may change again without another time [s]: clocks of disks are coarse.
_RECENT = 2.0
#: Folder beside the copies of remote files.
_FOLDER = "identities"

_log = logging.getLogger(__name__)


def signature(status: os.stat_result) -> str:
    """Return what of a file changes when somebody writes it."""
    return f"{status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


class Identities:
    """Identities of files by their signatures, a document for each observation. Several processes may share a folder.

    Parameters
    ----------
    folder : Path
    days : float
        How long a file is known at most. Each has a day of its own between half of that and all, so that not all are
        read in the same night.
    """

    def __init__(self, folder: Path, days: float) -> None:
        self._folder, self._days, self._usable = str(folder), days, True

    def of(self, observation: str) -> dict[str, tuple[str, str]]:
        """Return signature and identity of an observation's files by path, as far as they are still known."""
        today = time.time() / _DAY
        try:
            noted = _read(self._path(observation)).items()
            return {path: (sign, name) for path, (sign, name, day) in noted if today < self._end(name, day)}
        except (ValueError, TypeError):  # another layout
            return {}

    def note(self, observation: str, found: dict[str, tuple[os.stat_result, str]]) -> None:
        """Remember the files that were read of an observation, beside those that were before."""
        if not self._usable:
            return
        now = time.time()
        settled = {p: (s, name) for p, (s, name) in found.items() if max(s.st_mtime, s.st_ctime) < now - _RECENT}
        if not settled:
            return
        new = {name: [signature(status), identity, now / _DAY] for name, (status, identity) in settled.items()}
        path = Path(self._path(observation))
        part = path.with_name(f".{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(_read(path) | new), "utf-8")
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            self._usable = False
            _log.warning("%s: what files hold can't be remembered there (%s).", self._folder, error.strerror)

    def _end(self, identity: str, day: float) -> float:
        share = int(identity[-4:], 16) / 0xFFFF
        return float(day) + self._days * (1 + share) / 2

    def _path(self, observation: str) -> str:
        return f"{self._folder}/{hashlib.sha256(observation.encode()).hexdigest()[:32]}.json"


def _read(path: str | Path) -> dict[str, Any]:
    try:
        with FileIO(path) as stream:
            found = json.loads(stream.readall())
    except (OSError, ValueError):  # what can't be read is found out once more
        return {}
    return found if isinstance(found, dict) else {}


def open_identities(config: CacheConfig | None, root: str) -> Identities | None:
    """Return the memory for an archive at a path, None if there is to be none."""
    if config is None or not config.folder or config.rehash <= 0:
        return None
    name = hashlib.sha256(root.encode()).hexdigest()[:16]
    return Identities(Path(config.folder).expanduser().absolute() / _FOLDER / name, config.rehash)
