"""Where the spacecraft is, and where it points."""

import numpy as np

from rossi.archive import ObsID
from rossi.fits.reader import open_fits
from rossi.simulate import ObservationSpec, attitude
from rossi.simulate.housekeeping import orbit_file

SPEC = ObservationSpec(ObsID("20101-01-01-00"), 110_000_000, 1600, slew=160, dec=85.0)


def test_a_moment_has_an_attitude_as_many_have() -> None:
    time = SPEC.start + np.array([0.0, 100.0, 1000.0])
    axes = attitude.body_axes(SPEC, time)
    np.testing.assert_allclose(axes @ axes.swapaxes(1, 2), np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(attitude.body_axes(SPEC, time[2]), axes[2], atol=1e-12)


def test_an_orbit_file_says_which_day_it_is_of() -> None:
    path, data = orbit_file(SPEC)
    table = open_fits(data, path).table("XTE_PE")
    assert path.endswith("Day1273")
    ends = table.column("Time")[[0, -1]].tolist()
    assert ends[0] == 1273 * 86400
    assert [table.header.get(key) for key in ("TSTART", "TSTOP")] == ends
