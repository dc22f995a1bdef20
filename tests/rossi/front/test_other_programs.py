"""Curves of ``rossi.reduce`` in the hands of astropy and stingray."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from astropy.timeseries import TimeSeries

import rossi
from tests.once import simulated
from tests.rossi.front.test_front import calibration_in


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> rossi.Reduction:
    archive, truth = simulated(tmp_path_factory, 1, seed=1)
    return rossi.reduce(archive / truth.observations[0].path, calibration=calibration_in(archive), progress=False)


@pytest.mark.parametrize(("instrument", "name"), [("pca", "ch5-10"), ("hexte", "pwa_ch15-61")])
def test_astropy_reads_the_times_of_curves(result: rossi.Reduction, tmp_path: Path, instrument: str, name: str) -> None:
    """MJD (TT) of the first bin: 49353 + 0.000696574074 d + TIME; to the microsecond."""
    curve = getattr(result, instrument)[name]
    curve.write(tmp_path / "a.lc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of units that are OGIP's, and of a place of the observatory that is not told
        series = TimeSeries.read(
            tmp_path / "a.lc", format="fits", hdu=1, time_column="TIME", astropy_native=True, mask_invalid=False
        )
    written = fits.getdata(tmp_path / "a.lc", 1)["TIME"]
    expected = Time(49353.0, 0.000696574074 + written / 86400, format="mjd", scale="tt")
    assert series.time.scale == "tt"
    assert np.abs((series.time - expected).sec).max() < 1e-6
    assert np.array_equal(series["RATE"].value, curve.rate, equal_nan=True)


@pytest.mark.parametrize(("instrument", "name"), [("pca", "ch5-10"), ("hexte", "pwa_ch15-61")])
def test_stingray_takes_curves(result: rossi.Reduction, tmp_path: Path, instrument: str, name: str) -> None:
    stingray = pytest.importorskip("stingray", reason="the extra timing is not installed")
    curve = getattr(result, instrument)[name]
    curve.write(tmp_path / "a.lc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = rossi.read(tmp_path / "a.lc").to_stingray()
        theirs = stingray.Lightcurve.read(str(tmp_path / "a.lc"), fmt="hea", fracexp_limit=0.0, skip_checks=True)
    seen = np.isfinite(curve.rate)
    assert float(ours.mjdref) == float(theirs.mjdref) == pytest.approx(49353.000696574074, abs=1e-11)
    np.testing.assert_allclose(ours.time.astype(float), (curve.time + curve.timedel / 2)[seen], rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.countrate, curve.rate[seen])
    assert np.diff(ours.gti.astype(float)).sum() == pytest.approx(np.diff(curve.intervals).sum())
    # What it reads by itself begins its bins where their middle is, and divides by the exposure once more.
    np.testing.assert_allclose(theirs.time.astype(float), curve.time, rtol=0, atol=1e-6)
    np.testing.assert_allclose((theirs.countrate * curve.fracexp)[seen], curve.rate[seen], rtol=1e-6)
    assert len(theirs.gti) > 0
