"""The recipe of an observation's power spectra, once: one a band, in the same good time as all fast data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from rossi import gti as intervals
from rossi.arrays import Floats
from rossi.errors import NoGoodTime
from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.fits.header import Header
from rossi.gti import Gti
from rossi.pca.lightcurve import DeadTime, Request, pca_light_curve
from rossi.pca.standard2 import PCUS, parse_layers
from rossi.product import About, File, Kind
from rossi.timing.average import MeanPower, average, mean_powers
from rossi.timing.choice import Choice
from rossi.timing.fastcurve import FastLightCurve
from rossi.timing.observation import FastData, Made, choices_of, say_lost
from rossi.timing.pieces import Lost, fast_pieces
from rossi.timing.power import noise_level
from rossi.timing.power_product import PowerRules, PowerSpectrum


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """What is asked for of power spectra.

    Parameters
    ----------
    bands : mapping of str to (int, int)
        Absolute channels by name.
    binsz, segment : float [s]
    pcus : tuple of int
    noise_above : float [Hz]
        The noise level is shifted to the mean power above; 0: not at all.
    rules : PowerRules
    """

    bands: Mapping[str, tuple[int, int]]
    binsz: float
    segment: float
    pcus: tuple[int, ...] = PCUS
    noise_above: float = 0.0
    rules: PowerRules = field(default_factory=PowerRules)


@dataclass
class _Watched:
    """Pieces of a light curve that pass by, and what is remembered of them."""

    segment: float
    gti: list[Gti] = field(default_factory=list)
    header: Header | None = None
    said: Made = field(default_factory=Made)

    def through(self, pieces: Iterable[FastLightCurve]) -> Iterator[FastLightCurve]:
        for piece in pieces:
            self.gti.append(piece.gti[np.diff(piece.gti)[:, 0] > self.segment * (1 - 1e-9)])
            self.header = self.header or piece.header
            self.said.remarks += piece.remarks
            yield piece


def power_spectra(data: FastData, request: PowerRequest, made: Made) -> dict[str, PowerSpectrum]:
    """Make the power spectrum of each band; modes that follow each other are averaged if they hold the same channels.

    Parameters
    ----------
    data : FastData
    request : PowerRequest
    made : Made
        Gets files, and what is to be known.

    Returns
    -------
    dict of str to PowerSpectrum
    """
    found = {}
    for name, choices in choices_of(data, request.bands, request.binsz, request.pcus, made).items():
        spectrum = _of_band(name, _alike(name, choices, made), data, request, made)
        if spectrum is not None:
            found[name] = spectrum
            mean = spectrum.mean
            seconds = mean.m * mean.segment_size
            error = float(np.sqrt(mean.rate / seconds))
            made.bands[f"{name}_power"] = {"rate": mean.rate, "error": error, "exposure": seconds, "rows": mean.m}
            about = About(
                Kind.POWER_SPECTRUM, name, "PCA", channels=request.bands[name], binsz=request.binsz, pcus=request.pcus
            )
            made.add("power_spectrum", File(f"{data.obsid}_{name}_power.fits", spectrum.to_bytes(), about=about))
    return found


def _alike(name: str, choices: list[Choice], made: Made) -> list[Choice]:
    """Return the choices whose channels are those of most of the time."""
    times: dict[bytes, float] = {}
    for choice in choices:
        key = choice.channels.tobytes()
        times[key] = times.get(key, 0.0) + intervals.total(choice.gti)
    most = max(times, key=lambda key: times[key])
    left = sum(seconds for key, seconds in times.items() if key != most)
    if left:
        made.say(
            "other_modes",
            f"{name}: {left:.0f} s of data in modes that hold other channels are not in the power spectrum.",
        )
    return [choice for choice in choices if choice.channels.tobytes() == most]


def _of_band(
    name: str, choices: list[Choice], data: FastData, request: PowerRequest, made: Made
) -> PowerSpectrum | None:
    lost, watched, parts = Lost(), _Watched(request.segment, said=made), list[MeanPower]()
    length = round(request.segment / request.binsz)
    for choice in choices:
        pieces = fast_pieces([choice], data.science.load, data.steady.gti, step=length, pcus=request.pcus, lost=lost)
        some = mean_powers(watched.through(pieces), request.segment)
        try:
            parts.append(average(some))
        except NoGoodTime:
            continue
    say_lost(lost, request.binsz, made)
    if not parts or watched.header is None:
        made.say("no_power", f"{name}: no run of bins is as long as a segment of {request.segment:g} s.")
        return None
    mean, gti = average(parts), intervals.union(*watched.gti)
    number = data.steady.number(gti, request.pcus)
    background = _background(data, choices[0], gti, request, made) * number
    header = watched.header.copy()
    held = ",".join(f"{a}~{b}" for a, b in choices[0].channels)
    modes = dict.fromkeys(" + ".join(mode.name for mode in choice.modes) for choice in choices)
    for key, value in (("CHAN1", held), ("MODE1", "; ".join(modes)), ("NUM_PCU", number)):
        header.set(key, value)
    noise = _noise(name, mean, number, data, request, header, made)
    return PowerSpectrum(mean, noise, background, float(gti[0, 0]), float(gti[-1, 1]), request.rules, header)


def _noise(
    name: str, mean: MeanPower, number: float, data: FastData, request: PowerRequest, header: Header, made: Made
) -> Floats:
    very_large = data.standard1.very_large
    if very_large is None:
        made.say("no_vle", "Without Standard1 the noise level knows nothing of very large events.")
    level = noise_level(mean.freq, mean.rate / number, mean.dt, mean.number, very_large)
    header.set("NOISE", "MODEL")
    if very_large is not None:
        header.set("VLERATE", very_large.rate)
        header.set("VLEDEAD", very_large.dead_time)
    if request.noise_above:
        above = mean.freq > request.noise_above
        if not above.any():
            made.say(
                "noise_of_model",
                f"{name}: there is no frequency above noise_above = {request.noise_above:g} Hz; the noise level is "
                "that of the model.",
            )
            return level
        shift = float((mean.power - level)[above].mean())
        header.set("NOISE", f"MODEL + MEAN ABOVE {request.noise_above:g} HZ")
        header.set("SHIFT", shift)
        level = level + shift
    return level


def _background(data: FastData, choice: Choice, gti: Gti, request: PowerRequest, made: Made) -> float:
    """Return the detected rate of the background in the channels of a choice [count / s / PCU]."""
    files = data.background()
    if files:
        first, last = int(choice.channels.min()), int(choice.channels.max())
        selection = ChannelSelection(chmin=first, chmax=last)
        asked = Request(request.pcus, parse_layers("ALL"), selection, dead_time=DeadTime.ON)
        try:
            curve = pca_light_curve(files, None, TimeSelection(common=(_around(gti),)), asked)
        except NoGoodTime:
            curve = None
        if curve is not None and curve.exposure is not None and (good := curve.exposure > 0).any():
            return float(np.average(curve.curve.value[good], weights=curve.exposure[good]))
    made.say("no_background", "There is no background of these data; the rms is that of source and background.")
    return 0.0


def _around(gti: Gti) -> Gti:
    """Return some time and 16 s around it: rows of the background begin every 16 s."""
    return intervals.make(np.asarray(gti) + np.array([-16.0, 16.0]))
