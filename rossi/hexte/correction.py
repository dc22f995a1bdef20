"""Dead-time correction of extracted light curves and spectra."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from rossi.arrays import Floats
from rossi.errors import ConfigError, DataError
from rossi.fits import declarations as declared
from rossi.fits.cards import Image, images_of
from rossi.fits.columns import append_columns
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table, by_row
from rossi.gti import Gti, pairs_of
from rossi.hexte.deadtime import DeadTime
from rossi.hexte.fraction import Detectors, bin_fractions, interval_fractions
from rossi.hexte.science import DETECTOR_2_LOST, DETECTORS, Cluster
from rossi.met import split_keyword
from rossi.remarks import Remark
from rossi.timeseries.series import LightCurve

#: Columns of products that hold all four detectors.
_JOINT = ("Event", "TimSerCnt")
_ROWS = tuple(f"ROWID{n}" for n in range(1, len(DETECTORS) + 1))
#: Most good time of a product, and length of its bins [s].
_LONGEST, _LONGEST_BIN = 8.64e6, 86400.0
#: hxtdead gives light curves this OLDEXP, which means nothing.
_NO_EXPOSURE = -3.142


@dataclass(frozen=True, slots=True)
class Corrected:
    """A corrected product.

    Parameters
    ----------
    table : Table
        HDU 1, the others are unchanged.
    detectors : tuple of int
        Whose dead time was used.
    exposure : tuple of float or None
        EXPOSURE before and after [s], for spectra.
    remarks : tuple of Remark
    """

    table: Table
    detectors: tuple[int, ...]
    exposure: tuple[float, float] | None
    remarks: tuple[Remark, ...]


def parse_detectors(text: str) -> tuple[int, ...]:
    """Read which detectors to use: ``013``; ``-`` is all.

    Parameters
    ----------
    text : str

    Raises
    ------
    ConfigError
        If it is not one to four of the digits 0 to 3.
    """
    digits = text.strip()
    if digits in ("-", ""):
        return DETECTORS
    if not 1 <= len(digits) <= len(DETECTORS) or set(digits) - set("0123"):
        raise ConfigError(f"detectors is {text!r}; expected - (all) or one to four of the digits 0, 1, 2, 3.")
    return tuple(sorted({int(d) for d in digits}))


def correct(
    product: FitsFile, dead: DeadTime, requested: Sequence[int] = DETECTORS, *, oldexp_defect: bool = False
) -> Corrected:
    """Correct a light curve or a spectrum for dead time.

    A spectrum gets a shorter EXPOSURE (and higher rates, if it has rates); a light curve of rates gets higher RATE and
    ERROR, and DEADC, the dead fraction of each bin; one of counts gets DEADC only. Source: FTOOLS hxtdead.

    Parameters
    ----------
    product : FitsFile
        Extracted from the one file whose dead time is given.
    dead : DeadTime
    requested : sequence of int
        Detectors; best those that the product was extracted from.
    oldexp_defect : bool
        Compatibility: give light curves an OLDEXP, -3.142, as hxtdead does.

    Raises
    ------
    DataError
        If it is corrected already, or no light curve or spectrum that can be.
    """
    table = product.table(hdu=1)
    header, where = table.header, table.where
    if header.get("DEADAPP") in (True, "T"):
        raise DataError(f"{where}: DEADAPP is T, so dead time is corrected already; extract the product again.")
    kind = str(header.get("HDUCLAS1", "")).strip().upper()
    if kind not in ("LIGHTCURVE", "SPECTRUM"):
        raise DataError(f"{where}: HDUCLAS1 is {kind or 'absent'}; LIGHTCURVE or SPECTRUM was expected.")
    detectors, absent = _choose(header, where, dead, requested, kind)
    start, stop = (split_keyword(header, keyword, where) for keyword in ("TSTART", "TSTOP"))
    remarks = [*_product_remarks(start, stop, where, dead, requested, kind), *absent]
    many = str(header.get("HDUCLAS4", "")).strip().upper() if _is_type_two(header) else ""
    if kind == "LIGHTCURVE":
        changed, exposure = _light_curve(table, dead, detectors), None
    elif many or _is_type_two(header):
        changed, exposure = _type_two(table, _intervals(product), dead, many)
    else:
        changed, exposure = _spectrum(table, _intervals(product), dead, detectors)
    _stamp(changed.header, dead.cluster, detectors, exposure, is_type_two=_is_type_two(header))
    if oldexp_defect and exposure is None:
        changed.header.set("OLDEXP", _NO_EXPOSURE)
    return Corrected(changed, detectors.used, exposure, tuple(remarks))


def correct_curves(
    curves: Sequence[LightCurve], dead: Sequence[DeadTime], requested: Sequence[int] = DETECTORS
) -> list[list[Remark]]:
    """Correct light curves of rates that are nobody else's for dead time; see `correct`.

    Parameters
    ----------
    curves : sequence of LightCurve
        In bins of one width, each extracted from the one file whose dead time is given; they are changed.
    dead : sequence of DeadTime
    requested : sequence of int

    Returns
    -------
    list of list of Remark
        What there is to say of each.

    Raises
    ------
    DataError
        If none of the detectors has data.
    """
    products = [
        (curve.header, f"{curve.name}[{curve.quantity}]", float(curve.time[0]), float(curve.intervals[-1, 1]))
        for curve in curves
    ]
    detectors, remarks = _chosen(products, dead, requested, "LIGHTCURVE")

    def fractions(some: Sequence[int], of: Detectors) -> list[Floats]:
        start = [dead[n].shifted(curves[n].time) for n in some]
        return bin_fractions(start, curves[0].timedel, [dead[n] for n in some], of)

    for curve, one, used, found in zip(curves, dead, detectors, _together(detectors, fractions), strict=True):
        _stamp(curve.header, one.cluster, used, None, is_type_two=False)
        factor = 1.0 / (1.0 - found)
        np.multiply(curve.rate, factor, out=curve.rate)
        np.multiply(curve.error, factor, out=curve.error)
    return remarks


def correct_spectra(
    spectra: Sequence[tuple[Header, str, Gti]], dead: Sequence[DeadTime], requested: Sequence[int] = DETECTORS
) -> list[list[Remark]]:
    """Correct the headers of spectra of counts that were not written yet; see `correct`.

    Parameters
    ----------
    spectra : sequence of (Header, str, ndarray (m, 2) [s])
        Header of the SPECTRUM extension, which is changed, what it is called in messages, and its good time.
    dead : sequence of DeadTime
        Of the file of each.
    requested : sequence of int

    Returns
    -------
    list of list of Remark
        Of each.

    Raises
    ------
    DataError
        If none of the detectors has data.
    """
    headers, where, intervals = zip(*spectra, strict=True)
    products = [(header, name, header["TSTART"], header["TSTOP"]) for header, name, _ in spectra]
    detectors, remarks = _chosen(products, dead, requested, "SPECTRUM")

    def fractions(some: Sequence[int], of: Detectors) -> list[float]:
        return interval_fractions([dead[n].shifted(intervals[n]) for n in some], [dead[n] for n in some], of)

    for n, found in enumerate(_together(detectors, fractions)):
        exposure = _exposures(headers[n], where[n], 1.0 - found)
        _stamp(headers[n], dead[n].cluster, detectors[n], exposure, is_type_two=False)
    return remarks


def _chosen(
    products: Sequence[tuple[Header, str, float, float]], dead: Sequence[DeadTime], requested: Sequence[int], kind: str
) -> tuple[list[Detectors], list[list[Remark]]]:
    """Return the detectors of each product, and what there is to say of it; of each its header, name, start, stop."""
    detectors, remarks = list[Detectors](), list[list[Remark]]()
    for (header, name, start, stop), one in zip(products, dead, strict=True):
        used, absent = _choose(header, name, one, requested, kind)
        detectors.append(used)
        remarks.append([*_product_remarks(start, stop, name, one, requested, kind), *absent])
    return detectors, remarks


def _together(detectors: Sequence[Detectors], found: Callable[[Sequence[int], Detectors], list[Any]]) -> list[Any]:
    """Return what is found of each product, together for those of the same detectors."""
    every: list[Any] = [None] * len(detectors)
    for kind in dict.fromkeys(detectors):
        some = [n for n, one in enumerate(detectors) if one == kind]
        for n, one in zip(some, found(some, kind), strict=True):
            every[n] = one
    return every


def _choose(
    header: Header, where: str, dead: DeadTime, requested: Sequence[int], kind: str
) -> tuple[Detectors, list[Remark]]:
    """Return the detectors to use: asked for, in the product, and with dead time."""
    remarks = [
        Remark("detector_off", f"{where}: detector {d} has no dead time at all and is left out of the mean.")
        for d in requested
        if d not in dead.has
    ]
    rows = tuple([header.get(keyword, "") for keyword in _ROWS])
    valid, used = _detectors(kind, _is_type_two(header), rows, tuple(requested), dead.has)
    if not valid:
        raise DataError(
            f"{where}: ROWID1 is {str(rows[0]).strip()!r}; Event, TimSerCnt or SpecDet0 to SpecDet3 was expected in a "
            "HEXTE product."
        )
    if not used:
        raise DataError(f"{where}: none of the detectors {_digits(requested)} has data; there is no live time.")
    return used, remarks


@lru_cache(maxsize=256)
def _detectors(
    kind: str, is_type_two: bool, rows: tuple[Any, ...], requested: tuple[int, ...], with_dead_time: tuple[int, ...]
) -> tuple[tuple[int, ...], Detectors | None]:
    """Return the detectors of a product that was extracted from these columns, and those of them to use."""
    names = [str(row).strip() for row in rows]
    joint = names[0] in _JOINT
    valid = DETECTORS if joint else tuple([int(name[7]) for name in names if len(name) > 7 and name[7] in "0123"])
    has = tuple([d for d in requested if d in with_dead_time])
    if is_type_two:
        return DETECTORS, Detectors(has, max(len(has), 1))
    is_curve = kind == "LIGHTCURVE"
    if is_curve and not joint and len(valid) == 1:  # the column decides, whatever was asked for
        return valid, Detectors(valid, 1)
    used = tuple([d for d in has if d in valid])
    return valid, Detectors(used, min(len(valid), len(has)), divide_last=is_curve and not joint) if used else None


def _product_remarks(
    start: float, stop: float, where: str, dead: DeadTime, requested: Sequence[int], kind: str
) -> list[Remark]:
    found = [dead.beyond(start, stop)]
    late = stop + dead.offset - dead.zero - 0.001 > DETECTOR_2_LOST
    if dead.cluster is Cluster.B and late and 2 in requested and kind == "SPECTRUM":
        found.append(
            Remark(
                "detector_2",
                f"{where}: cluster B's detector 2 can't measure energies since 1996-03-06; take the columns SpecDet0, "
                "SpecDet1, SpecDet3 and detectors=013 for spectra.",
            )
        )
    return [remark for remark in found if remark is not None]


def _light_curve(table: Table, dead: DeadTime, detectors: Detectors) -> Table:
    where, width = table.where, table.header.number("TIMEDEL", table.where)
    kind = str(table.header.get("HDUCLAS3", "")).strip().upper()
    if kind not in ("RATE", "COUNT"):
        raise DataError(f"{where}: HDUCLAS3 is {kind or 'absent'}; a light curve of RATE (or COUNT) was expected.")
    if "RATE2" in table or "COUNTS2" in table:
        raise DataError(f"{where}: it holds several light curves; extract them with accumulate=ONE.")
    if not 0 < width <= _LONGEST_BIN:
        raise DataError(f"{where}: keyword TIMEDEL is {width:g} s; up to {_LONGEST_BIN:g} s were expected.")
    start = dead.shifted(table.numbers("TIME"))
    (fraction,) = bin_fractions([start], width, [dead], detectors)
    changed = append_columns(table, [(declared.DEADC, fraction)])
    if kind == "RATE":
        _multiply(changed, ("RATE", "ERROR"), 1.0 / (1.0 - fraction))
    return changed


def _spectrum(
    table: Table, intervals: Floats, dead: DeadTime, detectors: Detectors
) -> tuple[Table, tuple[float, float]]:
    live = 1.0 - interval_fractions([dead.shifted(intervals)], [dead], detectors)[0]
    changed = table.with_rows(table.rows.copy(), table.header.copy())
    if str(table.header.get("HDUCLAS3", "")).strip().upper() == "RATE":
        _multiply(changed, ("RATE", "STAT_ERR"), np.full(len(table), 1.0 / live))
    return changed, _exposures(table.header, table.where, live)


def _type_two(table: Table, intervals: Floats, dead: DeadTime, kind: str) -> tuple[Table, tuple[float, float]]:
    """Correct spectra of single detectors, one a row."""
    if dead.is_events:
        raise DataError(f"{table.where}: a type II spectrum of events can't be corrected; extract one spectrum.")
    shifted = dead.shifted(intervals)
    each = [1.0 - interval_fractions([shifted], [dead], Detectors((d,), 1))[0] for d in DETECTORS]
    live = np.array([each[int(name[7])] for name in table.column("ROWID")])
    changed = table.with_rows(table.rows.copy(), table.header.copy())
    if kind == "RATE":
        _multiply(changed, ("RATE", "STAT_ERR"), 1.0 / live)
    return changed, _exposures(table.header, table.where, float(np.add.accumulate(live)[-1]) / len(live))


def _exposures(header: Header, where: str, live: float) -> tuple[float, float]:
    """Return EXPOSURE before and after, in single precision as the reference has them."""
    old = float(np.float32(header.number("EXPOSURE", where)))
    return old, float(np.float32(old * live))


def _multiply(table: Table, names: Sequence[str], factor: Floats) -> None:
    """Multiply columns of a table that is ours to change, row by row."""
    for name in names:
        field = table.raw(name)
        field[...] = (by_row(field).astype(np.float64) * factor[:, None]).reshape(field.shape)


def _intervals(product: FitsFile) -> Floats:
    """Return the good time of a spectrum: that of the last extension."""
    table = product.tables[-1]
    if "START" not in table or "STOP" not in table:
        raise DataError(f"{table.where}: the last extension of a spectrum should hold its good time (START, STOP).")
    intervals = pairs_of(table.numbers("START"), table.numbers("STOP"))
    lengths = intervals[:, 1] - intervals[:, 0]
    if not ((lengths >= 0).all() and lengths.sum() <= _LONGEST):
        raise DataError(
            f"{table.where}: {len(intervals)} intervals of {lengths.sum():g} s in all, the shortest of "
            f"{lengths.min(initial=np.inf):g} s, can't be good time of an observation; the file is damaged."
        )
    return intervals


def _stamp(
    header: Header, cluster: Cluster, detectors: Detectors, exposure: tuple[float, float] | None, *, is_type_two: bool
) -> None:
    cards = images_of(("DEADAPP", True, "dead time is corrected"))
    if exposure is not None:
        before, after = map(_milliseconds, exposure)
        live = ("EXPOSURE", after, "[s] live time"), ("OLDEXP", before, "EXPOSURE before the correction")
        cards = [*images_of(*live), *cards]
    if not is_type_two:
        history, name = _told(cluster, detectors.used)
        header.extend([history])
        cards = [name, *cards]
    header.put(cards)


@lru_cache(maxsize=32)
def _told(cluster: Cluster, used: tuple[int, ...]) -> list[Image]:
    """Return the cards that say whose dead time was used."""
    said = f"dead time of the detectors {' '.join(map(str, used))} is corrected"
    return images_of(("HISTORY", said), ("DETNAM", cluster.detnam(used), "detectors whose dead time is corrected"))


def _milliseconds(seconds: float) -> float:
    return float(f"{seconds:.3f}")


def _is_type_two(header: Header) -> bool:
    return str(header.get("HDUCLAS3", "")).strip().upper() == "TYPE:II"


def _digits(detectors: Sequence[int]) -> str:
    return "".join(map(str, detectors))
