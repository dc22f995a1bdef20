"""BARYTIME: the begins of bins at the barycentre stay with their bins."""

from dataclasses import replace

import numpy as np
import pytest

from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.timeseries.join import join
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.rebin import rebin
from rossi.timeseries.series import LightCurve, filled_intervals


def delay(time):
    """What is added: seconds, and a drift of 1e-4."""
    return 200.0 + 1e-4 * (time - 1e8)


def curve(start, number, *, barytime=True):
    time = 1e8 + 16.0 * (start + np.arange(number))
    extra = {"BARYTIME": time + delay(time)} if barytime else {}
    ones, header = np.ones(number), Header([("OBJECT", "SIM"), ("TIMESYS", "TT"), ("TIMEREF", "LOCAL")])
    return LightCurve("x", time, ones, ones, ones, 16.0, filled_intervals(time, 16.0), header, Header(), extra)


def test_joined_curves_keep_it_and_say_which_time_they_have():
    joined = join([curve(100, 4), curve(0, 3, barytime=False), curve(50, 4)])
    again = light_curve_of(open_fits(joined.series.to_bytes(), "x"))
    late = again.time > 1e8 + 16 * 40
    assert late.sum() == 8
    assert np.abs(again.extra["BARYTIME"] - again.time - delay(again.time))[late].max() < 1e-6
    assert np.isnan(again.extra["BARYTIME"][~late]).all()
    assert again.header["TIMESYS"] == "TT"
    assert b"BARYTIME is TDB at the barycentre" in again.header.image("TIMESYS")
    alone = join([curve(0, 3, barytime=False)])
    assert "BARYTIME" not in alone.series.extra and b"BARYTIME" not in alone.series.header.image("TIMESYS")


@pytest.mark.parametrize("pixel", [0.0, 0.5])
def test_it_is_the_begin_of_the_bin_whatever_the_file_says(pixel):
    """TIME and BARYTIME of a file are those of the same moment of the bin; TIMEZERO is added to both."""
    start = 1e8 + 16.0 * np.arange(20)
    stamp = start + 16 * pixel
    columns = [
        (Column("TIME", "D", "s"), stamp - 3.375),
        (Column("RATE", "D", "count/s"), np.ones(20)),
        (Column("ERROR", "D", "count/s"), np.ones(20)),
        (Column("BARYTIME", "D", "s"), stamp + delay(stamp) - 3.375),
    ]
    cards = [("TIMESYS", "TT"), ("TIMEZERO", 3.375), ("TIMEPIXR", pixel), ("TIMEDEL", 16.0), ("HDUCLAS1", "LIGHTCURVE")]
    read = light_curve_of(open_fits(fits_bytes(primary_hdu(), [table_hdu("RATE", columns, cards)]), "x"))
    assert np.abs(read.time - start).max() < 1e-7
    assert np.abs(read.extra["BARYTIME"] - start - delay(start)).max() < 1e-6


def test_rebinned_bins_have_that_of_their_begin():
    fine = curve(0, 12)
    fine = replace(fine, rate=np.where(np.arange(12) % 4 == 0, np.nan, fine.rate))  # the first of each is empty
    wide = rebin(fine, 4)
    assert len(wide) == 3
    assert np.abs(wide.extra["BARYTIME"] - wide.time - delay(wide.time)).max() < 1e-6
