"""Dates, clock correction and gain epochs of simulated files."""

from __future__ import annotations

import datetime

import numpy as np

from rossi.met import MJDREFF, MJDREFI, to_time

#: Clock correction at a few times of the mission (MET, TIMEZERO) [s], read off archive files; it drifted by 2 us.
_TIMEZERO = np.array([(7.1e7, 3.37843167), (2.097e8, 3.37843037), (4.428e8, 3.37842941)])
_REFERENCE = datetime.datetime(1858, 11, 17) + datetime.timedelta(days=MJDREFI, seconds=round(MJDREFF * 86400, 3))

#: First MET of each gain epoch [s], from the first regular observations on, and the end of the mission.
EPOCH_STARTS = (65_000_000, 70_050_821, 72_227_161, 164_741_887, 200_793_604, 568_000_000)
#: MET at which PCU 0 and PCU 1 lost the gas of their propane layer [s].
PROPANE_LOST = {0: 200_793_604, 1: 409_668_973}
#: Start of the observing cycles 2 to 15 [s]: proposals, and so ObsIDs, are numbered by cycle.
CYCLE_STARTS = tuple(89_000_000 + int(33.2e6 * cycle) for cycle in range(14))
_GAIN = (3.83, 3.34, 2.81, 2.41, 2.41)


def timezero(met: float) -> float:
    """Return the clock correction of a file.

    Parameters
    ----------
    met : float [s]
        Its start.

    Returns
    -------
    float [s]
    """
    return round(float(np.interp(met, _TIMEZERO[:, 0], _TIMEZERO[:, 1])), 8)


def date(met: float) -> datetime.datetime:
    """Return a time as the archive's DATE-OBS has it: TT, to the second.

    Parameters
    ----------
    met : float [s]
        The clock correction is applied.
    """
    return _REFERENCE + datetime.timedelta(seconds=round(met + 0.184) - 0.184)


def mjd_utc(met: float) -> float:
    """Return a time as tables of calibration have it.

    Parameters
    ----------
    met : float [s]
        Spacecraft clock.

    Returns
    -------
    float [MJD]
        UTC.
    """
    return float(to_time(met + timezero(met)).utc.mjd)


def epoch(met: float) -> int:
    """Return the number of the gain epoch, 1 to 5.

    Parameters
    ----------
    met : float [s]
    """
    return int(np.clip(np.searchsorted(EPOCH_STARTS, met, "right"), 1, 5))


def cycle(met: float) -> int:
    """Return the number of the observing cycle, 1 to 15.

    Parameters
    ----------
    met : float [s]
    """
    return 1 + int(np.searchsorted(CYCLE_STARTS, met, "right"))


def gain(met: float, pcu: int) -> float:
    """Return the gain by which a PCU's background lies in channels: PCU 0 differs from the others in epoch 5.

    Parameters
    ----------
    met : float [s]
    pcu : int

    Returns
    -------
    float [channel / keV]
    """
    number = epoch(met)
    return 2.33 if number == 5 and pcu == 0 else _GAIN[number - 1]
