"""PCA light curves from prepared Standard1 data (the FTOOLS task ``pcaextlc1``): all channels, bins from 0.125 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from rossi.errors import ConfigError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import Mode
from rossi.extract.selection import TimeSelection, select_samples
from rossi.pca.lightcurve import DeadTime, PcaLightCurve, Request, bin_exposure, pca_light_curve, per_pcu
from rossi.pca.standard2 import parse_layers


@dataclass(frozen=True, slots=True)
class Standard1Request(Request):
    """What to extract from Standard1 data, which have neither channels nor layers.

    Parameters
    ----------
    pcus : tuple of int
    binsz : float [s]
        A multiple of 0.125.
    """

    SAMPLE: ClassVar[float] = 0.125

    anodes: tuple[str, ...] = ()
    channels: ChannelSelection = field(default_factory=ChannelSelection)

    def __post_init__(self) -> None:
        Request.__post_init__(self)
        if self.anodes or self.channels != ChannelSelection():
            raise ConfigError("Standard1 data have neither channels nor layers; use Standard2 to select them.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose counts are added up."""
        return tuple(f"XeCntPcu{pcu}" for pcu in self.pcus)


def standard1_light_curve(
    data: Sequence[ScienceArray],
    background: Sequence[ScienceArray] | None,
    time: TimeSelection,
    request: Standard1Request,
) -> PcaLightCurve:
    """Extract a light curve.

    Parameters
    ----------
    data : sequence of ScienceArray
        Prepared Standard1 files.
    background : sequence of ScienceArray or None
        Prepared background files of the Standard2 data of the same time. The rate per PCU of all their good rows, in
        good time or not, is interpolated linearly to the middle of each bin, and held beyond the first and last one.
    time : TimeSelection
    request : Standard1Request

    Raises
    ------
    NoGoodTime
        If no sample starts in good time, or no row of the background counts.
    DataError
        If the files are not prepared (no LiveTimePcuN columns).
    ConfigError
        If there is background, but no dead-time correction.
    """
    if background is not None and request.dead_time == DeadTime.NONE:
        raise ConfigError("deadcorrtype is NONE, but the background is a rate per PCU; extract without background.")
    grid = select_samples(data, request.columns[0], request.binsz, time)
    source = per_pcu(grid, request, None if request.dead_time == DeadTime.NONE else bin_exposure(grid, request))
    return source if background is None else _net(source, background, request)


def _net(source: PcaLightCurve, background: Sequence[ScienceArray], request: Standard1Request) -> PcaLightCurve:
    rows = Request(request.pcus, parse_layers("ALL"), ChannelSelection(), dead_time=request.dead_time)
    model = pca_light_curve(background, None, TimeSelection(), rows).curve
    good = np.isfinite(model.value)
    if not good.any():
        raise NoGoodTime(f"{background[0].name}: no background row of the chosen PCUs is good.")
    assert source.exposure is not None  # there is dead-time correction
    curve = source.curve
    middle, at = curve.time + request.binsz / 2, model.time[good] + rows.binsz / 2
    value, error = (np.interp(middle, at, values[good]) for values in (model.value, model.error))
    if request.mode == Mode.SUM:
        value, error = value * source.exposure, error * source.exposure
    if request.subtract:
        curve = replace(curve, value=curve.value - value, error=np.sqrt(curve.error**2 + error**2))
    return replace(source, curve=curve, background=value, background_error=error)
