"""Files of which not all are in memory: rows are read when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from rossi.fits.reader import FitsFile
from rossi.fits.table import Table


class UnreadTable(Table):
    """A table without its rows, which are read whenever they are asked for.

    Parameters
    ----------
    known : Table
        The table; its rows are not kept.
    read : callable
        Returns it again.
    """

    __slots__ = ("_length", "_read")

    def __init__(self, known: Table, read: Callable[[], Table]) -> None:
        self.header, self.source, self.where = known.header, known.source, known.where
        self.structure, self.heap = known.structure, memoryview(b"")
        self._length, self._read = len(known), read

    def __len__(self) -> int:
        return self._length

    def __getattr__(self, name: str) -> Any:
        if name != "rows":
            raise AttributeError(name)
        return self._read().rows


def open_in_turn(openers: Sequence[Callable[[], FitsFile]], whole: int) -> list[FitsFile]:
    """Open many files; of those beyond a size, only that which somebody looked at last is in memory.

    Parameters
    ----------
    openers : sequence of callable
        Each opens a file, and may be asked to do so again.
    whole : int [byte]
        How much stays in memory.
    """
    opened = lru_cache(maxsize=1)(lambda number: openers[number]())
    files, held = list[FitsFile](), 0
    for number in range(len(openers)):
        file: FitsFile = opened(number)
        held += sum(table.rows.nbytes for table in file.tables)
        files.append(file if held <= whole else _unread(file, partial(opened, number)))
    return files


def _unread(file: FitsFile, again: Callable[[], FitsFile]) -> FitsFile:
    def read(at: int) -> Table:
        return again().tables[at]

    without = enumerate(file.tables)
    tables = [table if table.structure.has_heap else UnreadTable(table, partial(read, at)) for at, table in without]
    return replace(file, tables=tuple(tables))
