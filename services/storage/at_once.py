"""Doing at the same time what is mostly waiting for an answer, of a server or of a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

#: What is done at the same time: putting a few observations' products, where each is an object.
_THREADS = 32


def at_once(work: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """Do work for each item, and return the answers in order.

    Raises
    ------
    Exception
        What one of them raised, when all have ended.
    """
    some = list(items)
    if len(some) < 2:
        return [work(item) for item in some]
    done = [_threads().submit(work, item) for item in some]
    wait(done)
    return [one.result() for one in done]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="put")
