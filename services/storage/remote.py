"""An archive on another machine: listings, many files at a time, transfers that go on where they broke off, copies."""

from __future__ import annotations

import builtins
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TypeVar

from rossi.errors import ConfigError, DataError
from services.storage.archive import MOST_BYTES, UNKNOWN, ArchiveFile, Contents, check_size, is_inside
from services.storage.base import Refusal, StoreError
from services.storage.cache import DiskCache
from services.storage.places import refused
from services.storage.transfer import REQUESTS, BrokenTransfer, Content, Remote

#: How often a transfer that broke off is taken up again, and the first pause before it [s]; each next one is twice as
#: long. Requests that are not answered at all are repeated by the client below.
_RESUMES, _PAUSE = 4, 0.25

#: How the identity of a file begins of which the server tells nothing that changes with the content.
_HASHED = "sha256:"

Item = TypeVar("Item")
Result = TypeVar("Result")


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
        self._was_there = False

    def list(self, path: str) -> builtins.list[ArchiveFile]:
        """See `ArchiveSource.list`."""
        with self._one():
            found = self.remote.files(path.strip("/"), self._together)
        self._settle(found=bool(found))
        return sorted((file for file in found if is_inside(file.path)), key=lambda file: file.path)

    def directories(self, path: str) -> tuple[str, ...]:
        """See `ArchiveSource.directories`."""
        with self._one():
            found = self.remote.directories(path.strip("/"))
        self._settle(found=bool(found))
        return tuple(sorted(filter(is_inside, found)))

    def identify(self, files: Sequence[ArchiveFile], contents: Contents | None = None) -> Sequence[ArchiveFile]:
        """See `ArchiveSource.identify`: from the listing, or else from the servers' headers."""
        if all(file.identity and file.size != UNKNOWN for file in files):
            return files
        return self._together(lambda file: self._identified(file, contents), files)

    def fetch(self, path: str) -> bytes:
        """See `ArchiveSource.fetch`."""
        return self._fetched(self._identified(ArchiveFile(path, UNKNOWN)))

    def fetch_many(self, files: Sequence[ArchiveFile]) -> Sequence[bytes]:
        """See `ArchiveSource.fetch_many`."""
        return self._together(self._fetched, files)

    def beginnings(self, files: Sequence[ArchiveFile], size: int) -> Sequence[bytes]:
        """See `ArchiveSource.beginnings`: as ranges, several at a time; those of files that are known are kept."""
        return self._together(lambda file: self._beginning(file, size), files)

    def _beginning(self, file: ArchiveFile, size: int) -> bytes:
        known = bool(file.identity) and file.size != UNKNOWN
        name = f"{self._name(file)} first {size}"
        if self.cache is not None and known:
            if (copy := self.cache.get(name)) is not None:
                return copy
            if (whole := self.cache.get(self._name(file))) is not None:
                return whole[:size]
        data = self._first(file.path, size)
        if self.cache is not None and known:
            self.cache.put(name, data)
        return data

    def _first(self, path: str, size: int) -> bytes:
        problem = ""
        for attempt in range(_RESUMES + 1):
            if attempt:
                time.sleep(_PAUSE * 2 ** (attempt - 1))
            try:
                with self._one():
                    data = self.remote.beginning(path, size)
            except BrokenTransfer as error:
                self._count(len(error.data))
                problem = str(error)
                continue
            if data is None:
                self._look_at_root()
                raise DataError(f"{self.remote.url}/{path}: there is no such file; list the directory again.")
            self._count(len(data))
            return data
        raise StoreError(f"{self.remote.url}/{path}: the transfer broke off ({problem}); run it again.")

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
            self._look_at_root()
            raise DataError(
                f"{refusal}, while the archive itself can be read; use another copy, or leave the observation out."
            ) from None

    def _settle(self, *, found: bool) -> None:
        """Where nothing is, see whether the archive is there at all."""
        if found:
            self._was_there = True
        else:
            self._look_at_root()

    def _look_at_root(self) -> None:
        try:
            self.remote.check()
        except Refusal as of_all:
            raise refused(of_all) from None
        except ConfigError as error:
            if self._was_there:
                raise StoreError(f"{self.remote.url}: the archive was there and is away ({error})") from None
            raise

    def _identified(self, file: ArchiveFile, contents: Contents | None = None) -> ArchiveFile:
        if file.identity and file.size != UNKNOWN:
            return file
        with self._one():
            found = self.remote.head(file.path)
        self._settle(found=found is not None)
        if found is None:
            raise DataError(f"{self.remote.url}/{file.path}: there is no such file; list the directory again.")
        return found if found.identity and found.size != UNKNOWN else self._measured(found, contents)

    def _measured(self, file: ArchiveFile, contents: Contents | None) -> ArchiveFile:
        """Read a file of which the server does not tell enough."""
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
        found = ArchiveFile(file.path, check_size(file.path, size, self.remote.url), identity)
        if contents is not None:
            contents.add(file.path, content.data)
        if self.cache is not None:
            self.cache.put(self._name(found), content.data)
        return found

    def _name(self, file: ArchiveFile) -> str:
        return f"{self.remote.url}/{file.path} {file.size} {file.identity}"

    def _fetched(self, file: ArchiveFile) -> bytes:
        check_size(file.path, file.size, self.remote.url)
        name = self._name(file)
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
                self._look_at_root()
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
