"""The mission-long light curves and figures of a merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.extract.energies import energies_table, energy_cards, joined_energies
from rossi.fits import declarations as declared
from rossi.fits.header import Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.met import met_to_mjd
from rossi.plot.longterm import Panel, drawn, mission_figure
from rossi.product import About, Kind
from rossi.timeseries import units
from rossi.timeseries.join import Joined, join
from rossi.timeseries.rebin import rebin
from rossi.timeseries.series import OF_PCU, LightCurve, split
from rossi.timeseries.writing import light_curve_tables
from services.contract import Caveat, File
from services.merge.config import MergeConfig, SourceName
from services.merge.energies import moved_energies
from services.merge.labels import band_text, plain_label
from services.merge.observations import NO_MEAN, Observation, exposure_unit, instrument, rate_unit

#: Most bands that get a figure of their own, and that are in one figure together: a campaign on many sources keeps each
#: apart.
_FIGURES, _PANELS = 50, 12


@dataclass(frozen=True, slots=True)
class MergedBand:
    """One band of the whole mission.

    Parameters
    ----------
    name, unit, instrument : str
    joined : Joined
        Its rows; `origin` counts from 0 in `rows`.
    rows : ndarray (n_curve,) of int
        Number of each curve's observation in the list of all observations.
    about : About
    """

    name: str
    unit: str
    instrument: str
    joined: Joined
    rows: NDArray[np.int64]
    about: About

    @property
    def exposure_unit(self) -> str:
        """PCU s where rates are per PCU, else s."""
        return exposure_unit(self.unit)

    @property
    def counted(self) -> tuple[int, int] | None:
        """First and last channel that count: the data's elements may leave out, or add, what the band cuts."""
        told = self.joined.series.channels
        return self.about.channels if told in {None, (0, 255)} else told

    @property
    def label(self) -> str:
        """The name as people read it: ``PCA 2–9 keV``, ``HEXTE A channels 15–61`` for HEXTE's ``pwa_ch15-61``."""
        band = band_text(self.about)
        if not band or self.name != plain_label(self.about):
            return f"{self.instrument} {self.name}".strip()
        return " ".join(filter(None, (self.instrument, self.cluster, band)))

    @property
    def cluster(self) -> str:
        """A or B of HEXTE, else empty."""
        return self.about.cluster

    @property
    def has_epochs(self) -> bool:
        """Whether the gain epochs of the PCA concern it."""
        return self.instrument != "HEXTE"


def join_band(observations: Sequence[Observation], band: str, *, keep_null: bool) -> MergedBand:
    """Join one band of all observations that have it."""
    rows = [n for n, o in enumerate(observations) if band in o.curves]
    joined = join([_whole(observations[n].curves[band]) for n in rows], name=band, keep_null=keep_null)
    abouts = [observations[n].abouts[band] for n in rows]
    energies = joined_energies(about.energies for about in abouts if about.energies is not None)
    return MergedBand(
        band,
        rate_unit(observations, band),
        instrument(observations, band),
        joined,
        np.array(rows),
        replace(abouts[0], energies=energies),
    )


def _whole(curve: LightCurve) -> LightCurve:
    """Return a curve without the exposures of single PCUs, which tell nothing of a mission."""
    return replace(curve, extra={name: values for name, values in curve.extra.items() if name not in OF_PCU})


def caveats_of(band: MergedBand) -> tuple[Caveat, ...]:
    """Tell what joining found."""
    found = []
    if band.joined.duplicates:
        text = f"{band.joined.duplicates} rows were given more than once and are kept once."
        found.append(Caveat(code="duplicate_rows", message=f"{band.label}: {text}"))
    if band.joined.repeats:
        text = f"{band.joined.repeats} rows are of time that another light curve has too; each moment counts once."
        found.append(Caveat(code="overlapping_files", message=f"{band.label}: {text}"))
    if band.joined.overlaps:
        text = (
            f"{band.joined.overlaps} rows begin before the row ahead of them ends, but hold other time; all are kept."
        )
        found.append(Caveat(code="overlapping_rows", message=f"{band.label}: {text}"))
    barytime = band.joined.series.extra.get("BARYTIME")
    if barytime is not None and (without := int(np.isnan(barytime).sum())):
        text = f"{without} of {len(barytime)} rows have no time at the barycentre (BARYTIME)."
        found.append(Caveat(code="without_barytime", message=f"{band.label}: {text}"))
    if text := moved_energies(band.about, band.joined.series):
        found.append(Caveat(code="energies_moved", message=f"{band.label}: {text}"))
    return tuple(found)


def light_curve(
    band: MergedBand, observations: Sequence[Observation], title: str, source: SourceName | None = None
) -> bytes:
    """Return the FITS file of a band: RATE, STDGTI and OBSERVATIONS.

    OBSINDEX in RATE is the row of OBSERVATIONS, from 1, that the bin belongs to. OBJECT, RA_OBJ and DEC_OBJ are those
    of the source, where one is given, else what the observations say.
    """
    index = band.rows[band.joined.origin] + 1
    series = replace(band.joined.series, header=_of_source(_with_channels(band), source))
    tables = light_curve_tables(series, more=[(declared.OBSINDEX, index)])
    primary = _of_source(band.joined.series.primary, source).copy()
    primary.set("TITLE", title)
    primary.set("CONTENT", "LIGHT CURVE")
    primary.set("CREATOR", "rossi merge")
    primary.append("DATE", now(), "file creation date")
    energies = band.about.energies
    told = [] if energies is None or not energies.edges else [energies_table(energies)]
    return fits_bytes(primary_hdu(primary), [*tables, observation_table(observations, band.name, band.unit), *told])


def _with_channels(band: MergedBand) -> Header:
    """Return the curve's header with the channels that were asked for where the files tell none, or all there are.

    Of a band in keV, with its energies.
    """
    header, asked, energies = band.joined.series.header.copy(), band.about.channels, band.about.energies
    for card in [] if energies is None else energy_cards(energies):
        header.set(*card)
    if asked and band.joined.series.channels in {None, (0, 255)}:
        header.set("MINCHAN", asked[0], "lowest channel of the band")
        header.set("MAXCHAN", asked[1], "highest channel of the band")
    return header


def _of_source(header: Header, source: SourceName | None) -> Header:
    """Return a header that names the source."""
    if source is None:
        return header
    made = header.copy()
    made.set("OBJECT", source.name)
    if source.ra is not None and source.dec is not None:
        made.set("RA_OBJ", source.ra, "[deg] mean of the source's observations")
        made.set("DEC_OBJ", source.dec, "[deg] mean of the source's observations")
    return made


def observation_table(observations: Sequence[Observation], band: str, unit: str) -> TableHDU:
    """Lay out the OBSERVATIONS extension: everything asked for, with the means of one band in its unit."""
    start, stop = np.array([o.span for o in observations], float).reshape(-1, 2).T
    rate, error, exposure = np.array([o.means.get(band, NO_MEAN) for o in observations]).T
    columns = [
        _text(declared.OBS_ID, [o.obsid for o in observations]),
        _text(declared.OBS_OBJECT, [o.target for o in observations]),
        (declared.OBS_TSTART, start),
        (declared.OBS_TSTOP, stop),
        (declared.OBS_EXPOSURE, exposure),
        (replace(declared.OBS_RATE, unit=unit), rate),
        (replace(declared.OBS_ERROR, unit=unit), error),
        _text(declared.OBS_OUTCOME, [str(o.outcome) for o in observations]),
        _text(declared.OBS_CAVEATS, [o.codes for o in observations]),
    ]
    return table_hdu("OBSERVATIONS", columns, Header([("HDUCLASS", "ROSSI"), ("HDUCLAS1", "OBSERVATIONS")]))


def _text(column: Column, values: Sequence[str]) -> tuple[Column, Sequence[str]]:
    """Make a text column as wide as its longest value."""
    return replace(column, form=f"{max(1, *map(len, values))}A"), values


def thinned(observations: Sequence[Observation], band: str, most: int) -> dict[int, tuple[Floats, Floats, Floats]]:
    """Return bins fit for drawing: middle [s], rate, error by number of the observation.

    Neighbouring bins of an observation that are of one width are averaged until about `most` are left in all.
    """
    curves = {n: o.curves[band] for n, o in enumerate(observations) if band in o.curves}
    factor = max(1, -(-sum(map(len, curves.values())) // most))
    return {number: drawable(series, factor) for number, series in curves.items()}


def drawable(series: LightCurve, factor: int) -> tuple[Floats, Floats, Floats]:
    """Return middle [s], rate and error of the bins that have a rate, `factor` neighbours of one width averaged."""
    parts = [rebin(part, factor) for part in split(series)] if factor > 1 else [series]
    middle, rate, error = (np.concatenate(c) for c in zip(*((p.middles, p.rate, p.error) for p in parts), strict=True))
    good = np.isfinite(rate) & np.isfinite(error)
    return middle[good], rate[good], error[good]


def figures(
    bands: Sequence[MergedBand], observations: Sequence[Observation], config: MergeConfig, *, means: str
) -> tuple[File, ...]:
    """Return figures in all formats: of each band, and of all where there are several, but not too many to be seen."""
    panels = {
        band.name: _panel(number, band, observations, config.points, means)
        for number, band in enumerate(bands[:_FIGURES])
    }
    shown = {name: [panel] for name, panel in panels.items()}
    if 1 < len(panels) <= _PANELS:
        shown[""] = list(panels.values())
    return tuple(
        File(
            "_".join(filter(None, (config.slug, name))) + f".{kind}",
            drawn(mission_figure(some, config.title), kind),
            about=About(Kind.FIGURE, name),
        )
        for name, some in shown.items()
        for kind in dict.fromkeys(config.figures)
    )


def _panel(number: int, band: MergedBand, observations: Sequence[Observation], most: int, means: str) -> Panel:
    bins = thinned(observations, band.name, most)
    time, rate, error = (np.concatenate(parts) for parts in zip(*bins.values(), strict=True))
    chosen = [observations[n] for n, (t, _, _) in bins.items() if len(t)]
    middle = [o.middles[band.name] for o in chosen]
    mean, sigma, _ = np.array([o.means[band.name] for o in chosen]).T
    unit = {units.PER_PCU: "count s$^{-1}$ PCU$^{-1}$", units.RATE: "count s$^{-1}$"}.get(band.unit, band.unit)
    shown = met_to_mjd(time), rate, error, met_to_mjd(middle), mean, sigma
    return Panel(band.label, *shown, unit, means, band.has_epochs, number)
