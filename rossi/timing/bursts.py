"""Search for X-ray bursts in light curves of Standard1.

A candidate is a bin of 1 s well above the mean of its good interval, as in the searches of MINBAR (Galloway et al.
2020, ApJS 249, 32); start, rise and decay are measured in bins of 0.25 s, as for bursts of the PCA (Galloway et al.
2008, ApJS 179, 360).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rossi.arrays import Floats
from rossi.errors import ConfigError
from rossi.gti import Gti

#: Bins follow each other if they are no further apart than this part of a bin.
_ADJACENT = 1.5
#: Start of the rise, end of it, and end of the decay, as parts of the peak.
_START, _RISEN, _FALLEN = 0.25, 0.9, 0.1


@dataclass(frozen=True, slots=True)
class BurstRules:
    """What counts as a burst.

    Parameters
    ----------
    coarse, fine : float [s]
        Bins of the search, and of what is measured; multiples of those of the curve.
    significance : float
        Standard deviations above the mean that a coarse bin must have.
    clip : float
        Bins above the mean by so many standard deviations count for neither.
    least : int
        Adjacent coarse bins that a burst has at least; kills spikes.
    join : float [s]
        Bins that are closer belong to one burst.
    before : tuple of float [s]
        The base is the mean between so long before the trigger and so long.
    window : tuple of float [s]
        What is measured, before and behind the trigger.
    peak_within : float [s]
        Where the peak is looked for, behind the trigger.
    gap : float [s]
        A burst that starts this close to the begin of its good interval, or peaks this close to its end, is doubtful.
    """

    coarse: float = 1.0
    fine: float = 0.25
    significance: float = 4.0
    clip: float = 3.0
    least: int = 2
    join: float = 10.0
    before: tuple[float, float] = (50.0, 5.0)
    window: tuple[float, float] = (5.0, 200.0)
    peak_within: float = 60.0
    gap: float = 5.0


@dataclass(frozen=True, slots=True)
class Burst:
    """A candidate; times are in the clock of the curve.

    Parameters
    ----------
    trigger : float [s]
        First coarse bin that is significant.
    start, peak_time : float [s]
        First of the fine bins that stay above 25 % of the peak before it; the highest fine bin.
    rise : float [s]
        From the start to the first bin of 90 % of the peak.
    decay : float [s]
        From the peak to the first bin of 10 %.
    peak, base : float
        Above the base, and the base; in the unit of the curve.
    fluence : float
        Sum above the base, from the start to the end of the decay; unit of the curve x s.
    significance : float
        Highest coarse bin over the mean, in standard deviations.
    rejected : str
        Why it is no burst; empty if it is one.
    """

    trigger: float
    start: float
    peak_time: float
    rise: float
    decay: float
    peak: float
    base: float
    fluence: float
    significance: float
    rejected: str

    @property
    def tau(self) -> float:
        """Fluence over peak [s]."""
        return self.fluence / self.peak


def find_bursts(time: Floats, rate: Floats, dt: float, gti: Gti, rules: BurstRules | None = None) -> list[Burst]:
    """Look for bursts.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Begin of each bin, ascending.
    rate : ndarray (n,) [count / s]
        Of all good PCUs, or per PCU; bins without a rate are NaN.
    dt : float [s]
        Length of a bin.
    gti : Gti
        Good intervals in which the same PCUs were on, same clock.
    rules : BurstRules, optional

    Returns
    -------
    list of Burst
        By time, those that are rejected with the reason.

    Raises
    ------
    ConfigError
        If bins of the rules are no multiples of those of the curve.
    """
    rules = rules or BurstRules()
    for size in (rules.coarse, rules.fine):
        if size < dt or abs(size / dt - round(size / dt)) > 1e-6:
            raise ConfigError(f"Bins of {size:g} s are wanted, but those of the curve have {dt:g} s; give multiples.")
    found = []
    for run in _runs(time, rate, dt, gti):
        found += _search(run, dt, rules)
    return found


@dataclass(frozen=True, slots=True)
class _Run:
    """Bins that follow each other, within good time from `begin` to `end`."""

    time: Floats
    rate: Floats
    begin: float
    end: float


def _runs(time: Floats, rate: Floats, dt: float, gti: Gti) -> Iterator[_Run]:
    known = np.isfinite(rate)
    for start, stop in gti:
        inside = np.flatnonzero(known & (time >= start) & (time < stop))
        if not len(inside):
            continue
        for part in np.split(inside, np.flatnonzero(np.diff(time[inside]) > _ADJACENT * dt) + 1):
            first, last = time[part[0]], time[part[-1]] + dt
            yield _Run(time[part], rate[part], max(start, first), min(stop, last))


def _rebinned(values: Floats, number: int) -> Floats:
    whole = len(values) // number
    return np.asarray(values[: whole * number].reshape(whole, number).mean(axis=1))


def clipped_moments(values: Floats, clip: float) -> tuple[float, float]:
    """Return mean and sample standard deviation without values that are high, iterated until none is left out anew.

    Parameters
    ----------
    values : ndarray (n,)
        At least one, all of them finite.
    clip : float
        Standard deviations above the mean from which on values are high.

    Returns
    -------
    mean, sigma : float
        In the unit of `values`; sigma is 0 where one value is left.
    """
    used = np.ones(len(values), bool)
    while True:
        mean = float(values[used].mean())
        sigma = float(values[used].std(ddof=1)) if used.sum() > 1 else 0.0
        again = values < mean + clip * sigma
        if sigma == 0 or np.array_equal(again, used):
            return mean, sigma
        used = again


def _search(run: _Run, dt: float, rules: BurstRules) -> list[Burst]:
    number = round(rules.coarse / dt)
    coarse = _rebinned(run.rate, number)
    if not len(coarse):
        return []
    start = run.time[: len(coarse) * number : number]
    mean, sigma = clipped_moments(coarse, rules.clip)
    high = np.flatnonzero(coarse > mean + rules.significance * sigma)
    found = []
    for group in np.split(high, np.flatnonzero(np.diff(start[high]) > rules.join) + 1) if len(high) else []:
        longest = max(map(len, np.split(group, np.flatnonzero(np.diff(group) > 1) + 1)))
        trigger, height = float(start[group[0]]), float((coarse[group].max() - mean) / sigma) if sigma else np.inf
        spike = f"{longest} adjacent bins of {rules.coarse:g} s are high; {rules.least} are needed"
        found.append(_measured(run, dt, rules, trigger, mean, height, spike if longest < rules.least else ""))
    return found


def _measured(
    run: _Run, dt: float, rules: BurstRules, trigger: float, mean: float, significance: float, spike: str
) -> Burst:
    quiet = (run.time >= trigger - rules.before[0]) & (run.time < trigger - rules.before[1])
    base = float(run.rate[quiet].mean()) if quiet.any() else mean
    inside = (run.time >= trigger - rules.window[0]) & (run.time < trigger + rules.window[1])
    number = round(rules.fine / dt)
    net = _rebinned(run.rate[inside], number) - base
    time = run.time[inside][: len(net) * number : number]
    at = int(np.argmax(net[time <= trigger + rules.peak_within]))
    peak = float(net[at])
    below = np.flatnonzero(net[:at] < _START * peak)
    first = int(below[-1]) + 1 if len(below) else 0
    risen = first + int(np.argmax(net[first : at + 1] >= _RISEN * peak))
    fallen = np.flatnonzero(net[at:] <= _FALLEN * peak)
    last = at + int(fallen[0]) if len(fallen) else len(net) - 1
    start, decay = float(time[first]), float(time[last] - time[at])
    burst = Burst(
        trigger,
        start,
        float(time[at]),
        float(time[risen] - time[first]),
        decay,
        peak,
        base,
        float(net[first:last].sum() * rules.fine),
        significance,
        spike,
    )
    return burst if spike else _judged(burst, run, rules)


def _judged(burst: Burst, run: _Run, rules: BurstRules) -> Burst:
    why = ""
    if burst.start - run.begin < rules.gap:
        why = f"it starts within {rules.gap:g} s of the begin of good time"
    elif run.end - burst.peak_time < rules.gap:
        why = f"it peaks within {rules.gap:g} s of the end of good time"
    elif burst.rise > burst.decay:
        why = f"it rises longer ({burst.rise:g} s) than it decays ({burst.decay:g} s)"
    return replace(burst, rejected=why)
