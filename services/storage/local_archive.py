"""An archive in a directory."""

from __future__ import annotations

import builtins
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from errno import ELOOP
from itertools import islice
from pathlib import Path, PurePosixPath

from rossi.errors import ConfigError, DataError
from services.storage.archive import DEEPEST, MOST_BYTES, MOST_FILES, ArchiveFile, check_size, endless
from services.storage.base import StoreError

_log = logging.getLogger(__name__)

#: An observation's directory lies so deep: AO2/P20402/20402-01-45-03.
_OBSERVATION = 3


class LocalArchive:
    """An archive in a directory.

    Parameters
    ----------
    root : Path

    Raises
    ------
    ConfigError
        If there is no such directory, or it can't be read.
    """

    def __init__(self, root: Path) -> None:
        self.root, self._real = root, _folder(root)
        try:
            with os.scandir(root):
                pass
        except OSError as error:
            raise ConfigError(
                f"{root}: there is no such directory, or it can't be read ({error.strerror}); give the one that holds "
                "AO1, AO2, ..."
            ) from None

    def list(self, path: str) -> list[ArchiveFile]:
        """See `ArchiveSource.list`."""
        place = self._place(path)
        found = list(islice(self._walk(place, _Inside(place, len(PurePosixPath(path).parts))), MOST_FILES + 1))
        if len(found) > MOST_FILES:
            raise endless(place)
        return sorted(found, key=lambda file: file.path)

    def directories(self, path: str) -> tuple[str, ...]:
        """See `ArchiveSource.directories`."""
        return tuple(sorted(entry.name for entry in self._entries(self._place(path)) if entry.is_dir()))

    def fetch(self, path: str) -> bytes:
        """See `ArchiveSource.fetch`."""
        place = self._place(path)
        try:
            with place.open("rb") as stream:
                check_size(ArchiveFile(path, os.fstat(stream.fileno()).st_size), self.root)
                data = stream.read(MOST_BYTES + 1)
        except OSError as error:
            raise self._problem(place, "file", error) from None
        check_size(ArchiveFile(path, len(data)), self.root)
        return data

    def beginnings(self, files: Sequence[ArchiveFile], size: int) -> Sequence[bytes]:
        """See `ArchiveSource.beginnings`."""
        return [self._beginning(self._place(file.path), size) for file in files]

    def _beginning(self, place: Path, size: int) -> bytes:
        try:
            with place.open("rb") as stream:
                return stream.read(size)
        except OSError as error:
            raise self._problem(place, "file", error) from None

    def fetch_many(self, files: Sequence[ArchiveFile]) -> Sequence[bytes]:
        """See `ArchiveSource.fetch_many`."""
        return [self.fetch(file.path) for file in files]

    def identify(self, files: Sequence[ArchiveFile]) -> Sequence[ArchiveFile]:
        """Identify files by the sha256 of their content, so that copying or touching an archive changes nothing."""
        return [replace(file, identity="sha256:" + hashlib.sha256(self.fetch(file.path)).hexdigest()) for file in files]

    def _place(self, path: str) -> Path:
        """Return where a path leads, which is in the archive: down to an observation, links may spread it over disks.

        Raises
        ------
        DataError
            If it leads elsewhere.
        """
        parts = PurePosixPath(path).parts
        if path.startswith("/") or ".." in parts or "\0" in path:
            raise DataError(f"{path!r} is no path in the archive {self.root}; it should be relative, without '..'.")
        place = self.root / path
        real = os.path.realpath(place)
        if f"{real}/".startswith(self._real):
            return place
        for home in (self.root, self.root.joinpath(*parts[:_OBSERVATION])):
            if f"{real}/".startswith(_folder(home)):
                return place
        raise DataError(f"{place}: a link leads out of the archive, to {real}; put the file itself there.")

    def _walk(self, folder: Path, inside: _Inside, depth: int = 0) -> Iterator[ArchiveFile]:
        if depth > DEEPEST:
            raise endless(folder)
        for entry in self._entries(folder):
            path = Path(entry.path)
            try:
                if entry.is_dir():
                    if inside.enters(entry, depth):
                        yield from self._walk(path, inside, depth + 1)
                elif entry.is_file():
                    yield ArchiveFile(path.relative_to(self.root).as_posix(), entry.stat().st_size)
            except FileNotFoundError:  # gone since the directory was read
                continue
            except OSError as error:
                if error.errno == ELOOP:  # a link that leads to itself is as good as one that leads nowhere
                    continue
                raise self._problem(path, "file", error) from None

    def _entries(self, folder: Path) -> builtins.list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                entries = list(islice(found, MOST_FILES + 1))
        except (FileNotFoundError, NotADirectoryError) as error:
            if not self._is_there():
                raise self._problem(folder, "directory", error) from None
            return []
        except OSError as error:
            raise self._problem(folder, "directory", error) from None
        if len(entries) > MOST_FILES:
            raise endless(folder)
        return entries

    def _problem(self, place: Path, kind: str, error: OSError) -> DataError | StoreError:
        """Return what an error means: of one file or directory, or of an archive that is away."""
        if self._is_there():
            return DataError(f"{place}: the {kind} can't be read ({error.strerror}).")
        return StoreError(f"{self.root}: the archive is away ({error.strerror}); mount it again.")

    def _is_there(self) -> bool:
        try:
            with os.scandir(self.root):
                return True
        except OSError:
            return False


def _folder(path: Path) -> str:
    """Return where a path really is, with a slash at its end."""
    return os.path.realpath(path).rstrip("/") + "/"


class _Inside:
    """Which directories belong to what is listed: each once, and of an observation none that a link has elsewhere."""

    def __init__(self, top: Path, depth: int) -> None:
        self._top, self._depth = os.path.realpath(top), depth
        self._seen = {self._top}

    def enters(self, entry: os.DirEntry[str], depth: int) -> bool:
        """Whether to look into a directory, which lies so deep below the top."""
        real = os.path.realpath(entry.path)
        if entry.is_symlink() and self._depth + depth >= _OBSERVATION and not Path(real).is_relative_to(self._top):
            _log.warning("%s: the link leads out of the observation, to %s; it is not followed.", entry.path, real)
            return False
        new = real not in self._seen
        self._seen.add(real)
        return new
