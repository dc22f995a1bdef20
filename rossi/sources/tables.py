"""Tables of everything: one row a source, and one row an observation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rossi.energy.epochs import epochs_at
from rossi.errors import ConfigError
from rossi.exchange import to_ecsv, to_parquet
from rossi.met import mjd_to_met
from rossi.sky import mean_direction
from rossi.sources.measured import Measured, SourceRates, ratio, source_rates
from rossi.sources.observations import Observations
from rossi.sources.source import Source, Sources

if TYPE_CHECKING:
    from astropy.table import Table

#: What stands between the spellings of a target's name in one cell; a semicolon, as names have commas and slashes.
_BETWEEN = "; "
#: Of mean positions [deg]: thousandths of an arcsecond.
_DIGITS = 6
_Column = tuple[Sequence[Any] | NDArray[Any], str, str]
_MEANING = {
    "name": ("", "Source, unique; stays as it is"),
    "slug": ("", "The name in keys and files, unique"),
    "ra": ("deg", "Right ascension, mean of the pointings weighted with exposure (J2000)"),
    "dec": ("deg", "Declination, mean of the pointings weighted with exposure (J2000)"),
    "anchor_ra": ("deg", "Right ascension from which the radius counts: the first pointing"),
    "anchor_dec": ("deg", "Declination from which the radius counts: the first pointing"),
    "target": ("", "Target of the first observation as it is spelled"),
    "names": ("", "All spellings of its targets' names"),
    "since": ("d", "Start of the first observation when the source was found, MJD (TT)"),
    "into": ("", "Source that it has become part of"),
    "observations": ("", "How many observations it has"),
    "exposure": ("s", "Sum over observations"),
    "first": ("d", "Start of the first observation, MJD (TT)"),
    "last": ("d", "Start of the last observation, MJD (TT)"),
    "failures": ("", "Observations that failed"),
    "hardness": ("", "Mean rate in {} over that in {}"),
    "hardness_error": ("", "1 sigma error of hardness"),
    "obsid": ("", "Observation"),
    "source": ("", "Source that it belongs to, empty where there is none"),
    "time": ("d", "Start, MJD (TT)"),
    "epoch": ("", "Gain epoch of the PCA, 1 to 5; 0 where the time is not known"),
    "outcome": ("", "What came of it: succeeded, no_work or failed"),
}


def sources_table(found: Sources, observations: Observations, measured: Measured | None = None) -> Table:
    """Return one row for each source, those without observations too.

    Parameters
    ----------
    found : Sources
        Of the observations.
    observations : Observations
    measured : Measured, optional

    Returns
    -------
    astropy.table.Table
        Columns with units and descriptions: names, position, observations, exposure, dates, failures; for each band
        ``rate_<band>``, ``error_<band>``, ``fvar_<band>``, ``fvar_error_<band>``; hardness where it is known.
        `sources_of` gives back what another grouping needs of it.

    Raises
    ------
    ConfigError
        If something is not of as many observations.
    """
    measured = measured or Measured()
    measured.require(len(observations))
    members = found.members()
    rows = [members.get(source.name, np.empty(0, np.int64)) for source in found.sources]
    columns = _about_sources(found.sources, observations, rows)
    if measured.outcome:
        failed = np.array([outcome == "failed" for outcome in measured.outcome], bool)
        columns |= _known("failures", [int(failed[mine].sum()) for mine in rows], int)
    rates = {name: [source_rates(band, mine) for mine in rows] for name, band in measured.bands.items()}
    for name, each in rates.items():
        columns |= _of_band(name, each, measured.bands[name].unit)
    if measured.hardness:
        hard, soft = measured.hardness
        both = [ratio(*pair) for pair in zip(rates[hard], rates[soft], strict=True)]
        values, unit = np.array(both, float).reshape(len(both), 2).T, ""
        columns["hardness"] = (values[0], unit, _MEANING["hardness"][1].format(hard, soft))
        columns |= _known("hardness_error", values[1], float)
    return _table(columns)


def observations_table(found: Sources, observations: Observations, measured: Measured | None = None) -> Table:
    """Return one row for each observation, in the order in which they are given.

    Parameters
    ----------
    found : Sources
        Of the observations.
    observations : Observations
    measured : Measured, optional

    Returns
    -------
    astropy.table.Table
        Columns with units and descriptions: obsid, source, target, ra, dec, time, exposure, epoch, outcome; for each
        band ``rate_<band>``, ``error_<band>``, ``exposure_<band>``.

    Raises
    ------
    ConfigError
        If something is not of as many observations.
    """
    measured = measured or Measured()
    measured.require(len(observations))
    names = np.array([*(source.name for source in found.sources), ""], object)
    columns = _known("obsid", observations.obsid, str)
    columns |= _known("source", names[found.number].tolist(), str)
    columns["target"] = (np.array(observations.target, np.str_), "", "Target as the observer spelled it")
    columns["ra"] = (observations.ra, "deg", "Right ascension of the pointing (J2000)")
    columns["dec"] = (observations.dec, "deg", "Declination of the pointing (J2000)")
    columns |= _known("time", observations.time, float)
    columns["exposure"] = (observations.exposure, "s", "Good time")
    columns |= _known("epoch", _epoch(observations.time), int)
    if measured.outcome:
        columns |= _known("outcome", measured.outcome, str)
    for name, band in measured.bands.items():
        columns[f"rate_{name}"] = (band.rate, band.unit, f"Mean rate in {name}")
        columns[f"error_{name}"] = (band.error, band.unit, f"1 sigma error of rate_{name}")
        columns[f"exposure_{name}"] = (band.exposure, band.exposure_unit, f"Exposure in {name}")
    return _table(columns)


def _about_sources(
    sources: Iterable[Source], observations: Observations, rows: Sequence[NDArray[np.int64]]
) -> dict[str, _Column]:
    every = tuple(sources)
    ra, dec, time, exposure = (
        np.where(observations.placed, observations.ra, np.nan),
        np.where(observations.placed, observations.dec, np.nan),
        observations.time,
        np.nan_to_num(observations.exposure),
    )
    mean = [mean_direction(ra[mine], dec[mine], exposure[mine]) for mine in rows]
    dates = [time[mine][np.isfinite(time[mine])] for mine in rows]
    columns = _known("name", [source.name for source in every], str)
    columns |= _known("ra", [round(place[0], _DIGITS) for place in mean], float)
    columns |= _known("dec", [round(place[1], _DIGITS) for place in mean], float)
    columns |= _known("observations", [len(mine) for mine in rows], int)
    columns |= _known("exposure", [float(exposure[mine].sum()) for mine in rows], float)
    columns |= _known("first", [float(one.min()) if len(one) else math.nan for one in dates], float)
    columns |= _known("last", [float(one.max()) if len(one) else math.nan for one in dates], float)
    columns |= _known("slug", [source.slug for source in every], str)
    columns |= _known("target", [source.target for source in every], str)
    columns |= _known("names", [_BETWEEN.join(source.names) for source in every], str)
    columns |= _known("anchor_ra", [source.ra for source in every], float)
    columns |= _known("anchor_dec", [source.dec for source in every], float)
    columns |= _known("since", [source.since for source in every], float)
    return columns | _known("into", [source.into for source in every], str)


def _of_band(name: str, each: Sequence[SourceRates], unit: str) -> dict[str, _Column]:
    told = [(one.rate, one.error, one.variability.fractional, one.variability.error) for one in each]
    rate, error, fraction, of_fraction = np.array(told, float).reshape(len(told), 4).T
    said = f"Fractional variability of the observations' mean rates in {name}"
    return {
        f"rate_{name}": (rate, unit, f"Mean rate in {name}, weighted with exposure"),
        f"error_{name}": (error, unit, f"1 sigma error of rate_{name}"),
        f"fvar_{name}": (fraction, "", said),
        f"fvar_error_{name}": (of_fraction, "", f"1 sigma error of fvar_{name}"),
    }


def _known(name: str, values: Sequence[Any] | NDArray[Any], kind: type) -> dict[str, _Column]:
    dtype = {str: np.str_, int: np.int64, float: np.float64}[kind]
    return {name: (np.array(values, dtype), *_MEANING[name])}


def _table(columns: dict[str, _Column]) -> Table:
    from astropy.table import Table

    units = {name: unit for name, (_, unit, _) in columns.items() if unit}
    meanings = {name: meaning for name, (_, _, meaning) in columns.items()}
    return Table({name: values for name, (values, _, _) in columns.items()}, units=units, descriptions=meanings)


def _epoch(time: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.where(np.isfinite(time), epochs_at(mjd_to_met(time)), 0)


def renewed(before: Table | None, now: Table, key: str, which: Sequence[str], *, unique: str = "") -> Table:
    """Return a table in which some rows are those of another one; each is where it was, and new ones come last.

    Parameters
    ----------
    before : astropy.table.Table or None
        Of everything; None if there was none.
    now : astropy.table.Table
        With the same columns, or with others: what a row does not know is NaN, 0 or empty.
    key : str
        Column of texts that says which rows these are.
    which : sequence of str
        Its values: all such rows of `before` are dropped, all such rows of `now` are taken.
    unique : str, optional
        Column of which no value is to be there twice, if that is another one: the row of `now` counts.

    Returns
    -------
    astropy.table.Table
    """
    chosen = now[np.isin(now[key].astype(np.str_), list(which))]
    if before is None:
        return chosen
    same = unique or key
    new = {name: row for row, name in enumerate(chosen[same].tolist())}
    dropped = np.isin(before[key].astype(np.str_), list(which)).tolist()
    rows: list[tuple[bool, int]] = []
    for row, name in enumerate(before[same].tolist()):
        if name in new:
            rows.append((True, new.pop(name)))
        elif not dropped[row]:
            rows.append((False, row))
    rows += [(True, row) for row in new.values()]
    places = np.array([number + len(before) * is_new for is_new, number in rows], np.intp)
    columns: dict[str, _Column] = {}
    for name in dict.fromkeys((*before.colnames, *now.colnames)):
        like = chosen[name] if name in chosen.colnames else before[name]
        parts = [_values(table, name, like) for table in (before, chosen)]
        columns[name] = (np.concatenate(parts)[places], str(like.unit or ""), like.description or "")
    return _table(columns)


def _values(table: Table, name: str, like: Any) -> NDArray[Any]:
    """Return a column's values, or as many like those of another one that are not known."""
    if name in table.colnames:
        return np.asarray(_filled(table[name]))
    return np.full(len(table), {"f": np.nan, "U": ""}.get(like.dtype.kind, 0), like.dtype)


def sources_of(table: Table) -> tuple[Source, ...]:
    """Return the sources that a table of `sources_table` holds, for `rossi.sources.group`'s `yesterday`.

    Parameters
    ----------
    table : astropy.table.Table
        As it was made, or read from a file.

    Raises
    ------
    ConfigError
        If a column is missing.
    """
    names = ("name", "slug", "anchor_ra", "anchor_dec", "target", "since", "names", "into")
    if missing := [name for name in names if name not in table.colnames]:
        raise ConfigError(f"A table of sources has the columns {', '.join(names)}; {', '.join(missing)} are missing.")
    rows = zip(*(_filled(table[name]).tolist() for name in names), strict=True)
    return tuple(
        Source(name, slug, float(ra), float(dec), target, float(since), _split(spelled), into)
        for name, slug, ra, dec, target, since, spelled, into in rows
    )


def _filled(column: Any) -> Any:
    if not hasattr(column, "filled"):
        return column
    return column.filled(np.nan if column.dtype.kind == "f" else "")


def _split(spelled: str) -> tuple[str, ...]:
    return tuple(spelled.split(_BETWEEN)) if spelled else ()


def files(found: Sources, observations: Observations, measured: Measured | None = None) -> dict[str, bytes]:
    """Return the tables as files: ``sources.ecsv``, ``sources.parquet``, ``observations.parquet``.

    Parameters
    ----------
    found : Sources
        Of the observations.
    observations : Observations
    measured : Measured, optional

    Returns
    -------
    dict of str to bytes
        By the files' names.

    Raises
    ------
    ConfigError
        If pyarrow is not installed, or something is not of as many observations.
    """
    sources = sources_table(found, observations, measured)
    return {
        "sources.ecsv": to_ecsv(sources),
        "sources.parquet": to_parquet(sources),
        "observations.parquet": to_parquet(observations_table(found, observations, measured)),
    }
