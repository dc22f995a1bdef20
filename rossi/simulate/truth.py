"""What is true of a simulated archive: what a reduction should find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from rossi.energy import built_in
from rossi.energy.folding import AbsorbedPowerLaw
from rossi.met import met_to_mjd
from rossi.simulate import attitude, clock, detector, orbit
from rossi.simulate.fast.truth import TrueFast, true_fast
from rossi.simulate.hexte import TrueCluster, true_clusters
from rossi.simulate.source import LongTerm, background_rates, elements, source_rates
from rossi.simulate.spec import ROW, ObservationSpec
from rossi.simulate.spectrum import energy_flux
from rossi.simulate.targets import Target

#: Raised when equal arguments give other files.
VERSION = 6
#: The channels of the recipe's light curve.
BAND = (5, 10)
FILE_NAME = "truth.json"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rates(_Model):
    """True rates per PCU, free of dead time, all layers [count / s / PCU].

    Parameters
    ----------
    source, background : tuple of float
        PCU 0 to 4; the background is the mean over the good time (over all rows where there is none).
    """

    source: tuple[float, ...]
    background: tuple[float, ...]


class TrueSpectrum(_Model):
    """Photons of the source: ``norm E**-photon_index exp(-nh sigma(E))``, sigma of Morrison & McCammon (1983).

    Parameters
    ----------
    nh : float [1e22 / cm2]
    photon_index : float
    norm : float [photon / cm2 / s / keV]
        At 1 keV, without absorption.
    flux : float [erg / cm2 / s]
        From 2 to 10 keV, as it arrives (absorbed).
    """

    nh: float
    photon_index: float
    norm: float
    flux: float


class PcuSchedule(_Model):
    """An interval in which a PCU is on, spacecraft clock [s], cut at the observation's ends."""

    pcu: int
    on: int
    off: int


class TrueObservation(_Model):
    """Truth of one observation.

    Parameters
    ----------
    obsid, path, target : str
        The path is relative to the archive's root.
    start, stop : int
        First start and last end of a Standard2 row, spacecraft clock [s].
    mjd : float
        Middle, TT.
    epoch : int
        Gain epoch.
    spectrum : TrueSpectrum
        Of all energies: PCA and HEXTE, every channel and layer, are folded from it.
    pcus : tuple of PcuSchedule
    band, whole : Rates
        In channels 5 to 10 (the Standard2 elements that overlap them) and in all.
    files : int
        Standard2 files.
    good_time : float
        Standard2 rows with ELV > 4 deg, OFFSET < 0.1 deg and a PCU on in their middle [s]. A reduction has
        a little less, because rows at the ends of files and near a PCU's transitions are dropped.
    hexte : tuple of TrueCluster
        Clusters A and B.
    fast : TrueFast or None
        Where there are data beside the standard configurations.
    """

    obsid: str
    path: str
    target: str
    start: int
    stop: int
    mjd: float
    epoch: int
    spectrum: TrueSpectrum
    pcus: tuple[PcuSchedule, ...]
    band: Rates
    whole: Rates
    files: int
    good_time: float
    hexte: tuple[TrueCluster, ...]
    fast: TrueFast | None = None


class TrueSource(_Model):
    """Truth of one source of an archive of several.

    Parameters
    ----------
    names : tuple of str
        As its observations spell it, by turns.
    ra, dec : float [deg]
    long_term : mapping
        Its flux over years.
    """

    names: tuple[str, ...]
    ra: float
    dec: float
    long_term: dict[str, Any]


class Truth(_Model):
    """Truth of a whole archive; stands beside it as ``truth.json``.

    Parameters
    ----------
    version, seed : int
    energies : str
        Energy-to-channel table by which the PCA's channels were made.
    target, ra, dec, long_term
        Of the first observation's source.
    observations : tuple of TrueObservation
    sources : tuple of TrueSource
        Where there are several: observation number n is of number n modulo how many there are.
    """

    version: int = VERSION
    seed: int
    energies: str = built_in.NAME
    target: str
    ra: float
    dec: float
    long_term: dict[str, Any]
    observations: tuple[TrueObservation, ...]
    sources: tuple[TrueSource, ...] = ()


def good_rows(spec: ObservationSpec, time: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows are good by the usual recipe, judged in their middle.

    Parameters
    ----------
    spec : ObservationSpec
    time : ndarray (n,) [s]
        Starts of the rows.

    Returns
    -------
    ndarray (n,) of bool
    """
    middle = time + ROW / 2
    high = orbit.elevation(middle, attitude.boresight(spec, middle)) > 4.0
    return np.asarray(high & (attitude.offset(spec, middle) < 0.1) & detector.pcu_on(spec, time).any(-1))


def true_spectrum(spectrum: AbsorbedPowerLaw) -> TrueSpectrum:
    """Return the truth of a photon spectrum.

    Parameters
    ----------
    spectrum : AbsorbedPowerLaw
    """
    flux = float(f"{energy_flux(spectrum):.6e}")
    return TrueSpectrum(nh=spectrum.nh, photon_index=spectrum.index, norm=spectrum.norm, flux=flux)


def _rates(spec: ObservationSpec, level: float, band: slice) -> Rates:
    source = source_rates(spec.start, spec.spectrum)[..., band].sum((1, 2))
    background = background_rates(spec.start)[..., band].sum((1, 2)) * level
    return Rates(source=tuple(source.round(6).tolist()), background=tuple(background.round(6).tolist()))


def true_observation(spec: ObservationSpec) -> TrueObservation:
    """Return the truth of an observation.

    Parameters
    ----------
    spec : ObservationSpec
    """
    time = detector.row_times(spec)
    good = good_rows(spec, time)
    level = detector.particle_level((time[good] if good.any() else time) + ROW / 2)
    mean = float(level.mean()) if len(level) else 1.0
    schedule = [
        PcuSchedule(pcu=p.pcu, on=max(spec.start + p.on, spec.start), off=min(spec.start + p.off, spec.stop))
        for p in spec.pcus
    ]
    start, stop = (int(time[0]), int(time[-1]) + ROW) if len(time) else (spec.start, spec.stop)
    zero, files = clock.timezero(spec.start), len(detector.segments(time))
    return TrueObservation(
        obsid=str(spec.obsid),
        path=spec.obsid.path,
        target=spec.target,
        start=start,
        stop=stop,
        mjd=round(float(met_to_mjd((start + stop) / 2 + zero)), 6),
        epoch=clock.epoch(spec.start),
        spectrum=true_spectrum(spec.spectrum),
        pcus=tuple(p for p in schedule if p.on < p.off),
        band=_rates(spec, mean, elements(*BAND)),
        whole=_rates(spec, mean, slice(None)),
        files=files,
        good_time=float(ROW * good.sum()),
        hexte=true_clusters(spec, mean, files),
        fast=None if spec.fast is None else true_fast(spec, spec.fast),
    )


def true_sources(every: Sequence[Target], models: Sequence[LongTerm]) -> tuple[TrueSource, ...]:
    """Return the truth of sources.

    Parameters
    ----------
    every : sequence of Target
    models : sequence of LongTerm
        Of the same sources.
    """
    return tuple(
        TrueSource(names=one.names, ra=one.ra, dec=one.dec, long_term=asdict(model))
        for one, model in zip(every, models, strict=True)
    )


def truth(seed: int, specs: list[ObservationSpec], model: LongTerm, sources: tuple[TrueSource, ...] = ()) -> Truth:
    """Return the truth of an archive.

    Parameters
    ----------
    seed : int
    specs : list of ObservationSpec
        At least one.
    model : LongTerm
    sources : tuple of TrueSource
    """
    first = specs[0]
    return Truth(
        seed=seed,
        target=first.target,
        ra=first.ra,
        dec=first.dec,
        long_term=asdict(model),
        observations=tuple(true_observation(spec) for spec in specs),
        sources=sources,
    )
