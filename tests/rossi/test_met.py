import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from rossi import met
from rossi.errors import DataError
from rossi.fits.header import Header


def test_zero_is_1994():
    assert met.to_time(0.0).utc.isot == "1994-01-01T00:00:00.000"


def test_epochs_of_the_mission():
    # starts of gain epochs 3 and 5 in MET and UTC
    for utc, seconds in (("1996-04-15T23:05:59", 72227161.0), ("2000-05-13T00:00:00", 200793604.0)):
        assert abs(met.from_time(Time(utc, scale="utc")) - seconds) < 1.5


@given(st.floats(0, 6e8))
def test_conversions_are_inverse(seconds):
    assert met.mjd_to_met(met.met_to_mjd(seconds)) == pytest.approx(seconds, abs=2e-6)
    assert met.from_time(met.to_time(seconds)) == pytest.approx(seconds, abs=1e-6)


def test_arrays_keep_their_shape():
    assert met.met_to_mjd(np.zeros((2, 3))).shape == (2, 3)


def test_keywords_whole_or_split():
    header = Header([("TSTARTI", 150000000), ("TSTARTF", 0.5), ("TIMEZERO", 3.25)])
    assert met.split_keyword(header, "TSTART", "x") == 150000000.5
    assert met.timezero(header, "x") == 3.25
    assert met.timezero(Header(), "x") == 0.0
    assert met.split_keyword(Header([("TSTARTI", 150000000)]), "TSTART", "x") == 150000000.0
    assert met.split_keyword(Header(), "TSTART", "x", 7.0) == 7.0
    with pytest.raises(DataError, match=r"f\[SA\].*TSTOP"):
        met.split_keyword(header, "TSTOP", "f[SA]")
    with pytest.raises(DataError, match="TSTART is 'soon'"):
        met.split_keyword(Header([("TSTART", "soon")]), "TSTART", "f")


def test_dates_behind_the_calendar_are_astropys():
    assert met.isot(7e10) == "4212-03-19T04:27:40"
    assert met.isot(1e12) == str(met.to_time(1e12).isot)[:19]


def test_astropys_keyword_is_the_sum_of_both():
    header = Header([("MJDREFI", 49353), ("MJDREFF", 0.25)])
    met.add_reference(header)
    assert header["MJDREF"] == 49353.25
    for cards in ([("MJDREFI", 49353)], [("MJDREFI", "x"), ("MJDREFF", 0.25)], []):
        header = Header(cards)
        met.add_reference(header)
        assert "MJDREF" not in header
