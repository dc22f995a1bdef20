"""Arrays of counts: binned data in several bands, and single-bit data in one."""

from __future__ import annotations

import numpy as np

from rossi.errors import ConfigError
from rossi.fits.writer import Column
from rossi.simulate.detector import Counts
from rossi.simulate.fast.photons import TICKS, Photons
from rossi.simulate.fast.writing import File, science_file
from rossi.simulate.keywords import TIME, Columns
from rossi.simulate.spec import ObservationSpec

Bands = tuple[tuple[int, int], ...]

_XENON = "D[0~4] & E[X1L^X1R^X2L^X2R^X3L^X3R]"
_OTHERS = (
    Column("Spillage", "I", keywords=(("TDDES", "S[Spillage]"),)),
    Column("ModeSpecific", "I", keywords=(("TDDES", "S[ModeSpecific]"),)),
)


def binned_file(
    spec: ObservationSpec, photons: Photons, span: tuple[int, int], apid: int, mode: str, bands: Bands, samples: int
) -> File:
    """Return path and content of counts in several bands, ``B_...``, a row a second.

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
        First and last absolute channel of each.
    samples : int
        In a second, a power of two.
    """
    channels = ",".join(f"{first}~{last}" for first, last in bands)
    axes = (
        ("TDIM", f"({samples},{len(bands)})"),
        ("TDDES", f"{_XENON} & C[{channels}] & T[0.0;{1 / samples};{samples}]"),
        *_time_axis(samples),
        *(("2CTYP", "CHANNEL"), ("2CPIX", f"({channels})"), ("2CDLT", 0)),
    )
    column = Column("XeCnt", f"{len(bands) * samples}I", "count", keywords=axes)
    return _file(spec, column, _counts(photons, span, bands, samples), span, apid, mode)


def single_bit_file(
    spec: ObservationSpec, photons: Photons, span: tuple[int, int], apid: int, mode: str, band: tuple[int, int]
) -> File:
    """Return path and content of counts in one band, ``SB_...``, 2048 a second in a row a second.

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
    band : (int, int)
        First and last absolute channel.

    Raises
    ------
    ConfigError
        If there are more counts in a sample than a byte holds.
    """
    samples = 2048
    tddes = f"{_XENON} & C[{band[0]}~{band[1]}] & T[0.0;{1 / samples};{samples}]"
    column = Column("XeCnt", f"{samples}B", "count", keywords=(("TDDES", tddes), *_time_axis(samples)))
    counts = _counts(photons, span, (band,), samples)
    if counts.max(initial=0) > 255:
        raise ConfigError(
            f"Simulated observation {spec.obsid}: {counts.max()} counts in 1/{samples} s are more than {mode} holds; "
            "use a fainter source."
        )
    return _file(spec, column, counts, span, apid, mode)


def _time_axis(samples: int) -> tuple[tuple[str, str | int | float], ...]:
    return (("1CTYP", "TIME"), ("1CUNI", "s"), ("1CRPX", 1), ("1CRVL", 0.0), ("1CDLT", 1 / samples))


def _counts(photons: Photons, span: tuple[int, int], bands: Bands, samples: int) -> Counts:
    """Return counts (n_second, n_band * n_sample), time running fastest."""
    seconds = span[1] - span[0]
    counts = np.empty((seconds, len(bands), samples), np.int64)
    for number, band in enumerate(bands):
        mine = photons.within(*band)
        at = (mine.second - span[0]) * samples + mine.tick // (TICKS // samples)
        counts[:, number] = np.bincount(at, minlength=seconds * samples).reshape(seconds, samples)
    return counts.reshape(seconds, -1)


def _file(spec: ObservationSpec, column: Column, counts: Counts, span: tuple[int, int], apid: int, mode: str) -> File:
    time = np.arange(*span, dtype=np.float64)
    nothing = np.zeros(len(time), np.int64)
    columns: Columns = [(TIME, time), (column, counts), *((other, nothing) for other in _OTHERS)]
    step = dict(column.keywords)["1CDLT"]
    assert isinstance(step, float)
    return science_file(spec, apid, mode, columns, span, (step, 1.0), events=False)
