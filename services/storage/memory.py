"""A store in the memory of one process, for work whose products nobody keeps."""

from __future__ import annotations

import builtins
from base64 import b64encode
from collections.abc import Iterator

from services.storage.base import MissingObject, ObjectInfo, check_key


class MemoryStore:
    """Objects in a dictionary; gone with the process. Of concurrent writers one wins."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore.put`."""
        mine = builtins.bytes(bytearray(data))  # an object of its own, so that it is told from another's
        return self._objects.setdefault(check_key(key), mine) is mine

    def put_content(self, key: str, data: bytes) -> bool:
        """See `ObjectStore.put_content`."""
        return self.put(key, data)

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        try:
            return self._objects[check_key(key)]
        except KeyError:
            raise MissingObject(f"{self.url(key)}: there is no such object.") from None

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """See `ObjectStore.get_range`."""
        return self.get(key)[start:stop]

    def head(self, key: str) -> ObjectInfo | None:
        """See `ObjectStore.head`."""
        data = self._objects.get(check_key(key))
        return None if data is None else ObjectInfo(key, len(data))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See `ObjectStore.list`."""
        found = sorted(key for key in self._objects if key.startswith(prefix))
        return (ObjectInfo(key, len(self._objects[key])) for key in found)

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        self._objects.pop(check_key(key), None)

    def url(self, key: str) -> str:
        """See `ObjectStore.url`."""
        return f"memory:{key}"

    def presign(self, key: str, seconds: int = 3600) -> str:  # noqa: ARG002
        """See `ObjectStore.presign`: the content itself, as a URL."""
        return f"data:application/octet-stream;base64,{b64encode(self.get(key)).decode()}"
