"""Colours of a source: ratios of the rates of two bands, of each observation and of each bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rossi.arrays import Floats
from rossi.fits import declarations as declared
from rossi.fits.header import Header
from rossi.fits.writer import TableHDU, fits_bytes, primary_hdu, table_hdu
from rossi.met import met_to_mjd
from rossi.product import About, Kind
from services.contract import Caveat, File
from services.merge.labels import band_text
from services.merge.observations import Observation, bands, rate_unit, utc_date
from services.merge.packing import Packer

#: Code of the caveat on a colour whose bands are not there.
NO_COLOUR = "no_colour"
#: Starts of bins that differ less [s] are of one bin.
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class Colour:
    """A hardness ratio: rates of the first band over those of the second; errors of the two are independent.

    Parameters
    ----------
    hard, soft : str
        Names of the bands.
    label, intensity_label : str
        As people read them.
    value, error : ndarray (n_observation,)
        Of mean rates; NaN unless the lower rate is above 0.
    intensity, intensity_error : ndarray (n_observation,)
        Mean rate of the band of intensity, or of both bands together.
    """

    hard: str
    soft: str
    label: str
    intensity_label: str
    value: Floats
    error: Floats
    intensity: Floats
    intensity_error: Floats


def ratio(hard: Floats, hard_error: Floats, soft: Floats, soft_error: Floats) -> tuple[Floats, Floats]:
    """Return ratios of rates and their errors, NaN where the lower rate is not above 0."""
    below = np.where(soft > 0, soft, np.nan)
    value = hard / below
    return value, np.hypot(hard_error, value * soft_error) / below


def colours_of(
    observations: Sequence[Observation], pairs: Sequence[tuple[str, str]], intensity: str = ""
) -> tuple[list[Colour], list[Caveat]]:
    """Return the colours that are asked for, and what is to be said of those that can't be had.

    Parameters
    ----------
    observations : sequence of Observation
    pairs : sequence of (str, str)
        Names of two bands each, the hard one first.
    intensity : str
        Name of the band of intensity; both bands of a colour together where empty.
    """
    known, found, caveats = bands(observations), list[Colour](), list[Caveat]()
    for hard, soft in pairs:
        missing = [name for name in dict.fromkeys((hard, soft, intensity)) if name and name not in known]
        if missing:
            text = f"Colour {hard}/{soft}: there is no light curve of {missing[0]}; there are {', '.join(known)}."
            caveats.append(Caveat(code=NO_COLOUR, message=text))
            continue
        found.append(_colour(observations, hard, soft, intensity))
    return found, caveats


def _colour(observations: Sequence[Observation], hard: str, soft: str, intensity: str) -> Colour:
    over, under = _means(observations, hard), _means(observations, soft)
    value, error = ratio(*over, *under)
    unit = rate_unit(observations, intensity or soft)
    if intensity:
        strength, name = _means(observations, intensity), _text(observations, intensity)
    else:
        strength = over[0] + under[0], np.hypot(over[1], under[1])
        name = f"{_text(observations, soft)} and {_text(observations, hard)}"
    label = f"{_text(observations, hard)} / {_text(observations, soft)}"
    return Colour(hard, soft, label, f"{name} ({unit})", value, error, *strength)


def _means(observations: Sequence[Observation], band: str) -> tuple[Floats, Floats]:
    """Return the observations' mean rates and errors, NaN where there is none."""
    found = np.array([one.means.get(band, (np.nan, np.nan, 0.0))[:2] for one in observations], np.float64)
    rate, error = found.reshape(-1, 2).T
    return rate, error


def _text(observations: Sequence[Observation], band: str) -> str:
    about = next(one.abouts[band] for one in observations if band in one.abouts)
    return band_text(about) or band


def colour_columns(colours: Sequence[Colour]) -> dict[str, Floats]:
    """Return the columns that tables of observations have of colours: ``colour_5-8keV_2-5keV`` and its error."""
    found = {}
    for one in colours:
        found[f"colour_{one.hard}_{one.soft}"] = one.value
        found[f"colour_error_{one.hard}_{one.soft}"] = one.error
    return found


def colour_files(observations: Sequence[Observation], colours: Sequence[Colour], slug: str, title: str) -> list[File]:
    """Return the colours of single bins as a FITS file, an extension for each: COLOUR1 ...."""
    if not colours:
        return []
    tables = [_table(observations, colour, number) for number, colour in enumerate(colours, 1)]
    primary = primary_hdu([("TITLE", title), ("CONTENT", "COLOURS"), ("CREATOR", "rossi merge")])
    return [File(f"{slug}_colours.fits", fits_bytes(primary, tables), about=About(Kind.TABLE, "colours"))]


def _table(observations: Sequence[Observation], colour: Colour, number: int) -> TableHDU:
    parts = [_bins(one, row, colour) for row, one in enumerate(observations, 1)]
    time, index, hard, hard_error, soft, soft_error = (
        np.concatenate(columns) if columns else np.empty(0) for columns in zip(*parts, strict=True)
    )
    value, error = ratio(hard, hard_error, soft, soft_error)
    values = (time, index, hard, hard_error, soft, soft_error, value, error)
    header = Header([("HDUCLASS", "ROSSI"), ("HDUCLAS1", "COLOUR"), ("HARDBAND", colour.hard)])
    header.append("SOFTBAND", colour.soft)
    header.append("RATEUNIT", rate_unit(observations, colour.soft), "unit of HARD and SOFT")
    return table_hdu(f"COLOUR{number}", list(zip(declared.TABLES["COLOUR"], values, strict=True)), header)


def _bins(observation: Observation, number: int, colour: Colour) -> tuple[Floats, ...]:
    """Return the bins that both bands have, with a rate."""
    if not {colour.hard, colour.soft} <= observation.curves.keys():
        return (np.empty(0),) * 6
    hard, soft = (observation.curves[name] for name in (colour.hard, colour.soft))
    _, a, b = np.intersect1d(np.rint(hard.time / _SAME), np.rint(soft.time / _SAME), return_indices=True)
    both = np.isfinite(hard.rate[a]) & np.isfinite(soft.rate[b]) & (abs(hard.widths[a] - soft.widths[b]) < _SAME)
    a, b = a[both], b[both]
    index = np.full(len(a), number, np.float64)
    return soft.time[b], index, hard.rate[a], hard.error[a], soft.rate[b], soft.error[b]


def figures(observations: Sequence[Observation], colours: Sequence[Colour], slug: str, title: str) -> list[File]:
    """Return diagrams as PNGs: hardness and intensity of each colour, and each colour against the next."""
    from rossi.plot.colours import Diagram, diagram_figure
    from rossi.plot.longterm import png

    mjd = met_to_mjd(np.array([_middle(one, colours) for one in observations], np.float64))
    drawn = {}
    for one in colours:
        points = one.value, one.error, one.intensity, one.intensity_error
        drawn[f"hardness_{one.hard}_{one.soft}"] = Diagram(one.label, one.intensity_label, *points, mjd)
    for one, other in pairwise(colours):
        points = one.value, one.error, other.value, other.error
        name = f"colours_{one.hard}_{one.soft}_{other.hard}_{other.soft}"
        drawn[name] = Diagram(one.label, other.label, *points, mjd)
    return [
        File(f"{slug}_{name}.png", png(diagram_figure(diagram, title)), about=About(Kind.FIGURE, name))
        for name, diagram in drawn.items()
    ]


def _middle(observation: Observation, colours: Sequence[Colour]) -> float:
    return next((observation.middles[c.soft] for c in colours if c.soft in observation.middles), np.nan)


def diagrams(observations: Sequence[Observation], colours: Sequence[Colour]) -> str:
    """Return the block of the report's panel: points of each diagram, with the observations' names and dates."""
    packer = Packer()
    found = [_packed(packer, c.label, c.intensity_label, c, c.intensity, c.intensity_error) for c in colours]
    found += [
        _packed(packer, one.label, other.label, one, other.value, other.error) for one, other in pairwise(colours)
    ]
    dates = [utc_date(one.span[0], "%Y-%m-%d") for one in observations]
    return packer.block({"diagrams": found, "names": [one.obsid for one in observations], "dates": dates})


def _packed(packer: Packer, x: str, y: str, one: Colour, values: Floats, errors: Floats) -> dict[str, object]:
    rows = np.flatnonzero(np.isfinite(one.value) & np.isfinite(values))
    points = {"x": one.value, "x_error": one.error, "y": values, "y_error": errors}
    packed = {name: packer.floats(column[rows]) for name, column in points.items()}
    return {"x_label": x, "y_label": y, **packed, "owner": packer.steps(rows)}
