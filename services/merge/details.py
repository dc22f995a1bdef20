"""What a report tells of one observation beyond its light curves: spectra, good time, where everything came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rossi import gti
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.hexte.contamination import absolute_channels
from rossi.hexte.rocking import Position
from rossi.product import About, Content
from rossi.spectra.pha import Spectrum, exposure_unit, read_pha
from services.calibration.config import Role
from services.contract import File, Manifest
from services.merge.energies_shown import in_kev
from services.merge.spectra import SpectrumSet

_ROLES = frozenset(Role)
#: Channels that a small figure shows; neighbours are joined.
_CHANNELS = 130
_KINDS = ("source", "background", "net")
#: Digits of a calibration file's sha256 that tell it from any other one.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a stage's products came about: its manifest in short.

    Parameters
    ----------
    fingerprint, created : str
    seconds : float
    inputs, size : int
        How many files were read, and their bytes.
    calibration : tuple of (role, name, first digits of the sha256)
    versions, config : mapping
    engine : str
        Who computed.
    """

    fingerprint: str
    created: str
    seconds: float
    inputs: int
    size: int
    calibration: tuple[tuple[str, str, str], ...]
    versions: dict[str, str]
    config: dict[str, Any]
    engine: str = ""

    @classmethod
    def of(cls, manifest: Manifest) -> Provenance:
        """Return what a manifest says, without its list of inputs."""
        calibration = (
            (record.input, record.path, record.identity.removeprefix("sha256:")[:_DIGITS])
            for record in manifest.inputs
            if record.input in _ROLES
        )
        return cls(
            manifest.fingerprint,
            manifest.created,
            manifest.seconds,
            len(manifest.inputs),
            sum(record.size for record in manifest.inputs),
            tuple(dict.fromkeys(calibration)),
            manifest.versions,
            manifest.config,
            str(manifest.engine or ""),
        )


@dataclass(frozen=True, slots=True)
class ShownSpectrum:
    """A spectrum fit for drawing.

    Parameters
    ----------
    label : str
        Instrument, and cluster of HEXTE.
    kind : str
        ``source`` (with the background in it), ``background`` or ``net``.
    exposure : float
    unit : str
        Of the exposure: s, or PCU s; the rates are then of a PCU.
    total : float [count / s]
    edges : ndarray (n + 1,) [keV]
        Nominal, see `services.merge.energies_shown`.
    rate : ndarray (n,) [count / s / keV]
    """

    label: str
    kind: str
    exposure: float
    unit: str
    total: float
    edges: Floats
    rate: Floats


@dataclass(slots=True)
class Details:
    """What was found of one observation.

    Parameters
    ----------
    spectra : list of ShownSpectrum
    good_time : dict of instrument to ndarray (n, 2) [s], MET
    problems : list of str
    """

    spectra: list[ShownSpectrum] = field(default_factory=list)
    good_time: dict[str, Floats] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def noted(sets: Iterable[SpectrumSet], details: dict[str, Details]) -> Iterator[SpectrumSet]:
    """Note what a report shows of spectra and good time, and hand on those sets that are summed.

    Parameters
    ----------
    sets : iterable of SpectrumSet
        One at a time is in memory.
    details : dict of ObsID to Details
        Filled as the sets go by; a few kB each.
    """
    for one in sets:
        _note(one, details.setdefault(one.obsid, Details()))
        if one.summed:
            yield one


def _note(one: SpectrumSet, details: Details) -> None:
    if one.problem:
        details.problems.append(one.problem)
    for file in one.files:
        about = file.about
        if about.position not in (Position.PLUS, Position.MINUS):
            label = f"{about.instrument} {about.cluster}".strip()
            try:
                details.spectra.append(_spectrum(file, label, about))
            except DataError as error:
                details.problems.append(str(error))
    details.spectra += net_spectra(details.spectra)
    details.spectra.sort(key=lambda s: ("HEXTE" in s.label, s.label, _KINDS.index(s.kind)))
    for file in one.good_time:
        try:
            details.good_time[file.about.instrument] = gti.from_table(open_fits(file.data, file.name).tables[0])
        except (DataError, IndexError) as error:
            details.problems.append(str(error) or f"{file.name}: there is no table of good time.")


def _spectrum(file: File, label: str, about: About) -> ShownSpectrum:
    pha = read_pha(open_fits(file.data, file.name))
    channels, rate = channel_rates(pha)
    width, edges = np.diff(channels), in_kev(about.instrument, channels, pha.header.get("TSTART"))
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(np.diff(edges) > 0, rate * width / np.diff(edges), np.nan)
    kind = "background" if about.content is Content.BACKGROUND else "source"
    return ShownSpectrum(
        label, kind, pha.exposure, exposure_unit(pha.header), float(np.nansum(rate * width)), edges, density
    )


def net_spectra(spectra: Iterable[ShownSpectrum]) -> list[ShownSpectrum]:
    """Return source minus background of each detector that has both, in the same channels, and not the difference.

    Parameters
    ----------
    spectra : iterable of ShownSpectrum
    """
    found: dict[str, dict[str, ShownSpectrum]] = {}
    for one in spectra:
        found.setdefault(one.label, {})[one.kind] = one
    return [
        ShownSpectrum(
            label,
            "net",
            each["source"].exposure,
            each["source"].unit,
            each["source"].total - each["background"].total,
            each["source"].edges,
            each["source"].rate - each["background"].rate,
        )
        for label, each in found.items()
        if each.keys() == {"source", "background"} and np.array_equal(each["source"].edges, each["background"].edges)
    ]


def channel_rates(pha: Spectrum, most: int = _CHANNELS) -> tuple[Floats, Floats]:
    """Return the edges [channel] and rates [count / s / channel] of a spectrum, neighbours joined to at most `most`.

    Raises
    ------
    DataError
        If it has counts but no exposure.
    """
    if pha.quantity == "COUNTS":
        pha.require_exposure()
    per_second = pha.value / (pha.exposure if pha.quantity == "COUNTS" else 1.0)
    bounds = absolute_channels(pha).astype(np.float64)
    starts = np.arange(0, len(pha), max(1, -(-len(pha) // most)))
    if not len(starts):
        return np.zeros(1), np.empty(0)
    edges = np.append(bounds[starts, 0], bounds[-1, 1] + 1)
    return edges, np.add.reduceat(np.nan_to_num(per_second), starts) / np.maximum(np.diff(edges), 1.0)
