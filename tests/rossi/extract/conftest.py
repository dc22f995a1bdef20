"""Small Science Array files with known content."""

from collections.abc import Callable

import numpy as np
import pytest

from rossi.extract.array import ScienceArray
from rossi.fits.declarations import STDGTI
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu


@pytest.fixture(scope="session")
def make_array() -> Callable[..., ScienceArray]:
    """Return a function that makes a Science Array of 16 s rows."""

    def make(
        values, *, start=150000000.0, cpix=None, null=None, gti=None, timezero=0.0, name="sa", times=None, dt=16.0
    ):
        """One column per entry of `values`, each (n_row, n_channel)."""
        arrays = [np.asarray(v) for v in values]
        n_row = len(arrays[0])
        time = start + np.arange(n_row) * 16.0 if times is None else np.asarray(times)
        columns = [(Column("Time", "D", "s"), time)]
        for number, array in enumerate(arrays):
            axis = (("1CTYP", "CHANNEL"), ("1CPIX", cpix)) if cpix else ()
            keywords = (("TDDES", f"D[{number}] & E[X1L] & C[0~255]"), *axis)
            form = f"{array.shape[1]}{'D' if array.dtype.kind == 'f' else 'J'}"
            columns.append((Column(f"Cnt{number}", form, "count", null=null, keywords=keywords), array))
        stop = start + 16.0 * n_row
        cards = [("TIMEDEL", dt), ("TSTART", start), ("TSTOP", stop), ("TIMESYS", "TT"), ("TIMEZERO", timezero)]
        cards += [("TDDES", "O[XTE] & I[PCA]"), ("MJDREFI", 49353), ("MJDREFF", 0.000696574074)]
        cards += [("OBJECT", "TEST")]
        pairs = np.array([[start, stop]] if gti is None else gti, float)
        gti_cards = [("HDUCLAS1", "GTI"), ("TIMEZERO", timezero)]
        tables = [
            table_hdu("XTE_SA", columns, cards),
            table_hdu("GTI", list(zip(STDGTI, pairs.T, strict=True)), gti_cards),
        ]
        return ScienceArray.from_file(open_fits(fits_bytes(primary_hdu(), tables), name))

    return make
