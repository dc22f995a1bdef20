"""What the merge is asked for; light to import."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, field_validator

from services.contract import FileName, Frozen, ObservationResult

NAME = "merge"


class FigureFormat(StrEnum):
    """A file of a figure: a picture for the screen, or drawings for a paper."""

    PNG = "png"
    PDF = "pdf"
    SVG = "svg"


class Normalise(StrEnum):
    """What the merged rates of the PCA are in."""

    NONE = "none"
    CRAB = "crab"


class CrabRate(Frozen):
    """The rate of the Crab in a band, in a gain epoch."""

    band: str = Field(min_length=1, description="name of the band: 2-9keV")
    epoch: int = Field(ge=1, le=5, description="gain epoch")
    pcu: int | None = Field(None, ge=0, le=4, description="PCU; all when none")
    rate: float = Field(gt=0, allow_inf_nan=False, description="count / s / PCU, free of background and dead time")


class MergeConfig(Frozen):
    """How light curves are joined and shown."""

    title: str = Field(
        "RXTE light curves", min_length=1, description="heads the report and the figures and names the files"
    )
    description: str = Field("", description="a few words below the title")
    keep_null: bool = Field(True, description="keep bins without a rate in the light curve")
    force: bool = Field(False, description="join light curves of different sources (OBJECT, position) too")
    systematic: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="systematic error of summed spectra, a fraction; none: 0.005 for the PCA, no error for HEXTE",
    )
    group_min: int | None = Field(
        None, ge=1, description="join channels of summed spectra to groups of so many counts at least; none: not"
    )
    normalise: Normalise = Field(
        Normalise.NONE,
        description="crab: rates of the PCA in units of the Crab's, by epoch and PCU (bands in keV, or single PCUs)",
    )
    crab: tuple[CrabRate, ...] = Field(
        (),
        description="rates of the Crab to normalise with: {band = '2-9keV', epoch = 3, pcu = 2, rate = 2100}; those "
        "that are missing are calculated from the response",
    )
    figures: tuple[FigureFormat, ...] = Field(
        (FigureFormat.PNG,), min_length=1, description="files of each figure: png, pdf and svg, as many as are wanted"
    )
    hardness: tuple[str, ...] = Field(
        (),
        description='two bands, the hard one first, whose ratio of rates is the hardness: ["ch11-28", "ch5-10"]; as '
        "light curves' files are named",
    )
    colours: tuple[tuple[str, str], ...] = Field(
        (), description="hardness ratios, the hard band first: [['5-8keV', '2-5keV']]; names of bands as in products"
    )
    intensity: str = Field(
        "", description="band of hardness-intensity diagrams: 2-20keV; empty is both bands of the colour together"
    )
    points: int = Field(20_000, ge=100, description="bins that a figure shows at most; neighbours are averaged")

    @field_validator("hardness")
    @classmethod
    def _pair(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value and (len(set(value)) != 2 or len(value) != 2 or not all(value)):
            raise ValueError(f"{len(value)} bands are named, {list(value)}; two that differ, or none, were expected")
        return value

    @property
    def pair(self) -> tuple[str, str] | None:
        """The hard and the soft band of the hardness, if they are named."""
        return (self.hardness[0], self.hardness[1]) if self.hardness else None

    @field_validator("colours")
    @classmethod
    def _two_bands(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if same := [hard for hard, soft in value if hard == soft]:
            raise ValueError(f"{same[0]} over itself is always 1; name two bands, the hard one first")
        return value

    @property
    def slug(self) -> str:
        """The title as a file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")[:80] or "light-curve"


class SourceName(Frozen):
    """The source that observations are merged of.

    Parameters
    ----------
    name, slug : str
        See `rossi.sources.Source`.
    ra, dec : float or None [deg]
        Mean of the pointings, J2000; None where it is not known.
    names : tuple of str
        All spellings of its targets' names.
    """

    name: str
    slug: FileName
    ra: float | None = None
    dec: float | None = None
    names: tuple[str, ...] = ()


class Neighbour(Frozen):
    """Another source, near enough to lie in a background field of HEXTE.

    Parameters
    ----------
    name : str
    ra, dec : float [deg]
        J2000.
    """

    name: str
    ra: float
    dec: float


class SourceMergeConfig(MergeConfig):
    """The same of one source: all that decides what becomes of its observations."""

    source: SourceName | None = None
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def slug(self) -> str:
        """See `MergeConfig.slug`; the source's where it heads the report."""
        return self.source.slug if self.source is not None and self.title == self.source.name else super().slug


class MergeRequest(Frozen):
    """Everything the merge of one source needs: a container's whole input.

    Parameters
    ----------
    store, prefix : str
        Where the observations' products lie, and where the merged ones go.
    asked : tuple of str
        The ObsIDs of the source.
    results : tuple of ObservationResult
        What came of them.
    config : MergeConfig
    source : SourceName or None
        None where the observations were asked for as those of one source: what they say themselves counts.
    neighbours : tuple of Neighbour
        Other sources that HEXTE's background fields may hold.
    """

    store: str
    prefix: str = ""
    asked: tuple[str, ...]
    results: tuple[ObservationResult, ...]
    config: MergeConfig = MergeConfig()
    source: SourceName | None = None
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def name(self) -> str:
        """The source's slug, empty where none is named."""
        return self.source.slug if self.source is not None else ""

    @property
    def settings(self) -> SourceMergeConfig:
        """Configuration and source together."""
        return SourceMergeConfig(**self.config.model_dump(), source=self.source, neighbours=self.neighbours)


@dataclass(frozen=True, slots=True)
class Merge:
    """A source to be merged, of which the request is put together when somebody wants it: those of all are gigabytes.

    Parameters
    ----------
    name : str
        Its slug, empty where none is named.
    observations : int
    fingerprint : str
        Of what is made.
    text : callable
        Returns the `MergeRequest` in JSON.
    """

    name: str
    observations: int
    fingerprint: str
    text: Callable[[], bytes]

    def request(self) -> MergeRequest:
        """Return what is asked for."""
        return MergeRequest.model_validate_json(self.text())
