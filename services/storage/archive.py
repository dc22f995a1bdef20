"""The archive of observations: directories and files, read only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rossi.errors import ConfigError, DataError
from services.storage.base import local_path, scheme_of


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file of the archive.

    Parameters
    ----------
    path : str
        Relative to the archive's root.
    size : int [byte]
    """

    path: str
    size: int


class ArchiveSource(Protocol):
    """Read-only access below the archive's root. Paths are relative, with slashes; the root is an empty string."""

    def list(self, path: str) -> list[ArchiveFile]:
        """Return all files below a directory, sorted by path; none if it does not exist."""
        ...

    def directories(self, path: str) -> tuple[str, ...]:
        """Return the names of the directories directly in a directory, sorted; none if it does not exist."""
        ...

    def fetch(self, path: str) -> bytes:
        """Return a file's content.

        Raises
        ------
        DataError
            If it is not there or can't be read.
        """
        ...

    def identity(self, path: str) -> str:
        """Return a text that changes whenever the file's content does, and only then where that is known."""
        ...


class LocalArchive:
    """An archive in a directory.

    Parameters
    ----------
    root : Path

    Raises
    ------
    ConfigError
        If there is no such directory.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise ConfigError(f"{root}: there is no such directory; give the one that holds AO1, AO2, ...")
        self.root = root

    def list(self, path: str) -> list[ArchiveFile]:
        """See `ArchiveSource.list`."""
        return sorted(self._walk(self.root / path), key=lambda file: file.path)

    def directories(self, path: str) -> tuple[str, ...]:
        """See `ArchiveSource.directories`."""
        return tuple(sorted(entry.name for entry in _entries(self.root / path) if entry.is_dir()))

    def fetch(self, path: str) -> bytes:
        """See `ArchiveSource.fetch`."""
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise DataError(f"{self.root / path}: the file can't be read ({error.strerror}).") from None

    def identity(self, path: str) -> str:
        """Return the sha256 of the content, so that copying or touching an archive changes nothing."""
        return "sha256:" + hashlib.sha256(self.fetch(path)).hexdigest()

    def _walk(self, folder: Path) -> Iterator[ArchiveFile]:
        for entry in _entries(folder):
            path = Path(entry.path)
            if entry.is_dir():
                yield from self._walk(path)
            elif entry.is_file():
                yield ArchiveFile(path.relative_to(self.root).as_posix(), entry.stat().st_size)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DataError(f"{folder}: the directory can't be read ({error.strerror}).") from None


def open_archive(url: str) -> ArchiveSource:
    """Open the archive at a URL: a path or ``file:///path``.

    Raises
    ------
    ConfigError
        If the URL makes no sense or there is no such directory.
    """
    scheme = scheme_of(url)
    if scheme != "file":
        raise ConfigError(f"Archives can't be read from {scheme}:// yet; give a directory or file:///...")
    return LocalArchive(local_path(url))
