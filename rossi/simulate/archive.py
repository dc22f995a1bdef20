"""A whole simulated archive: variable sources over the mission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rossi.archive import ObsID
from rossi.errors import ConfigError
from rossi.facts import counted
from rossi.simulate import clock, orbit
from rossi.simulate.calibration import calibration_files
from rossi.simulate.fast.plan import with_fast_data
from rossi.simulate.observation import simulate_observation
from rossi.simulate.signals import Configurations
from rossi.simulate.source import LongTerm, long_term
from rossi.simulate.spec import ALL_ON, ROW, ObservationSpec, PcuOn
from rossi.simulate.spectrum import SourceSpectrum
from rossi.simulate.targets import Target, targets
from rossi.simulate.truth import FILE_NAME, VERSION, Truth, true_sources, truth

#: Gain epochs of successive observations: the first six see all five, later ones follow roughly the epochs' lengths.
_EPOCHS = (3, 5, 4, 1, 5, 2, 5, 3, 5, 4)
_GOLDEN = (5**0.5 - 1) / 2
_ORBIT = 5760
#: What a fresh file system holds.
_EMPTY = {"lost+found"}


def _date(seed: int, number: int) -> int:
    """Return about when an observation takes place [s]: any number of them fill each epoch evenly."""
    epoch = _EPOCHS[number % len(_EPOCHS)]
    turns = number // len(_EPOCHS) * _EPOCHS.count(epoch) + _EPOCHS[: number % len(_EPOCHS)].count(epoch)
    phase = np.random.default_rng(np.random.SeedSequence([seed, 2**32 - 2, epoch])).random()
    first, last = clock.EPOCH_STARTS[epoch - 1], clock.EPOCH_STARTS[epoch] - 30_000
    return int(first + (last - first) * ((phase + turns * _GOLDEN) % 1.0)) // ROW * ROW


def _windows(near: int, spec: ObservationSpec) -> NDArray[np.int64]:
    """Return when the target rises and sets in the three orbits after a date, (n, 2) [s]."""
    time = np.arange(near, near + 3 * _ORBIT, ROW)
    up = orbit.elevation(time, orbit.unit(spec.ra, spec.dec)) > 4.0
    change = np.flatnonzero(np.diff(up.astype(int)))
    rises, sets = time[change[~up[change]] + 1], time[change[up[change]] + 1]
    pairs = [(rise, sets[sets > rise][0]) for rise in rises if (sets > rise).any()]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _placed(spec: ObservationSpec, number: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return start and duration [s]: by turns within one visibility, until the target sets, across an occultation."""
    duration = int(rng.integers(1500, 3000)) // ROW * ROW
    windows = _windows(spec.start, spec)
    if len(windows) < 2:
        return spec.start, duration
    (rise, setting), (again, _) = windows[:2].tolist()
    kind = number % 3
    if kind == 1:
        return setting - duration + 8 * ROW, duration
    if kind == 2:
        before = 50 * ROW
        return setting - before, min(before + again - setting + 60 * ROW, 250 * ROW) // ROW * ROW
    return rise + 4 * ROW, min(duration, setting - rise - 8 * ROW) // ROW * ROW


def _schedule(start: int, number: int, duration: int, rng: np.random.Generator) -> tuple[PcuOn, ...]:
    """Return which PCUs are on: all in the early years, later 0 and 2, or 2 with another; some switch meanwhile."""
    if clock.epoch(start) <= 3:
        pcus = list(ALL_ON) if number % 4 != 3 else list(ALL_ON[:3])
    elif clock.epoch(start) == 4:
        pcus = [ALL_ON[0], ALL_ON[2], *(ALL_ON[pcu] for pcu in (3, 4) if rng.random() < 0.6)]
    else:
        pcus = [ALL_ON[0], ALL_ON[2], *(ALL_ON[pcu] for pcu in (1, 3, 4) if rng.random() < 0.2)]
    if number % 5 == 1:
        half = duration // 2 // ROW * ROW
        pcus = [p for p in pcus if p.pcu != 3] + [PcuOn(3, on=half)]
    return tuple(pcus)


def _obsid(start: int, number: int, which: int = 0) -> ObsID:
    cycle = clock.cycle(start)
    proposal = cycle * 10_000 + 101 if cycle < 9 else 90_000 + (cycle - 9) * 1000 + 101
    return ObsID(f"{proposal}-{which + 1:02d}-{number // 100 + 1:02d}-{number % 100:02d}")


def planned(seed: int, number: int, model: LongTerm, sources: Sequence[Target] = ()) -> ObservationSpec:
    """Return the specification of one observation of a simulated archive; it depends on nothing else.

    Parameters
    ----------
    seed : int
    number : int
        Of the observation, from 0.
    model : LongTerm
        Of its source.
    sources : sequence of Target
        All of the archive, which is observed by turns; none for the one of an archive of a single source.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
    date = _date(seed, number)
    turn, which = divmod(number, max(len(sources), 1))
    name, ra, dec = (sources or targets(1))[which].seen(turn)
    about = ObservationSpec(_obsid(date, number, which), date, target=name, ra=ra, dec=dec)
    start, duration = _placed(about, number, rng)
    return replace(
        about,
        obsid=_obsid(start, number, which),
        start=start,
        duration=duration,
        flux=round(float(model.flux(start + duration / 2)), 6),
        photon_index=model.photon_index,
        nh=model.nh,
        pcus=_schedule(start, number, duration, rng),
        slew=int(rng.integers(5, 13)) * ROW,
        gaps=((400, 544),) if number % 4 == 3 else (),
        entropy=(seed, number),
        hexte_events=number % 3 < 2,
    )


def _refuse_another(
    out: Path, observations: int, seed: int, models: Sequence[LongTerm], fast: Sequence[Configurations]
) -> None:
    """Refuse a folder that holds anything, unless it is this archive, or a part of it."""
    try:
        there = Truth.model_validate_json((out / FILE_NAME).read_bytes())
    except (OSError, ValueError):
        there = None
    if there is not None:
        found = [source.long_term for source in there.sources] or [there.long_term]
        same = (there.version, there.seed, len(found)) == (VERSION, seed, len(models))
        wanted = [asdict(model) for model in models]
        sets = ["" if one.fast is None else one.fast.configurations for one in there.observations]
        turns = [str(fast[number % len(fast)]) if fast else "" for number in range(len(sets))]
        if same and (found, sets) == (wanted, turns) and len(there.observations) <= observations:
            return
        of = f" of {len(there.sources)} sources" if there.sources else ""
        other = " and another spectrum or flux" if same and found != wanted else ""
        other += " and fast data" if any(sets) else ""
        made = f"{counted(len(there.observations))}{of} simulated with seed {there.seed}{other}"
        raise ConfigError(f"{out} holds {made}; name another folder, or remove this one: two would be mixed in it.")
    try:
        names = sorted(path.name for path in out.iterdir() if path.name not in _EMPTY)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{out} is no folder for an archive ({error.strerror}); name another one.") from None
    if names:
        raise ConfigError(f"{out} is not empty, it holds {names[0]}; name another folder, where nothing is replaced.")


def simulate_archive(
    out: Path,
    observations: int = 6,
    seed: int = 1,
    on_observation: Callable[[ObsID], None] | None = None,
    *,
    sources: int = 1,
    spectrum: SourceSpectrum | None = None,
    fast: Sequence[Configurations] = (),
) -> Truth:
    """Write a simulated archive: ``AO<n>/P<proposal>/<obsid>/...``, ``calibration/`` and ``truth.json``.

    Parameters
    ----------
    out : Path
        Directory; made if missing. One that is there is empty, or holds this archive, or a part of it.
    observations : int
        The first N observations are the same whatever their number.
    seed : int
        Not negative.
    on_observation : callable, optional
        Called after each observation.
    sources : int
        How many, observed by turns; from 2 on with awkward names and places (`rossi.simulate.targets`).
    spectrum : SourceSpectrum, optional
        Of all sources; by default each one's is drawn.
    fast : sequence of Configurations
        Data of the PCA beside the standard configurations, by turns; the sources are fainter then.

    Returns
    -------
    Truth

    Raises
    ------
    ConfigError
        If the number of observations or sources or the seed makes no sense, or the folder holds something else.
    """
    if observations < 1 or seed < 0:
        raise ConfigError(
            f"{observations} observations with seed {seed}: at least one observation and a seed >= 0 are needed."
        )
    every = targets(sources)
    models = [(spectrum or SourceSpectrum()).of(long_term(seed, which)) for which in range(sources)]
    _refuse_another(out, observations, seed, models, fast)
    specs = [planned(seed, number, models[number % sources], every) for number in range(observations)]
    if fast:
        specs = [with_fast_data(spec, number, fast) for number, spec in enumerate(specs)]
    for spec in specs:
        directory = out / spec.obsid.path
        for path, content in simulate_observation(spec).items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(content)
        if on_observation is not None:
            on_observation(spec.obsid)
    (out / "calibration").mkdir(exist_ok=True)
    for name, content in calibration_files().items():
        (out / "calibration" / name).write_bytes(content)
    whole = truth(seed, specs, models[0], true_sources(every, models) if sources > 1 else ())
    (out / FILE_NAME).write_text(whole.model_dump_json(indent=1) + "\n")
    return whole
