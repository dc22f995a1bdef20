"""What a store can do, how it fails, and how a URL becomes one."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from rossi.errors import ConfigError, RossiError

_SEGMENT = r"[A-Za-z0-9_+=@-][A-Za-z0-9_+=@.-]*"
_KEY = re.compile(f"{_SEGMENT}(?:/{_SEGMENT})*")
#: S3 allows 1024 bytes, of which the store's own prefix takes some.
_MAX_KEY = 900
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")


class StoreError(RossiError):
    """The store did not answer as it should; the same request may succeed later."""

    code = "store_error"


class StoreFull(StoreError):
    """The store has no room."""

    code = "store_full"


def no_room(where: object, reason: object) -> StoreError:
    """Return the error of a store without room; nothing half-written is ever visible in one."""
    return StoreFull(
        f"{where}: the store is full ({reason}); make room there, or name another store, and run it again: what is "
        "done is kept."
    )


class MissingObject(RossiError):
    """There is no object under this key."""

    code = "missing_object"


class Refusal(RossiError):
    """A server refuses one thing that was asked for, and would again; what it refuses decides what that means."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a listing says of an object.

    Parameters
    ----------
    key : str
    size : int [byte]
    modified : float [s]
        When it was written, Unix time by the store's clock; NaN if it is not known. What is equal is so without it.
    """

    key: str
    size: int
    modified: float = field(default=math.nan, compare=False)


@dataclass(frozen=True, slots=True)
class Tagged:
    """An object's content, and what tells it from any other content that the key may have: an ETag or a hash."""

    data: bytes
    tag: str


class Reader(Protocol):
    """Where objects are read; see `ObjectStore`."""

    def get(self, key: str) -> bytes:
        """Return an object's content; raises `MissingObject`."""
        ...

    def url(self, key: str) -> str:
        """Return where an object lies, for people; never with credentials."""
        ...


class ObjectStore(Reader, Protocol):
    """Immutable objects under slash-separated keys; but for a few small ones that say which of these are meant.

    Keys pass `check_key`, and none is another one's directory (``a`` and ``a/b`` together). Every method raises
    `StoreError` for what may go away by itself and `ConfigError` for what will not: no permission, no such bucket.
    """

    @property
    def conditional(self) -> bool:
        """Whether exactly one of several writers at the same instant wins; known after the first `put` and `swap`."""
        ...

    def put(self, key: str, data: bytes) -> bool:
        """Create an object; never overwrite one.

        The object appears whole or not at all. Of several writers one creates it.

        Returns
        -------
        bool
            True if it was created, False if one was there. A request that had to be repeated may find its own
            first attempt, so False does not say that somebody else wrote it.
        """
        ...

    def put_in_order(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """Create objects under different keys, none before those that come earlier, each as `put` does.

        Where one fails, those after it are not created.

        Returns
        -------
        sequence of bool
            Whether each was created.
        """
        ...

    def put_contents(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """Create objects under keys that follow from their contents, all at the same time.

        Each as `put` does, but a server that can't create conditionally is spared the look before: what may be written
        over is the same. False says that an object is there, and nothing about whether it is intact. Where some fail,
        the others may have been created.

        Returns
        -------
        sequence of bool
            Whether each was created.
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object, None if there is none."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Iterate, in order, over the objects whose key begins with `prefix`, which need not end at a slash."""
        ...

    def occupied(self, folder: str, names: Collection[str]) -> set[str]:
        """Return those of some folders in a folder in which there is anything, by few requests, one for each at most.

        One of which that can't be told by so few counts, too.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; it is no error if there is none."""
        ...

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove objects, in any order and in as few requests as may be; it is no error if there are none."""
        ...

    def get_tagged(self, key: str) -> Tagged:
        """Return an object's content with its tag; raises `MissingObject`."""
        ...

    def swap(self, key: str, data: bytes, tag: str) -> bool:
        """Replace an object in one step, if it still has the tag; readers see the old content or the new one.

        Returns
        -------
        bool
            Whether the object has this content now, because it was replaced. False if it has another tag or is gone.
        """
        ...

    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Iterate over what killed writers left below a folder: files that are no objects, which no listing shows."""
        ...

    def discard(self, leftovers: Iterable[ObjectInfo], prefix: str = "") -> None:
        """Remove what `leftovers` found below a folder, and folders in which nothing is left."""
        ...


def is_key(key: str) -> bool:
    """Return whether a key is one that every store accepts."""
    return len(key) <= _MAX_KEY and _KEY.fullmatch(key) is not None


def key_of(prefix: str, *inner: str) -> str:
    """Return the key in the store of one that is relative to the prefix, by its parts; empty ones are left out."""
    return "/".join(filter(None, (prefix.strip("/"), *inner)))


def check_key(key: str) -> str:
    """Return a key unchanged.

    Raises
    ------
    ConfigError
        If some store would not accept it, or it could lead out of a local store's directory.
    """
    if not is_key(key):
        raise ConfigError(
            f"{key[:200]!r} can't be a key of the store; keys are parts of ASCII letters, digits and _ + = @ . - "
            f"joined by single slashes, no part begins with a dot, {_MAX_KEY} characters at most. Check the prefix."
        )
    return key


def scheme_of(url: str) -> str:
    """Return the scheme of a URL in lower case, ``file`` for plain paths."""
    match = _SCHEME.match(url)
    return match[1].lower() if match else "file"


def local_path(url: str) -> Path:
    """Return the absolute path that a ``file://`` URL or a plain path means.

    Raises
    ------
    ConfigError
        If it names another host or nothing.
    """
    if not _SCHEME.match(url):
        path = Path(url).expanduser()
    else:
        parts = urlsplit(url)
        if parts.netloc not in {"", "localhost"}:
            raise ConfigError(f"{url}: a file URL names no host; write file:///{parts.netloc}{parts.path} or a path.")
        path = Path(unquote(parts.path))
    if not url.partition("://")[2] and (not url or "://" in url):
        raise ConfigError("The URL of the store or archive is empty; give a directory, file:///... or s3://bucket/...")
    return path.absolute()


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL, of which the host and the port are sensible.

    Raises
    ------
    ConfigError
        If they are not; the message does not repeat the URL, which may have a password in it.
    """
    try:
        parts = urlsplit(url)
        if parts.port is None or parts.port:  # asking for it looks at it
            return parts
    except ValueError:
        pass
    raise ConfigError(
        "The URL has no sensible host or port; one looks like https://host/folder, or http://127.0.0.1:9000."
    )
