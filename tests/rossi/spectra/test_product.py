"""What a spectrum that was calculated says of itself, and what it can hold."""

from dataclasses import replace

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.spectra.product import Derived, gti_table, nearest, spectrum_table

#: Keywords of an OGIP spectrum (OGIP/92-007) that says nothing particular.
NEUTRAL = {
    **{"HDUCLASS": "OGIP", "HDUCLAS1": "SPECTRUM", "HDUCLAS2": "DERIVED", "HDUCLAS3": "COUNT", "HDUVERS": "1.2.0"},
    **{"HDUVERS1": "1.2.0", "PHAVERSN": "1992a", "TLMIN1": 5, "TLMAX1": 7, "DETCHANS": 3, "CHANTYPE": "PHA"},
    **{"AREASCAL": 1.0, "BACKSCAL": 1.0, "CORRSCAL": 0.0, "SYS_ERR": 0, "GROUPING": 0, "POISSERR": True},
    **dict.fromkeys(("BACKFILE", "CORRFILE", "RESPFILE", "ANCRFILE", "TELESCOP", "INSTRUME", "FILTER"), "NONE"),
}


def derived(value=(1.0, 2.0, 3.0), **more):
    """Return a spectrum of three channels from 5 on."""
    given = {"error": None, "exposure": 12.3456789, "is_rate": False, "whole": True, "corrscal": 0.0} | more
    quality = np.array([0, 5, 0])
    return Derived(np.arange(5, 8), np.array(value), quality=quality, **{"header": Header()} | given)


def test_keywords_of_a_derived_spectrum():
    made = spectrum_table(derived()).header
    assert {keyword: made[keyword] for keyword in NEUTRAL} == NEUTRAL
    assert made["EXPOSURE"] == 12.34568  # in single precision's six digits
    header = Header([("INSTRUME", "PCA"), ("DETCHANS", 129), ("CHANTYPE", "PI")])
    files = {"BACKFILE": "b", "CORRFILE": "c", "RESPFILE": "r", "ANCRFILE": "a"}
    told = derived(header=header, files=files, areascal=2.0, backscal=3.0, corrscal=4.0, whole=False, is_rate=True)
    made = spectrum_table(replace(told, error=np.ones(3)), [("OBJECT", "X"), ("AREASCAL", 9.0)]).header
    expected = NEUTRAL | files | {"AREASCAL": 2.0, "BACKSCAL": 3.0, "CORRSCAL": 4.0, "POISSERR": False, "OBJECT": "X"}
    expected |= {"HDUCLAS3": "RATE", "INSTRUME": "PCA", "DETCHANS": 129, "CHANTYPE": "PI", "EXPOSURE": 12.3456789}
    assert {keyword: made[keyword] for keyword in expected} == expected


def test_whole_counts_fit_32_bits():
    assert spectrum_table(derived([2.0**31 - 1, 0.5, -0.5])).header["TFORM2"].strip() == "J"
    for value in (2.0**31, np.nan):
        with pytest.raises(DataError, match=r"in a channel, more than a spectrum can hold"):
            spectrum_table(derived([value, 0, 0]))
    assert spectrum_table(derived([2.0**31, 0, 0], whole=False)).header["TFORM2"].strip() == "D"
    assert spectrum_table(derived([2.0**31, 0, 0], is_rate=True)).header["TFORM2"].strip() == "E"
    with pytest.raises(DataError, match="The result has inf count/s in a channel"):
        spectrum_table(derived([np.inf, 0, 0], is_rate=True))
    empty = Derived(np.arange(0), np.empty(0), None, np.empty(0, int), 1.0, False, True, 0.0, Header())
    assert [spectrum_table(empty).header[keyword] for keyword in ("TLMIN1", "TLMAX1", "DETCHANS")] == [0, 0, 0]


def test_halves_are_rounded_away_from_zero():
    assert nearest(np.array([-1.5, -0.5, -0.4, 0.4, 0.5, 1.5, 2.5])).tolist() == [-2, -1, 0, 0, 1, 2, 3]


def test_good_time_of_a_sum():
    made = gti_table(np.array([[1.0, 2.0], [4.0, 8.0]]), Header([("OBJECT", "X")])).header
    expected = {"HDUCLASS": "OGIP", "HDUCLAS1": "GTI", "HDUCLAS2": "ALL", "TIMEZERO": 0.0, "OBJECT": "X", "NAXIS2": 2}
    assert {keyword: made[keyword] for keyword in expected} == expected
    assert made["MJDREF"] == pytest.approx(49353.000696574074, abs=1e-12)
