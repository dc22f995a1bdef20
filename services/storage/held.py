"""An archive and a store of which nothing is read twice, however many want it."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Iterable, Sequence

from isal import isal_zlib

from services.storage.archive import ArchiveFile, ArchiveSource, Contents
from services.storage.base import Reader
from services.storage.bundle import BUNDLE

#: Contents of one observation that are held at a time [byte]: those of standard modes, over ten times.
HELD = 32 << 20
#: Products of a source's observations that are held at a time [byte], packed: some 50 kB an observation.
PACKED = 96 << 20


class HeldArchive:
    """An archive as one observation's stages see it: what was listed, identified and read stays as it was.

    For one thread at a time.

    Parameters
    ----------
    inner : ArchiveSource
    room : int [byte]
        For contents; what has none is read again.
    """

    def __init__(self, inner: ArchiveSource, room: int = HELD) -> None:
        self._inner, self._contents = inner, Contents(room)
        self._listed: dict[str, builtins.list[ArchiveFile]] = {}
        self._known: dict[str, ArchiveFile] = {}

    def list(self, path: str) -> builtins.list[ArchiveFile]:
        """See `ArchiveSource.list`."""
        if path not in self._listed:
            self._listed[path] = self._inner.list(path)
        return self._listed[path]

    def directories(self, path: str) -> tuple[str, ...]:
        """See `ArchiveSource.directories`."""
        return self._inner.directories(path)

    def identify(self, files: Sequence[ArchiveFile], contents: Contents | None = None) -> Sequence[ArchiveFile]:
        """See `ArchiveSource.identify`."""
        new = [file for file in files if file.path not in self._known]
        found = self._inner.identify(new, contents or self._contents) if new else ()
        self._known |= {file.path: file for file in found}
        return [self._known[file.path] for file in files]

    def fetch(self, path: str) -> bytes:
        """See `ArchiveSource.fetch`."""
        if (data := self._contents.get(ArchiveFile(path, 0))) is None:
            data = self._inner.fetch(path)
            self._contents.add(path, data)
        return data

    def beginnings(self, files: Sequence[ArchiveFile], size: int) -> Sequence[bytes]:
        """See `ArchiveSource.beginnings`."""
        return self._inner.beginnings(files, size)

    def fetch_many(self, files: Sequence[ArchiveFile]) -> Sequence[bytes]:
        """See `ArchiveSource.fetch_many`."""
        held = {file.path: data for file in files if (data := self._contents.get(file)) is not None}
        new = [file for file in files if file.path not in held]
        for file, data in zip(new, self._inner.fetch_many(new) if new else (), strict=True):
            self._contents.add(file.path, data)
            held[file.path] = data
        return [held[file.path] for file in files]

    def fetch_ahead(self, files: Iterable[ArchiveFile]) -> None:
        """Fetch files that were identified and are not held, as far as there is room."""
        chosen: dict[str, ArchiveFile] = {}
        left = self._contents.room
        for file in files:
            if file.path not in chosen and self._contents.get(file) is None and 0 <= file.size <= left:
                chosen[file.path] = file
                left -= file.size
        self.fetch_many(tuple(chosen.values()))


class HeldStore:
    """A store of which an object with several products is read once, as far as there is room; for several threads.

    Parameters
    ----------
    inner : Reader
    room : int [byte]
        For such objects, packed; what has none is read again.
    """

    def __init__(self, inner: Reader, room: int = PACKED) -> None:
        self._inner, self._packed, self._lock = inner, Contents(room), threading.Lock()

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        if not key.endswith(f"/{BUNDLE}"):
            return self._inner.get(key)
        if (packed := self._packed.get(ArchiveFile(key, 0))) is not None:
            return isal_zlib.decompress(packed)
        data = self._inner.get(key)
        packed = isal_zlib.compress(data, 1)
        with self._lock:
            self._packed.add(key, packed)
        return data

    def url(self, key: str) -> str:
        """See `ObjectStore.url`."""
        return self._inner.url(key)
