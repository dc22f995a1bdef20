"""Sources as the front page of an archive shows them: an entry each, packed in columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import ArrayLike
from pydantic import BeforeValidator, Field

from rossi.arrays import Floats
from rossi.errors import ConfigError, shortened
from rossi.met import to_time
from services.contract import Frozen
from services.merge.packing import Packer

#: Points that a small light curve has at most: it is drawn 120 pixels wide.
POINTS = 60


#: A number that may be unknown: NaN, which is null in JSON.
Number = Annotated[float, BeforeValidator(lambda value: np.nan if value is None else value)]
Numbers = Annotated[tuple[Number, ...], BeforeValidator(lambda values: tuple(np.asarray(values, np.float64).tolist()))]


class Measured(Frozen):
    """A value and its standard deviation."""

    value: Number = np.nan
    error: Number = np.nan
    unit: str = ""


class SourceEntry(Frozen):
    """One source on the front page; in JSON it can be kept beside the source's products.

    Parameters
    ----------
    slug, name : str
        What the page's address calls it, and what people do.
    link : str
        Path of its page relative to the front page, not percent-encoded.
    also : tuple of str
        Other names, which are found too.
    ra, dec : float [deg]
        ICRS.
    observations, failures : int
        How many there are, and how many of them failed.
    exposure : float [s]
        Length of the good time.
    first, last : float [s]
        MET of the first start and the last stop.
    rates : mapping of str to Measured
        Mean rate by band, as people read it; what has another unit gets another column.
    hardness, variability : Measured
        Variability is the fractional one, see `rossi.timeseries.variability`.
    spark : tuple of tuple of float
        MET [s] and rate of the small light curve.
    """

    slug: str
    name: str
    link: str
    also: tuple[str, ...] = ()
    ra: Number = np.nan
    dec: Number = np.nan
    observations: int = 0
    failures: int = 0
    exposure: Number = 0.0
    first: Number = np.nan
    last: Number = np.nan
    rates: Mapping[str, Measured] = Field(default_factory=dict)
    hardness: Measured = Measured()
    variability: Measured = Measured()
    spark: tuple[Numbers, Numbers] = ((), ())


def galactic(entries: Sequence[SourceEntry]) -> tuple[Floats, Floats]:
    """Return Galactic longitude and latitude [deg], NaN where a source has no position on the sky."""
    ra, dec = (np.array([getattr(e, axis) for e in entries], np.float64) for axis in ("ra", "dec"))
    placed = np.isfinite(ra) & (np.abs(dec) <= 90)
    longitude, latitude = np.full((2, len(entries)), np.nan)
    if placed.any():
        found = SkyCoord(ra[placed], dec[placed], unit="deg", frame="icrs").galactic
        longitude[placed], latitude[placed] = found.l.deg, found.b.deg
    return longitude, latitude


def days(moments: ArrayLike) -> Floats:
    """Return the UTC day (whole MJD) of times [s], MET; NaN where there is none."""
    met = np.asarray(moments, np.float64)
    known = np.isfinite(met)
    found = np.full(met.shape, np.nan)
    if known.any():
        found[known] = np.floor(to_time(met[known]).utc.mjd)
    return found


def sparkline(time: ArrayLike, rate: ArrayLike, most: int = POINTS) -> tuple[Floats, Floats]:
    """Return time and rate of a small light curve, in time order.

    More than `most` points are averaged in as many equal parts of the time.
    """
    when, what = np.asarray(time, np.float64), np.asarray(rate, np.float64)
    good = np.isfinite(when) & np.isfinite(what)
    order = np.argsort(when[good], kind="stable")
    when, what = when[good][order], what[good][order]
    if len(when) <= most:
        return when, what
    part = np.minimum((when - when[0]) / (np.ptp(when) or 1.0) * most, most - 1).astype(np.intp)
    count = np.bincount(part, minlength=most)
    used = count > 0
    means = (np.bincount(part, values, most)[used] / count[used] for values in (when, what))
    return next(means), next(means)


def bands(entries: Sequence[SourceEntry]) -> list[tuple[str, str]]:
    """Return name and unit of the bands of all sources: those of HEXTE after the others, in order of their channels."""
    found = {(name, rate.unit) for entry in entries for name, rate in entry.rates.items()}
    parts = {name: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name)] for name, _ in found}
    return sorted(found, key=lambda band: (band[0].startswith("HEXTE"), parts[band[0]], band[1]))


def block(entries: Sequence[SourceEntry]) -> str:
    """Return the sources as one block of columns, see `services.merge.packing`.

    Raises
    ------
    ConfigError
        If a link is not relative.
    """
    packer = Packer()
    longitude, latitude = galactic(entries)
    placed = np.isfinite(longitude)

    content = {
        "slug": [entry.slug for entry in entries],
        "name": [entry.name for entry in entries],
        "also": [list(entry.also) for entry in entries],
        "link": [address(entry) for entry in entries],
        "ra": packer.floats(np.where(placed, [entry.ra % 360 for entry in entries], np.nan)),
        "dec": packer.floats(np.where(placed, [entry.dec for entry in entries], np.nan)),
        "l": packer.floats(longitude),
        "b": packer.floats(latitude),
        "observations": packer.steps([entry.observations for entry in entries]),
        "failures": packer.steps([entry.failures for entry in entries]),
        "exposure": packer.floats([entry.exposure for entry in entries]),
        "first": packer.floats(days([entry.first for entry in entries])),
        "last": packer.floats(days([entry.last for entry in entries])),
        "rates": [_band(packer, entries, *band) for band in bands(entries)],
        "hardness": _measured(packer, [entry.hardness for entry in entries]),
        "variability": _measured(packer, [entry.variability for entry in entries]),
        "spark": _sparks(packer, entries),
    }
    return packer.block(content)


def _band(packer: Packer, entries: Sequence[SourceEntry], name: str, unit: str) -> dict[str, Any]:
    told = [rate if (rate := entry.rates.get(name)) and rate.unit == unit else Measured() for entry in entries]
    return {"name": name, "unit": unit, **_measured(packer, told)}


def _measured(packer: Packer, values: Sequence[Measured]) -> dict[str, Any]:
    return {what: packer.floats([getattr(one, what) for one in values]) for what in ("value", "error")}


def address(entry: SourceEntry) -> str:
    """Return the link to a source's page, percent-encoded.

    Raises
    ------
    ConfigError
        If it is empty or not relative: the pages are moved together.
    """
    if not entry.link or entry.link.startswith("/"):
        raise ConfigError(
            f"The source {shortened(entry.name)} has the link {shortened(entry.link)}; give the path of its page "
            "relative to the front page."
        )
    return quote(entry.link)


def _sparks(packer: Packer, entries: Sequence[SourceEntry]) -> dict[str, Any]:
    """Pack all small light curves: where each begins, and its points between the lowest and the highest of them."""
    curves = [sparkline(*entry.spark) for entry in entries]
    ends = np.array([[v.min(), v.max()] if len(v) else [np.nan] * 2 for _, v in curves]).reshape(-1, 2)
    return {
        "begin": packer.steps(np.cumsum([0, *(len(time) for time, _ in curves)])),
        "time": packer.quantised(_scaled([time for time, _ in curves]), coarse=True),
        "rate": packer.quantised(_scaled([rate for _, rate in curves]), coarse=True),
        "low": packer.floats(ends[:, 0]),
        "high": packer.floats(ends[:, 1]),
    }


def _scaled(curves: Sequence[Floats]) -> Floats:
    """Return all values, those of each curve between 0 and 1."""
    parts = [(values - values.min()) / (np.ptp(values) or 1.0) for values in curves if len(values)]
    return np.concatenate(parts) if parts else np.empty(0)
