"""From accumulated counts to a spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rossi.arrays import Floats
from rossi.extract.accumulate import Accumulation
from rossi.extract.channels import ChannelSelection, parse_channels
from rossi.extract.lightcurve import Mode, Rejection
from rossi.extract.sums import last_sum


@dataclass(frozen=True, slots=True)
class BinnedSpectrum:
    """A spectrum of detector channels.

    Parameters
    ----------
    mode : Mode
    value, error : ndarray (n_channel,)
        [count] for SUM, [count / s] for RATE; 1 sigma. Elements that were not selected are 0.
    exposure : float [s]
    cpix : str
        The absolute channels of the elements (or groups).
    source : Accumulation
    """

    mode: Mode
    value: Floats
    error: Floats
    exposure: float
    cpix: str
    source: Accumulation


def spectrum(
    source: Accumulation,
    channels: ChannelSelection,
    mode: Mode = Mode.SUM,
    rejection: Rejection | None = None,
    *,
    grouped_exposure_defect: bool = False,
) -> BinnedSpectrum:
    """Turn accumulated counts into a spectrum.

    Parameters
    ----------
    source : Accumulation
    channels : ChannelSelection
        Only its groups matter here.
    mode : Mode
    rejection : Rejection, optional
        Channels whose value is above `mspinten` get `tnull` as value and error.
    grouped_exposure_defect : bool
        Compatibility: with groups, count the exposure of as many elements as there are groups, as ``saextrct`` does.
    """
    counts, accepted, n = source.channel_counts, source.channel_accepted, len(source.bounds)
    if channels.chbin:
        groups, n = channels.groups(source.bounds), len(parse_channels(channels.chbin))
        inside = groups >= 0
        counts = np.bincount(groups[inside], counts[inside], n).astype(np.float64)
        accepted = np.bincount(groups[inside], accepted[inside], n).astype(np.float64)
    shares = source.channel_exposure[:n] if grouped_exposure_defect else source.channel_exposure
    exposure = last_sum(shares)
    value: Floats = counts
    error: Floats = np.sqrt(np.abs(counts))
    with np.errstate(divide="ignore", invalid="ignore"):
        if mode == Mode.RATE:
            value, error = counts / exposure, error / exposure
        elif mode == Mode.MEAN:
            value = counts / accepted
            error = np.sqrt(np.abs(value))
    if rejection is not None:
        bad = value > rejection.mspinten
        value, error = np.where(bad, rejection.tnull, value), np.where(bad, rejection.tnull, error)
    return BinnedSpectrum(mode, value, error, exposure, channels.chbin or source.cpix or "(0~255)", source)
