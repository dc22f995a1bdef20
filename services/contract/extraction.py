"""What the settings of both instruments' extraction share: good time and bands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from rossi.expression import compile_expression
from services.contract import Frozen, Input
from services.contract.barycentre import BARYCENTRE_INPUTS, BarycentreConfig

#: The filter of the PCA that the RXTE cookbook and HEASARC's notebook use.
PCA_RECIPE = "(ELV > 4) && (OFFSET < 0.1) && (NUM_PCU_ON > 0) && .NOT. ISNULL(ELV) && (NUM_PCU_ON < 6)"

if TYPE_CHECKING:
    from rossi.energy.bands import EnergyBand

Channel = Annotated[int, Field(ge=0, le=255)]
Energy = Annotated[float, Field(allow_inf_nan=False)]

_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)"
_BAND = re.compile(
    rf"\s*(?P<ch>ch)?\s*(?P<first>{_NUMBER})\s*-\s*(?P<last>{_NUMBER})\s*(?P<kev>kev)?(?:_(?P<binsz>[\d.]+)s)?\s*",
    re.IGNORECASE,
)
#: The two ends of a band, in channels or in keV.
_ENDS = (("chmin", "chmax"), ("emin", "emax"))


def as_text(value: object, separator: str) -> object:
    """Take a list of numbers, or one number, for its text: [0, 2] means ``0,2``."""
    if isinstance(value, list | tuple):
        return separator.join(map(str, value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def parse_band(text: str) -> dict[str, float]:
    """Read a band as people write it, and as products are called: ``2-9keV``, ``5-10``, ``ch5-10_128s``.

    Returns
    -------
    dict of str to number
        As in ``rossi.toml``: emin and emax [keV], or chmin and chmax, and binsz [s] where it is told.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = _BAND.fullmatch(text)
    if match is None or (match["ch"] and match["kev"]):
        raise ValueError("it should look like 2-9keV (energies) or 5-10 (channels)")
    names = _ENDS[1] if match["kev"] else _ENDS[0]
    found = dict(zip(names, map(_plain, (match["first"], match["last"])), strict=True))
    return found | ({"binsz": float(match["binsz"])} if match["binsz"] else {})


def _plain(number: str) -> float:
    return int(number) if re.fullmatch(r"-?\d+", number) else float(number)


class Channels(Frozen):
    """A band: a range of absolute detector channels, or of energies."""

    #: Whose channels they are.
    INSTRUMENT: ClassVar[str] = "PCA"

    chmin: Channel | None = Field(None, description="First channel.")
    chmax: Channel | None = Field(None, description="Last channel, which belongs to it.")
    emin: Energy | None = Field(None, description="Lower energy [keV], instead of channels.")
    emax: Energy | None = Field(None, description="Upper energy [keV].")

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: object) -> object:
        return parse_band(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _in_order(self) -> Channels:
        given = [names for names in _ENDS if any(getattr(self, name) is not None for name in names)]
        if len(given) != 1:
            what = "both channels and energies" if given else "neither channels nor energies"
            raise ValueError(f"{what} are given; give chmin and chmax, or emin and emax [keV]")
        if missing := [name for name in given[0] if getattr(self, name) is None]:
            raise ValueError(f"{missing[0]} is missing")
        if self.chmin is not None and self.chmax is not None and self.chmin > self.chmax:
            raise ValueError(f"chmin {self.chmin} is above chmax {self.chmax}")
        if (band := self.energies) is not None:
            from rossi.energy.band_energies import check_band

            check_band(band, self.INSTRUMENT)
        return self

    @model_serializer(mode="wrap")
    def _as_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the ends that are not given, so that bands in channels are what they always were."""
        return {name: value for name, value in handler(self).items() if name not in _NAMES or value is not None}

    @property
    def channels(self) -> tuple[int, int] | None:
        """First and last channel; None of a band in keV."""
        return None if self.chmin is None or self.chmax is None else (self.chmin, self.chmax)

    @property
    def energies(self) -> EnergyBand | None:
        """The band in keV; None of channels."""
        if self.emin is None or self.emax is None:
            return None
        from rossi.energy.bands import EnergyBand

        return EnergyBand(self.emin, self.emax)

    @property
    def name(self) -> str:
        """Name in files and tables: ``ch5-10``, ``2-9keV``."""
        return str(self.energies) if self.channels is None else "ch{}-{}".format(*self.channels)


_NAMES = {name for names in _ENDS for name in names}


class Extraction(Frozen):
    """How good time is found; the stages add what they extract."""

    #: What the stages read for that besides their own.
    INPUTS: ClassVar[tuple[Input, ...]] = BARYCENTRE_INPUTS

    expression: str = Field(description="good time: condition on the filter file's columns")
    prefr: float = Field(0.5, ge=0, le=1, description="part of the step before a good filter row that is good")
    postfr: float = Field(0.5, ge=0, le=1, description="part of the step behind a good filter row that is good")
    barycentre: BarycentreConfig | None = Field(
        None,
        exclude_if=lambda value: value is None,  # products that have no such times keep their fingerprints
        description="times at the barycentre, as [timing] says for all stages",
    )

    @field_validator("expression")
    @classmethod
    def _readable(cls, value: str) -> str:
        compile_expression(value)
        return value


def in_energies(config: Any) -> bool:
    """Return whether a band of an extraction is in keV, so that energies of channels are needed."""
    return any(band.energies is not None for band in config.bands)


class PcaSelection(Frozen):
    """What both stages of the PCA choose of the detectors: `pcus` and `layers`, which each of them describes."""

    @field_validator("pcus", "layers", mode="before", check_fields=False)
    @classmethod
    def _listed(cls, value: object) -> object:
        return as_text(value, ",")

    @field_validator("pcus", check_fields=False)
    @classmethod
    def _pcus(cls, value: str) -> str:
        from rossi.pca.standard2 import parse_pcus

        parse_pcus(value)
        return value

    @field_validator("layers", check_fields=False)
    @classmethod
    def _layers(cls, value: str) -> str:
        from rossi.pca.standard2 import parse_layers

        parse_layers(value)
        return value
