"""Standard products of the archive, and what their headers say of how they were made.

The mission's pipeline (keyword RXTESP) extracted them with ``saextrct``: ROWIDn name the columns that were added up,
and so the PCUs, layers or detectors; comments tell the channels; the history of ``fcalc`` has the factor by which the
sum over PCUs was scaled to one; STDGTI has the good time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from rossi import gti as intervals
from rossi.archive import StandardProductName, parse_standard_product, stem_of
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile, open_fits
from rossi.gti import Gti
from rossi.product import Content
from rossi.spectra.pha import read_pha
from rossi.timeseries.reading import light_curve_of
from rossi.validate.verdict import Samples

_CONTENTS = {"s": Content.TOTAL, "b": Content.BACKGROUND, "n": Content.NET}
_CHANNEL = re.compile(rb"COMMENT +CH(MIN|MAX) for filtering was +(\d+)")
_SCALED = re.compile(rb"HISTORY +Expression: RATE *\* *([0-9.]+(?:[eE][+-]?\d+)?)")
#: Columns of Standard2 and Standard1.
_ANODE = re.compile(r"(X[123][LR])SpecPcu([0-4])")
_STANDARD1 = re.compile(r"XeCntPcu([0-4])")


@dataclass(frozen=True, slots=True, eq=False)
class StandardProduct:
    """A light curve or spectrum among the standard products.

    Parameters
    ----------
    name : str
        Without folder and ``.gz``.
    kind : StandardProductName
    columns : tuple of str
        That were added up (ROWIDn).
    channels : (int, int) or None
        Absolute; None where the header has none, and all count.
    scale : float
        By which the sum over columns was multiplied.
    is_live : bool
        Whether rates are corrected for dead time.
    timedel : float [s]
        Of bins; 0 of a spectrum.
    gti : ndarray (n, 2) [s]
        Good time; that of the rows where the file has none.
    samples : Samples
        Rates: [count / s] a bin, or a channel.
    made : str
        Who made it and when (RXTESP, else CREATOR and DATE).
    """

    name: str
    kind: StandardProductName
    columns: tuple[str, ...]
    channels: tuple[int, int] | None
    scale: float
    is_live: bool
    timedel: float
    gti: Gti
    samples: Samples
    made: str

    @property
    def content(self) -> Content:
        """Source and background, background, or net."""
        return _CONTENTS[self.kind.content]

    @property
    def pcus(self) -> tuple[int, ...]:
        """PCUs whose counts were added up, sorted."""
        found = (_ANODE.fullmatch(one) or _STANDARD1.fullmatch(one) for one in self.columns)
        return tuple(sorted({int(match[match.lastindex or 0]) for match in found if match}))

    @property
    def anodes(self) -> tuple[str, ...]:
        """Anodes of Standard2, X1L to X3R.

        Raises
        ------
        DataError
            If other columns were added up than these anodes of these PCUs.
        """
        found = tuple(sorted({match[1] for one in self.columns if (match := _ANODE.fullmatch(one))}))
        wanted = {f"{anode}SpecPcu{pcu}" for anode, pcu in product(found, self.pcus)}
        if not found or wanted != set(self.columns):
            told = ", ".join(self.columns[:4]) or "nothing"
            raise DataError(f"{self.name}: ROWID1 ... name {told}; the same anodes of each PCU were expected.")
        return found


def read_standard_product(data: bytes, path: str) -> StandardProduct:
    """Read a standard light curve or spectrum.

    Parameters
    ----------
    data : bytes
    path : str
        Its name in the archive.

    Raises
    ------
    DataError
        If it is none, or damaged.
    """
    name = stem_of(path)
    kind = parse_standard_product(name)
    if kind is None:
        raise DataError(f"{path} is no name of a standard product; xp90171010100_n2a.lc.gz is one.")
    file = open_fits(data, path)
    return _spectrum(file, name, kind) if kind.is_spectrum else _light_curve(file, name, kind)


def _light_curve(file: FitsFile, name: str, kind: StandardProductName) -> StandardProduct:
    curve = light_curve_of(file)
    good = np.isfinite(curve.rate) & np.isfinite(curve.error) & (curve.fracexp > 0)
    exposure = float((curve.widths * curve.fracexp)[good].sum())
    samples = Samples(curve.time[good], curve.rate[good], curve.error[good], exposure)
    made = _made(file, name, kind, curve.header, curve.intervals, samples)
    return replace(made, timedel=curve.timedel)


def _spectrum(file: FitsFile, name: str, kind: StandardProductName) -> StandardProduct:
    found = read_pha(file)
    found.require_exposure()
    one = 1.0 / found.exposure  # of a channel without counts the error is that of one
    samples = Samples(found.channel.astype(float), found.rate, np.maximum(found.rate_error, one), found.exposure)
    good = found.intervals
    if good is None:
        raise DataError(f"{name}: there is no good time (STDGTI), so it is not known of which rows it is the sum.")
    return _made(file, name, kind, found.header, good, samples)


def _made(
    file: FitsFile, name: str, kind: StandardProductName, header: Header, gti: Floats, samples: Samples
) -> StandardProduct:
    block = header.to_block()
    limits = {match[1]: int(match[2]) for match in _CHANNEL.finditer(block)}
    channels = (limits[b"MIN"], limits[b"MAX"]) if len(limits) == len((b"MIN", b"MAX")) else None
    rows = (header.get(f"ROWID{number}") for number in range(1, len(header) + 1))
    columns = tuple(str(one).strip() for one in rows if one is not None)
    whose = str(header.get("RXTESP") or file.primary.get("RXTESP") or "").strip()
    made = whose or f"{header.get('CREATOR', 'made')} {header.get('DATE', '')}".strip()
    return StandardProduct(
        name,
        kind,
        columns,
        channels,
        float(np.prod([float(match[1]) for match in _SCALED.finditer(block)])),
        header.is_true("DEADAPP"),
        0.0,
        intervals.make(gti),
        samples,
        made,
    )
