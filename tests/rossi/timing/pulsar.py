"""A pulsar in GoodXenon, from an archive to its folded pulse with and without the barycentre; see docs/howto/timing.md.

    python -m tests.rossi.timing.pulsar --figure docs/images/timing-pulsar.png    # forty of 128 s, a minute
    python -m tests.rossi.timing.pulsar --campaign archive out                    # the products of the page's campaign

The archive's `truth.json` knows period and phase; the simulation has them from another ephemeris and its own orbit.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rossi.archive import ObsID
from rossi.fits.reader import FitsFile, open_fits, read_fits
from rossi.simulate import Configurations, FastSpec, ObservationSpec, Pulse, Truth, orbit
from rossi.simulate.detector import observe, row_times
from rossi.simulate.fast.photons import draw_photons
from rossi.simulate.fast.xenon import xenon_files
from rossi.simulate.housekeeping import orbit_file
from rossi.simulate.spec import ROW
from rossi.timing.barycentre import Barycentre, Direction
from rossi.timing.barycentre_file import Correction, barycentred_file
from rossi.timing.ephemeris import open_ephemeris
from rossi.timing.events import open_events, screened_events
from rossi.timing.orbit import read_orbit

Times = NDArray[np.float64]
#: Bins of a pulse, and trial frequencies on either side of the true one, in parts of 1 / span.
BINS, TRIALS, FINENESS = 16, 12, 6
#: A short observation takes place every so many days, and lasts so long [s].
_EVERY, _LENGTH = 9.3, 128
PULSE = Pulse(period=0.1514, epoch=2.0e8, fraction=0.7)


@dataclass(frozen=True)
class Observed:
    """Photons of the observations.

    Parameters
    ----------
    pulse : Pulse
    here, there : list of ndarray [s]
        Their times at the spacecraft (TT) and at the barycentre (TDB), by observation.
    """

    pulse: Pulse
    here: list[Times]
    there: list[Times]


def listed(pulse: Pulse, files: Iterable[FitsFile]) -> Observed:
    """Return the photons of event lists with a column BARYTIME."""
    found = Observed(pulse, [], [])
    for file in files:
        table = file.table()
        for times, column in ((found.here, "TIME"), (found.there, "BARYTIME")):
            times.append(table.column(column) + table.header["TIMEZERO"])
    return found


def of_campaign(archive: Path, out: Path) -> Observed:
    """Return the photons of a campaign's products."""
    truth = Truth.model_validate_json((archive / "truth.json").read_bytes())
    found = truth.observations[0].fast
    assert found is not None and found.pulse is not None
    pulse = Pulse(found.pulse.period, found.pulse.epoch, found.pulse.fraction)
    return listed(pulse, map(read_fits, sorted((out / "products").glob("*/*.evt.gz"))))


def short_observation(number: int) -> bytes:
    """Return the event list, with BARYTIME, of one of many short observations."""
    start = int(110_145_600 + _EVERY * 86400 * number) // ROW * ROW
    while orbit.elevation(np.array([start, start + _LENGTH]), orbit.unit(245.0, 25.0)).min() < 5:
        start += ROW
    fast = FastSpec(Configurations.XENON, pulse=PULSE)
    spec = ObservationSpec(
        ObsID(f"20101-01-01-{number:02}"), start, _LENGTH, flux=0.2, slew=0, fast=fast, compress=False
    )
    assert len(row_times(spec)) == _LENGTH // ROW
    rng = np.random.default_rng(number)
    photons = draw_photons(spec, fast, observe(spec, rng), rng)
    halves = [open_fits(data, path) for path, data in xenon_files(spec, photons, (start, start + _LENGTH))]
    name, data = orbit_file(spec)
    barycentre = Barycentre(Direction(spec.ra, spec.dec, "FK5"), read_orbit([open_fits(data, name)]), open_ephemeris())
    events = screened_events(open_events(halves)[0]).to_bytes()
    return barycentred_file(events, f"{spec.obsid}.evt", Correction(barycentre, column=True))[0]


def phases(pulse: Pulse, times: list[Times]) -> tuple[Times, Times]:
    """Return phase of the maximum of each observation, and its error, in turns."""
    waves = [np.exp(2j * np.pi * (((t - pulse.epoch) / pulse.period) % 1)).mean() for t in times]
    error = [np.sqrt(2 / len(t)) / (2 * abs(wave)) / (2 * np.pi) for t, wave in zip(times, waves, strict=True)]
    return np.angle(waves) / (2 * np.pi), np.array(error)


def search(pulse: Pulse, times: list[Times]) -> tuple[Times, Times]:
    """Return trial frequencies [Hz] and the statistic of stingray's epoch folding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that stingray would like to have
        from stingray.pulse.search import epoch_folding_search
    every = np.concatenate(times) - pulse.epoch
    step = 1 / (FINENESS * (every.max() - every.min()))
    trial = 1 / pulse.period + step * np.arange(-TRIALS, TRIALS + 1)
    return epoch_folding_search(every, trial, nbin=BINS)


def period_of(pulse: Pulse, times: list[Times]) -> tuple[float, float]:
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


def profile(pulse: Pulse, times: list[Times]) -> Times:
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
    years = [t.mean() / 86400 / 365.25 + 1994 for t in observed.there]
    for label, times, colour in (
        ("at the spacecraft", observed.here, "C1"),
        ("at the barycentre", observed.there, "C0"),
    ):
        phase, error = phases(observed.pulse, times)
        left.errorbar(years, phase, error, fmt="o", ms=3, color=colour, label=label)
        folded = np.tile(profile(observed.pulse, times), 2)
        middle.stairs(folded, np.arange(2 * BINS + 1) / BINS, baseline=None, color=colour, label=label)
        trial, statistic = search(observed.pulse, times)
        right.plot((1 / trial - observed.pulse.period) * 1e12, statistic, ".-", ms=4, color=colour, label=label)
    left.set(xlabel="Year", ylabel="Phase of the maximum", ylim=(-0.5, 0.5))
    middle.set(xlabel="Phase", ylabel="Counts over their mean", xlim=(0, 2), title=f"{len(years)} observations folded")
    right.set(xlabel=f"Period - {observed.pulse.period:g} s (ps)", ylabel=r"$\chi^2$ of epoch folding", yscale="log")
    middle.legend(fontsize=8, loc="lower left")
    for axes in (left, right):
        axes.locator_params(axis="x", nbins=4)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print period and phases, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaign", nargs=2, type=Path, metavar=("ARCHIVE", "OUT"))
    parser.add_argument("--observations", type=int, default=40)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    if given.campaign:
        observed = of_campaign(*given.campaign)
    else:
        files = (open_fits(short_observation(n), str(n)) for n in range(given.observations))
        observed = listed(PULSE, files)
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
