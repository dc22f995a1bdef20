"""Doing at the same time what is mostly waiting for a server's answer."""

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
    """Do work for each item, the first in this thread, and return the answers in order.

    Raises
    ------
    Exception
        What one of them raised, when all have ended.
    """
    some = list(items)
    others = [_threads().submit(work, item) for item in some[1:]]
    try:
        first = [work(item) for item in some[:1]]
    finally:
        wait(others)
    return first + [one.result() for one in others]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="put")
