"""The archive of observations: directories and files, read only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from rossi.errors import ConfigError, DataError
from services.storage.base import local_path, scheme_of
from services.storage.cache import CacheConfig, open_cache

#: Size of a file of which a listing does not tell it.
UNKNOWN = -1
#: An observation's directory lies so deep: AO2/P20402/20402-01-45-03.
_OBSERVATION = 3


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file of the archive.

    Parameters
    ----------
    path : str
        Relative to the archive's root.
    size : int [byte]
        `UNKNOWN` where only `ArchiveSource.identify` finds it out.
    identity : str
        A text that changes whenever the content does, and only then where that is known; empty until asked for, where
        a listing does not have it.
    """

    path: str
    size: int
    identity: str = ""


class ArchiveSource(Protocol):
    """Read-only access below the archive's root. Paths are relative, with slashes; the root is an empty string."""

    def list(self, path: str) -> list[ArchiveFile]:
        """Return all files below a directory, sorted by path; none if it does not exist."""
        ...

    def directories(self, path: str) -> tuple[str, ...]:
        """Return the names of the directories directly in a directory, sorted; none if it does not exist."""
        ...

    def identify(self, files: Sequence[ArchiveFile]) -> Sequence[ArchiveFile]:
        """Return files with size and identity.

        Raises
        ------
        DataError
            If one is not there or can't be read.
        """
        ...

    def fetch(self, path: str) -> bytes:
        """Return a file's content.

        Raises
        ------
        DataError
            If it is not there or can't be read.
        """
        ...

    def fetch_many(self, files: Sequence[ArchiveFile]) -> Sequence[bytes]:
        """Return the contents of files that were identified, several at a time where that is quicker.

        Raises
        ------
        DataError
            If one is not there, can't be read or is not the one that was identified.
        """
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
        return sorted(self._walk(self._place(path), set()), key=lambda file: file.path)

    def directories(self, path: str) -> tuple[str, ...]:
        """See `ArchiveSource.directories`."""
        return tuple(sorted(entry.name for entry in _entries(self._place(path)) if entry.is_dir()))

    def fetch(self, path: str) -> bytes:
        """See `ArchiveSource.fetch`."""
        place = self._place(path)
        try:
            return place.read_bytes()
        except OSError as error:
            raise DataError(f"{place}: the file can't be read ({error.strerror}).") from None

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
        place, real = self.root / path, os.path.realpath(self.root / path)
        homes = (self.root, self.root.joinpath(*parts[:_OBSERVATION]))
        if not any(Path(real).is_relative_to(os.path.realpath(home)) for home in homes):
            raise DataError(f"{place}: a link leads out of the archive, to {real}; put the file itself there.")
        return place

    def _walk(self, folder: Path, seen: set[str]) -> Iterator[ArchiveFile]:
        real = os.path.realpath(folder)
        if real in seen:  # links may go round in circles
            return
        seen.add(real)
        for entry in _entries(folder):
            path = Path(entry.path)
            if entry.is_dir():
                yield from self._walk(path, seen)
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


def open_archive(url: str, cache: CacheConfig | None = None) -> ArchiveSource:
    """Open the archive at a URL.

    Parameters
    ----------
    url : str
        A path, ``file:///path``, ``s3://bucket/folder?endpoint=...&region=...`` (read without credentials), or
        ``https://host/folder``, which must answer with listings of directories.
    cache : CacheConfig, optional
        Where copies of remote files are kept; none are if it is absent.

    Raises
    ------
    ConfigError
        If the URL makes no sense or there is no such directory. A remote archive is not looked for before it is used.
    """
    match scheme_of(url):
        case "file":
            return LocalArchive(local_path(url))
        case "s3" | "http" | "https" as scheme:
            from services.storage.remote import RemoteArchive

            kept = open_cache(cache)
            if scheme == "s3":
                from services.storage.remote_s3 import anonymous_buckets

                return RemoteArchive(anonymous_buckets(url), kept)
            from services.storage.remote_http import web_folders

            return RemoteArchive(web_folders(url), kept)
        case scheme:
            raise ConfigError(
                f"Archives can't be read from {scheme}://; give a directory, file:///..., s3://... or https://..."
            )
