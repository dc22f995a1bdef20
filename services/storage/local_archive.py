"""An archive in a directory."""

from __future__ import annotations

import builtins
import hashlib
import io
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from errno import ELOOP
from functools import cached_property
from itertools import islice
from operator import attrgetter
from pathlib import Path
from stat import S_ISLNK

from rossi.errors import ConfigError, DataError
from services.storage.archive import (
    DEEPEST,
    MOST_FILES,
    UNKNOWN,
    ArchiveFile,
    Contents,
    check_size,
    endless,
)
from services.storage.base import StoreError
from services.storage.identities import Identities, signature

_log = logging.getLogger(__name__)

#: How identities begin.
_HASHED = "sha256:"
#: An observation's directory lies so deep: AO2/P20402/20402-01-45-03.
_OBSERVATION = 3
#: What is read at a time of a file that is longer than the system said [byte].
_PIECE = 16 << 20


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
        place, found = self._place(path), list[ArchiveFile]()
        self._collect(place, found, _Inside(place, place.count("/") - self._above.count("/") + 1))
        found.sort(key=attrgetter("path"))
        return found

    def directories(self, path: str) -> tuple[str, ...]:
        """See `ArchiveSource.directories`."""
        return tuple(sorted(entry.name for entry in self._entries(self._place(path)) if entry.is_dir()))

    def fetch(self, path: str) -> bytes:
        """See `ArchiveSource.fetch`."""
        return self._read(self._place(path), path)[0]

    def _read(self, place: str, path: str) -> tuple[bytes, os.stat_result]:
        """Return a file's content, and its status before it was read."""
        try:
            with io.FileIO(place) as stream:
                status = os.fstat(stream.fileno())
                size = check_size(path, status.st_size, self.root)
                data = stream.read(size + 1)  # where room for the most is asked for, reading takes far longer
                while len(data) != size and (more := stream.read(_PIECE)):  # it grows, or has no size
                    data += more
                    check_size(path, len(data), self.root)
        except OSError as error:
            raise self._problem(place, "file", error) from None
        return data, status

    def beginnings(self, files: Sequence[ArchiveFile], size: int) -> Sequence[bytes]:
        """See `ArchiveSource.beginnings`."""
        return [self._beginning(self._place(file.path), size) for file in files]

    def _beginning(self, place: str, size: int) -> bytes:
        try:
            with io.BufferedReader(io.FileIO(place)) as stream:
                return stream.read(size)
        except OSError as error:
            raise self._problem(place, "file", error) from None

    def fetch_many(self, files: Sequence[ArchiveFile]) -> Sequence[bytes]:
        """See `ArchiveSource.fetch_many`."""
        inside: set[str] = set()
        return [self._fetched(file, self._place(file.path, inside)) for file in files]

    def _fetched(self, file: ArchiveFile, place: str) -> bytes:
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
            inside: set[str] = set()
            for file in some:
                place = self._place(file.path, inside)
                found[file.path] = self._identified(file, place, known.get(file.path), read, contents)
            if self._identities and read:
                self._identities.note(folder, read)
        return [found[file.path] for file in files]

    def _identified(
        self,
        file: ArchiveFile,
        place: str,
        known: tuple[str, str] | None,
        read: dict[str, tuple[os.stat_result, str]],
        contents: Contents | None,
    ) -> ArchiveFile:
        if known is not None:
            with suppress(OSError):  # reading it tells what is wrong
                status = os.stat(place)  # noqa: PTH116 - of every file of an archive
                if signature(status) == known[0]:
                    return ArchiveFile(file.path, status.st_size, known[1])
        data, status = self._read(place, file.path)
        if contents is not None:
            contents.add(file.path, data)
        identity = _digest(data)
        read[file.path] = (status, identity)
        return ArchiveFile(file.path, len(data), identity)

    def _place(self, path: str, inside: set[str] | None = None) -> str:
        """Return where a path leads, which is in the archive: down to an observation, links may spread it over disks.

        Parameters
        ----------
        path : str
        inside : set of str, optional
            Places of folders that are known to be in the archive; grows.

        Raises
        ------
        DataError
            If it leads elsewhere.
        """
        place, known = self._named(path), set[str]() if inside is None else inside
        if place.rpartition("/")[0] not in known:
            known.add(home := self._above + _observation(path))
            if place == home:
                return place
        if not _is_below(place, known):
            real = f"{os.path.realpath(place)}/"
            homes = (self.root, self.root / _observation(path))
            if not real.startswith((self._real, *map(_folder, homes))):
                raise DataError(f"{place}: a link leads out of the archive, to {real[:-1]}; put the file itself there.")
        return place

    def _named(self, path: str) -> str:
        if path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise DataError(f"{path!r} is no path in the archive {self.root}; it should be relative, without '..'.")
        return self._above + os.path.normpath(path) if path else str(self.root)

    def _collect(self, folder: str, found: builtins.list[ArchiveFile], inside: _Inside, depth: int = 0) -> None:
        """Add the files below a folder."""
        if depth > DEEPEST:
            raise endless(folder)
        for entry in self._entries(folder):
            try:
                if entry.is_file():
                    found.append(ArchiveFile(entry.path[len(self._above) :], UNKNOWN))
                elif entry.is_dir() and inside.enters(entry, depth):
                    self._collect(entry.path, found, inside, depth + 1)
            except FileNotFoundError:  # gone since the directory was read
                continue
            except OSError as error:
                if error.errno == ELOOP:  # a link that leads to itself is as good as one that leads nowhere
                    continue
                raise self._problem(entry.path, "file", error) from None
        if len(found) > MOST_FILES:
            raise endless(inside.top)

    def _entries(self, folder: str) -> builtins.list[os.DirEntry[str]]:
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

    def _problem(self, place: str, kind: str, error: OSError) -> DataError | StoreError:
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


def _is_below(place: str, inside: set[str]) -> bool:
    """Whether a place is below a folder that is known to be inside, without a link on the way; folders become known."""
    folder = place.rpartition("/")[0]
    try:
        if S_ISLNK(os.lstat(place).st_mode):
            return False
    except OSError:
        return False
    if folder in inside:
        return True
    if not folder or not _is_below(folder, inside):
        return False
    inside.add(folder)
    return True


def _observation(path: str) -> str:
    return "/".join(path.split("/")[:_OBSERVATION])


def _digest(data: bytes) -> str:
    return _HASHED + hashlib.sha256(data).hexdigest()


def _folder(path: Path) -> str:
    """Return where a path really is, with a slash at its end."""
    return os.path.realpath(path).rstrip("/") + "/"


class _Inside:
    """Which directories belong to what is listed: each once, and of an observation none that a link has elsewhere."""

    def __init__(self, top: str, depth: int) -> None:
        self.top, self._top, self._depth = top, top.rstrip("/"), depth
        self._seen = {self._top}
        self._real = {self._top: self._top}  # of each folder that is looked into, as if the top were no link

    def enters(self, entry: os.DirEntry[str], depth: int) -> bool:
        """Whether to look into a directory, which lies so deep below the top."""
        if entry.is_symlink():
            real, above = os.path.realpath(entry.path), self._above
            if f"{real}/".startswith(f"{above}/"):
                real = self._top + real[len(above) :]
            elif self._depth + depth >= _OBSERVATION:
                _log.warning("%s: the link leads out of the observation, to %s; it is not followed.", entry.path, real)
                return False
            else:
                self._seen.add(above)  # from a folder above the top, there is a way without links back to it
        else:
            real = f"{self._real[entry.path.rpartition('/')[0]]}/{entry.name}"
        new = real not in self._seen
        self._seen.add(real)
        self._real[entry.path] = real
        return new

    @cached_property
    def _above(self) -> str:
        """Where the top really is; without a link below it nobody asks."""
        return os.path.realpath(self.top).rstrip("/")
