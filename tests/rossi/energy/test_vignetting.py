"""Light curves corrected for the collimator: what the default does otherwise than the original."""

import numpy as np
import pytest

from rossi import ftools
from rossi.energy.collimator import read_cube
from rossi.energy.vignetting import bin_transmission, read_pointing
from rossi.errors import DataError
from rossi.fits.reader import read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from tests.rossi.hexte.material import attitude, bytes_of, cube, opened

GRID = np.linspace(-0.01, 0.01, 9)
#: A collimator that lets through 1 - 50 |Y|, whatever Z.
CUBE = cube(
    np.tile((1 - 50 * np.abs(GRID))[None, :, None], (9, 1, 2)), GRID, GRID, [2, 10, 60], INSTRUME="PCA", DETNAM="PCU2"
)
TIME = np.arange(0.0, 640.0, 16.0)


def turned(angle):
    """Quaternions of a spacecraft that turns about Z, so that a source at RA 0 has Y = -sin(angle)."""
    zero = np.zeros(len(angle))
    return np.column_stack((zero, zero, np.sin(angle / 2), np.cos(angle / 2)))


def pointing(angle, **more):
    return read_pointing(opened(attitude(TIME, turned(np.asarray(angle)), **more), "x.xfl"))


def transmission(p, start, width, **more):
    return bin_transmission(p, read_cube(opened(CUBE)), (0.0, 0.0), np.asarray(start, float), width, **more)


SLEW = np.linspace(0.001, 0.008, len(TIME))


def test_bins_have_the_mean_of_the_samples_in_them():
    made = transmission(pointing(SLEW), [0.0, 128.0], 128.0)
    through = 1 - 50 * np.sin(SLEW)
    np.testing.assert_allclose(made, [through[:8].mean(), through[8:16].mean()], rtol=2e-6)


def test_short_bins_have_the_attitude_at_their_middle():
    """The original has it at their start."""
    made, theirs = (transmission(pointing(SLEW), [64.0, 68.0], 4.0, compat=c) for c in (None, "heasoft"))
    at = lambda time: 1 - 50 * np.sin(np.interp(time, TIME, SLEW))  # noqa: E731
    np.testing.assert_allclose(made, [1 - 50 * np.sin(SLEW[4]), at(70.0)], rtol=2e-6)  # a sample lies in the first
    np.testing.assert_allclose(theirs, [at(64.0), at(68.0)], rtol=2e-6)


def test_wide_bins_of_the_original_have_the_mean_attitude_of_samples_that_are_early_and_late():
    """From half a bin before the start to one sample behind half a bin, and never one of an earlier bin."""
    made = transmission(pointing(SLEW), [-128.0, 256.0, 384.0, 512.0, 608.0, 640.0], 128.0, compat="heasoft")
    middle = np.array([(192 + 320) / 2, (336 + 448) / 2, (464 + 576) / 2, (592 + 624) / 2, 624.0])
    np.testing.assert_allclose(made[1:], 1 - 50 * np.sin(np.interp(middle, TIME, SLEW)), rtol=2e-6)
    assert np.isnan(made[0])  # before the attitude


def test_a_steady_pointing_has_one_correction():
    made = transmission(pointing(np.full(len(TIME), 0.004)), np.arange(0, 512, 16.0), 16.0)
    np.testing.assert_allclose(made, 1 - 50 * np.sin(0.004), rtol=2e-6)
    assert len(set(made.tolist())) == 1
    assert pointing(np.full(len(TIME), 0.004)).jitter() < 0.1
    sine, cosine = np.sin(SLEW / 2), np.cos(SLEW / 2)
    above, below = (
        2 * np.arctan2(sine.mean() + sign * sine.std(), cosine.mean() + sign * cosine.std()) for sign in (1, -1)
    )
    assert pointing(SLEW).jitter() == pytest.approx(np.degrees(above - below) * 3600, rel=1e-4)
    assert pointing(SLEW).jitter() == pytest.approx(2 * np.degrees(SLEW.std()) * 3600, rel=1e-3)


def test_timezero_counts_and_unknown_rows_do_not():
    shifted = transmission(pointing(SLEW, TIMEZERO=16.0), [16.0, 144.0], 128.0)
    np.testing.assert_allclose(shifted, transmission(pointing(SLEW), [0.0, 128.0], 128.0), rtol=1e-7)
    quaternion = turned(SLEW)
    quaternion[3] = np.nan
    known = read_pointing(opened(attitude(TIME, quaternion), "x.xfl"))
    through = 1 - 50 * np.sin(np.delete(SLEW[:8], 3))
    np.testing.assert_allclose(transmission(known, [0.0], 128.0), through.mean(), rtol=2e-6)


def test_out_of_view_or_out_of_time_is_undefined():
    out = np.where(TIME < 320, SLEW, 0.02)
    made = transmission(pointing(out), [0.0, 256.0, 384.0, 640.0], 128.0)
    assert np.isnan(made).tolist() == [False, True, True, True]
    ends = transmission(pointing(SLEW), [-1.0, 0.0, 512.0, 513.0], 128.0)  # attitude holds for 0 to 640 s
    assert np.isnan(ends).tolist() == [True, False, False, True]
    with pytest.raises(DataError, match="no known attitude from 5000 to 5016"):
        transmission(pointing(SLEW), [5000.0], 16.0)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = np.array([0.0, 128.0, 256.0])
    columns = [
        (Column("TIME", "D", "s"), start),
        (Column("RATE", "D"), [80.0, 80.0, 80.0]),
        (Column("ERROR", "D"), [8.0] * 3),
    ]
    cards = [("TIMEDEL", 128.0), ("RA_OBJ", 0.0), ("DEC_OBJ", 0.0), ("VIGNAPP", False), ("TIMEZERO", 0.0)]
    (tmp_path / "a.lc").write_bytes(fits_bytes(primary_hdu(), [table_hdu("RATE", columns, cards)]))
    (tmp_path / "x.xfl").write_bytes(bytes_of(attitude(TIME, turned(SLEW))))
    (tmp_path / "c.fits").write_bytes(bytes_of(CUBE))
    return {"lcfile": "a.lc", "outfile": "b.lc", "xtefilt": "x.xfl", "collcube": "c.fits"}


def test_rates_and_errors_are_divided(files):
    result = ftools.pcaclrsp(**files)
    assert result.returncode == 0, result.stdout
    made = read_fits("b.lc").table("RATE")
    through = np.array([(1 - 50 * np.sin(SLEW[n : n + 8])).mean() for n in (0, 8, 16)])
    np.testing.assert_allclose(made.column("RATE"), 80 / through, rtol=2e-6)
    np.testing.assert_allclose(made.column("ERROR"), 8 / through, rtol=2e-6)
    np.testing.assert_allclose(made.column("COLLIMAT"), through, rtol=2e-6)
    assert made.header["VIGNAPP"] is True
    assert "no correction" not in result.stdout
    late = ftools.pcaclrsp(**files | {"outfile": "d.lc"}, ra=1.5)  # 90 arcmin: out of view
    assert "3 bins have no correction and are undefined" in late.stdout
    assert np.isnan(read_fits("d.lc").table("RATE").column("RATE")).all()
    again = ftools.pcaclrsp(**files | {"lcfile": "b.lc", "outfile": "c.lc"})
    assert "VIGNAPP is T, so it has been corrected already" in again.stdout


def test_one_correction_is_a_keyword(files):
    ftools.pcaclrsp(**files, jitter=1e6)
    made = read_fits("b.lc").table("RATE")
    assert "COLLIMAT" not in made
    np.testing.assert_allclose(made.column("RATE") * made.header["COLLCORR"], 80)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"collcube": "NONE"}, "nothing is to be corrected without a collimator"),
        ({"lcfile": "c.fits"}, "no extension has the columns TIME and RATE or COUNTS"),
        ({"lcfile": "x.xfl"}, "no extension has the columns TIME and RATE or COUNTS"),
        ({"pcu": 3}, "has no collimator of PCU 3"),
    ],
)
def test_mistakes(files, change, words):
    result = ftools.pcaclrsp(**files | change)
    assert result.returncode == 1
    assert words in result.stdout
