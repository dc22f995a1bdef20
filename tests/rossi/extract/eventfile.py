"""Small event files with known content."""

import numpy as np

from rossi.fits.declarations import STDGTI
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

T0 = 150000000.0
#: Eight channels, five PCUs; words with the top bit 0 are markers.
WORD = "(M[1]{1},D[0:4]{3},C[0~1,2,3,4~9,10,11,12,13~20]{3},T[0.0:1.0;0.5]{1}) ^ (M[1]{4}, S[LostEvents]{4})"


def words(pcu, channel):
    """Words of photons."""
    return 0x80 | np.asarray(pcu) << 4 | np.asarray(channel) << 1


def event_file(
    time, word, *, gti=None, start=T0, stop=None, tevtb=WORD, bits=8, timedel=2.0**-13, timezero=0.0, cards=()
):
    """Events at `time` with these words, in a file from `start` to `stop`."""
    time, word = np.asarray(time, float), np.asarray(word, np.uint64)
    stop = start + 100.0 if stop is None else stop
    n_byte = -(-bits // 8)
    padded = word << np.uint64(8 * n_byte - bits)
    stored = padded.astype(">u8").view("u1").reshape(-1, 8)[:, 8 - n_byte :]
    head = [("TIMEDEL", timedel), ("TSTART", start), ("TSTOP", stop), ("TIMESYS", "TT"), ("TIMEZERO", timezero)]
    head += [("TDDES", "O[XTE] & I[PCA]"), ("MJDREFI", 49353), ("OBJECT", "TEST"), ("HDUCLAS1", "EVENTS"), *cards]
    columns = [
        (Column("Time", "D", "s"), time),
        (Column("Event", f"{bits}X", keywords=(("TEVTB", tevtb),) if tevtb else ()), stored.reshape(len(time), n_byte)),
    ]
    pairs = np.array([[start, stop]] if gti is None else gti, float)
    good = table_hdu("GTI", list(zip(STDGTI, pairs.T, strict=True)), [("HDUCLAS1", "GTI"), ("TIMEZERO", timezero)])
    return fits_bytes(primary_hdu(), [table_hdu("XTE_SE", columns, head), good])
