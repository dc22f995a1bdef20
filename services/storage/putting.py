"""Putting objects whose keys follow from their content."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.spooled import SpooledFile
from services.storage.base import MissingObject, ObjectStore, StoreError


def put_all(store: ObjectStore, payload: Sequence[tuple[str, bytes | SpooledFile]]) -> None:
    """Put all of a product's files, each exactly, at the same time: nearly all that takes is waiting for the answer.

    Files on disk, which may be large, are put one after the other.

    Raises
    ------
    StoreError
        If other bytes keep lying under a key.
    """
    for key, content in payload:
        if isinstance(content, SpooledFile):
            put_exactly(store, key, content.data)
    others = [(key, content) for key, content in payload if isinstance(content, bytes)]
    for (key, data), created in zip(others, store.put_contents(others) if others else (), strict=True):
        if not created:
            _mend(store, key, data)


def put_exactly(store: ObjectStore, key: str, data: bytes) -> None:
    """Put bytes under a key that follows from them; whatever else lies there is damaged, and replaced.

    Raises
    ------
    StoreError
        If other bytes keep lying there.
    """
    put_all(store, [(key, data)])


def _mend(store: ObjectStore, key: str, data: bytes) -> None:
    if _is_there(store, key, data):
        return
    store.delete(key)
    if not all(store.put_contents([(key, data)])) and not _is_there(store, key, data):
        raise StoreError(f"{store.url(key)}: the object can't be put whole; other bytes keep lying there.")


def _is_there(store: ObjectStore, key: str, data: bytes) -> bool:
    try:
        return store.get(key) == data
    except MissingObject:  # another writer found it damaged and is about to replace it
        return False
