"""Sorting observations into sources."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rossi.errors import ConfigError, shortened
from rossi.names import plain_name
from rossi.sky import separation
from rossi.sources import remarks as said
from rossi.sources.observations import Observations
from rossi.sources.pointings import Grouped, Ints, by_position, nearest_source
from rossi.sources.rule import By, Rule
from rossi.sources.source import Naming, Source, Sources
from rossi.sources.todo import NONE, Todo, key_of


def group(observations: Observations, rule: Rule | None = None, yesterday: Sequence[Source] = ()) -> Sources:
    """Sort observations into sources; neither their order nor how many there are matters to what a source is called.

    Parameters
    ----------
    observations : Observations
    rule : Rule, optional
    yesterday : sequence of Source
        What an earlier call found, `Sources.sources`: its anchors stay anchors and keep name and slug. Their order does
        not matter.

    Returns
    -------
    Sources

    Raises
    ------
    ConfigError
        If two sources of yesterday have one name or slug.

    Notes
    -----
    By position: in the order of their start, observations that lie within the radius of no earlier anchor become
    anchors themselves; then each goes to an anchor within the radius, to one whose target has the same name before
    another one, to the nearest before one further away. So nothing is farther from its anchor than the radius, however
    many pointings stand between two sources, and what begins later can't change an anchor. Observations without
    coordinates follow by their targets' names. See the page Sources of the documentation.
    """
    rule = rule or Rule()
    _check(yesterday)
    known = sorted(yesterday, key=lambda source: (math.isnan(source.since), source.since, source.name))
    rows = np.arange(len(observations)) if rule.moving else np.flatnonzero(~observations.moving)
    todo = Todo.of(observations, rows[np.argsort(observations.rank[rows], kind="stable")])
    if rule.by is By.AUTO and rule.only:
        sources, number, told = _one(todo, rule.only, known)
    elif rule.by is By.TABLE:
        sources, number, told = _by_table(todo, rule)
    elif rule.by is By.TARGET:
        sources, number, told = _by_target(todo, rule, known)
    else:
        sources, number, told = by_position(todo, rule, known)
    remarks = (*said.moving_left_out(len(observations) - len(rows)), *told)
    return Sources(_with_names(sources, observations, number), number, remarks)


def _check(yesterday: Sequence[Source]) -> None:
    for what in ("name", "slug"):
        texts = [plain_name(source.name) if what == "name" else source.slug for source in yesterday]
        if twice := [text for text, times in Counter(texts).items() if times > 1]:
            raise ConfigError(
                f"Sources of an earlier run: the {what} {shortened(twice[0])} is there twice; mend the list."
            )


def _with_names(sources: Sequence[Source], observations: Observations, number: Ints) -> tuple[Source, ...]:
    """Note how the targets of each source are spelled."""
    found: list[set[str]] = [set(source.names) for source in sources]
    for one, target in set(zip(number.tolist(), observations.target, strict=True)):
        if one >= 0 and target.strip():
            found[one].add(target.strip())
    return tuple(replace(source, names=tuple(sorted(names))) for source, names in zip(sources, found, strict=True))


def _one(todo: Todo, name: str, known: Sequence[Source]) -> Grouped:
    """Give all observations to the source that was asked for."""
    number = todo.unsorted()
    number[todo.rows] = 0
    there = [source for source in known if plain_name(source.name) == plain_name(name)]
    first = todo.placed if len(todo.placed) else todo.rows
    if there or not len(first):
        return there, number, []
    return [todo.new_source(int(first[0]), Naming(), name.strip())], number, []


def _by_table(todo: Todo, rule: Rule) -> Grouped:
    """Give observations to the places of a table, those without coordinates by their targets' names."""
    naming = Naming()
    sources = [Source(*naming.name(place.name), place.ra % 360, place.dec, place.name) for place in rule.table]
    radii = [rule.radius if math.isnan(place.radius) else place.radius for place in rule.table]
    number = todo.unsorted()
    number[todo.placed] = nearest_source(todo, sources, radii)
    listed = {plain_name(source.name): n for n, source in enumerate(sources)}
    unplaced = todo.unplaced
    for row in unplaced:
        number[row] = listed.get(todo.keys[row], NONE)
    left = int((number[todo.rows] < 0).sum())
    by_name = [row for row in unplaced if number[row] >= 0]
    return sources, number, [*said.not_in_table(left), *said.without_coordinates(len(by_name))]


def _by_target(todo: Todo, rule: Rule, known: Sequence[Source]) -> Grouped:
    """Give observations whose targets' names mean the same to one source, wherever they pointed."""
    sources, number = list(known), todo.unsorted()
    naming, place = Naming(known), dict[str, int]()
    for n, source in enumerate(known):
        if not source.into:
            place.setdefault(key_of(source), n)
    for row in todo.rows.tolist():
        if not (key := todo.keys[row]):
            continue
        if key not in place:
            place[key] = len(sources)
            sources.append(todo.new_source(row, naming))
        number[row] = place[key]
        if not sources[place[key]].placed:
            ra, dec = todo.pointing(row)
            sources[place[key]] = replace(sources[place[key]], ra=ra, dec=dec)
    mine = todo.placed[number[todo.placed] >= 0]
    at, theirs = number[mine], todo.observations
    anchors = np.array([(source.ra, source.dec) for source in sources]).reshape(-1, 2)[at]
    away = separation(anchors[:, 0], anchors[:, 1], theirs.ra[mine], theirs.dec[mine])
    wide = [sources[n].name for n in np.unique(at[away > rule.radius]).tolist()]
    nameless = int((number[todo.rows] < 0).sum())
    return sources, number, [*said.spread(wide, rule.radius), *said.nameless(nameless)]
