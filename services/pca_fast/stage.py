"""Stage ``pca_fast``: fast light curves, event lists, power spectra and bursts of the PCA."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from rossi.archive import FILE_PATTERNS
from rossi.calibration_roles import Role
from rossi.pca.standard2 import PCUS, parse_pcus
from services.contract import CALIBRATION, Caveat, Input, Look, Output, Stage
from services.contract.extraction import PCA_RECIPE, Channels, Extraction, PcaSelection, in_energies

#: Lengths of bins [s]: of Standard2 down to what the dead time of 10 us leaves room for.
_LONGEST, _SHORTEST = 8.0, 2.0**-16
_FINEST_CURVE = 2.0**-13
#: Bins of a segment.
_LEAST_BINS, _MOST_BINS = 8, 1 << 22
#: Multiples of bins are whole to this part.
_WHOLE = 1e-6

Frequency = Annotated[float, Field(gt=0)]


class FastProduct(StrEnum):
    """What is made of data faster than 16 s."""

    FAST = "fast"
    EVENTS = "events"
    POWER = "power"
    BURSTS = "bursts"


class PcaFastConfig(PcaSelection, Extraction):
    """What is made of data faster than 16 s, of what [campaign] products asks for; a change repeats no preparation."""

    products: tuple[FastProduct, ...] = Field(
        tuple(FastProduct),
        min_length=1,
        description="fast (light curves), events (lists), power (spectra), bursts; of these, what [campaign] products "
        "names is made",
    )
    expression: str = Field(PCA_RECIPE, description="good time: condition on the filter file's columns")
    bands: tuple[Channels, ...] = Field(
        (Channels(chmin=0, chmax=255),),
        min_length=1,
        description="channels or energies of light curves and power spectra; the nearest that the modes have are taken",
    )
    pcus: str = Field("ALL", description="ALL, 2, 0,2,3 or 1-3; others than ALL only of modes that tell the PCU")
    layers: str = Field("ALL", description="of event lists, where the mode tells: ALL, 1, 1-2, or anodes: X1L,X1R")
    binsz: float = Field(
        0.125,
        ge=_FINEST_CURVE,
        le=_LONGEST,
        description="bins of light curves, seconds; 2**-13 = 0.0001220703125 at least",
    )
    energies: bool = Field(True, description="a column ENERGY [keV] in event lists")
    power_binsz: float = Field(
        2.0**-9,
        ge=_SHORTEST,
        le=_LONGEST,
        description="bins of power spectra, seconds; the highest frequency is half of 1 / this",
    )
    segment: float = Field(
        16.0, gt=0, description="segments of power spectra, seconds; the lowest frequency is 1 / this"
    )
    rebin: float = Field(
        0.02, gt=0, le=1, description="power spectra: bins grow by this part of themselves from each to the next"
    )
    rms_bands: tuple[tuple[Frequency, Frequency], ...] = Field(
        ((0.1, 10.0), (10.0, 100.0)), description="frequencies [Hz] between which the rms is integrated"
    )
    noise_above: float = Field(
        0.0,
        ge=0,
        description="shift the noise level to the mean power above this frequency [Hz]; 0 takes the model as it is",
    )
    false_alarm: float = Field(
        0.01, gt=0, lt=1, description="chance that noise alone gives a peak anywhere in a power spectrum that is listed"
    )
    burst_sigma: float = Field(
        4.0, ge=3, description="standard deviations above the mean from which on bins of 1 s may be a burst"
    )
    propane_bad: bool = Field(
        True, description="samples of PCU 0 and 1 after they lost their propane layer do not count (Standard1)"
    )

    @field_validator("products")
    @classmethod
    def _in_order(cls, value: tuple[FastProduct, ...]) -> tuple[FastProduct, ...]:
        return tuple(one for one in FastProduct if one in value)

    @field_validator("rms_bands")
    @classmethod
    def _rising(cls, value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        for low, high in value:
            if not low < high:
                raise ValueError(f"a band from {low:g} to {high:g} Hz; rising frequencies were expected")
        return value

    @model_validator(mode="after")
    def _whole_segments(self) -> PcaFastConfig:
        bins = self.segment / self.power_binsz
        if abs(bins - round(bins)) > _WHOLE or not _LEAST_BINS <= bins <= _MOST_BINS:
            raise ValueError(
                f"a segment of {self.segment:g} s has {bins:g} bins of power_binsz = {self.power_binsz:g} s; a whole "
                f"number from {_LEAST_BINS} to {_MOST_BINS} was expected, best a power of two"
            )
        return self


def _needs_modes(config: PcaFastConfig) -> bool:
    return bool({FastProduct.FAST, FastProduct.EVENTS, FastProduct.POWER} & set(config.products))


def _needed(config: PcaFastConfig, look: Look) -> tuple[tuple[str, ...], tuple[Caveat, ...]]:
    """Return the files of the modes that are chosen for what is asked for."""
    from rossi.timing.choice import Wish
    from services.contract.science import needed_science

    channels = [band.channels for band in config.bands if band.channels is not None]
    if len(channels) < len(config.bands):  # of bands in keV they are known with the data
        return look.files, ()
    bins = {FastProduct.FAST: config.binsz, FastProduct.POWER: config.power_binsz}
    by_pcu = len(parse_pcus(config.pcus)) < len(PCUS)
    wishes = [
        Wish(binsz, first, last, by_pcu=by_pcu)
        for product, binsz in bins.items()
        for first, last in channels
        if product in config.products
    ]
    return needed_science(look, wishes, events=FastProduct.EVENTS in config.products)


STAGE = Stage(
    name="pca_fast",
    version=1,
    config=PcaFastConfig,
    inputs=(
        Input(
            "science",
            "user configurations: events and arrays of counts",
            pattern=FILE_PATTERNS["fast"],
            at_least=0,
            when=_needs_modes,
            on_disk=True,
            narrow=_needed,
        ),
        Input("std1", "Standard1 data", pattern=FILE_PATTERNS["std1"], at_least=0, on_disk=True),
        Input("housekeeping", "state of each PCU", pattern=FILE_PATTERNS["pcu_housekeeping"], at_least=0),
        Input(
            "index",
            "master index and the subsystems' indices, which tell whether all files are there",
            pattern=FILE_PATTERNS["index"],
            at_least=0,
        ),
        Input(
            Role.ENERGY_TO_CHANNEL, "energies of the PCA's channels", source=CALIBRATION, at_least=0, when=in_energies
        ),
        Input("std2_dt", "prepared Standard2 data, for dead time", source="pca_prep"),
        Input("std2_dtbkg", "model background of the same rows", source="pca_prep", at_least=0),
        Input("filter_file", "pointing and PCU state every 16 s", source="pca_prep", at_most=1),
        *PcaFastConfig.INPUTS,
    ),
    outputs=(
        Output("fast_light_curve", "counts of all bands in whole bins, and the dead time beside them", at_least=0),
        Output("standard1", "rate of Standard1 per PCU, with dead time and background", at_least=0),
        Output("events", "screened event lists, GoodXenon merged", at_least=0),
        Output("power_spectrum", "averaged power spectra, a file a band", at_least=0),
        Output("bursts", "candidates of bursts and their curves", at_least=0),
        Output("figure", "power spectra and bursts", at_least=0),
        Output("gti", "the good time that was applied"),
    ),
)
