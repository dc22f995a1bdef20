"""Copies of remote files on local disk, under a size limit."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import uuid
from contextlib import suppress
from pathlib import Path

from isal import isal_zlib
from pydantic import ByteSize, Field

from services.contract import Frozen

_log = logging.getLogger(__name__)
#: Length of the CRC that stands in front of the content [byte]: enough to notice damage, and costs nothing beside the
#: MD5 with which the content was compared when it came.
_CHECK = 4
#: Part of the limit that is left when old copies have been removed, so that not every new one starts a search.
_LEFT = 0.9
#: Part of the limit that a process writes before it looks again how full the folder is.
_UNSEEN = 0.05


def default_folder() -> str:
    """Return the folder for copies of archive files: below XDG_CACHE_HOME, or ``~/.cache``."""
    return str(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "rossi" / "archive")


class CacheConfig(Frozen):
    """What is kept of an archive on local disk: copies of files of a remote one, and what those of a folder hold."""

    folder: str = Field(default_factory=default_folder, description="where they are kept; empty keeps none")
    size: ByteSize = Field(
        ByteSize(20_000_000_000), description="how much is kept [byte, or text such as '20 GB']; the oldest go first"
    )
    rehash: float = Field(
        30,
        ge=0,
        description="how long a file of an archive in a folder is not read again to know what it holds, as long as its "
        "size, times and inode stay the same [days]; 0 reads every file each time",
    )


class DiskCache:
    """Contents by identity: a copy appears whole or not at all, and one that is damaged is not used.

    Several processes may share a folder. What was not read for the longest time goes first; together they may exceed
    the limit by a twentieth a process. Where the folder can't be written, nothing is kept.

    Parameters
    ----------
    folder : Path
    limit : int [byte]
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._unseen: float = _UNSEEN * limit  # the first copy is a reason to look
        self._lock = threading.Lock()
        self._usable = True

    def get(self, identity: str) -> bytes | None:
        """Return the content of what is identified so, None if there is no intact copy."""
        path = self._path(identity)
        try:
            kept = path.read_bytes()
        except OSError:
            return None
        data = kept[_CHECK:]
        if _check(data) != kept[:_CHECK]:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def put(self, identity: str, data: bytes) -> None:
        """Keep a copy, unless it alone exceeds the limit."""
        if not self._usable or len(data) > self.limit:
            return
        path = self._path(identity)
        part = path.with_name(f".{uuid.uuid4().hex}")
        try:
            try:
                _write(part, data)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(part, data)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            self._usable = False
            _log.warning("%s: copies of remote files can't be kept there (%s).", self.folder, error.strerror)
            return
        self._make_room(len(data))

    def remove(self, identity: str) -> None:
        """Remove a copy if there is one."""
        with suppress(OSError):
            self._path(identity).unlink()

    def _path(self, identity: str) -> Path:
        name = hashlib.sha256(identity.encode()).hexdigest()
        return self.folder / name[:2] / name[2:]

    def _make_room(self, added: int) -> None:
        with self._lock:
            self._unseen += added
            if self._unseen < _UNSEEN * self.limit:
                return
            self._unseen = 0
        copies = sorted(self._copies())
        excess = sum(size for _, size, _ in copies) - self.limit
        if excess <= 0:
            return
        excess += int((1 - _LEFT) * self.limit)
        for _, size, path in copies:
            if excess <= 0:
                break
            Path(path).unlink(missing_ok=True)
            excess -= size

    def _copies(self) -> list[tuple[float, int, str]]:
        found = []
        for folder in self.folder.glob("[0-9a-f][0-9a-f]"):
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(OSError):
                        status = entry.stat()
                        found.append((status.st_mtime, status.st_size, entry.path))
        return found


def _check(data: bytes) -> bytes:
    return isal_zlib.crc32(data).to_bytes(_CHECK, "big")


def _write(path: Path, data: bytes) -> None:
    with path.open("xb", buffering=0) as stream:
        stream.write(_check(data) + data)


def open_cache(config: CacheConfig | None) -> DiskCache | None:
    """Return the cache that is configured, None if none is."""
    if config is None or not config.folder:
        return None
    return DiskCache(Path(config.folder).expanduser().absolute(), config.size)
