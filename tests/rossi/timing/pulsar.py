"""A pulsar in GoodXenon from an archive to its folded pulse, with and without the barycentre; see docs/timing.md.

    rossi simulate --out archive --observations 40 --configurations goodxenon
    python -m tests.rossi.timing.pulsar archive --figure docs/images/timing-pulsar.png

The archive's `truth.json` knows period and phase; the simulation has them from another ephemeris and its own orbit.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import rossi
from rossi.fits.reader import open_fits
from rossi.simulate import Truth
from rossi.simulate.fast.truth import TruePulse
from rossi.timing.barycentre import Barycentre, Direction
from rossi.timing.choice import Wish, choose
from rossi.timing.ephemeris import open_ephemeris
from rossi.timing.events import open_events, screened_events
from rossi.timing.orbit import read_orbit

Times = NDArray[np.float64]
#: Bins of a pulse, and trial frequencies on either side of the true one, in steps of a fifth of 1 / span.
BINS, TRIALS, FINENESS = 16, 15, 5


@dataclass(frozen=True)
class Observed:
    """Photons of the observations.

    Parameters
    ----------
    pulse : TruePulse
    here, there : list of ndarray [s]
        Their times at the spacecraft (TT) and at the barycentre (TDB), by observation.
    """

    pulse: TruePulse
    here: list[Times]
    there: list[Times]


def observe(archive: Path) -> Observed:
    """Take the photons of an archive to the barycentre."""
    truth = Truth.model_validate_json((archive / "truth.json").read_bytes())
    found = Observed(truth.observations[0].fast.pulse, [], [])
    for one in truth.observations:
        obs = rossi.open(one.obsid, archive=archive)
        mode = choose(obs.modes.table, Wish(2.0**-10)).modes[0]
        files, _ = open_events([open_fits(obs.read_bytes(path), path) for path in mode.paths])
        time = screened_events(files).time
        orbit = read_orbit([open_fits(obs.read_bytes(p), p) for p in obs.files if p.startswith("orbit/")])
        barycentre = Barycentre(Direction(truth.ra, truth.dec, "FK5"), orbit, open_ephemeris())
        found.here.append(time)
        found.there.append(time + barycentre.delay(time))
    return found


def phases(pulse: TruePulse, times: list[Times]) -> tuple[Times, Times]:
    """Return phase of the maximum of each observation, and its error, in turns."""
    waves = [np.exp(2j * np.pi * (((t - pulse.epoch) / pulse.period) % 1)).mean() for t in times]
    error = [np.sqrt(2 / len(t)) / (2 * abs(wave)) / (2 * np.pi) for t, wave in zip(times, waves, strict=True)]
    return np.angle(waves) / (2 * np.pi), np.array(error)


def search(pulse: TruePulse, times: list[Times]) -> tuple[Times, Times]:
    """Return trial frequencies [Hz] and the statistic of stingray's epoch folding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that stingray would like to have
        from stingray.pulse.search import epoch_folding_search
    every = np.concatenate(times) - pulse.epoch
    step = 1 / (FINENESS * (every.max() - every.min()))
    trial = 1 / pulse.period + step * np.arange(-TRIALS, TRIALS + 1)
    return epoch_folding_search(every, trial, nbin=BINS)


def period_of(pulse: TruePulse, times: list[Times]) -> tuple[float, float]:
    """Return period and its error [s]: the peak of the statistic, a parabola through its three highest points.

    The error is that of the phase of a sine, over the spread of the times.
    """
    trial, statistic = search(pulse, times)
    at = int(np.clip(statistic.argmax(), 1, len(trial) - 2))
    left, top, right = statistic[at - 1 : at + 2]
    frequency = trial[at] + (trial[1] - trial[0]) * (left - right) / (2 * (left - 2 * top + right))
    every = np.concatenate(times)
    amplitude = 2 * abs(np.exp(2j * np.pi * (((every - pulse.epoch) * frequency) % 1)).mean())
    error = np.sqrt(2 / len(every)) / amplitude / (2 * np.pi) / every.std()
    return 1 / frequency, error / frequency**2


def profile(pulse: TruePulse, times: list[Times]) -> Times:
    """Return the folded pulse of all observations over its mean (n_bin,)."""
    phase = ((np.concatenate(times) - pulse.epoch) / pulse.period) % 1
    counts = np.bincount((phase * BINS).astype(int), minlength=BINS)
    return counts / counts.mean()


def draw(observed: Observed, path: Path) -> None:
    """Draw phases, folded pulses and the search."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    days = [t.mean() / 86400 for t in observed.there]
    both = (("at the barycentre", observed.there, "C0"), ("at the spacecraft", observed.here, "C1"))
    for label, times, colour in both:
        phase, error = phases(observed.pulse, times)
        left.errorbar(np.array(days) / 365.25, phase, error, fmt="o", ms=3, color=colour, label=label)
        folded = np.tile(profile(observed.pulse, times), 2)
        middle.stairs(folded, np.arange(2 * BINS + 1) / BINS, color=colour, label=label)
        trial, statistic = search(observed.pulse, times)
        right.plot((1 / trial - observed.pulse.period) * 1e12, statistic, ".-", color=colour, label=label)
    left.set(xlabel="Years since 1994", ylabel="Phase of the maximum", ylim=(-0.5, 0.5))
    middle.set(xlabel="Phase", ylabel="Counts over their mean", title=f"{len(days)} observations folded")
    right.set(xlabel=f"Period - {observed.pulse.period:g} s (ps)", ylabel=r"$\chi^2$ of epoch folding", yscale="log")
    left.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print period and phases, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    observed = observe(given.archive)
    pulse = observed.pulse
    print(f"{len(observed.there)} observations, {sum(map(len, observed.there))} photons")
    period, error = period_of(pulse, observed.there)
    print(f"period {period:.15f} s, off by {(period - pulse.period) / error:+.1f} sigma of {error:.1e} s")
    for label, times in (("at the barycentre", observed.there), ("at the spacecraft", observed.here)):
        phase, errors = phases(pulse, times)
        modulation = profile(pulse, times)
        print(
            f"{label}: phases within {100 * np.abs(phase).max():.2f} %, errors up to {100 * errors.max():.2f} %; "
            f"the folded pulse is {modulation.min():.3f} to {modulation.max():.3f} of its mean"
        )
    if given.figure is not None:
        draw(observed, given.figure)


if __name__ == "__main__":
    main()
