"""An archive in a directory."""

from __future__ import annotations

import builtins
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from errno import ELOOP
from itertools import islice
from pathlib import Path, PurePosixPath

from rossi.errors import ConfigError, DataError
from services.storage.archive import DEEPEST, MOST_BYTES, MOST_FILES, ArchiveFile, Contents, check_size, endless
from services.storage.base import StoreError
from services.storage.identities import Identities, signature

_log = logging.getLogger(__name__)

#: How identities begin.
_HASHED = "sha256:"
#: An observation's directory lies so deep: AO2/P20402/20402-01-45-03.
_OBSERVATION = 3


class LocalArchive:
    """An archive in a directory.

    Parameters
    ----------
    root : Path
    identities : Identities, optional
        What is remembered of its files; without, each is read whenever somebody wants to know what it holds.

    Raises
    ------
    ConfigError
        If there is no such directory, or it can't be read.
    """

    def __init__(self, root: Path, identities: Identities | None = None) -> None:
        self.root, self._real, self._identities = root, _folder(root), identities
        self._above = f"{root}/" if root.name else str(root)  # what stands before every path in it
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
        return self._read(self._place(path), path)[0]

    def _read(self, place: Path, path: str) -> tuple[bytes, os.stat_result]:
        """Return a file's content, and its status before it was read."""
        try:
            with place.open("rb") as stream:
                status = os.fstat(stream.fileno())
                check_size(ArchiveFile(path, status.st_size), self.root)
                data = stream.read(status.st_size + 1)  # where room for the most is asked for, reading takes far longer
                if len(data) > status.st_size:  # it grows, or is no file that has a size
                    data += stream.read(MOST_BYTES + 1 - len(data))
        except OSError as error:
            raise self._problem(place, "file", error) from None
        check_size(ArchiveFile(path, len(data)), self.root)
        return data, status

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
        checked: set[str] = set()
        return [self._fetched(file, self._place(file.path, checked)) for file in files]

    def _fetched(self, file: ArchiveFile, place: Path) -> bytes:
        data, status = self._read(place, file.path)
        if file.identity.startswith(_HASHED) and (found := _digest(data)) != file.identity:
            if self._identities:
                self._identities.note(_observation(file.path), {file.path: (status, found)})
            raise StoreError(
                f"{place}: the content is not what it was when it was looked at; if nobody has written it, the disk is "
                "going bad. Run it again: it is taken as it is now."
            )
        return data

    def identify(self, files: Sequence[ArchiveFile], contents: Contents | None = None) -> Sequence[ArchiveFile]:
        """Identify files by the sha256 of their content, so that copying or touching an archive changes nothing."""
        by_folder: dict[str, builtins.list[ArchiveFile]] = {}
        for file in files:
            by_folder.setdefault(_observation(file.path), []).append(file)
        found: dict[str, ArchiveFile] = {}
        for folder, some in by_folder.items():
            known = self._identities.of(folder) if self._identities else {}
            read: dict[str, tuple[os.stat_result, str]] = {}
            checked: set[str] = set()
            for file in some:
                place = self._place(file.path, checked)
                found[file.path] = self._identified(file, place, known.get(file.path), read, contents)
            if self._identities and read:
                self._identities.note(folder, read)
        return [found[file.path] for file in files]

    def _identified(
        self,
        file: ArchiveFile,
        place: Path,
        known: tuple[str, str] | None,
        read: dict[str, tuple[os.stat_result, str]],
        contents: Contents | None,
    ) -> ArchiveFile:
        if known is not None:
            with suppress(OSError):  # reading it tells what is wrong
                status = place.stat()
                if signature(status) == known[0]:
                    return ArchiveFile(file.path, status.st_size, known[1])
        data, status = self._read(place, file.path)
        if contents is not None:
            contents.add(file.path, data)
        identity = _digest(data)
        read[file.path] = (status, identity)
        return replace(file, size=len(data), identity=identity)

    def _place(self, path: str, checked: set[str] | None = None) -> Path:
        """Return where a path leads, which is in the archive: down to an observation, links may spread it over disks.

        Parameters
        ----------
        path : str
        checked : set of str, optional
            Folders that are known to be in the archive; grows.

        Raises
        ------
        DataError
            If it leads elsewhere.
        """
        if path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise DataError(f"{path!r} is no path in the archive {self.root}; it should be relative, without '..'.")
        place, folder = self.root / path, path.rpartition("/")[0]
        if checked is not None and folder in checked and not place.is_symlink():
            return place
        real = os.path.realpath(place)
        homes = (self.root, self.root / _observation(path))
        if f"{real}/".startswith(self._real) or any(f"{real}/".startswith(_folder(home)) for home in homes):
            if checked is not None and not place.is_symlink():
                checked.add(folder)
            return place
        raise DataError(f"{place}: a link leads out of the archive, to {real}; put the file itself there.")

    def _walk(self, folder: Path, inside: _Inside, depth: int = 0) -> Iterator[ArchiveFile]:
        if depth > DEEPEST:
            raise endless(folder)
        for entry in self._entries(folder):
            try:
                if entry.is_dir():
                    if inside.enters(entry, depth):
                        yield from self._walk(Path(entry.path), inside, depth + 1)
                elif entry.is_file():
                    yield ArchiveFile(entry.path[len(self._above) :], entry.stat().st_size)
            except FileNotFoundError:  # gone since the directory was read
                continue
            except OSError as error:
                if error.errno == ELOOP:  # a link that leads to itself is as good as one that leads nowhere
                    continue
                raise self._problem(Path(entry.path), "file", error) from None

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


def _observation(path: str) -> str:
    return "/".join(path.split("/")[:_OBSERVATION])


def _digest(data: bytes) -> str:
    return _HASHED + hashlib.sha256(data).hexdigest()


def _folder(path: Path) -> str:
    """Return where a path really is, with a slash at its end."""
    return os.path.realpath(path).rstrip("/") + "/"


class _Inside:
    """Which directories belong to what is listed: each once, and of an observation none that a link has elsewhere."""

    def __init__(self, top: Path, depth: int) -> None:
        self._top, self._depth = os.path.realpath(top), depth
        self._seen = {self._top}
        self._real = {str(top).rstrip("/"): self._top.rstrip("/")}  # of each folder that is looked into

    def enters(self, entry: os.DirEntry[str], depth: int) -> bool:
        """Whether to look into a directory, which lies so deep below the top."""
        if entry.is_symlink():
            real = os.path.realpath(entry.path)
            if self._depth + depth >= _OBSERVATION and not Path(real).is_relative_to(self._top):
                _log.warning("%s: the link leads out of the observation, to %s; it is not followed.", entry.path, real)
                return False
        else:
            real = f"{self._real[entry.path.rpartition('/')[0]]}/{entry.name}"
        new = real not in self._seen
        self._seen.add(real)
        self._real[entry.path] = real
        return new
