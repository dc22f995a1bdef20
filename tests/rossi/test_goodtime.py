"""Good time as a value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u

from rossi import gti
from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.goodtime import GoodTime, read_good_time

FIRST = GoodTime([(0, 10), (20, 30)], "a.gti")
SECOND = GoodTime([(5, 25)])


def test_it_is_combined_with_signs() -> None:
    assert (FIRST & SECOND).intervals.tolist() == [[5, 10], [20, 25]]
    assert (FIRST | SECOND).intervals.tolist() == [[0, 30]]
    assert (FIRST - SECOND).intervals.tolist() == [[0, 5], [25, 30]]
    assert (FIRST & [[8, 9]]).total == 1
    assert FIRST == GoodTime([(20, 30), (0, 7), (7, 10)]) != SECOND


def test_it_goes_where_intervals_go() -> None:
    assert gti.intersection(FIRST, SECOND).tolist() == [[5, 10], [20, 25]]
    assert gti.total(FIRST) == FIRST.total == 20
    assert np.asarray(FIRST).shape == (2, 2)
    assert [list(interval) for interval in FIRST] == [[0, 10], [20, 30]]
    assert FIRST.contains([0, 9.9, 10, 25]).tolist() == [True, True, False, True]


def test_it_shows_itself() -> None:
    assert repr(FIRST) == "<GoodTime 2 intervals, 20 s, 1994-01-01T00:01:00 to 1994-01-01T00:01:30 TT>"
    assert repr(GoodTime([])) == "<GoodTime 0 intervals, 0 s>"
    assert "20 s" in FIRST._repr_html_()
    table = FIRST.to_table()
    assert table["duration"].to_value(u.s).tolist() == [10, 10]
    assert table["start"].isot[0] == "1994-01-01T00:01:00.184"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = FIRST.write(tmp_path / "good.gti")
    again = read_good_time(read_fits(path))
    assert again == FIRST
    assert (again.header["ONTIME"], again.header["MJDREFI"]) == (20, 49353)
    assert GoodTime([[0.0, 0.123456789]]).table().header["ONTIME"] == 0.12345679
    with pytest.raises(ConfigError, match="there is such a file already"):
        FIRST.write(path)


def test_timezero_is_applied() -> None:
    columns = [(Column("START", "D", "s"), np.array([1.0])), (Column("STOP", "D", "s"), np.array([4.0]))]
    table = table_hdu("STDGTI", columns, Header([("TIMEZERO", 3.5)]))
    assert read_good_time(open_fits(fits_bytes(primary_hdu(), [table]), "x")).intervals.tolist() == [[4.5, 7.5]]


def test_a_file_without_good_time() -> None:
    table = table_hdu("RATE", [(Column("TIME", "D", "s"), np.array([1.0]))])
    with pytest.raises(DataError, match=r"x: no extension holds good time \(START and STOP\); found RATE"):
        read_good_time(open_fits(fits_bytes(primary_hdu(), [table]), "x"))


def test_time_without_an_end_shows_itself() -> None:
    assert repr(GoodTime([[0, np.inf]])) == "<GoodTime 1 interval, inf s>"
    assert (GoodTime([[0, np.inf]]) & [[8, 9]]).total == 1


def test_only_tables_of_good_time_count() -> None:
    """Others may have columns of these names, and one of good time may lack them."""
    of, until = (Column(name, "D", "s") for name in ("START", "STOP"))
    other = table_hdu("BURSTS", [(of, np.array([7.0])), (until, np.array([8.0]))], Header())
    half = table_hdu("STDGTI", [(of, np.array([5.0]))], Header())
    good = table_hdu("STDGTI", [(of, np.array([1.0])), (until, np.array([4.0]))], Header())
    file = open_fits(fits_bytes(primary_hdu(), [other, half, good]), "x")
    assert read_good_time(file).intervals.tolist() == [[1, 4]]
