"""What an archive of observations is: directories and files, read only, of bounded size and number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rossi.errors import DataError

#: Size of a file of which a listing does not tell it.
UNKNOWN = -1
#: No file is larger [byte]: nine hours of telemetry at its highest rate, 256 kbit/s.
MOST_BYTES = 1 << 30
#: A directory has no more files below it, and its deepest lie no deeper: ten times what an observation has.
MOST_FILES, DEEPEST = 20_000, 8


class ArchiveFile(NamedTuple):
    """A file of the archive.

    Parameters
    ----------
    path : str
        Relative to the archive's root.
    size : int [byte]
        `UNKNOWN` where only `ArchiveSource.identify` finds it out: where listings do not have it, or have to ask the
        disk for each file.
    identity : str
        A text that changes whenever the content does, and only then where that is known; empty until asked for, where
        a listing does not have it.
    """

    path: str
    size: int
    identity: str = ""


def is_inside(path: str) -> bool:
    """Return whether a relative path, as somebody else's listing has it, stays below where it begins."""
    return path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(path.split("/"))


def check_size(path: str, size: int, root: object) -> int:
    """Return the size of a file [byte] unchanged.

    Raises
    ------
    DataError
        If it is larger than any of the archive is, so that it is not even read.
    """
    if size > MOST_BYTES:
        raise DataError(
            f"{root}/{path}: the file has {size} bytes, those of the archive have {MOST_BYTES} at most; get it anew."
        )
    return size


def endless(folder: object) -> DataError:
    """Return what is wrong with a directory in which there is more than in any observation's."""
    return DataError(
        f"{folder}: there are more than {MOST_FILES} files below it, or directories more than {DEEPEST} deep, perhaps "
        "by a link; no observation has so many, remove what does not belong there."
    )


class Contents:
    """Contents of files in memory, as far as there is room.

    Parameters
    ----------
    room : int [byte]
        What is left of it is there to be read.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._held: dict[str, bytes] = {}

    def get(self, file: ArchiveFile) -> bytes | None:
        """Return what is held of a file."""
        return self._held.get(file.path)

    def add(self, path: str, data: bytes) -> None:
        """Hold a file's content, if there is room."""
        if path not in self._held and len(data) <= self.room:
            self._held[path] = data
            self.room -= len(data)


class ArchiveSource(Protocol):
    """Read-only access below the archive's root. Paths are relative, with slashes; the root is an empty string."""

    def list(self, path: str) -> list[ArchiveFile]:
        """Return all files below a directory, sorted by path; none if it does not exist."""
        ...

    def directories(self, path: str) -> tuple[str, ...]:
        """Return the names of the directories directly in a directory, sorted; none if it does not exist."""
        ...

    def identify(self, files: Sequence[ArchiveFile], contents: Contents | None = None) -> Sequence[ArchiveFile]:
        """Return files with size and identity.

        Parameters
        ----------
        files : sequence of ArchiveFile
        contents : Contents, optional
            Gets what had to be read for it.

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

    def beginnings(self, files: Sequence[ArchiveFile], size: int) -> Sequence[bytes]:
        """Return so many bytes of the beginning of each file, or all that it has; they need not be identified.

        Raises
        ------
        DataError
            If one is not there or can't be read.
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
