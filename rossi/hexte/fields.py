"""Where in the sky the clusters take their background, and which sources lie there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rossi.arrays import Floats
from rossi.energy.collimator import quaternions_during
from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster
from rossi.met import to_time
from rossi.pca.filter.attitude import BORESIGHT, body_axes
from rossi.sky import separation, unit_vectors

#: Body axis (1 is Y, 2 is Z) along which a cluster looks beside the source. That they are Y and Z, at right angles, is
#: certain (the HEXTE team's description of the instrument, and its routines for the orientation); whose is which rests
#: on one sentence of the team's web tool HEXTErock: the clusters A and B rock "along the RXTE spacecraft's Z and Y
#: axes". If that is wrong, A's fields are B's, and the other way round.
ROCKING_AXIS = MappingProxyType({Cluster.A: 2, Cluster.B: 1})
#: Which way along its axis a cluster's plus position lies. Nothing was found that tells; if it is wrong, plus and minus
#: change places.
_SIDE = {Position.PLUS: 1.0, Position.MINUS: -1.0}
#: Angle from the source [deg] of nearly all observations.
ANGLE = 1.5
#: Half of the field's full width at zero response, 2.2 deg, by the team's description [deg]; half of the light comes
#: through 0.5 deg off the axis.
EDGE = 1.1
#: Sources are listed up to this angle from the pointing [deg]; with clusters that rock by 1.5 deg, no source in a field
#: is farther than 2.6 deg.
NEAR = 3.0


@dataclass(frozen=True, slots=True)
class Field:
    """Where a cluster looks beside the source.

    Parameters
    ----------
    cluster : Cluster
    position : Position
        Plus or minus.
    ra, dec : float [deg]
        Its centre, J2000.
    """

    cluster: Cluster
    position: Position
    ra: float
    dec: float

    @property
    def label(self) -> str:
        """Cluster and side: ``A+``."""
        return f"{self.cluster.name}{'+' if self.position is Position.PLUS else '-'}"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A source near a pointing.

    Parameters
    ----------
    name : str
    ra, dec : float [deg]
    away : float [deg]
        From the pointing.
    inside : tuple of (Field, float)
        The fields it lies in, and how far from their centres [deg], the nearest first.
    """

    name: str
    ra: float
    dec: float
    away: float
    inside: tuple[tuple[Field, float], ...] = ()


def mean_axes(attitude: Table, intervals: Gti) -> Floats:
    """Return the body axes during good time.

    Parameters
    ----------
    attitude : Table
        Filter file or FH0e housekeeping: Time and ACSESTQ1 to ACSESTQ4.
    intervals : ndarray (n, 2) [s]

    Returns
    -------
    ndarray (3, 3)
        Which axis, and its components, J2000: the rotation nearest to the mean of all rows.

    Raises
    ------
    DataError
        If a column is missing, or the attitude is unknown during all of the good time.
    """
    mean = body_axes(quaternions_during(attitude, intervals)[0]).astype(np.float64).mean(-1)
    left, _, right = np.linalg.svd(mean)
    return np.asarray(left @ right)


def sun_direction(met: float) -> tuple[float, float]:
    """Return where the Sun stands, J2000, to a hundredth of a degree.

    Parameters
    ----------
    met : float [s]
        MET (TT).

    Returns
    -------
    ra, dec : float [deg]
    """
    from astropy.coordinates import get_sun

    sun = get_sun(to_time(met))
    return float(sun.ra.deg), float(sun.dec.deg)


def axes_towards(ra: float, dec: float, sun: tuple[float, float]) -> Floats:
    """Return the body axes where the attitude is not known: the Sun is taken to be in the XZ plane, on the side of Z.

    There ROLL of filter files is 0. That is how the spacecraft was turned in the first years, to 5 deg; later by up to
    30 deg from it (the HEXTE team's page on HEXTErock), so that fields at 1.5 deg lie up to 0.8 deg beside where these
    axes have them. The attitude tells (`mean_axes`).

    Parameters
    ----------
    ra, dec : float [deg]
        Where the instruments look.
    sun : tuple of float [deg]
        See `sun_direction`.

    Raises
    ------
    DataError
        If the Sun is there, or opposite.
    """
    ahead, towards = unit_vectors(np.array([ra, sun[0]]), np.array([dec, sun[1]]))
    across = np.cross(towards, ahead)
    if not (length := float(np.linalg.norm(across))) > 1e-6:
        raise DataError(f"The Sun stands at RA {ra:.3f}, Dec {dec:+.3f}, or opposite; it does not tell the roll angle.")
    across /= length
    up = np.cross(ahead, across)
    along, _, tilt = _ahead()
    return np.array([along * ahead - tilt * up, across, tilt * ahead + along * up])


def pointing(axes: Floats) -> tuple[float, float]:
    """Return where the instruments look on source, J2000.

    Parameters
    ----------
    axes : ndarray (3, 3)
        See `mean_axes`, or `axes_towards`.

    Returns
    -------
    ra, dec : float [deg]
    """
    return _direction(_ahead() @ axes)


def background_fields(axes: Floats, angles: Mapping[Cluster, float | None] | None = None) -> tuple[Field, ...]:
    """Return the fields beside the source, each cluster's plus side before its minus side.

    A cluster turns about one axis, so that the line of sight stays in the plane of boresight and rocking direction.

    Parameters
    ----------
    axes : ndarray (3, 3)
        See `mean_axes`, or `axes_towards`.
    angles : mapping of Cluster to float [deg] or None, optional
        How far each rocks (`rossi.hexte.rocking.rocking_angle`); None, or a cluster that is left out, does not rock.
        By default both rock by 1.5 deg.
    """
    found = []
    for cluster, angle in ({Cluster.A: ANGLE, Cluster.B: ANGLE} if angles is None else angles).items():
        for position, side in _SIDE.items() if angle is not None else ():
            turned = np.radians(side * float(angle or 0.0))
            body = np.cos(turned) * _ahead() + np.sin(turned) * _beside(ROCKING_AXIS[cluster])
            found.append(Field(cluster, position, *_direction(body @ axes)))
    return tuple(found)


def neighbours(
    axes: Floats, fields: Sequence[Field], names: Sequence[str], ra: Floats, dec: Floats, near: float = NEAR
) -> tuple[Neighbour, ...]:
    """Return the sources near a pointing, or in a field, the nearest first, and the fields in which they lie.

    Parameters
    ----------
    axes : ndarray (3, 3)
    fields : sequence of Field
    names : sequence of str (n,)
        Of all sources; the one that is observed can be among them, and is in no field.
    ra, dec : ndarray (n,) [deg]
        NaN where not known.
    near : float [deg]
    """
    away = np.atleast_1d(separation(*pointing(axes), np.asarray(ra), np.asarray(dec)))
    from_field = np.array([separation(field.ra, field.dec, ra, dec) for field in fields]).reshape(
        len(fields), len(names)
    )
    found = []
    for number in np.flatnonzero((away <= near) | (from_field <= EDGE).any(0)).tolist():
        inside = sorted(
            (float(angle), which) for which, angle in enumerate(from_field[:, number].tolist()) if angle <= EDGE
        )
        place = float(ra[number]), float(dec[number]), float(away[number])
        found.append(Neighbour(names[number], *place, tuple((fields[which], angle) for angle, which in inside)))
    return tuple(sorted(found, key=lambda one: (one.away, one.name)))


def _ahead() -> Floats:
    """Return the boresight in the body frame, of length 1."""
    ahead = np.array(BORESIGHT)
    return np.asarray(ahead / np.linalg.norm(ahead))


def _beside(axis: int) -> Floats:
    """Return the direction at right angles to the boresight in which a body axis lies, of length 1."""
    ahead, beside = _ahead(), np.eye(3)[axis]
    beside = beside - (beside @ ahead) * ahead
    return np.asarray(beside / np.linalg.norm(beside))


def _direction(vector: Floats) -> tuple[float, float]:
    x, y, z = (float(component) for component in vector)
    return float(np.degrees(np.arctan2(y, x)) % 360), float(np.degrees(np.arctan2(z, np.hypot(x, y))))
