"""The mission-long light curves and figures of a merge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi.fits import declarations as declared
from rossi.fits.header import Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.met import met_to_mjd
from rossi.plot.longterm import Panel, mission_figure, png
from rossi.timeseries.join import Joined, join
from rossi.timeseries.rebin import rebin
from rossi.timeseries.writing import light_curve_tables
from services.contract import Caveat
from services.merge.observations import EXPOSURE_UNIT, Observation, rate_unit

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """One band of the whole mission.

    Parameters
    ----------
    name, unit : str
    joined : Joined
        Its rows; `origin` counts from 0 in `rows`.
    rows : ndarray (n_curve,) of int
        Number of each curve's observation in the list of all observations.
    """

    name: str
    unit: str
    joined: Joined
    rows: NDArray[np.int64]

    @property
    def exposure_unit(self) -> str:
        """PCU s where rates are per PCU, else s."""
        return EXPOSURE_UNIT[self.unit]

    @property
    def label(self) -> str:
        """The name as people read it: ``channels 5–10`` for ``ch5-10``."""
        match = re.fullmatch(r"ch(\d+)-(\d+)", self.name)
        return f"channels {match[1]}–{match[2]}" if match else self.name


def join_band(observations: Sequence[Observation], band: str, *, keep_null: bool) -> Band:
    """Join one band of all observations that have it."""
    rows = [n for n, o in enumerate(observations) if band in o.curves]
    joined = join([observations[n].curves[band] for n in rows], name=band, keep_null=keep_null)
    return Band(band, rate_unit(observations, band), joined, np.array(rows))


def caveats_of(band: Band) -> tuple[Caveat, ...]:
    """Tell what joining found."""
    found = []
    if band.joined.duplicates:
        text = f"{band.joined.duplicates} rows were given more than once and are kept once."
        found.append(Caveat(code="duplicate_rows", message=f"{band.label}: {text}"))
    if band.joined.overlaps:
        text = f"{band.joined.overlaps} rows begin before the row ahead of them ends; all are kept."
        found.append(Caveat(code="overlapping_rows", message=f"{band.label}: {text}"))
    return tuple(found)


def light_curve(band: Band, observations: Sequence[Observation], title: str) -> bytes:
    """Return the FITS file of a band: RATE, STDGTI and OBSERVATIONS.

    OBSINDEX in RATE is the row of OBSERVATIONS, from 1, that the bin belongs to.
    """
    index = band.rows[band.joined.origin] + 1
    tables = light_curve_tables(band.joined.series, more=[(declared.OBSINDEX, index)])
    primary = band.joined.series.primary.copy()
    primary.set("TITLE", title)
    primary.set("CONTENT", "LIGHT CURVE")
    primary.set("CREATOR", "rossi merge")
    primary.append("DATE", now(), "file creation date")
    return fits_bytes(primary_hdu(primary), [*tables, observation_table(observations, band.name)])


def observation_table(observations: Sequence[Observation], band: str) -> TableHDU:
    """Lay out the OBSERVATIONS extension: everything asked for, with the means of one band."""
    start, stop = np.array([o.span for o in observations], float).reshape(-1, 2).T
    empty = (np.nan, np.nan, 0.0)
    rate, error, exposure = np.array([o.means.get(band, empty) for o in observations]).T
    columns = [
        _text(declared.OBS_ID, [o.obsid for o in observations]),
        (declared.OBS_TSTART, start),
        (declared.OBS_TSTOP, stop),
        (declared.OBS_EXPOSURE, exposure),
        (declared.OBS_RATE, rate),
        (declared.OBS_ERROR, error),
        _text(declared.OBS_OUTCOME, [str(o.outcome) for o in observations]),
        _text(declared.OBS_CAVEATS, [" ".join(c.code for c in o.caveats) for o in observations]),
    ]
    return table_hdu("OBSERVATIONS", columns, Header([("HDUCLASS", "ROSSI"), ("HDUCLAS1", "OBSERVATIONS")]))


def _text(column: Column, values: Sequence[str]) -> tuple[Column, Sequence[str]]:
    """Make a text column as wide as its longest value."""
    return replace(column, form=f"{max(1, *map(len, values))}A"), values


def thinned(observations: Sequence[Observation], band: str, most: int) -> dict[int, tuple[Floats, Floats, Floats]]:
    """Return bins fit for drawing: middle [s], rate, error by number of the observation.

    Neighbouring bins of an observation are averaged until about `most` are left in all.
    """
    curves = {n: o.curves[band] for n, o in enumerate(observations) if band in o.curves}
    factor = max(1, -(-sum(map(len, curves.values())) // most))
    drawn = {}
    for number, series in curves.items():
        thin = rebin(series, factor) if factor > 1 else series
        good = np.isfinite(thin.rate) & np.isfinite(thin.error)
        drawn[number] = thin.time[good] + thin.timedel / 2, thin.rate[good], thin.error[good]
    return drawn


def figures(
    bands: Sequence[Band], observations: Sequence[Observation], slug: str, title: str, most: int, *, means: str
) -> Mapping[str, bytes]:
    """Return PNGs by name: one a band, and one of all bands where there are several."""
    panels = {band.name: _panel(band, observations, most, means) for band in bands}
    made = {f"{slug}_{name}.png": png(mission_figure([panel], title)) for name, panel in panels.items()}
    if len(panels) > 1:
        made[f"{slug}.png"] = png(mission_figure(list(panels.values()), title))
    return made


def _panel(band: Band, observations: Sequence[Observation], most: int, means: str) -> Panel:
    drawn = thinned(observations, band.name, most)
    time, rate, error = (np.concatenate(parts) for parts in zip(*drawn.values(), strict=True))
    chosen = [observations[n] for n, (t, _, _) in drawn.items() if len(t)]
    middle = [o.middles[band.name] for o in chosen]
    mean, sigma, _ = np.array([o.means[band.name] for o in chosen]).T
    unit = "count s$^{-1}$ PCU$^{-1}$" if band.unit.endswith("PCU") else "count s$^{-1}$"
    return Panel(band.label, met_to_mjd(time), rate, error, met_to_mjd(middle), mean, sigma, unit, means)
