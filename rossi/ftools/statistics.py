"""``fstatistic``, ``ftstat``: numbers that say what is in a column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.fits.table import Table
from rossi.ftools import samples
from rossi.ftools.fitsfile import open_file
from rossi.ftools.parameters import Made, Parameters, Task, printed
from rossi.ftools.rows import row_numbers


class FstatisticParameters(Parameters):
    """Parameters of ``fstatistic``."""

    infile: Annotated[str, "table: file+1 or file[NAME]"]
    colname: Annotated[str, "column; NAME[3] is an element of a vector, NAME alone the sum of its elements"]
    rows: Annotated[str, "rows: 1-10,12, - for all"] = "-"
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    maxval: Annotated[float | None, "highest value that counts"] = None
    minval: Annotated[float | None, "lowest value that counts"] = None


class FtstatParameters(Parameters):
    """Parameters of ``ftstat``."""

    infile: Annotated[str, "table: file, file+1 or file[NAME], with filters"]
    outfile: Annotated[str, "text to be made; STDOUT prints"] = "STDOUT"
    centroid: Annotated[bool, "accepted, without effect: that is for images"] = True
    clip: Annotated[bool, "leave outliers out (with centroid=no)"] = False
    nsigma: Annotated[float, "how many standard deviations an outlier is off"] = 3.0
    maxiter: Annotated[int, "how often outliers are looked for"] = 20


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is said of numbers.

    Parameters
    ----------
    min, max, mean, median, sigma, sum : float
        The median is the upper one of two; sigma that of the population.
    mode : float
        The lowest of the most frequent values.
    modes, modez : int
        How many modes there are, and how often each occurs.
    good, null, clipped : int
        Values that count, that are undefined, that were left out.
    """

    min: float
    max: float
    mean: float
    median: float
    sigma: float
    sum: float
    mode: float
    modes: int
    modez: int
    good: int
    null: int
    clipped: int


def fstatistic(p: FstatisticParameters) -> Made:
    """Say sum, mean, standard deviation of the sample, minimum and maximum of a column."""
    table = open_file(p.infile).table
    values = _scalars(table, p.colname)[row_numbers(p.rows, len(table))]
    values = values[np.isfinite(values)]
    values = values[
        (values >= (-np.inf if p.minval is None else p.minval)) & (values <= (np.inf if p.maxval is None else p.maxval))
    ]
    if not len(values):
        raise DataError(f"{table.where}: no value of {p.colname} counts; look at rows, minval and maxval.")
    sigma = float(values.std(ddof=1)) if len(values) > 1 else None
    found = {"sum": values.sum(), "mean": values.mean(), "sigma": sigma, "min": values.min(), "max": values.max()}
    labels = ("sum", "mean", "standard deviation", "minimum", "maximum")
    lines = [
        f" The {label} of the selected column is".ljust(50) + ("undefined" if value is None else f"{value:.9g}")
        for label, value in zip(labels, found.values(), strict=True)
    ]
    lines.append(" The number of points used in calculation is".ljust(50) + str(len(values)))
    numbers = {name: None if value is None else float(value) for name, value in found.items()}
    return Made(printed(lines, p.outfile, p.clobber), values=numbers | {"numb": len(values)})


def _scalars(table: Table, name: str) -> NDArray[np.float64]:
    """Return a column, an element of a vector (``NAME[3]``), or the sum of its elements."""
    found = re.fullmatch(r"\s*([^\[(]+?)\s*(?:[\[(](\d+)[\])])?\s*", name)
    if found is None:
        raise ConfigError(f"colname is {name!r}; it should look like RATE or SPEC[3].")
    info = table.info(found[1])
    if info.code in "LXA":
        raise DataError(f"{table.where}: column {info.name} is of type {info.code}; numbers were expected.")
    values = np.where(table.null(info.name), np.nan, table.column(info.name).astype(np.float64))
    if values.ndim == 1:
        return values
    if not found[2]:
        return np.asarray(values.sum(axis=1))
    if not 1 <= int(found[2]) <= info.repeat:
        raise DataError(f"{table.where}: column {info.name} has {info.repeat} elements a row, not {found[2]}.")
    return np.asarray(values[:, int(found[2]) - 1])


def ftstat(p: FtstatParameters) -> Made:
    """Say what is in each column of numbers."""
    opened = open_file(p.infile)
    table = opened.table
    lines, last = [f"====== statistics for {p.infile} ======"], None
    for info in table.infos.values():
        lines += ["", f"{info.name}[{info.unit}]:"]
        if info.code in "LXA":
            lines.append(f"Not computing statistics for {_OTHER[info.code]} column.")
            continue
        values = np.where(table.null(info.name), np.nan, table.column(info.name).astype(np.float64)).ravel()
        last = describe(values, p.nsigma if p.clip and not p.centroid else None, p.maxiter)
        names = [n for n in Statistics.__slots__ if n != "clipped" or p.clip]
        lines += [f"{name:>6}:       {getattr(last, name):.{6 if info.code == 'E' else 15}g}" for name in names]
    values_found = {name: getattr(last, name) for name in Statistics.__slots__} if last else {}
    return Made(printed(lines, p.outfile, p.clobber), values=values_found)


_OTHER = {"L": "logical", "X": "bit", "A": "string"}


def describe(values: NDArray[np.float64], nsigma: float | None, maxiter: int) -> Statistics:
    """Return the statistics of numbers; NaN are undefined.

    Parameters
    ----------
    values : ndarray (n,)
    nsigma : float or None
        Values farther from the mean than so many standard deviations are left out, again and again; None leaves all.
    maxiter : int
    """
    good = values[~np.isnan(values)]
    all_good = len(good)
    for _ in range(maxiter if nsigma is not None else 0):
        kept = good[np.abs(good - good.mean()) <= nsigma * good.std()] if len(good) else good
        if len(kept) == len(good):
            break
        good = kept
    if not len(good):
        nan = np.nan
        return Statistics(nan, nan, nan, nan, nan, nan, nan, 0, 0, 0, len(values) - all_good, all_good)
    ordered = np.sort(good)
    distinct, counts = np.unique(ordered, return_counts=True)
    return Statistics(
        min=float(ordered[0]),
        max=float(ordered[-1]),
        mean=float(good.mean()),
        median=float(ordered[len(good) // 2]),
        sigma=float(good.std()),
        sum=float(good.sum()),
        mode=float(distinct[counts.argmax()]),
        modes=int((counts == counts.max()).sum()),
        modez=int(counts.max()),
        good=len(good),
        null=len(values) - all_good,
        clipped=all_good - len(good),
    )


TASKS = {
    "fstatistic": Task(
        FstatisticParameters,
        fstatistic,
        ("infile", "colname", "rows"),
        prints=True,
        example=f"{samples.LIGHT_CURVE}+1 RATE",
    ),
    "ftstat": Task(
        FtstatParameters, ftstat, ("infile",), prints=True, example=f"'{samples.LIGHT_CURVE}[1][col RATE;ERROR]'"
    ),
}
