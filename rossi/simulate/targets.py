"""The sources of a simulated archive, as awkward as those of the real one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rossi.errors import ConfigError

#: ObsIDs have two digits for the target.
MOST = 99
#: Every so many observations, a source is pointed at as another proposal wrote its position down.
_OFF = 4
#: How far that is off, in declination [deg].
OFFSET = 0.06
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Target:
    """A source of a simulated archive.

    Parameters
    ----------
    names : tuple of str
        As proposals call it, by turns.
    ra, dec : float [deg]
        J2000.
    off : bool
        Whether some proposals point beside it.
    """

    names: tuple[str, ...]
    ra: float
    dec: float
    off: bool = False

    def seen(self, turn: int) -> tuple[str, float, float]:
        """Return what one of its observations calls it, and where that points.

        Parameters
        ----------
        turn : int
            Number of the observation, from 0.

        Returns
        -------
        name : str
        ra, dec : float [deg]
        """
        away = OFFSET if self.off and turn % _OFF == _OFF - 1 else 0.0
        return self.names[turn % len(self.names)], self.ra, round(self.dec + away, 6)


#: Spellings that differ, and one name of another; two sources 0.3 deg from each other; punctuation, at right ascension
#: 0; a name that is a source's already, at another place.
_AWKWARD = (
    Target(("SIM X-1", "SIM_X-1", "sim x-1", "SIMX-1", "V1 SIM"), 245.0, 25.0, off=True),
    Target(("SIM GC-1", "SIM GC 1"), 266.4, -29.0, off=True),
    Target(("SIM GC-2",), 266.4, -29.3),
    Target(("4U 0001+12/SIM (B)*", "4U_0001+12/SIM_(B)*"), 359.99, 12.3, off=True),
    Target(("SIM X-1",), 83.6, -5.4),
)


def targets(number: int) -> tuple[Target, ...]:
    """Return the sources of an archive: the first N are the same whatever their number.

    Parameters
    ----------
    number : int
        1 gives SIM X-1 under that name alone, from 2 on they are awkward.

    Raises
    ------
    ConfigError
        If it is not 1 to 99.
    """
    if not 1 <= number <= MOST:
        raise ConfigError(f"{number} simulated sources: 1 to {MOST} were expected, as ObsIDs have two digits for them.")
    if number == 1:
        return (Target(("SIM X-1",), 245.0, 25.0),)
    return (*_AWKWARD, *(_plain(which) for which in range(len(_AWKWARD), number)))[:number]


def _plain(which: int) -> Target:
    """Return a further source: they lie in a spiral over declinations that the orbit sees well, degrees apart."""
    ra = round(360 * (which * _GOLDEN % 1.0), 3)
    dec = round(float(np.degrees(np.arcsin(-0.9 + 1.8 * (which + 0.5) / MOST))), 3)
    return Target((f"SIM J{which:02d}-{which:02d}", f"sim j{which:02d}_{which:02d}"), ra, dec)
