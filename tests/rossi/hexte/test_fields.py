"""Where the clusters look beside the source, against angles worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.archive import ObsID
from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.hexte.fields import EDGE, axes_towards, background_fields, mean_axes, neighbours, pointing, sun_direction
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster
from rossi.met import mjd_to_met
from rossi.simulate import ObservationSpec, attitude, orbit
from rossi.sky import separation

#: The boresight lies 0.0007 rad from X towards Z.
TILT = np.degrees(np.arctan2(0.0007, 0.9999998))
NAN = float("nan")


def table(quaternion: np.ndarray, time: np.ndarray):
    columns = [(Column("Time", "D", "s"), time)]
    columns += [(Column(f"ACSESTQ{n + 1}", "D"), quaternion[:, n]) for n in range(4)]
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("XTE_HK", columns, [("TIMEZERO", 0.0)])]), "FH0e").tables[0]


def test_axes_along_those_of_the_sky() -> None:
    # X looks at RA 0, Dec 0, Y to the east, Z to the north.
    found = {field.label: (field.ra, field.dec) for field in background_fields(np.eye(3))}
    assert found.keys() == {"A+", "A-", "B+", "B-"}
    assert pointing(np.eye(3)) == pytest.approx((0.0, TILT), abs=1e-9)
    assert found["A+"] == pytest.approx((0.0, TILT + 1.5), abs=1e-9)
    assert found["A-"] == pytest.approx((0.0, TILT - 1.5), abs=1e-9)
    # On the great circle through the boresight at right angles to Z.
    height = np.degrees(np.arcsin(np.sin(np.radians(TILT)) * np.cos(np.radians(1.5))))
    east = np.degrees(np.arctan(np.tan(np.radians(1.5)) / np.cos(np.radians(TILT))))
    assert found["B+"] == pytest.approx((east, height), abs=1e-9)
    assert found["B-"] == pytest.approx((360 - east, height), abs=1e-9)


def test_clusters_rock_by_angles_of_their_own() -> None:
    fields = background_fields(np.eye(3), {Cluster.A: 3.0, Cluster.B: None})
    assert [(field.cluster, field.position) for field in fields] == [
        (Cluster.A, Position.PLUS),
        (Cluster.A, Position.MINUS),
    ]
    assert [field.dec for field in fields] == pytest.approx([TILT + 3.0, TILT - 3.0])
    assert background_fields(np.eye(3), {}) == ()
    still = background_fields(np.eye(3), {Cluster.B: 0.0})
    assert [(field.ra, field.dec) for field in still] == [pytest.approx(pointing(np.eye(3)), abs=1e-9)] * 2


@pytest.mark.parametrize(("ra", "dec"), [(245.0, 25.0), (0.02, -40.0), (100.0, 89.5), (83.63, 22.01)])
def test_attitude_of_an_observation(ra: float, dec: float) -> None:
    spec = ObservationSpec(ObsID("20101-01-01-00"), 110_145_600, target="X", ra=ra, dec=dec)
    time = np.arange(spec.start + 200.0, spec.start + 1000.0, 16.0)
    axes = mean_axes(table(attitude.quaternion(attitude.body_axes(spec, time)), time), np.array([[time[0], time[-1]]]))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert separation(*pointing(axes), ra, dec) < 1e-4
    fields = background_fields(axes)
    assert [separation(field.ra, field.dec, ra, dec) for field in fields] == pytest.approx([1.5] * 4, abs=1e-4)
    # Opposite sides are 3 deg apart, the clusters' at right angles: cos c = cos 1.5 cos 1.5.
    corner = np.degrees(np.arccos(np.cos(np.radians(1.5)) ** 2))
    apart = [
        separation(fields[a].ra, fields[a].dec, fields[b].ra, fields[b].dec)
        for a, b in ((0, 1), (2, 3), (0, 2), (1, 3))
    ]
    assert apart == pytest.approx([3.0, 3.0, corner, corner], abs=1e-4)
    # The spacecraft keeps the Sun in its XZ plane: A rocks towards the Sun and away from it, B at right angles to that.
    sun = orbit.sun(np.array([float(spec.start)]))[0]
    height = [orbit.unit(field.ra, field.dec) @ sun for field in fields]
    assert abs(height[0] - height[1]) > 1000 * abs(height[2] - height[3])


@pytest.mark.parametrize(("ra", "dec"), [(245.0, 25.0), (0.02, -40.0), (100.0, 89.5)])
def test_axes_from_the_sun_are_those_of_an_attitude_without_roll(ra: float, dec: float) -> None:
    spec = ObservationSpec(ObsID("20101-01-01-00"), 110_145_600, ra=ra, dec=dec)
    expected = attitude.body_axes(spec, np.array([spec.start + 500.0]))[0]
    sun = sun_direction(spec.start)
    # The simulation's Sun is of the equinox of date, three years before J2000.
    assert separation(*sun, *_direction(orbit.sun(np.array([float(spec.start)]))[0])) < 0.04
    np.testing.assert_allclose(axes_towards(ra, dec, sun), expected, atol=1e-3)
    assert separation(*pointing(axes_towards(ra, dec, sun)), ra, dec) < 1e-9
    with pytest.raises(DataError, match="does not tell the roll angle"):
        axes_towards(*sun, sun)


def test_the_sun_at_noon_of_2000_january_1() -> None:
    # The Astronomical Almanac: 18h 45m 09s, -23d 02' 00".
    assert sun_direction(float(mjd_to_met(51544.5))) == pytest.approx((281.288, -23.033), abs=0.01)


def _direction(vector: np.ndarray) -> tuple[float, float]:
    return float(np.degrees(np.arctan2(vector[1], vector[0])) % 360), float(np.degrees(np.arcsin(vector[2])))


def test_sources_in_the_fields_are_named() -> None:
    names = ["target", "in A+", "between", "at the edge", "unknown", "far", "in both"]
    ra = np.array([0.0, 0.1, 0.9, 359.0, NAN, 5.0, 0.8])
    dec = np.array([TILT, 1.6, -2.0, TILT, NAN, 0.0, 0.8 + TILT])
    axes = np.eye(3)
    found = neighbours(axes, background_fields(axes), names, ra, dec)
    assert [one.name for one in found] == ["target", "at the edge", "in both", "in A+", "between"]
    inside = {one.name: [field.label for field, _ in one.inside] for one in found}
    assert inside == {"target": [], "at the edge": ["B-"], "in both": ["A+", "B+"], "in A+": ["A+"], "between": ["A-"]}
    by_name = {one.name: one for one in found}
    assert by_name["at the edge"].inside[0][1] == pytest.approx(0.5, abs=1e-3)
    assert by_name["in A+"].away == pytest.approx(np.hypot(0.1, 1.6 - TILT), abs=1e-3)
    assert by_name["between"].inside[0][1] == pytest.approx(np.hypot(0.9, 0.5 + TILT), abs=1e-3)
    assert all(angle <= EDGE for one in found for _, angle in one.inside)
    assert neighbours(axes, (), [], np.empty(0), np.empty(0)) == ()


def test_how_far_from_a_field_and_from_the_pointing_sources_are_named() -> None:
    """Half of the field's full width is 1.1 deg; without fields, sources are named up to 3 deg away."""
    fields = tuple(field for field in background_fields(np.eye(3)) if field.label == "A+")
    dec = TILT + 1.5 + np.array([1.09, 1.11, -1.09, -1.11])
    found = {one.name: len(one.inside) for one in neighbours(np.eye(3), fields, list("abcd"), np.zeros(4), dec)}
    assert found == {"a": 1, "b": 0, "c": 1, "d": 0}
    for away, named in ((2.99, True), (3.01, False)):
        assert bool(neighbours(np.eye(3), (), ["a"], np.zeros(1), np.array([TILT - away]))) is named
    assert len(neighbours(np.eye(3), fields, ["a"], np.zeros(1), np.array([TILT + 2.5]), near=1.0)) == 1


def test_without_attitude_there_are_no_fields() -> None:
    with pytest.raises(DataError, match="no row of columns Time and ACSESTQ1 lies in the good time"):
        mean_axes(table(np.array([[0.0, 0, 0, 1]]), np.array([5.0])), np.array([[10.0, 20.0]]))
