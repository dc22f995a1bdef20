"""By how much the energies of fixed channels moved in a light curve that crosses gain epochs of the PCA."""

from __future__ import annotations

import numpy as np

from rossi.arrays import Floats
from rossi.energy import epochs
from rossi.energy.built_in import built_in_table
from rossi.energy.channel_law import CHANNELS
from rossi.energy.layers import CODES
from rossi.met import met_to_mjd
from rossi.product import About
from rossi.timeseries.series import LightCurve

#: Whose energies are told.
_PCU = 2


def moved_energies(about: About, series: LightCurve) -> str:
    """Return a sentence about a curve of fixed channels in several gain epochs; empty for all others.

    All channels are no band, and what pcaextlc2 says of every one.

    Parameters
    ----------
    about : About
        Of the band.
    series : LightCurve
        Joined.
    """
    channels = about.channels
    if channels is None or channels == (0, CHANNELS - 1) or series.text("INSTRUME").upper() != "PCA":
        return ""
    found = _energies(channels, series)
    if len(found) < 2:
        return ""
    low, high = np.array(list(found.values())).T
    each = ", ".join(f"{emin:.2f}–{emax:.2f} keV in epoch {epoch}" for epoch, (emin, emax) in found.items())
    return (
        f"the light curve crosses gain epochs, and its channels are other energies in each: {each} (PCU {_PCU}); the "
        f"lower end moved by {np.ptp(low):.2f} keV, the upper one by {np.ptp(high):.2f} keV. A band in keV "
        f"({{emin = {np.median(low):.1f}, emax = {np.median(high):.1f}}}) is followed through all epochs."
    )


def _energies(channels: tuple[int, int], series: LightCurve) -> dict[int, tuple[float, float]]:
    """Return the energies of the channels' edges in each epoch that has rates, in the middle of these."""
    days = met_to_mjd(series.time[np.isfinite(series.rate)])
    numbers = np.searchsorted(epochs.STARTS, days, "right").clip(1)
    found = {}
    for epoch in np.unique(numbers).tolist():
        lower, upper = built_in_table().law(_PCU, CODES["LR1"], _day(days[numbers == epoch], epoch)).edges()
        found[epoch] = float(lower[channels[0]]), float(upper[channels[1]])
    return found


def _day(days: Floats, epoch: int) -> float:
    """Return a day in the middle of some, within an epoch (the last one ends with the mission)."""
    start, stop = epochs.span(epoch)
    return float(np.clip((days.min() + days.max()) / 2, start, stop))
