"""Standard products, as the mission's pipeline would have made them."""

import numpy as np

from rossi.archive import ObsID
from rossi.fits.reader import open_fits
from rossi.simulate import ObservationSpec, simulate_observation


def test_errors_of_the_curve_of_standard1_are_those_of_all_its_counts() -> None:
    files = simulate_observation(ObservationSpec(ObsID("20101-01-01-00"), 110_145_600, 1600))
    (path,) = (path for path in files if "n1.lc" in path)
    table = open_fits(files[path], path).table("RATE")
    seconds = 5 * 16.0  # of five PCUs
    counts = (table.column("ERROR") * seconds) ** 2
    assert np.abs(counts - counts.round()).max() < 0.1
    assert (counts > table.column("RATE") * seconds).all() and len(counts) >= 80
