"""What headers tell of times, and what products of an extraction say of themselves."""

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.extract.channels import ChannelSelection
from rossi.extract.inherited import inherited
from rossi.extract.lightcurve import Mode, light_curve
from rossi.extract.products import light_curve_file, spectrum_file
from rossi.extract.spectrum import spectrum
from rossi.fits.reader import open_fits
from tests.rossi.extract.test_extraction import FOUR, one_row, run

T0 = 150000000.0


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [
        ("s", 1),
        ("sec", 1),
        ("ms", 0.001),
        ("us", 1e-6),
        ("h", 3600),
        ("d", 86400),
        ("y", 365.25 * 86400),
        ("D ", 86400),
    ],
)
def test_units_of_time(make_array, unit, seconds):
    assert one_row(make_array, TIMEUNIT=unit, TIMEZERO=7.0).time.tolist() == [T0 * seconds + 7]


def test_headers_that_tell_no_time(make_array):
    with pytest.raises(DataError, match=r"TIMEUNIT is 'fortnight'; expected one of s, sec, d, ms, us, h, y\."):
        one_row(make_array, TIMEUNIT="fortnight")
    for length in (0.0, -1.0):
        with pytest.raises(DataError, match=f"a sample lasts {length} s; TIMEDEL .or CDLT2. should be above 0"):
            one_row(make_array, TIMEDEL=length).shape("Cnt0")


#: What every product of a spectrum or a light curve says (OGIP/92-007, OGIP/93-003), whatever it was extracted from.
SAME = {"HDUCLASS": "OGIP", "HDUCLAS2": "TOTAL", "HDUVERS1": "1.1.0", "TIMEUNIT": "s", "TIMEPIXR": 0.0}
SAME |= {"TIMEDEL": 16.0, "GAINAPP": False, "OBJECT": "TEST", "ROWID1": "Cnt0", "FILEN1": "sa"}
OF_CURVE = {"HDUCLAS1": "LIGHTCURVE", "HDUCLAS3": "RATE", "TIMVERSN": "OGIP/93-003", "TIERRELA": 1e-9, "TIERABSO": 1e-4}
OF_CURVE |= {"TSTARTI": 150000003, "TSTARTF": 0.25, "TSTOPI": 150000099, "TSTOPF": 0.25, "TIMEZERI": 0, "TIMEZERF": 0.0}
OF_CURVE |= {"ONTIME": 96.0, "BACKAPP": False, "DEADAPP": False, "VIGNAPP": False, "CLOCKAPP": False, "MINCHAN": 0}
OF_SPECTRUM = {
    "HDUCLAS1": "SPECTRUM",
    "HDUCLAS3": "COUNT",
    "POISSERR": False,
    "SYS_ERR": 0,
    "GROUPING": 0,
    "QUALITY": 0,
}
OF_SPECTRUM |= {
    "AREASCAL": 1.0,
    "BACKSCAL": 1.0,
    "CORRSCAL": 0.0,
    "PHAVERSN": "1992a",
    "DROLLANG": 0.0,
    "FILTER": "NONE",
}
OF_SPECTRUM |= {"TLMIN1": 0, "TLMAX1": 3, "DETCHANS": 4, "CHANTYPE": "PHA", "BACKFILE": "NONE", "RESPFILE": "NONE"}
OF_SPECTRUM |= {"TSTART": 150000003.25, "TSTOP": 150000099.25, "EXPOSURE": 96.0}
OF_TIME = {"HDUCLASS": "OGIP", "HDUCLAS1": "GTI", "HDUCLAS2": "ALL", "TIMEZERO": 0.0, "ONTIME": 96.0}
OF_TIME |= {"TSTARTI": 150000003, "TSTARTF": 0.25, "TSTOPI": 150000099, "TSTOPF": 0.25}


def test_what_products_say(make_array):
    source = run([make_array([np.arange(24).reshape(6, 4)], cpix=FOUR, timezero=3.25)])
    curve = open_fits(light_curve_file(light_curve(source)), "f")
    pha = open_fits(spectrum_file(spectrum(source, ChannelSelection())), "f")
    for header, expected in (
        (curve.table("RATE").header, SAME | OF_CURVE),
        (pha.table("SPECTRUM").header, SAME | OF_SPECTRUM),
        (curve.table("STDGTI").header, OF_TIME),
        (pha.table("STDGTI").header, OF_TIME),
    ):
        assert {keyword: header[keyword] for keyword in expected} == expected
    counts = open_fits(light_curve_file(light_curve(source, Mode.SUM)), "f").table("COUNTS").header
    assert (counts["HDUCLAS3"], counts["TTYPE2"].strip()) == ("COUNT", "COUNTS")


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ({"RA_OBJ": 359.5, "DEC_OBJ": -90.0}, {"RA": 359.5, "DEC": -90.0}),
        ({"RA_OBJ": 360.0, "DEC_PNT": 2.5}, {"RA": 360.0, "DEC": 2.5}),
        ({"RA_OBJ": 361.0, "RA_PNT": 1.5, "DEC_OBJ": 0.0, "DEC_PNT": 9.0}, {"RA": 1.5, "DEC": 0.0}),
        ({"RA_OBJ": 400.0}, {}),
        ({"RA_OBJ": 0.1}, {"RA": float(f"{np.float32(0.1):.8e}")}),
    ],
)
def test_the_direction_of_products_is_that_of_the_object_else_of_the_pointing(make_array, cards, told):
    """Angles beyond 360 deg are none; what is told has passed through single precision."""
    found = inherited(one_row(make_array, **cards).table.header)
    assert dict(found.direction) == told
