"""Angles on the sky, against spherical trigonometry by hand."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from rossi.sky import mean_direction, offsets, separation


def test_a_map_has_the_angles_from_its_middle_true() -> None:
    east, north = offsets(10.0, 0.0, np.array([11.0, 10.0, 9.0]), np.array([0.0, 2.0, 0.0]))
    np.testing.assert_allclose((east, north), [[1, 0, -1], [0, 2, 0]], atol=1e-12)
    # Across RA 0, and over the pole: 1 degree below it, the other side of it is 3 degrees away, straight north.
    assert offsets(0.2, 0.0, 359.9, 0.0) == pytest.approx((-0.3, 0.0))
    assert offsets(80.0, 89.0, 260.0, 88.0) == pytest.approx((0.0, 3.0))
    for ra, dec in ((83.0, 22.0), (86.5, 24.0), (81.0, 20.5)):
        assert np.hypot(*offsets(83.6, 22.0, ra, dec)) == pytest.approx(separation(83.6, 22.0, ra, dec))


def test_offsets_have_the_angles_from_the_middle_true():
    middle = SkyCoord(10.0, 60.0, unit="deg")
    for ra, dec in ((12.0, 61.0), (7.0, 55.0), (190.0, 85.0)):
        there = SkyCoord(ra, dec, unit="deg")
        away, angle = middle.separation(there).deg, middle.position_angle(there).rad
        assert offsets(10.0, 60.0, ra, dec) == pytest.approx((away * np.sin(angle), away * np.cos(angle)), abs=1e-9)


def test_the_mean_of_directions():
    """Along each axis, between them, across RA 0; opposite ones have none."""
    assert mean_direction([80.0, 100.0], [0.0, 0.0]) == pytest.approx((90.0, 0.0))
    assert mean_direction([180.0], [0.0]) == pytest.approx((180.0, 0.0))
    assert mean_direction([0.0, 180.0], [80.0, 80.0])[1] == pytest.approx(90.0)
    assert mean_direction([359.0, 3.0], [0.0, 0.0]) == pytest.approx((1.0, 0.0))
    assert np.isnan(mean_direction([0.0, 180.0], [0.0, 0.0])).all()
