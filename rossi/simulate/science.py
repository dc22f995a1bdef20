"""Standard2 and Standard1 files."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import CardTuple
from rossi.fits.writer import Column
from rossi.simulate.detector import COUNTERS, Counts, Rows
from rossi.simulate.keywords import TIME, Columns, class_cards, data_file, gti_table
from rossi.simulate.source import CPIX
from rossi.simulate.spec import PCUS, ROW, ObservationSpec

ANODES = ("X1L", "X1R", "X2L", "X2R", "X3L", "X3R")
#: Samples of Standard1 [s] and per row.
SAMPLE, SAMPLES = 0.125, 1024
_ROWS1 = int(SAMPLE * SAMPLES) // ROW
_XENON = "X1L^X1R^X2L^X2R^X3L^X3R"


def _counts(name: str, form: str, descriptor: str, *keywords: tuple[str, str | int | float]) -> Column:
    return Column(name, form, "count", zero=32768, keywords=(("TDDES", descriptor), *keywords))


def _spectrum(name: str, pcu: int, anode: str, size: int, cpix: str) -> Column:
    channel = (("1CTYP", "CHANNEL"), ("1CPIX", cpix))
    return _counts(f"{name}SpecPcu{pcu}", f"{size}I", f"D[{pcu}] & E[{anode}] & C[0~255]", *channel)


@lru_cache(maxsize=1)
def standard2_columns() -> tuple[Column, ...]:
    """Declare the 183 columns of a Standard2 table."""
    columns = [TIME]
    for pcu in range(PCUS):
        columns += [_spectrum(anode, pcu, anode, 129, CPIX) for anode in ANODES]
        columns += [_spectrum("Vp", pcu, "VPR", 33, "(0~247;8),(248~255;4)")]
    for pcu in range(PCUS):
        columns += [_counts(f"{c}CntPcu{pcu}", "I", f"D[{pcu}] & E[{c}]") for c in ("VLE", *COUNTERS)]
    return (*columns, _counts("Spillage", "I", "S[Spillage]"), _counts("ModeSpecific", "I", "S[ModeSpecific]"))


@lru_cache(maxsize=1)
def standard1_columns() -> tuple[Column, ...]:
    """Declare the columns of a Standard1 table."""
    axis = (("1CTYP", "TIME"), ("1CUNI", "s"), ("1CRPX", 1), ("1CRVL", 0.0), ("1CDLT", SAMPLE))
    single = [(f"XeCntPcu{pcu}", f"D[{pcu}] & E[{_XENON}] & C[0~255]") for pcu in range(PCUS)]
    joint = [("RemainingCnt", "Remaining"), ("VLECnt", "VLE"), ("VpCnt", "VPR")]
    named = single + [(name, f"D[0~4] & E[{element}] & C[0~255]") for name, element in joint]
    return (TIME, *(_counts(name, f"{SAMPLES}I", descriptor, *axis) for name, descriptor in named))


def _cards(apid: int, mode: str, row: float) -> list[CardTuple]:
    return [
        *class_cards("ARRAY", "TOTAL"),
        ("INSTRUME", "PCA"),
        ("OBS_MODE", "POINTING"),
        ("APPID", apid, "application id"),
        ("DATAMODE", mode),
        ("TIMEDEL", row, "length of a row"),
        ("DELTAT", row, "read-out interval"),
        ("GAINAPP", False, "of the standard modes, it never was"),
        ("DEADAPP", False),
        ("TDDES", "O[XTE] & I[PCA]"),
    ]


def standard2_file(spec: ObservationSpec, rows: Rows) -> tuple[str, bytes]:
    """Return path and content of the Standard2 file of contiguous rows.

    Parameters
    ----------
    spec : ObservationSpec
    rows : Rows
    """
    arrays: list[NDArray[np.float64] | NDArray[np.int64]] = [rows.time]
    for pcu in range(PCUS):
        arrays += [*np.moveaxis(rows.xenon[:, pcu], 1, 0), rows.propane[:, pcu]]
    for pcu in range(PCUS):
        arrays += [rows.vle[:, pcu], *rows.counters[:, pcu].T]
    nothing = np.zeros(len(rows.time), np.int64)
    columns = list(zip(standard2_columns(), [*arrays, nothing, nothing], strict=True))
    return _science_file(spec, 0x4A, columns, _cards(0x4A, "Standard2f", float(ROW)), rows.time)


def standard1_file(
    spec: ObservationSpec, rows: Rows, rng: np.random.Generator, xenon: Counts | None = None
) -> tuple[str, bytes] | None:
    """Return path and content of the Standard1 file of contiguous rows, None where they are shorter than 128 s.

    The counts are those of Standard2, spread at random over the samples of each row where no others are given.

    Parameters
    ----------
    spec : ObservationSpec
    rows : Rows
    rng : Generator
    xenon : ndarray (n, 128, 5) of int, optional
        Counts of the PCUs in the samples of each row.
    """
    n_row = len(rows.time) // _ROWS1
    if not n_row:
        return None
    part = rows[: n_row * _ROWS1]
    joint = np.column_stack([part.counters.sum((1, 2)), part.vle.sum(1), part.propane.sum((1, 2))])
    totals = np.column_stack([part.xenon.sum((2, 3)), joint])
    within = int(ROW / SAMPLE)
    samples = rng.multinomial(totals, np.full(within, 1.0 / within))
    if xenon is not None:
        samples[:, :PCUS] = np.moveaxis(xenon[: len(samples)], 2, 1)
    arrays = np.moveaxis(samples, 1, 0).reshape(totals.shape[1], n_row, SAMPLES)
    time = part.time[::_ROWS1]
    columns: Columns = list(zip(standard1_columns(), [time, *arrays], strict=True))
    return _science_file(spec, 0x46, columns, _cards(0x46, "Standard1b", 128.0), time)


def _science_file(
    spec: ObservationSpec, apid: int, columns: Columns, cards: list[CardTuple], time: NDArray[np.float64]
) -> tuple[str, bytes]:
    row = 128 if apid == 0x46 else ROW
    start, stop = int(time[0]), int(time[-1]) + row
    gti = gti_table(spec, [(start, stop)])
    path = f"pca/FS{apid:02x}_{start:x}-{stop:x}"
    return path, data_file(spec, (start, stop), "XTE_SA", columns, cards, (gti, gti), spec.compress)
