"""Putting objects whose keys follow from their content."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from rossi.spooled import SpooledFile
from services.storage.base import MissingObject, ObjectStore, StoreError

#: Files that are put at the same time: a few observations' products, where each is an object.
_PUTS = 32


def put_all(store: ObjectStore, payload: Sequence[tuple[str, bytes | SpooledFile]]) -> None:
    """Put all of a product's files at the same time: nearly all that a put takes is waiting for the answer.

    Files on disk, which may be large, are put one after the other.
    """
    others = [(key, content) for key, content in payload if isinstance(content, bytes)]
    for key, content in payload:
        if isinstance(content, SpooledFile):
            put_exactly(store, key, content.data)
    if len(others) == 1:
        put_exactly(store, *others[0])
    elif others:
        puts = [_putters().submit(put_exactly, store, key, data) for key, data in others]
        wait(puts)
        for done in puts:
            done.result()


@cache
def _putters() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_PUTS, thread_name_prefix="put")


def put_exactly(store: ObjectStore, key: str, data: bytes) -> None:
    """Put bytes under a key that follows from them; whatever else lies there is damaged, and replaced.

    Raises
    ------
    StoreError
        If other bytes keep lying there.
    """
    if store.put_content(key, data) or _is_there(store, key, data):
        return
    store.delete(key)
    if not store.put_content(key, data) and not _is_there(store, key, data):
        raise StoreError(f"{store.url(key)}: the object can't be put whole; other bytes keep lying there.")


def _is_there(store: ObjectStore, key: str, data: bytes) -> bool:
    try:
        return store.get(key) == data
    except MissingObject:  # another writer found it damaged and is about to replace it
        return False
