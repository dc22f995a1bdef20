"""How bright the source is within an observation, over its mean: pulse, QPO, bursts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.simulate import clock
from rossi.simulate.path import barycentric_delay
from rossi.simulate.signals import Burst, FastSpec, Pulse, Qpo
from rossi.simulate.spec import ROW, ObservationSpec

Light = NDArray[np.float64]

#: Step of the light curve that photons are drawn from [s].
STEP = 2.0**-12
_STEPS = int(ROW / STEP)


def pulse_light(spec: ObservationSpec, pulse: Pulse, time: Light) -> Light:
    """Return the light of a pulse over its mean.

    Parameters
    ----------
    spec : ObservationSpec
    pulse : Pulse
    time : ndarray (n,) [s]
        Spacecraft clock.

    Returns
    -------
    ndarray (n,)
    """
    zero = clock.timezero(spec.start)
    there = (time - pulse.epoch) + zero + barycentric_delay(time, spec.ra, spec.dec, zero)
    return np.asarray(1.0 + pulse.fraction * np.cos(2 * np.pi / pulse.period * (there % pulse.period)))


def qpo_light(qpo: Qpo, rng: np.random.Generator) -> Light:
    """Draw the light of a QPO over its mean, in the steps of one row: normal noise with a Lorentzian spectrum.

    Rows are independent; a QPO has forgotten its phase after a fraction of a second anyway.

    Parameters
    ----------
    qpo : Qpo
    rng : Generator

    Returns
    -------
    ndarray (n_step,)
    """
    frequency = np.fft.rfftfreq(_STEPS, STEP)
    power = 1.0 / (1.0 + ((frequency - qpo.frequency) / (qpo.width / 2)) ** 2)
    power[0] = 0.0
    power *= qpo.rms**2 / power.sum()
    amplitude = np.sqrt(power) / 2 * (rng.standard_normal((2, len(power))).T @ np.array([1.0, 1.0j]))
    return np.asarray(np.maximum(1.0 + np.fft.irfft(amplitude, _STEPS) * _STEPS, 0.0))


def burst_light(burst: Burst, since: Light) -> Light:
    """Return the light that a burst adds, over the mean light without it.

    Parameters
    ----------
    burst : Burst
    since : ndarray (...) [s]
        From the observation's start.

    Returns
    -------
    ndarray (...)
    """
    after = np.asarray(since) - burst.at
    falling = np.exp(-np.maximum(after - burst.rise, 0.0) / burst.decay)
    return np.asarray(burst.peak * np.clip(after / burst.rise, 0.0, 1.0) * falling)


def row_light(spec: ObservationSpec, fast: FastSpec, start: float, rng: np.random.Generator) -> Light:
    """Draw the light of the source in the steps of a row, over its mean without bursts.

    Parameters
    ----------
    spec : ObservationSpec
    fast : FastSpec
    start : float [s]
        Of the row, spacecraft clock.
    rng : Generator

    Returns
    -------
    ndarray (n_step,)
    """
    time: Light = start + STEP * (np.arange(_STEPS, dtype=np.float64) + 0.5)
    light = np.ones(_STEPS)
    if fast.pulse is not None:
        light *= pulse_light(spec, fast.pulse, time)
    if fast.qpo is not None:
        light *= qpo_light(fast.qpo, rng)
    for burst in fast.bursts:
        light += burst_light(burst, time - spec.start)
    return light


def mean_light(spec: ObservationSpec, time: Light) -> Light:
    """Return the mean light of the source in rows, over that without bursts: 1 but for them.

    Parameters
    ----------
    spec : ObservationSpec
    time : ndarray (n,) [s]
        Starts of the rows.

    Returns
    -------
    ndarray (n,)
    """
    light, within = np.ones(len(time)), 64 * STEP * (np.arange(_STEPS // 64) + 0.5)
    for burst in spec.fast.bursts if spec.fast is not None else ():
        light += burst_light(burst, time[:, None] - spec.start + within).mean(axis=1)
    return light
