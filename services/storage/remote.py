"""An archive on another machine: listings, many files at a time, transfers that go on where they broke off, copies."""

from __future__ import annotations

import builtins
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeVar

from rossi.errors import DataError
from services.storage.archive import MOST_BYTES, UNKNOWN, ArchiveFile, check_size, is_inside
from services.storage.base import Refusal, StoreError
from services.storage.cache import DiskCache
from services.storage.places import refused

__all__ = ["REQUESTS", "BrokenTransfer", "Content", "Remote", "RemoteArchive", "Together"]

#: Requests at a time: an answer takes tens of milliseconds, nearly all of it waiting.
REQUESTS = 32
#: How often a transfer that broke off is taken up again, and the first pause before it [s]; each next one is twice as
#: long. Requests that are not answered at all are repeated by the client below.
_RESUMES, _PAUSE = 4, 0.25

#: How the identity of a file begins of which the server tells nothing that changes with the content.
_HASHED = "sha256:"

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


class Together(Protocol):
    """Several calls at once."""

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> list[Result]:
        """Return the results in order."""
        ...


class RemoteArchive:
    """An archive that is read over a network; see `services.storage.archive.ArchiveSource`.

    Whatever arrives is compared with the size and identity of its listing, and with its MD5 where an S3 server tells
    it. It may be used by several threads.

    Parameters
    ----------
    remote : Remote
    cache : DiskCache, optional
    """

    def __init__(self, remote: Remote, cache: DiskCache | None = None) -> None:
        self.remote = remote
        self.cache = cache
        #: Bytes that came over the network so far.
        self.transferred = 0
        self._lock = threading.Lock()

    def list(self, path: str) -> builtins.list[ArchiveFile]:
        """See `ArchiveSource.list`."""
        with self._one():
            found = self.remote.files(path.strip("/"), self._together)
        return sorted((file for file in found if is_inside(file.path)), key=lambda file: file.path)

    def directories(self, path: str) -> tuple[str, ...]:
        """See `ArchiveSource.directories`."""
        with self._one():
            return tuple(sorted(filter(is_inside, self.remote.directories(path.strip("/")))))

    def identify(self, files: Sequence[ArchiveFile]) -> Sequence[ArchiveFile]:
        """See `ArchiveSource.identify`: from the listing, or else from the servers' headers."""
        return self._together(self._identified, files)

    def fetch(self, path: str) -> bytes:
        """See `ArchiveSource.fetch`."""
        return self._fetched(self._identified(ArchiveFile(path, UNKNOWN)))

    def fetch_many(self, files: Sequence[ArchiveFile]) -> Sequence[bytes]:
        """See `ArchiveSource.fetch_many`."""
        return self._together(self._fetched, files)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(REQUESTS, thread_name_prefix="archive")

    def _together(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> builtins.list[Result]:
        every = list(items)
        return list(self._threads.map(function, every)) if len(every) > 1 else [function(one) for one in every]

    @contextmanager
    def _one(self) -> Iterator[None]:
        """Of one file or directory a refusal is its observation's failure; where the root is refused, everything is."""
        try:
            yield
        except Refusal as refusal:
            try:
                self.remote.directories("")
            except Refusal as of_all:
                raise refused(of_all) from None
            raise DataError(
                f"{refusal}, while the archive itself can be read; use another copy, or leave the observation out."
            ) from None

    def _identified(self, file: ArchiveFile) -> ArchiveFile:
        if file.identity and file.size != UNKNOWN:
            return file
        with self._one():
            found = self.remote.head(file.path)
        if found is None:
            raise DataError(f"{self.remote.url}/{file.path}: there is no such file; list the directory again.")
        return found if found.identity and found.size != UNKNOWN else self._measured(found)

    def _measured(self, file: ArchiveFile) -> ArchiveFile:
        """Read a file of which the server does not tell enough; it is read once more later, unless copies are kept."""
        try:
            with self._one():
                content = self.remote.read(file.path, 0, MOST_BYTES)
        except BrokenTransfer as error:
            raise StoreError(
                f"{self.remote.url}/{file.path}: the transfer broke off ({error}); run it again."
            ) from None
        if content is None:
            raise DataError(f"{self.remote.url}/{file.path}: there is no such file; list the directory again.")
        self._count(len(content.data))
        size, identity = len(content.data), file.identity or content.identity or _digest(content.data)
        found = check_size(replace(file, size=size, identity=identity), self.remote.url)
        if self.cache is not None:
            self.cache.put(self._name(found), content.data)
        return found

    def _name(self, file: ArchiveFile) -> str:
        return f"{self.remote.url}/{file.path} {file.size} {file.identity}"

    def _fetched(self, file: ArchiveFile) -> bytes:
        name = self._name(check_size(file, self.remote.url))
        if self.cache is not None and (copy := self.cache.get(name)) is not None:
            return copy
        part = name + " part"
        begun = (self.cache.get(part) if self.cache is not None else None) or b""
        data, problem = self._transfer(file, begun)
        if problem:
            if self.cache is not None and data:
                self.cache.put(part, data)
            raise StoreError(f"{self.remote.url}/{file.path}: {problem}.")
        if self.cache is not None:
            self.cache.put(name, data)
            if begun:
                self.cache.remove(part)
        return data

    def _transfer(self, file: ArchiveFile, data: bytes) -> tuple[bytes, str]:
        """Return the content, or what there is of it and what is wrong."""
        problem, broken = "", 0
        for attempt in range(_RESUMES + 1):
            if attempt:
                time.sleep(_PAUSE * 2 ** (attempt - 1))
            try:
                with self._one():
                    content = self.remote.read(file.path, len(data), file.size)
            except BrokenTransfer as error:
                data += error.data
                self._count(len(error.data))
                problem = f"the transfer broke off after {len(data)} of {file.size} bytes ({error}); run it again"
                continue
            if content is None:
                raise DataError(f"{self.remote.url}/{file.path}: the file is in the listing but not there any more.")
            self._count(len(content.data))
            data = data[: content.start] + content.data
            problem = _difference(file, content, data)
            if not problem:
                return data, ""
            broken += 1
            data = b""
            if broken > 1:  # twice the same whole file: it is not the network
                break
        return data, problem

    def _count(self, size: int) -> None:
        with self._lock:
            self.transferred += size


def _digest(data: bytes) -> str:
    return _HASHED + hashlib.sha256(data).hexdigest()


def _difference(file: ArchiveFile, content: Content, data: bytes) -> str:
    """Return how a whole content differs from what was listed; empty if it does not."""
    hint = "the archive was changed, or the copy is damaged; try again later or use another copy of the archive"
    hashed = file.identity.startswith(_HASHED)
    if content.identity and content.identity != file.identity and not hashed:
        return f"the listing says {file.identity}, the server sent {content.identity}; {hint}"
    if len(data) != file.size:
        more = "or more " * (len(data) > file.size)
        return f"{len(data)} {more}bytes arrived, the listing says {file.size}; {hint}"
    if hashed and _digest(data) != file.identity:
        return f"the content is not what it was when it was looked at; {hint}"
    if content.md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != content.md5:
        return f"the content does not have the MD5 {content.md5} that the server tells; {hint}"
    return ""
