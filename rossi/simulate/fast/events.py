"""Events in words of 16 bits: ``E_...``."""

from __future__ import annotations

import numpy as np

from rossi.fits.writer import Column
from rossi.simulate.fast.binned import Bands
from rossi.simulate.fast.photons import TICKS, Photons
from rossi.simulate.fast.writing import File, science_file
from rossi.simulate.keywords import Columns
from rossi.simulate.spec import ObservationSpec

#: Words that are no photons, one a second: their first byte is 127.
_MARK = 127 << 8 | 31 << 3
#: What words that are no photons may say.
_OTHER_WORDS = (
    "(M[127]{8},S[One5]{5},S[FirstFlag]{1},S[SpillFlag]{1},S[Zero1]{1})^(M[1]{8},S[LostEvents0]{8})^"
    "(M[2]{8},S[LostEvents1]{8})^(M[4]{8},S[Zero]{7},S[Spillage]{1})^(M[8]{8},S[Zero]{5},S[ModeSpecific]{3})"
)
_TIME = Column("Time", "D", "s", "start of the tick, spacecraft clock", keywords=(("TDDES", "Time"),))


def event_file(
    spec: ObservationSpec, photons: Photons, span: tuple[int, int], apid: int, mode: str, bands: Bands, rate: int
) -> File:
    """Return path and content of events.

    Parameters
    ----------
    spec : ObservationSpec
    photons : Photons
        Of the run of rows.
    span : (int, int) [s]
        Its start and stop.
    apid : int
    mode : str
        DATAMODE.
    bands : tuple of (int, int)
        First and last absolute channel of each, without gaps; a power of two of them.
    rate : int
        Ticks in a second, a power of two.
    """
    first = np.array([low for low, _ in bands])
    mine = photons.within(bands[0][0], bands[-1][1])
    band = np.searchsorted(first, mine.channel, "right") - 1
    width = (len(bands) - 1).bit_length()
    fine = mine.tick // (TICKS // rate)
    words = 1 << 15 | mine.pcu << 12 | band << (12 - width) | fine % (1 << (12 - width))
    marks = np.arange(*span)
    time = np.concatenate([marks.astype(np.float64), mine.second + fine / rate])
    every = np.concatenate([np.full(len(marks), _MARK), words])
    order = np.argsort(time, kind="stable")
    packed = every[order].astype(">u2").view(np.uint8).reshape(-1, 2)
    columns: Columns = [(_TIME, time[order]), (_column(bands, width, rate), packed)]
    return science_file(spec, apid, mode, columns, span, (1 / rate, 1.0), events=True)


def _column(bands: Bands, width: int, rate: int) -> Column:
    """Declare the words: marker, PCU, band, and the last bits of the tick."""
    channels = ",".join(str(a) if a == b else f"{a}~{b}" for a, b in bands)
    ticks = f"T[0.0:{(1 << (12 - width)) / rate};{1 / rate}]{{{12 - width}}}"
    word = f"(M[1]{{1}},D[0:4]{{3}},C[{channels}]{{{width}}},{ticks})^{_OTHER_WORDS}"
    tddes = f"D[0~4] & E[X1L^X1R^X2L^X2R^X3L^X3R] & C[{bands[0][0]}~{bands[-1][1]}]"
    return Column("Event", "16X", keywords=(("TDDES", tddes), ("TEVTB", word)))
