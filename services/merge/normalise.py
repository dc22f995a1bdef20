"""Rates of the PCA in units of the Crab, bin by bin: what the Crab would give in the PCUs that were on, on that day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rossi.arrays import Floats
from rossi.energy.crab import crab_rate
from rossi.energy.epochs import epoch_of
from rossi.energy.layers import ALL_XENON, CODES
from rossi.facts import some_of
from rossi.met import met_to_mjd
from rossi.product import About
from rossi.timeseries import units
from rossi.timeseries.series import OF_PCU, LightCurve
from services.contract import Caveat
from services.merge.config import CrabRate
from services.merge.observations import Observation

#: Code of the caveat on curves that stay as they are.
NOT_NORMALISED = "not_normalised"
_XENON = 6
#: ObsIDs that a caveat names.
_NAMED = 3


class _Unknown(Exception):
    """Why the Crab's rate is not known."""


@dataclass(frozen=True, slots=True)
class _Channels:
    """What a PCU counts in a curve."""

    pcu: int
    first: int
    last: int


def in_crabs(
    observations: Sequence[Observation], table: Sequence[CrabRate] = ()
) -> tuple[tuple[Observation, ...], list[Caveat]]:
    """Return observations whose curves of the PCA are in units of the Crab, and what stays as it is.

    The Crab's rate in a bin is the mean over the PCUs that were on, weighted with their exposure; a column CRAB has it.

    Parameters
    ----------
    observations : sequence of Observation
    table : sequence of CrabRate
        Rates to take; those that it does not name are calculated: see `rossi.energy.crab`.
    """
    given = {(one.band, one.epoch, one.pcu): one.rate for one in table}
    made, left = [], defaultdict[tuple[str, str], list[str]](list)
    for one in observations:
        curves = dict(one.curves)
        for band, curve in one.curves.items():
            try:
                curves[band] = _normalised(curve, band, one.abouts[band], given)
            except _Unknown as why:
                left[band, str(why)].append(one.obsid)
        made.append(replace(one, curves=curves))
    return tuple(made), [_left(band, why, obsids) for (band, why), obsids in left.items()]


def _left(band: str, why: str, obsids: Sequence[str]) -> Caveat:
    text = f"{band}: not in units of the Crab, {why}: {some_of(obsids, _NAMED)}."
    return Caveat(code=NOT_NORMALISED, message=text)


def _normalised(
    curve: LightCurve, band: str, about: About, given: Mapping[tuple[str, int, int | None], float]
) -> LightCurve:
    if curve.text("INSTRUME").upper() != "PCA":
        raise _Unknown("which is done for the PCA alone")
    if curve.rate_unit != units.PER_PCU:
        raise _Unknown(f"as the rates are in {curve.rate_unit}, not of a PCU")
    shares = _shares(curve, about)
    if not len(curve):
        crab: Floats = np.empty(0)
    else:
        rates = _rates(curve, band, about, list(shares), given)
        total = np.sum(list(shares.values()), axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            crab = np.sum([shares[pcu] * rate for pcu, rate in rates.items()], axis=0) / total
    extra = {name: values for name, values in curve.extra.items() if name not in OF_PCU}
    extra |= {name: extra[name] / crab for name in ("BACKV", "BACKE") if name in extra}
    made = replace(curve, rate=curve.rate / crab, error=curve.error / crab, extra=extra | {"CRAB": crab})
    return replace(made, unit=units.CRAB)


def _shares(curve: LightCurve, about: About) -> dict[int, Floats]:
    """Return the exposure of each PCU in each bin (n,) [s]."""
    found = {n: np.nan_to_num(curve.extra[name]) for n, name in enumerate(OF_PCU) if name in curve.extra}
    if found:
        return found
    if len(about.pcus) != 1:
        raise _Unknown("as it is not told which PCUs were on; give the band in keV, or set per_pcu in [pca_extract]")
    return {about.pcus[0]: curve.exposure}


def _rates(
    curve: LightCurve,
    band: str,
    about: About,
    pcus: Iterable[int],
    given: Mapping[tuple[str, int, int | None], float],
) -> dict[int, float]:
    """Return the Crab's rate in each PCU [count / s]."""
    mjd, layers = float(met_to_mjd(curve.middles.mean())), _layers(curve)
    epoch, found = epoch_of(mjd), {}
    for pcu in pcus:
        told = given.get((band, epoch, pcu), given.get((band, epoch, None)))
        if told is None:
            channels = _channels(about, pcu)
            told = crab_rate(pcu, mjd, channels.first, channels.last, layers)
        found[pcu] = told
    return found


def _channels(about: About, pcu: int) -> _Channels:
    if about.channels is not None:
        return _Channels(pcu, *about.channels)
    edges = () if about.energies is None else about.energies.of(f"PCU{pcu}").edges
    if not edges:
        raise _Unknown("as it is not told which channels are counted")
    return _Channels(pcu, edges[0].first, edges[0].last)


def _layers(curve: LightCurve) -> tuple[int, ...]:
    """Return the groups of anodes that are counted, as responses call them: ROWIDn is X1LSpecPcu0 and the like."""
    names = {value[1:3] for key in curve.header if key.startswith("ROWID") and (value := curve.text(key))[:1] == "X"}
    codes = {name: CODES.get(name[::-1]) for name in names}  # X1L is L1
    if len(codes) in (0, _XENON) or None in codes.values():
        return (ALL_XENON,)
    return tuple(sorted(code for code in codes.values() if code is not None))
