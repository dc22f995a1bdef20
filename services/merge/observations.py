"""What is known of every observation that was asked for: outcome, light curves, means."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from astropy.table import Table
from astropy.time import Time
from astropy.units import day, second

from rossi import gti, met
from rossi.arrays import Floats
from rossi.errors import ConfigError, DataError
from rossi.extract.energies import energies_of
from rossi.fits.reader import FitsFile, open_fits
from rossi.product import About
from rossi.timeseries import units
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.series import LightCurve
from services.contract import Caveat, File, ObservationResult, Outcome, StageResult
from services.contract.reasons import one_line
from services.execution.stages import ASIDE
from services.merge.inputs import StageProducts
from services.merge.labels import about_curve

NO_RESULT = "No result came back for this observation; run the campaign again to have it reduced."
NO_CURVE = "Its stages succeeded but left no light curve; remove its manifest and have it run again."
#: Behind all bands.
_LAST = (2, 0.0, 0.0)


#: Rate, error and exposure of an observation that has none in a band.
NO_MEAN = (np.nan, np.nan, 0.0)


@dataclass(frozen=True)
class Observation:
    """One observation as the merge sees it.

    Parameters
    ----------
    obsid : str
    outcome : Outcome
    message : str
        Why there are no products of an instrument, with the stage that says so.
    caveats : tuple of Caveat
    summaries : tuple of mapping
        Of the last stage of each instrument.
    curves : mapping of band to LightCurve
        Of the instruments that succeeded, whatever became of the other one.
    abouts : mapping of band to About
        What each of them is.
    stages : tuple of StageResult
        How its stages ended.
    ends : tuple of str
        The last stage of each chain, whose products most people look for.
    products : mapping of stage to StageProducts
        What the store has of it.
    """

    obsid: str
    outcome: Outcome
    message: str = ""
    caveats: tuple[Caveat, ...] = ()
    summaries: tuple[Mapping[str, Any], ...] = ()
    curves: Mapping[str, LightCurve] = field(default_factory=dict)
    abouts: Mapping[str, About] = field(default_factory=dict)
    stages: tuple[StageResult, ...] = ()
    ends: tuple[str, ...] = ()
    products: Mapping[str, StageProducts] = field(default_factory=dict)

    @cached_property
    def span(self) -> tuple[float, float]:
        """Start and stop [s], MET; NaN where unknown."""
        filled = [s for s in self.curves.values() if len(s)]
        if filled:
            return min(float(s.time.min()) for s in filled), max(float((s.time + s.widths).max()) for s in filled)
        nan = float("nan")
        return float(min(self.told("tstart"), default=nan)), float(max(self.told("tstop"), default=nan))

    @cached_property
    def ontime(self) -> float:
        """Length of the good time intervals [s]."""
        return gti.total(gti.union(*(s.intervals for s in self.curves.values())))

    @cached_property
    def means(self) -> dict[str, tuple[float, float, float]]:
        """Rate, error and exposure by band."""
        return {band: series.mean() for band, series in self.curves.items()}

    @cached_property
    def middles(self) -> dict[str, float]:
        """Mean time of the rows [s], MET, by band; NaN for a band without rows."""
        return {b: float(s.middles.mean()) if len(s) else np.nan for b, s in self.curves.items()}

    def told(self, key: str) -> list[Any]:
        """Return what the instruments' summaries say of something, those left out that don't."""
        return [summary[key] for summary in self.summaries if summary.get(key)]

    @property
    def pcus(self) -> float:
        """Mean number of PCUs that were on, 0 where unknown."""
        return next(iter(self.told("pcus")), 0.0)

    @property
    def target(self) -> str:
        """Name of the source, empty where unknown."""
        header = (str(s.header.get("OBJECT", "")) for s in self.curves.values())
        return next(filter(None, (one_line(str(name)) for name in (*self.told("target"), *header))), "")

    @property
    def instruments(self) -> tuple[str, ...]:
        """Names of the instruments that have light curves."""
        named = (str(s.header.get("INSTRUME", "")).strip() for s in self.curves.values())
        return tuple(sorted({name for name in named if name}))

    @property
    def codes(self) -> str:
        """Codes of the caveats in one line, each once."""
        return " ".join(dict.fromkeys(caveat.code for caveat in self.caveats))

    @property
    def remarks(self) -> str:
        """Message and caveats in one line."""
        told = {stage.code for stage in self.stages if stage.outcome is not Outcome.SUCCEEDED}
        texts = [self.message, *(c.message for c in self.caveats if c.code not in told)]
        return "; ".join(dict.fromkeys(one_line(t) for t in texts if t))


def collect(
    asked: Sequence[str],
    results: Iterable[ObservationResult],
    files: Mapping[str, Sequence[File]],
    products: Mapping[str, Mapping[str, StageProducts]] | None = None,
) -> tuple[Observation, ...]:
    """Return one observation for each ObsID asked for, in time order; those without any time come last.

    Parameters
    ----------
    asked : sequence of str
        ObsIDs; repeated ones count once.
    results : iterable of ObservationResult
        Of several for one ObsID the last counts; an ObsID without any becomes a failure.
    files : mapping of ObsID to light-curve files
    products : mapping of ObsID and stage to StageProducts, optional

    Raises
    ------
    ConfigError
        If there is a result for an ObsID that was not asked for.
    """
    by_obsid = {result.obsid: result for result in results}
    if strange := sorted(by_obsid.keys() - set(asked)):
        raise ConfigError(f"There is a result for {strange[0]}, which was not asked for; list it, or leave it out.")
    found = []
    for obsid in dict.fromkeys(asked):
        result = by_obsid.get(obsid)
        if result is None:
            found.append(Observation(obsid, Outcome.FAILED, NO_RESULT))
            continue
        caveats = tuple(dict.fromkeys(c for stage in result.stages for c in stage.caveats))
        summaries = tuple(stage.summary for stage in result.ends)
        one = Observation(
            obsid,
            result.outcome,
            result.message,
            caveats,
            summaries,
            stages=result.stages,
            ends=tuple(stage.stage for stage in result.ends),
            products=(products or {}).get(obsid, {}),
        )
        found.append(with_curves(one, files.get(obsid, ())))
    return in_time_order(found)


def in_time_order(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """Sort observations by their start; those without any time come last."""
    return tuple(sorted(observations, key=_time_order))


def with_curves(observation: Observation, files: Sequence[File], *, column: str | None = None) -> Observation:
    """Read an observation's light curves; one that can't be read makes it a failure, told in its message."""
    curves, abouts = dict[str, LightCurve](), dict[str, About]()
    problems = [observation.message] if observation.message else []
    caveats = list(observation.caveats)
    for file in files:
        try:
            opened = open_fits(file.data, file.name)
            one = light_curve_of(opened, column=column)
            about = file.about if file.about.label else _about(one, opened)
        except DataError as error:
            problems.append(str(error))
            continue
        curves[about.label], abouts[about.label] = one, about
        caveats += [Caveat(code="curve_read", message=remark) for remark in one.remarks]
        if not len(one):
            caveats.append(Caveat(code="empty_curve", message=f"{file.name}: the light curve has no row."))
    if observation.outcome is Outcome.SUCCEEDED and not files and _promises_curves(observation):
        problems.append(NO_CURVE)
    failed = len(problems) > bool(observation.message)
    outcome = Outcome.FAILED if failed else observation.outcome
    message, told = "; ".join(problems), tuple(dict.fromkeys(caveats))
    return replace(observation, outcome=outcome, message=message, caveats=told, curves=curves, abouts=abouts)


def _promises_curves(observation: Observation) -> bool:
    """Return whether a stage succeeded that makes light curves which are merged; fast data are none."""
    succeeded = [one.stage for one in observation.stages if one.outcome is Outcome.SUCCEEDED]
    return not succeeded or bool(set(succeeded) & set(observation.ends) - ASIDE)


def _about(series: LightCurve, file: FitsFile) -> About:
    """Return what a light curve of somebody's own is; of a band in keV with the channels that its file tells."""
    about = about_curve(series)
    return about if about.energies is None else replace(about, energies=energies_of(file) or about.energies)


def bands(observations: Sequence[Observation]) -> list[str]:
    """Return the bands that occur: those of HEXTE after the others, each in order of channels, then of energies."""
    abouts = {band: about for o in reversed(observations) for band, about in o.abouts.items()}

    def order(band: str) -> tuple[Any, ...]:
        about = abouts[band]
        place: tuple[float, ...] = _LAST if about.channels is None else (0, *about.channels)
        place = place if about.energies is None else (1, about.energies.emin, about.energies.emax)
        return instrument(observations, band) == "HEXTE", about.cluster, place, about.binsz or 0.0, band

    return sorted(abouts, key=order)


def instrument(observations: Iterable[Observation], band: str) -> str:
    """Return INSTRUME of a band's light curves, empty where they don't tell or differ."""
    named = {str(o.curves[band].header.get("INSTRUME", "")).strip() for o in observations if band in o.curves}
    return named.pop() if len(named) == 1 else ""


def ecsv(observations: Sequence[Observation], more: Mapping[str, Floats] | None = None) -> bytes:
    """Return the per-observation table as ECSV, with more columns behind those of the bands."""
    start, stop = np.array([o.span for o in observations], float).reshape(-1, 2).T
    table = Table()
    table["obsid"] = [o.obsid for o in observations]
    table["target_name"] = [o.target for o in observations]
    table["time"] = met.met_to_mjd(start) * day
    table["tstart"], table["tstop"] = start * second, stop * second
    table["ontime"] = np.array([o.ontime for o in observations], float) * second
    for band in bands(observations):
        unit = rate_unit(observations, band)
        rate, error, exposure = np.array([o.means.get(band, NO_MEAN) for o in observations]).T
        table[f"rate_{band}"], table[f"error_{band}"] = rate, error
        table[f"exposure_{band}"] = exposure
        for name, text in (("rate", unit), ("error", unit), ("exposure", exposure_unit(unit))):
            table[f"{name}_{band}"].description = text
    for name, column in (more or {}).items():
        table[name] = column
    table["outcome"] = [str(o.outcome) for o in observations]
    table["caveats"] = [o.codes for o in observations]
    table["remarks"] = [o.remarks for o in observations]
    told = {"time": "MJD (TT) of the start", "tstart": "MET (TT)", "tstop": "MET (TT)", "ontime": "good time"}
    for name, text in told.items():
        table[name].description = text
    written = io.StringIO()
    table.write(written, format="ascii.ecsv")
    return written.getvalue().encode()


def rate_unit(observations: Iterable[Observation], band: str) -> str:
    """Return the unit of a band's rates."""
    return next((o.curves[band].rate_unit for o in observations if band in o.curves), units.RATE)


def exposure_unit(unit: str) -> str:
    """Return the unit of an exposure by that of the rate: PCU s where rates are of PCUs, else s."""
    return "PCU s" if unit in (units.PER_PCU, units.CRAB) else "s"


def utc_date(moment: float, fmt: str = "%Y-%m-%d %H:%M") -> str:
    """Return a MET [s] as a UTC date, empty for NaN."""
    if not np.isfinite(moment):
        return ""
    time: Time = met.to_time(moment)
    return str(time.utc.strftime(fmt))


def _time_order(observation: Observation) -> tuple[float, str]:
    start = observation.span[0]
    return (start if np.isfinite(start) else np.inf, observation.obsid)
