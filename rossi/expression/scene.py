"""What an expression is evaluated in, and the functions that need it: good time, regions, random numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rossi import met
from rossi.errors import ConfigError, DataError
from rossi.expression import regions
from rossi.expression.functions import require_count
from rossi.expression.operand import Kind, Operand, aligned, require
from rossi.fits.reader import FitsFile, open_fits, split_hdu
from rossi.fits.table import Table

#: Random numbers are the same each time: products can be made again.
_SEED = 0


@dataclass(frozen=True)
class Scene:
    """A table and what lies around it.

    Parameters
    ----------
    table : Table
        Whose rows the expression is evaluated for.
    file : FitsFile, optional
        That the table is part of; GTIFILTER() looks for good time in it.
    read : callable, optional
        Returns a file's content by the name that an expression gives.
    """

    table: Table
    file: FitsFile | None = None
    read: Callable[[str], bytes] | None = None

    @cached_property
    def random(self) -> np.random.Generator:
        """Of RANDOM(), RANDOMN() and RANDOMP(): the same numbers each time."""
        return np.random.default_rng(_SEED)

    def content(self, name: str, function: str) -> bytes:
        """Return the content of a file.

        Parameters
        ----------
        name : str
            Of the file.
        function : str
            That asks for it, for the message.

        Raises
        ------
        ConfigError
            Where files can't be read by name, as in a campaign.
        """
        if self.read is None:
            raise ConfigError(
                f"{function} in the filter expression names the file {name!r}, but files can't be read by name here; "
                "use the task maketime, or write the condition out."
            )
        return self.read(name)


def call(scene: Scene, name: str, arguments: list[Operand]) -> Operand:
    """Apply a function.

    Parameters
    ----------
    scene : Scene
    name : str
        In capital letters.
    arguments : list of Operand

    Raises
    ------
    ConfigError, DataError
        For wrong arguments, and files that are missing or damaged.
    """
    counts, function = FUNCTIONS[name]
    require_count(name, arguments, counts)
    return function(scene, *arguments)


def _text(name: str, value: Operand) -> str:
    if value.kind != Kind.STRING or not value.is_constant:
        raise ConfigError(f"{name} in the filter expression takes the name of a file or column in quotes.")
    return str(value.values)


def _column(scene: Scene, name: str, function: str) -> Operand:
    if name not in scene.table:
        raise DataError(f"{scene.table.where}: {function} looks for a column {name}, which is missing; name another.")
    return Operand.of(Kind.REAL, scene.table.numbers(name), scene.table.null(name))


def _good_time_table(scene: Scene, name: str) -> Table:
    """Return the table that ``''``, ``+2``, ``[2]``, ``[STDGTI]``, ``file`` or ``file[2]`` names."""
    path, hdu = split_hdu(name.strip())
    hdu = "*GTI*" if hdu is None else hdu
    if path:
        file = open_fits(scene.content(path, "GTIFILTER"), path)
    elif scene.file is None:
        raise ConfigError(f"GTIFILTER({name!r}) looks for good time beside the table, but only the table is at hand.")
    else:
        file = scene.file
    if isinstance(hdu, int):
        return file.table(hdu=hdu)
    for table in file.tables:
        if fnmatchcase(table.name.upper(), hdu.upper()):
            return table
    found = ", ".join(t.name or "unnamed" for t in file.tables) or "no table"
    raise DataError(f"{file.name}: GTIFILTER looks for an extension {hdu}; found {found}.")


def _edges(table: Table, wanted: str) -> NDArray[np.float64]:
    for name in table.infos:
        if fnmatchcase(name, wanted.strip().upper()):
            if table.null(name).any():
                raise DataError(f"{table.where}: {name} is undefined in a row; good time has a start and a stop.")
            return table.numbers(name)
    raise DataError(f"{table.where}: GTIFILTER looks for a column {wanted}; found {', '.join(table.infos)}.")


def _intervals(scene: Scene, arguments: list[Operand], name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return starts and stops of a good-time table on the clock of the scene's table."""
    texts = [_text(name, a) for a in arguments]
    table = _good_time_table(scene, texts[0] if texts else "")
    first, last = texts[1:] if len(texts) == 3 else ("*START*", "*STOP*")
    offset = met.timezero(table.header, table.where) - met.timezero(scene.table.header, scene.table.where)
    return _edges(table, first) + offset, _edges(table, last) + offset


def _time(scene: Scene, arguments: tuple[Operand, ...], name: str) -> Operand:
    time = arguments[1] if len(arguments) > 1 else _column(scene, "TIME", name)
    require(time.is_number, f"{name} needs a time", time)
    return time


def _interval_number(scene: Scene, arguments: tuple[Operand, ...], name: str) -> Operand:
    """Return the row of the first interval that a time lies in, ends included; -1 if none does."""
    time = _time(scene, arguments, name)
    start, stop = _intervals(scene, [*arguments[:1], *arguments[2:]], name)
    found = np.full(time.values.shape, -1)
    for number in range(len(start), 0, -1):
        found[(time.real >= start[number - 1]) & (time.real <= stop[number - 1])] = number
    return Operand.of(Kind.INTEGER, found, time.null)


def _gtifind(scene: Scene, *arguments: Operand) -> Operand:
    return _interval_number(scene, arguments, "GTIFIND")


def _gtifilter(scene: Scene, *arguments: Operand) -> Operand:
    found = _interval_number(scene, arguments, "GTIFILTER")
    return Operand.of(Kind.BOOLEAN, found.values > 0, found.null)


def _gtioverlap(scene: Scene, *arguments: Operand) -> Operand:
    """Return how much good time lies between two times [s]."""
    first, last = aligned(*arguments[1:3])
    require(first.is_number and last.is_number, "GTIOVERLAP needs two times", first, last)
    total = np.zeros(np.broadcast_shapes(first.values.shape, last.values.shape))
    for start, stop in zip(*_intervals(scene, [arguments[0], *arguments[3:]], "GTIOVERLAP"), strict=True):
        total += np.maximum(np.minimum(last.real, stop) - np.maximum(first.real, start), 0)
    return Operand.of(Kind.REAL, total, first.null | last.null)


def _regfilter(scene: Scene, *arguments: Operand) -> Operand:
    name = _text("REGFILTER", arguments[0])
    x, y = arguments[1:3] if len(arguments) > 2 else (_column(scene, axis, "REGFILTER") for axis in "XY")
    require(x.is_number and y.is_number, "REGFILTER needs two numbers", x, y)
    x, y = aligned(x, y)
    text = scene.content(name, "REGFILTER").decode("latin-1")
    inside = regions.contains(regions.parse(text, name), x.real, y.real)
    return Operand.of(Kind.BOOLEAN, inside, x.null | y.null)


def _shape(scene: Scene, arguments: tuple[Operand, ...]) -> tuple[int, ...]:
    return (len(scene.table), *(arguments[0].axes if arguments else ()))


def _random(scene: Scene, *like: Operand) -> Operand:
    return Operand.of(Kind.REAL, scene.random.random(_shape(scene, like)))


def _randomn(scene: Scene, *like: Operand) -> Operand:
    return Operand.of(Kind.REAL, scene.random.standard_normal(_shape(scene, like)))


def _randomp(scene: Scene, mean: Operand) -> Operand:
    require(mean.is_number, "RANDOMP needs a number", mean)
    null = mean.null | ~(mean.real >= 0)
    known = np.where(null, 0.0, np.minimum(mean.real, 1e18))
    numbers = scene.random.poisson(np.broadcast_to(known, (len(scene.table), *mean.axes)))
    return Operand.of(Kind.INTEGER, numbers, null)


FUNCTIONS: Mapping[str, tuple[tuple[int, ...], Callable[..., Operand]]] = {
    "GTIFILTER": ((0, 1, 2, 4), _gtifilter),
    "GTIFIND": ((0, 1, 2, 4), _gtifind),
    "GTIOVERLAP": ((3, 5), _gtioverlap),
    "REGFILTER": ((1, 3, 4), _regfilter),
    "RANDOM": ((0, 1), _random),
    "RANDOMN": ((0, 1), _randomn),
    "RANDOMP": ((1,), _randomp),
}
