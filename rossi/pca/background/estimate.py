"""The model background of Standard2 data (the FTOOLS task ``pcabackest``).

The counts of each row, spectrum and channel are the sum of a model's components; where a component lies on its axes
follows from the counters of the row, the filter file, and the history of SAA passages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.extract.array import adjacent
from rossi.fits.reader import FitsFile
from rossi.fits.structure import Structure
from rossi.fits.table import Table
from rossi.met import DAY, split_keyword
from rossi.pca.background.channels import N_ELEMENT, drifted
from rossi.pca.background.interpolation import places_on, spectra_at
from rossi.pca.background.intervals import Intervals
from rossi.pca.background.model import BackgroundModel, Component, ModelType
from rossi.pca.background.parameters import ParameterSource
from rossi.pca.background.product import Background, BackgroundLayout
from rossi.pca.standard2 import PCUS, spectrum_columns

Singles = NDArray[np.float32]

_XENON = re.compile(r"X[123][LR]SpecPcu[0-4]")
_PROPANE = re.compile(r"VpSpecPcu[0-4]")


@dataclass(frozen=True, slots=True)
class BackgroundOptions:
    """How to estimate the background.

    Parameters
    ----------
    model_type : ModelType
        Which components count.
    interval : float or None [s]
        Length of the background's rows; None is that of the data.
    layers : bool
        Whether each anode keeps its own spectrum; else a PCU has one of its six.
    full_spectrum : bool
        Whether spectra have 256 channels instead of 129 elements.
    interpolate : bool
        Whether to interpolate between the model's midpoints.
    propane : bool
        Whether propane spectra are made too.
    time_slop : float [s]
        By how much the data may begin before the filter file, and end after it.
    """

    model_type: ModelType = ModelType.BOTH
    interval: float | None = None
    layers: bool = True
    full_spectrum: bool = False
    interpolate: bool = True
    propane: bool = False
    time_slop: float = 128.0

    def __post_init__(self) -> None:
        if self.interval is not None and not 0 < self.interval < np.inf:
            raise ConfigError(f"interval is {self.interval:g} s; give the length of the background's rows, such as 16.")


def estimate_background(
    file: FitsFile,
    filter_file: FitsFile | None,
    models: Sequence[BackgroundModel],
    saa: FitsFile | None = None,
    options: BackgroundOptions | None = None,
) -> Background:
    """Estimate the background of a Standard2 file.

    Parameters
    ----------
    file : FitsFile
        Standard2 data; PCUs that are off get a background too.
    filter_file : FitsFile or None
        With table XTE_MKF. None is possible for models that need nothing of it.
    models : sequence of BackgroundModel
        Their components are added in this order.
    saa : FitsFile, optional
        History of SAA passages, for models with activation.
    options : BackgroundOptions, optional

    Raises
    ------
    DataError
        If the data are no Standard2, the filter file does not cover them, no model or SAA history is valid at their
        time, or a parameter of the model is not known.
    """
    options = options or BackgroundOptions()
    data = file.table(hdu=1)
    _check_data(data)
    filter_rows = None if filter_file is None else filter_file.table("XTE_MKF")
    if filter_rows is not None:
        _check_coverage(data, filter_rows, options.time_slop)
    mjd = observation_mjd(data)
    columns = _spectra(data.structure, options.propane)
    used = [(model, _of_type(model.valid(mjd), options.model_type)) for model in models]
    source = ParameterSource(data, filter_rows, saa, mjd)
    length = data.header.number("DELTAT", data.where)
    intervals = Intervals(len(data), length, length if options.interval is None else options.interval)
    components = [component for _, found in used for component in found]
    spectra = _sum(data, columns, components, source, intervals, options.interpolate)
    inputs = {
        "Filter file": "none" if filter_file is None else filter_file.name,
        "SAA history": "none" if saa is None else saa.name,
        **{f"Model {model.name}": f"HDUs {_ranges([c.hdu for c in found])}" for model, found in used},
    }
    layout = BackgroundLayout(options.layers, options.full_spectrum, intervals.interval)
    return Background(file, intervals.times(source.time), spectra, layout, inputs)


@lru_cache(maxsize=64)
def _spectra(columns: Structure, propane: bool) -> tuple[str, ...]:
    names = (info.name for info in columns.infos.values())
    return tuple(name for name in names if _XENON.fullmatch(name) or (propane and _PROPANE.fullmatch(name)))


def observation_mjd(data: Table) -> float:
    """Return the time that decides which models are valid: MJDREF + TSTART, without TIMEZERO.

    Parameters
    ----------
    data : Table

    Returns
    -------
    float [MJD]
    """
    reference = split_keyword(data.header, "MJDREF", data.where)
    return reference + split_keyword(data.header, "TSTART", data.where) / DAY


def _check_data(data: Table) -> None:
    mode = str(data.header.get("DATAMODE", ""))
    if not mode.startswith("Standard2"):
        raise DataError(f"{data.where}: DATAMODE is {mode!r}; the background model is made for Standard2 data.")
    for pcu in PCUS:
        for name in spectrum_columns(pcu):
            data.info(name)  # says what is missing


def _check_coverage(data: Table, filter_rows: Table, slop: float) -> None:
    spans = [
        (split_keyword(table.header, "TSTART", table.where), split_keyword(table.header, "TSTOP", table.where))
        for table in (data, filter_rows)
    ]
    (start, stop), (first, last) = spans
    if start < first - slop or stop > last + slop:
        raise DataError(
            f"{filter_rows.where}: the filter file covers {first:.3f} to {last:.3f}, the data of {data.where} last "
            f"from {start:.3f} to {stop:.3f}; more than {slop:g} s are missing; give the filter file of these data."
        )


def _of_type(components: Sequence[Component], kind: ModelType) -> tuple[Component, ...]:
    if kind is ModelType.BOTH:
        return tuple(components)
    return tuple(component for component in components if component.source == kind.value)


def _sum(
    data: Table,
    columns: Sequence[str],
    components: Sequence[Component],
    source: ParameterSource,
    intervals: Intervals,
    interpolate: bool,
) -> dict[str, Singles]:
    """Return the spectra of each column (n_out, n_channel): components are added in order, in single precision."""
    alike: dict[int, list[str]] = defaultdict(list)  # columns of as many channels lie in one array
    for name in columns:
        alike[data.info(name).repeat].append(name)
    totals = {n: np.empty((len(names), intervals.n_out, n), np.float32) for n, names in alike.items()}
    for name in set(columns) - {component.spectrum for component in components}:
        totals[data.info(name).repeat][alike[data.info(name).repeat].index(name)] = 0.0
    for group in groups(tuple(components), tuple(columns)):
        _check_channels(group.components, data)
        first, n_channel = group.components[0], group.cells.shape[-1]
        at = adjacent(np.array([alike[n_channel].index(component.spectrum) for component in group.components]))
        values = [source.value(axis, first.pcu, first.where) for axis in first.axes]
        places = places_on(first.axes, values, len(source.time), interpolate)
        for rows in intervals.blocks():
            counts = intervals.counts(spectra_at(group.cells, places[rows]))
            if first.drift is not None and n_channel == N_ELEMENT:
                counts = drifted(counts, (source.mjd - first.drift.zero) * first.drift.slope)
            if group.is_first:  # there is nothing yet to add it to, not even zeros, which take as long to write
                totals[n_channel][at, rows] = counts
            else:
                totals[n_channel][at, rows] += counts
    found = {name: part for n, names in alike.items() for name, part in zip(names, totals[n], strict=True)}
    return {name: found[name] for name in columns}


def _check_channels(group: Sequence[Component], data: Table) -> None:
    for component in group:
        expected, found = data.info(component.spectrum).repeat, component.cells.shape[1]
        if found != expected:
            raise DataError(
                f"{component.where}: the model has {found} channels, column {component.spectrum} of {data.where} has "
                f"{expected}; give a model made for this data mode."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Components that are looked up alike.

    Parameters
    ----------
    components : tuple of Component
    cells : ndarray (n_component, n_cell, n_channel) of float32 [count / s]
        Theirs.
    is_first : bool
        Whether they are the first ones of their spectra.
    """

    components: tuple[Component, ...]
    cells: Singles
    is_first: bool


@lru_cache(maxsize=4)
def groups(components: tuple[Component, ...], columns: tuple[str, ...]) -> tuple[Group, ...]:
    """Group components that are looked up alike, such that each spectrum's components stay in order.

    Components of other columns are left out.

    Parameters
    ----------
    components : tuple of Component
    columns : tuple of str
        The columns that are made.
    """
    found: dict[tuple[Any, ...], list[Component]] = defaultdict(list)
    number: dict[str, int] = defaultdict(int)
    for component in components:
        if component.spectrum in columns:
            rank = number[component.spectrum]
            number[component.spectrum] += 1
            found[rank, component.axes, component.pcu, component.drift, component.cells.shape].append(component)
    ordered = sorted(((rank, group) for (rank, *_), group in found.items()), key=lambda item: item[0])
    return tuple(Group(tuple(group), np.stack([one.cells for one in group]), not rank) for rank, group in ordered)


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as text, runs of them as first-last."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs) or "none"
