"""What differs between two measurements of the same, in units of their errors, and what that means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats

#: Rows whose times are nearer than this are the same row [s]; clock corrections are known to 1e-4 s.
TOUCH = 1e-2
#: Part of themselves by which equal numbers may differ: files have them in single precision, in which sums lose digits.
ROUNDING = 1e-5
#: Standard deviations of the sum of all differences, and of a single one, beyond which two products differ. Both are
#: made of the same telemetry, so that the scatter of counts is in both, and the errors are an upper limit: 3 comes up
#: by chance less often than in one of 370 comparisons.
MOST_OF_SUM, MOST_OF_ONE = 3.0, 5.0
#: Part by which exposures of spectra may differ before it is told; rates are compared whatever they are.
_EXPOSURE = 1e-3
#: Part of the rows that may have no partner.
_ALONE = 0.05


class Verdict(StrEnum):
    """What a comparison says."""

    SAME = "same"
    WITHIN = "within errors"
    DIFFERS = "differs"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A light curve, a spectrum or a column.

    Parameters
    ----------
    x : ndarray (n,)
        Times [s] or channels, rising.
    value, error : ndarray (n,)
        Of one unit.
    exposure : float [s]
        NaN where it is not told.
    left_out : ndarray (m,)
        Where nothing could be made, and that is known: rows that are bad.
    """

    x: Floats
    value: Floats
    error: Floats
    exposure: float = float("nan")
    left_out: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How a product of the archive compares with the same made by rossi; differences are rossi minus archive.

    Parameters
    ----------
    product : str
        File name without folder and ``.gz``.
    what : str
        ``light curve``, ``spectrum``, ``filter file``, ``column``, ``good time`` or ``number``.
    verdict : Verdict
    column : str
        Of a filter file; what was measured of a number.
    unit : str
    compared, only_archive, only_rossi : int
        Rows (channels) of both, and of one alone; rows that rossi leaves out for a known reason are not counted.
    ratio : float
        Sum of rossi's values over the sum of the archive's.
    significance : float
        Sum of the differences over its error.
    pulls : (float, float)
        Mean and root mean square of difference over error.
    largest, at : float
        Largest difference, and where.
    shift : float [s]
        By which the archive's times are later.
    exposures : (float, float) [s]
        Of the archive, and of rossi.
    reasons : tuple of str
        What is known of why: sentences.
    explained : bool
        Whether what differs is a choice, of good time, and nothing of the reduction.
    archive, rossi : Samples or None
        What was compared, for figures.
    """

    product: str
    what: str
    verdict: Verdict
    column: str = ""
    unit: str = ""
    compared: int = 0
    only_archive: int = 0
    only_rossi: int = 0
    ratio: float = float("nan")
    significance: float = 0.0
    pulls: tuple[float, float] = (0.0, 0.0)
    largest: float = 0.0
    at: float = float("nan")
    shift: float = 0.0
    exposures: tuple[float, float] = (float("nan"), float("nan"))
    reasons: tuple[str, ...] = ()
    explained: bool = False
    archive: Samples | None = field(default=None, repr=False)
    rossi: Samples | None = field(default=None, repr=False)

    @property
    def is_fine(self) -> bool:
        """Whether nothing differs, or the choice of good time alone."""
        return self.verdict is not Verdict.DIFFERS or self.explained

    def because(self, *reasons: str) -> Comparison:
        """Return the same with more reasons.

        Parameters
        ----------
        *reasons : str
        """
        return replace(self, reasons=(*self.reasons, *reasons))


def not_compared(product: str, what: str, why: str) -> Comparison:
    """Return what stands for a product that could not be compared.

    Parameters
    ----------
    product, what : str
    why : str
        A sentence.
    """
    return Comparison(product, what, Verdict.NOT_COMPARED, reasons=(why,))


def compare(product: str, what: str, archive: Samples, rossi: Samples, unit: str, width: float = 0.0) -> Comparison:
    """Compare two measurements row by row.

    Parameters
    ----------
    product, what : str
        See `Comparison`.
    archive, rossi : Samples
    unit : str
    width : float [s]
        Of bins, for rows that times tell; 0 where x is a channel.
    """
    shift = shift_of(archive.x, rossi.x, width) if width else 0.0
    mine, theirs = _partners(rossi.x, archive.x - shift)
    bad = _near(archive.x - shift, rossi.left_out)
    bad[theirs] = False
    only_archive, only_rossi = len(archive.x) - len(theirs) - int(bad.sum()), len(rossi.x) - len(mine)
    reasons = _about_rows(only_archive, only_rossi, int(bad.sum()), shift)
    if not width:  # rows don't tell
        reasons += _about_exposure(archive.exposure, rossi.exposure)
    if len(mine):
        found = _differences(rossi.value[mine], archive.value[theirs], archive.error[theirs], archive.x[theirs])
        alone = max(only_archive, only_rossi) > _ALONE * len(mine) + 1
        verdict = Verdict.DIFFERS if shift or alone else found.verdict
    else:
        verdict = Verdict.NOT_COMPARED if len(bad) and bad.all() else Verdict.DIFFERS
        found = Comparison(product, what, verdict)
        reasons = ("They have no row in common.", *reasons)
    return replace(
        found,
        product=product,
        what=what,
        verdict=verdict,
        unit=unit,
        only_archive=only_archive,
        only_rossi=only_rossi,
        shift=shift,
        exposures=(archive.exposure, rossi.exposure),
        reasons=reasons,
        archive=archive,
        rossi=rossi,
    )


def shift_of(archive: Floats, rossi: Floats, width: float) -> float:
    """Return by how much the archive's rows are later than rossi's, within half a row; 0 where most coincide.

    Parameters
    ----------
    archive, rossi : ndarray (n,), ndarray (m,) [s]
    width : float [s]
        Of a row.
    """
    if not len(archive) or not len(rossi) or len(_partners(rossi, archive)[0]) * 2 > min(len(archive), len(rossi)):
        return 0.0
    phase = float(np.median((archive - rossi[0] + TOUCH) % width)) - TOUCH
    phase -= width * (phase > width / 2 + TOUCH)
    return phase if abs(phase) > TOUCH else 0.0


def _partners(one: Floats, other: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of rows that are the same."""
    if not len(one) or not len(other):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    at = np.clip(np.searchsorted(other, one), 1, max(len(other) - 1, 1))
    at = np.where(np.abs(other[at - 1] - one) <= np.abs(other[np.minimum(at, len(other) - 1)] - one), at - 1, at)
    at = np.minimum(at, len(other) - 1)
    near = np.abs(other[at] - one) <= TOUCH
    return np.flatnonzero(near), at[near]


def _near(x: Floats, others: Floats) -> NDArray[np.bool_]:
    found = np.zeros(len(x), bool)
    found[_partners(np.sort(others), x)[1]] = True
    return found


def _differences(rossi: Floats, archive: Floats, error: Floats, x: Floats) -> Comparison:
    difference = rossi - archive
    scale = np.maximum(np.maximum(np.abs(rossi), np.abs(archive)), error)
    pulls = difference / np.where(error > 0, error, np.inf)
    size = np.sqrt(np.sum(error**2))
    significance = float(difference.sum() / size) if size > 0 else 0.0
    rms = float(np.sqrt(np.mean(pulls**2)))
    largest = int(np.argmax(np.abs(difference)))
    total = archive.sum()
    if (np.abs(difference) <= ROUNDING * scale).all():
        verdict = Verdict.SAME
    else:
        scattered = rms > 1.0 + MOST_OF_SUM / np.sqrt(2 * len(x))
        far = abs(significance) > MOST_OF_SUM or np.abs(pulls).max() > MOST_OF_ONE or scattered
        verdict = Verdict.DIFFERS if far or not size else Verdict.WITHIN
    return Comparison(
        "",
        "",
        verdict,
        compared=len(x),
        ratio=float(rossi.sum() / total) if total else float("nan"),
        significance=significance,
        pulls=(float(pulls.mean()), rms),
        largest=float(difference[largest]),
        at=float(x[largest]),
    )


def _about_exposure(archive: float, rossi: float) -> tuple[str, ...]:
    if not abs(archive - rossi) > _EXPOSURE * archive:
        return ()
    return (f"The archive's exposure is {archive:.0f} s, rossi's {rossi:.0f} s.",)


def _about_rows(only_archive: int, only_rossi: int, bad: int, shift: float) -> tuple[str, ...]:
    said = []
    if shift:
        said.append(f"The archive's times are {shift:.4g} s later than rossi's.")
    if bad:
        said.append(f"rossi leaves out {bad} of its rows, in which a PCU was switched, off, or bad.")
    if only_archive:
        said.append(f"The archive has {only_archive} rows more.")
    if only_rossi:
        said.append(f"rossi has {only_rossi} rows more.")
    return tuple(said)
