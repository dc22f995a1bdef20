"""What the merge is asked for; light to import."""

from __future__ import annotations

import re

from pydantic import Field

from services.contract import Frozen, ObservationResult

NAME = "merge"


class MergeConfig(Frozen):
    """How light curves are joined and shown."""

    title: str = Field(
        "RXTE light curves", min_length=1, description="heads the report and the figures and names the files"
    )
    description: str = Field("", description="a few words below the title")
    keep_null: bool = Field(True, description="keep bins without a rate in the light curve")
    force: bool = Field(False, description="join light curves of different sources (OBJECT, position) too")
    points: int = Field(20_000, ge=100, description="bins that a figure shows at most; neighbours are averaged")

    @property
    def slug(self) -> str:
        """The title as a file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")[:80] or "light-curve"


class MergeRequest(Frozen):
    """Everything the merge needs: a container's whole input.

    Parameters
    ----------
    store, prefix : str
        Where the observations' products lie, and where the merged ones go.
    asked : tuple of str
        The ObsIDs of the campaign.
    results : tuple of ObservationResult
        What came of them.
    config : MergeConfig
    """

    store: str
    prefix: str = ""
    asked: tuple[str, ...]
    results: tuple[ObservationResult, ...]
    config: MergeConfig = MergeConfig()
