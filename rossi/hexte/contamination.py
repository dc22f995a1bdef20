"""Does the background hold a source? Comparing the two positions beside the source with each other and with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.extract.channels import Bounds, parse_channels
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster
from rossi.remarks import Remark
from rossi.spectra.pha import Spectrum

#: Channels in which positions are compared: those of the recipe's light curve.
BAND = (15, 61)
#: From this channel on no source but the brightest is seen: source and background should agree.
HIGHEST = (200, 255)
#: Differences above this many standard deviations are pointed out.
LIMIT = 3.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rates of two spectra in some channels.

    Parameters
    ----------
    rates, errors : tuple of float [count / s]
    """

    rates: tuple[float, float]
    errors: tuple[float, float]

    @property
    def sigma(self) -> float:
        """Difference in standard deviations, first minus second; 0 without counts."""
        error = float(np.hypot(*self.errors))
        return (self.rates[0] - self.rates[1]) / error if error > 0 else 0.0


def absolute_channels(pha: Spectrum) -> Bounds:
    """Return first and last absolute channel of each row of a spectrum.

    Parameters
    ----------
    pha : Spectrum

    Returns
    -------
    ndarray (n, 2) of int
    """
    return _bounds(_cpix(pha), len(pha))


def _cpix(pha: Spectrum) -> str:
    return str(pha.header.get("CPIX1", f"(0:{len(pha) - 1})"))


def _bounds(cpix: str, rows: int) -> Bounds:
    bounds = parse_channels(cpix)
    return bounds if len(bounds) == rows else np.repeat(np.arange(rows)[:, None], 2, axis=1)


@lru_cache(maxsize=64)
def _inside(cpix: str, rows: int, channels: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which rows begin with one of these channels."""
    first = _bounds(cpix, rows)[:, 0]
    return np.asarray((first >= channels[0]) & (first <= channels[1]))


def compare(one: Spectrum, other: Spectrum, channels: tuple[int, int]) -> Comparison:
    """Compare the rates of two spectra in absolute channels.

    Parameters
    ----------
    one, other : Spectrum
        In counts.
    channels : (int, int)
        First and last, both included.
    """
    (a, ea), (b, eb) = (_rate(pha, channels) for pha in (one, other))
    return Comparison((a, b), (ea, eb))


def _rate(pha: Spectrum, channels: tuple[int, int]) -> tuple[float, float]:
    if not pha.exposure > 0:
        return 0.0, 0.0
    inside = _inside(_cpix(pha), len(pha), channels)
    value, error = pha.value[inside], pha.sigma[inside]
    return float(np.add.reduce(value)) / pha.exposure, math.sqrt(np.add.reduce(error**2)) / pha.exposure


def background_remarks(pha: Mapping[Position, Spectrum], cluster: Cluster) -> list[Remark]:
    """Compare the backgrounds of an observation.

    Parameters
    ----------
    pha : mapping of Position to Spectrum
        Corrected for dead time.
    cluster : Cluster

    Returns
    -------
    list of Remark
        ``backgrounds_differ`` and ``background_offset`` where they differ by more than 3 sigma.
    """
    found = []
    if Position.PLUS in pha and Position.MINUS in pha:
        beside = compare(pha[Position.PLUS], pha[Position.MINUS], BAND)
        if abs(beside.sigma) > LIMIT:
            found.append(
                Remark(
                    "backgrounds_differ",
                    f"Cluster {cluster.name}: the background is {beside.rates[0]:.3f} count/s on the plus side and "
                    f"{beside.rates[1]:.3f} on the minus side in channels {BAND[0]}-{BAND[1]}, a difference of "
                    f"{abs(beside.sigma):.1f} sigma; a source may lie on one side (then use the "
                    "other side's spectrum), or the background changed.",
                )
            )
    if Position.SOURCE in pha and Position.BACKGROUND in pha:
        highest = compare(pha[Position.SOURCE], pha[Position.BACKGROUND], HIGHEST)
        if abs(highest.sigma) > LIMIT:
            found.append(
                Remark(
                    "background_offset",
                    f"Cluster {cluster.name}: from channel {HIGHEST[0]} on, source and background differ by "
                    f"{highest.sigma:.1f} sigma ({highest.rates[0]:.3f} and {highest.rates[1]:.3f} count/s); they "
                    "should agree there: good time or dead time may be wrong, or a source contaminates the background.",
                )
            )
    return found
