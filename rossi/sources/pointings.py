"""Sorting observations into sources by where they pointed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rossi.names import plain_name
from rossi.remarks import Remark
from rossi.sources import remarks as said
from rossi.sources.rule import Rule
from rossi.sources.source import Naming, Source
from rossi.sources.sphere import Sphere, nearest, new_anchors
from rossi.sources.todo import NONE, Todo, key_of

Ints = NDArray[np.int64]
#: Sources, the number of each observation's, and what to know.
Grouped = tuple[list[Source], Ints, list[Remark]]


def by_position(todo: Todo, rule: Rule, known: Sequence[Source]) -> Grouped:
    """Give observations to anchors, those of yesterday and new ones, and those without coordinates by name.

    Parameters
    ----------
    todo : Todo
    rule : Rule
    known : sequence of Source
        Those of yesterday, by their start.

    Returns
    -------
    sources : list of Source
        Those that are known first.
    number : ndarray (n,) of int
        Place of each observation's source in `sources`, -1 where it belongs to none.
    remarks : list of Remark
    """
    sources, told = _grown_together(known, rule.radius)
    naming = Naming(known)
    waiting = {key_of(source): n for n, source in enumerate(sources) if not source.placed and not source.into}
    for row in _anchors(todo, [source for source in sources if source.placed and not source.into], rule.radius):
        named = waiting.pop(todo.keys[row], NONE)
        if named < 0:
            sources.append(todo.new_source(row, naming))
        else:
            ra, dec = todo.pointing(row)
            sources[named] = replace(sources[named], ra=ra, dec=dec)
    number = todo.unsorted()
    number[todo.placed] = nearest_source(todo, sources, [rule.radius] * len(sources))
    told += _by_name(todo, sources, number, naming)
    told += said.same_name([source for source in sources if not source.into])
    return sources, number, told


def _grown_together(known: Sequence[Source], radius: float) -> tuple[list[Source], list[Remark]]:
    """Let the older of two sources whose anchors are within the radius have both; a larger radius does that."""
    sources = list(known)
    anchors = [n for n, source in enumerate(sources) if source.placed and not source.into]
    ra, dec = (np.array([getattr(sources[n], axis) for n in anchors]) for axis in ("ra", "dec"))
    sphere, pairs = Sphere.of(ra, dec), []
    gone = np.zeros(len(anchors), bool)
    for place, n in enumerate(anchors):
        if gone[place]:
            continue
        for other in np.sort(sphere.around(ra[place], dec[place], radius)[0]).tolist():
            if other > place and not gone[other]:
                gone[other] = True
                pairs.append((sources[anchors[other]].name, sources[n].name))
                sources[anchors[other]] = replace(sources[anchors[other]], into=sources[n].name)
    return sources, said.grown_together(pairs)


def _anchors(todo: Todo, there: Sequence[Source], radius: float) -> list[int]:
    """Return the observations that become anchors beside those that are there."""
    ra, dec = todo.observations.ra[todo.placed] % 360, todo.observations.dec[todo.placed]
    sphere, covered = Sphere.of(ra, dec), np.zeros(len(ra), bool)
    for source in there:
        covered[sphere.around(source.ra, source.dec, radius)[0]] = True
    rows: list[int] = todo.placed[new_anchors(sphere, ra, dec, radius, covered)].tolist()
    return rows


def nearest_source(todo: Todo, sources: Sequence[Source], radii: Sequence[float]) -> Ints:
    """Return the source of each observation that has a pointing.

    Parameters
    ----------
    todo : Todo
    sources : sequence of Source
        Those without a position, and those that have become part of another one, get none.
    radii : sequence of float [deg]
        How far each source reaches.

    Returns
    -------
    ndarray (n_placed,) of int
        Place in `sources` for each of `Todo.placed`; -1 where none reaches.
    """
    ra, dec = todo.observations.ra[todo.placed] % 360, todo.observations.dec[todo.placed]
    usable = [n for n, source in enumerate(sources) if source.placed and not source.into]
    names: dict[str, int] = {}
    keys = np.array([names.setdefault(todo.keys[row], len(names)) for row in todo.placed.tolist()], np.int64)
    anchors = [(sources[n].ra, sources[n].dec, radii[n]) for n in usable]
    found = nearest(Sphere.of(ra, dec), anchors, keys, [names.get(key_of(sources[n]), NONE) for n in usable])
    return np.where(found < 0, NONE, np.array([*usable, NONE], np.int64)[found])


def _by_name(todo: Todo, sources: list[Source], number: Ints, naming: Naming) -> list[Remark]:
    """Give observations without coordinates to sources by their targets' names; `sources` and `number` change."""
    place = _called(todo, sources, number)
    pairs = []
    for n, source in enumerate(sources):
        if not source.placed and not source.into and place.setdefault(key_of(source), n) != n:
            pairs.append((source.name, sources[place[key_of(source)]].name))
            sources[n] = replace(source, into=pairs[-1][1])
    unplaced = todo.unplaced
    for row in unplaced:
        if not (key := todo.keys[row]):
            continue
        if key not in place:
            place[key] = len(sources)
            sources.append(todo.new_source(row, naming))
        number[row] = place[key]
    nameless = sum(not todo.keys[row] for row in unplaced)
    by_name = said.without_coordinates(len(unplaced) - nameless)
    return [*said.grown_together(pairs), *by_name, *said.nameless(nameless)]


def _called(todo: Todo, sources: Sequence[Source], number: Ints) -> dict[str, int]:
    """Return the sources that have a position by plain names.

    A source that is called so comes before one at which somebody pointed under that name, and an older one before a
    younger one.
    """
    place: dict[str, int] = {}
    known = [(n, source) for n, source in enumerate(sources) if source.placed and not source.into]
    for n, source in known:
        place.setdefault(key_of(source), n)
    others = {(n, plain_name(name)) for n, source in known for name in source.names}
    others |= {(n, todo.keys[row]) for row, n in zip(todo.placed.tolist(), number[todo.placed].tolist(), strict=True)}
    for n, key in sorted(others):
        place.setdefault(key, n)
    return place
