"""What is true of simulated fast data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from rossi.simulate.signals import FastSpec
from rossi.simulate.spec import ObservationSpec


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TruePulse(_Model):
    """A pulse: cos(2 pi (t - epoch) / period) times `fraction` around the mean, t at the barycentre, MET (TDB) [s]."""

    period: float
    epoch: float
    fraction: float


class TrueQpo(_Model):
    """A QPO: centre and full width at half maximum of its Lorentzian [Hz], rms over the mean of the source's light."""

    frequency: float
    width: float
    rms: float


class TrueBurst(_Model):
    """A burst: begin, spacecraft clock [s]; length of the rise, e-folding time of the decay [s]; peak over mean."""

    start: float
    rise: float
    decay: float
    peak: float


class TrueFast(_Model):
    """Truth of an observation's fast data.

    Parameters
    ----------
    configurations : str
        Name of the set, see `rossi.simulate.Configurations`.
    pulse : TruePulse or None
    qpo : TrueQpo or None
    bursts : tuple of TrueBurst
        Those that begin while the source is observed, as scheduled: the Earth or a gap may hide one.
    """

    configurations: str
    pulse: TruePulse | None = None
    qpo: TrueQpo | None = None
    bursts: tuple[TrueBurst, ...] = ()


def true_fast(spec: ObservationSpec, fast: FastSpec) -> TrueFast:
    """Return the truth of an observation's fast data.

    Parameters
    ----------
    spec : ObservationSpec
    fast : FastSpec
    """
    named: dict[str, Any] = {
        "pulse": asdict(fast.pulse) if fast.pulse else None,
        "qpo": asdict(fast.qpo) if fast.qpo else None,
    }
    bursts = tuple(
        TrueBurst(start=spec.start + one.at, rise=one.rise, decay=one.decay, peak=one.peak)
        for one in fast.bursts
        if one.at < spec.duration
    )
    return TrueFast(configurations=str(fast.configurations), bursts=bursts, **named)
