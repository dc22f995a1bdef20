"""A store in the memory of one process, for work whose products nobody keeps."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence

from services.storage.base import MissingObject, ObjectInfo, Tagged, check_key


class MemoryStore:
    """Objects in a dictionary; gone with the process. Of concurrent writers one wins."""

    conditional = True

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._written: dict[str, float] = {}
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore.put`."""
        with self._lock:
            if check_key(key) in self._objects:
                return False
            self._keep(key, data)
            return True

    def put_in_order(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """See `ObjectStore.put_in_order`."""
        return [self.put(key, data) for key, data in contents]

    def put_contents(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """See `ObjectStore.put_contents`."""
        return [self.put(key, data) for key, data in contents]

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        try:
            return self._objects[check_key(key)]
        except KeyError:
            raise MissingObject(f"{self.url(key)}: there is no such object.") from None

    def head(self, key: str) -> ObjectInfo | None:
        """See `ObjectStore.head`."""
        data = self._objects.get(check_key(key))
        return None if data is None else ObjectInfo(key, len(data), self._written.get(key, time.time()))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See `ObjectStore.list`."""
        with self._lock:
            keys = tuple(self._objects)
        found = sorted(key for key in keys if key.startswith(prefix))
        return (info for key in found if (info := self.head(key)) is not None)

    def occupied(self, folder: str, names: Collection[str]) -> set[str]:
        """See `ObjectStore.occupied`."""
        start = f"{folder}/" if folder else ""
        return {name for name in names if any(self.list(f"{start}{name}/"))}

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        self._objects.pop(check_key(key), None)

    def delete_all(self, keys: Iterable[str]) -> None:
        """See `ObjectStore.delete_all`."""
        for key in keys:
            self.delete(key)

    def get_tagged(self, key: str) -> Tagged:
        """See `ObjectStore.get_tagged`."""
        data = self.get(key)
        return Tagged(data, _tag(data))

    def swap(self, key: str, data: bytes, tag: str) -> bool:
        """See `ObjectStore.swap`."""
        with self._lock:
            there = self._objects.get(check_key(key))
            if there is None or _tag(there) != tag:
                return False
            self._keep(key, data)
            return True

    def _keep(self, key: str, data: bytes) -> None:
        self._objects[key], self._written[key] = bytes(data), time.time()

    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:  # noqa: ARG002 - there never are any
        """See `ObjectStore.leftovers`."""
        return iter(())

    def discard(self, leftovers: Iterable[ObjectInfo], prefix: str = "") -> None:
        """See `ObjectStore.discard`."""

    def url(self, key: str) -> str:
        """See `ObjectStore.url`."""
        return f"memory:{key}"


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
