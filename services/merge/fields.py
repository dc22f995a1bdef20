"""Where HEXTE looked beside a source in each of its observations, and which other sources lie there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.hexte.fields import (
    EDGE,
    NEAR,
    Field,
    axes_towards,
    background_fields,
    neighbours,
    pointing,
    sun_direction,
)
from rossi.hexte.science import Cluster
from rossi.sky import SOURCE_RADIUS, mean_direction, offsets, separation
from rossi.timeseries.source import Source
from services.contract import Caveat
from services.merge.config import Neighbour
from services.merge.observations import Observation
from services.merge.packing import Packer

#: Code of the caveat on a background field that holds a source.
IN_BACKGROUND = "background_source"
#: Sources that caveats name; the others are in the report.
_NAMED = 10
#: Fields of several observations are drawn once for each place of a grid so wide [deg], those of many of a wider one:
#: more circles than a few hundred are one patch.
_GRID, _WIDE_GRID, _MANY = 0.05, 0.2, 50


@dataclass(frozen=True, slots=True)
class Beside:
    """Where the clusters looked in one observation.

    Parameters
    ----------
    ra, dec : float [deg]
        The pointing.
    fields : tuple of Field
    inside : tuple of (int, str, float)
        Number of a neighbour, label of the field in which it lies, and the angle from its centre [deg].
    measured : bool
        Whether the attitude tells; else the Sun does, see `rossi.hexte.fields.axes_towards`.
    """

    ra: float
    dec: float
    fields: tuple[Field, ...]
    inside: tuple[tuple[int, str, float], ...]
    measured: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """In which observations a source lies in one of the fields.

    Parameters
    ----------
    nearest : float [deg]
        From the field's centre, at least.
    rows : tuple of int
        The observations, that with the nearest one first.
    """

    nearest: float
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Another source, and the fields in which it lies.

    Parameters
    ----------
    name : str
    away : float [deg]
        From the source that is observed.
    spots : mapping of str to Spot
        By the field's label; empty for a source that lies in none.
    """

    name: str
    away: float
    spots: Mapping[str, Spot] = field(default_factory=dict)

    @property
    def rows(self) -> set[int]:
        """The observations in which it lies in a field."""
        return {row for spot in self.spots.values() for row in spot.rows}


@dataclass(frozen=True, slots=True)
class Fields:
    """Where HEXTE looked beside a source.

    Parameters
    ----------
    ra, dec : float [deg]
        Mean of the pointings.
    beside : mapping of int to Beside
        By the observation's number.
    neighbours : tuple of Neighbour
        Those near, or in a field.
    held : tuple of Held
        Those that lie in fields of most observations first.
    """

    ra: float = np.nan
    dec: float = np.nan
    beside: Mapping[int, Beside] = field(default_factory=dict)
    neighbours: tuple[Neighbour, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def guessed(self) -> int:
        """How many observations do not tell their attitude."""
        return sum(not one.measured for one in self.beside.values())

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the fields that there are."""
        found = {f.label for one in self.beside.values() for f in one.fields}
        return tuple(sorted(found, key=lambda label: (label[0], label[1] != "+")))

    def caveats(self) -> tuple[Caveat, ...]:
        """Name the sources that lie in fields."""
        told = [self._caveat(one) for one in self.held if one.spots]
        if len(told) <= _NAMED:
            return tuple(told)
        more = f"HEXTE: {len(told) - _NAMED} more sources lie in background fields; the report lists them."
        return (*told[:_NAMED], Caveat(code=IN_BACKGROUND, message=more))

    def _caveat(self, one: Held) -> Caveat:
        nearest = min(spot.nearest for spot in one.spots.values())
        labels = ", ".join(label for label in self.labels if label in one.spots)
        text = (
            f"HEXTE: {one.name} lies in the background fields {labels} of {len(one.rows)} of {len(self.beside)} "
            f"observations, {nearest:.2f} deg from the centre of one at the nearest; compare the spectra of both "
            "sides, and use the other side's."
        )
        return Caveat(code=IN_BACKGROUND, message=text)

    def panel(self, row: int) -> dict[str, Any] | None:
        """Return what the panel of an observation shows of it; None where HEXTE left nothing."""
        if (one := self.beside.get(row)) is None:
            return None
        east, north = (v.tolist() for v in _offsets(self.ra, self.dec, [(f.ra, f.dec) for f in one.fields]))
        return {
            "measured": one.measured,
            "fields": [
                [f.label, round(f.ra, 4), round(f.dec, 4), round(x, 4), round(y, 4)]
                for f, x, y in zip(one.fields, east, north, strict=True)
            ],
            "inside": [[number, label, round(angle, 3)] for number, label, angle in one.inside],
        }

    def block(self) -> str:
        """Return the block of the page's map: the neighbours, and the fields of all observations together."""
        packer = Packer()
        east, north = _offsets(self.ra, self.dec, [(n.ra, n.dec) for n in self.neighbours])
        inside = {number for one in self.beside.values() for number, _, _ in one.inside}
        seen = [one.name for one in self.neighbours]
        every = [f for one in self.beside.values() for f in one.fields]
        return packer.block(
            {
                "edge": EDGE,
                "names": seen,
                "inside": sorted(inside),
                "east": packer.floats(east),
                "north": packer.floats(north),
                "fields": [
                    self._places(packer, label, [f for f in every if f.label == label]) for label in self.labels
                ],
            }
        )

    def _places(self, packer: Packer, label: str, fields: Sequence[Field]) -> dict[str, Any]:
        """Return where fields of one name lie, each place once."""
        places = np.stack(_offsets(self.ra, self.dec, [(f.ra, f.dec) for f in fields]), -1)
        step = 1e-4 if len(fields) == 1 else _GRID if len(fields) <= _MANY else _WIDE_GRID
        found = np.unique(np.rint(places / step), axis=0)
        return {
            "label": label,
            "east": packer.floats(found[:, 0] * step),
            "north": packer.floats(found[:, 1] * step),
        }


def hexte_fields(observations: Sequence[Observation], known: Sequence[Neighbour]) -> Fields:
    """Return where HEXTE looked beside the source, and which of the known sources lie there.

    Parameters
    ----------
    observations : sequence of Observation
    known : sequence of Neighbour
        Other sources; those at the pointing are the source itself and do not count.
    """
    ra, dec = (np.array([getattr(one, axis) for one in known], np.float64) for axis in ("ra", "dec"))
    numbers = [str(number) for number in range(len(known))]  # names may be given twice
    beside = {}
    for row, one in enumerate(observations):
        if (turned := _turned(one)) is not None:
            beside[row] = _beside(one, turned, numbers, ra, dec)
    if not beside:
        return Fields()
    middle = mean_direction([one.ra for one in beside.values()], [one.dec for one in beside.values()])
    away = np.atleast_1d(separation(*middle, ra, dec))
    inside = {number for one in beside.values() for number, _, _ in one.inside}
    near = [n for n in np.argsort(away, kind="stable").tolist() if n in inside or SOURCE_RADIUS < away[n] <= NEAR]
    place = {number: at for at, number in enumerate(near)}
    kept = {row: _renumbered(one, place) for row, one in beside.items()}
    return Fields(
        *middle, kept, tuple(known[n] for n in near), _held(kept, [(known[n].name, float(away[n])) for n in near])
    )


def _turned(observation: Observation) -> tuple[Floats, bool] | None:
    """Return the body axes of an observation and whether they were measured; None where HEXTE left nothing."""
    if told := observation.told("axes"):
        return np.array(told[0], np.float64), True
    hexte = [c for band, c in observation.curves.items() if observation.abouts[band].instrument == "HEXTE"]
    position = next((place for curve in hexte if (place := Source.of(curve).position)), None)
    if position is None or not np.isfinite(observation.span[0]):
        return None
    try:
        return axes_towards(*position, sun_direction(observation.span[0])), False
    except DataError:
        return None


def _beside(
    observation: Observation, turned: tuple[Floats, bool], names: Sequence[str], ra: Floats, dec: Floats
) -> Beside:
    axes, measured = turned
    at = pointing(axes)
    fields = _fields(observation, axes)
    if not names:
        return Beside(*at, fields, (), measured)
    found = [
        (int(one.name), spot.label, angle)
        for one in neighbours(axes, fields, names, ra, dec)
        if one.away > SOURCE_RADIUS
        for spot, angle in one.inside
    ]
    return Beside(*at, fields, tuple(found), measured)


def _fields(observation: Observation, axes: Floats) -> tuple[Field, ...]:
    """Return the fields in which the clusters were; all four where nothing is told of how they rocked."""
    told = {
        label: one
        for stage in observation.stages
        for label, one in stage.summary.get("clusters", {}).items()
        if "angle" in one
    }
    if not told:
        return background_fields(axes)
    rocked = {cluster: told[cluster.label] for cluster in Cluster if cluster.label in told}
    fields = background_fields(axes, {cluster: one["angle"] for cluster, one in rocked.items()})
    return tuple(f for f in fields if f.position.value in rocked[f.cluster].get("positions", [f.position.value]))


def _renumbered(one: Beside, place: Mapping[int, int]) -> Beside:
    inside = tuple((place[number], label, angle) for number, label, angle in one.inside)
    return Beside(one.ra, one.dec, one.fields, inside, one.measured)


def _held(beside: Mapping[int, Beside], near: Sequence[tuple[str, float]]) -> tuple[Held, ...]:
    found: dict[int, dict[str, list[tuple[float, int]]]] = {}
    for row, one in beside.items():
        for number, label, angle in one.inside:
            found.setdefault(number, {}).setdefault(label, []).append((angle, row))
    spots = {
        number: {label: Spot(min(rows)[0], tuple(row for _, row in sorted(rows))) for label, rows in fields.items()}
        for number, fields in found.items()
    }
    held = [Held(*one, spots.get(number, {})) for number, one in enumerate(near)]
    return tuple(sorted(held, key=lambda one: (-len(one.rows), one.away, one.name)))


def _offsets(ra: float, dec: float, places: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    of_ra, of_dec = np.array(places, np.float64).reshape(-1, 2).T
    return offsets(ra, dec, of_ra, of_dec)
