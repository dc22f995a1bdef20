"""What an archive on another machine must be able to do, and what comes of a transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.storage.archive import ArchiveFile

#: Requests at a time: an answer takes tens of milliseconds, nearly all of it waiting.
REQUESTS = 32

Item = TypeVar("Item")
Result = TypeVar("Result")


class BrokenTransfer(Exception):
    """A transfer broke off.

    Parameters
    ----------
    data : bytes
        What had arrived.
    reason : str
    """

    def __init__(self, data: bytes, reason: str) -> None:
        super().__init__(reason)
        self.data = data


@dataclass(frozen=True, slots=True)
class Content:
    """What a server sent of a file.

    Parameters
    ----------
    data : bytes
    start : int
        Where in the file they begin: a server need not begin where it was asked to.
    identity : str
        Of the file that was sent, empty if the server does not tell.
    md5 : str
        Of the whole file, in hexadecimal digits; empty if it is not known.
    """

    data: bytes
    start: int = 0
    identity: str = ""
    md5: str = ""


class Remote(Protocol):
    """Reading below the root of an archive elsewhere. Paths are as in `ArchiveSource`.

    Every method raises `StoreError` for what may go away by itself, `Refusal` where the server does not give what was
    asked for, `DataError` for a listing beyond all measure, and `ConfigError` for what concerns everything.
    """

    @property
    def url(self) -> str:
        """Where it lies, for messages; never with credentials."""
        ...

    def files(self, path: str, together: Together) -> list[ArchiveFile]:
        """Return all files below a directory, none if it does not exist; `together` makes several requests at once.

        A listing that is not complete is a `StoreError`.
        """
        ...

    def directories(self, path: str) -> list[str]:
        """Return the names of the directories directly in a directory, none if it does not exist."""
        ...

    def check(self) -> None:
        """Look whether anything is at the root; a `ConfigError` says that there is not."""
        ...

    def head(self, path: str) -> ArchiveFile | None:
        """Return size and identity of a file as far as the server tells them, None if there is none."""
        ...

    def read(self, path: str, start: int, size: int) -> Content | None:
        """Return the content from a byte on of a file of a size, None if there is no such file.

        Of a file that is longer, one byte more comes.

        Raises
        ------
        BrokenTransfer
        """
        ...

    def beginning(self, path: str, size: int) -> bytes | None:
        """Return so many bytes of the beginning of a file, or all that it has; None if there is no such file.

        No more is asked for than that.

        Raises
        ------
        BrokenTransfer
        """
        ...


class Together(Protocol):
    """Several calls at once."""

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> list[Result]:
        """Return the results in order."""
        ...
