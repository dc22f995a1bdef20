"""Stage ``hexte_back``: HEXTE science data split by the position of the rocking cluster, and the filter file."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from rossi.archive import FILE_PATTERNS
from services.contract import Frozen, Input, Output, Stage
from services.contract.filter_file import FILTER_FILE_INPUTS, FilterSource


class ScienceData(StrEnum):
    """Which science data are reduced: the standard mode of every observation, or event lists where there are any."""

    ARCHIVE = "archive"
    EVENTS = "events"


class HexteBackConfig(Frozen):
    """How HEXTE data are split; a change repeats it."""

    data: ScienceData = Field(
        ScienceData.ARCHIVE,
        description="archive (64 channels, 16 s, always there) or events (256 channels; archive where there are none)",
    )
    filter_file: FilterSource = Field(
        FilterSource.REBUILD, description="rebuild (from housekeeping) or archive (stdprod/x*.xfl)"
    )


STAGE = Stage(
    name="hexte_back",
    version=2,
    config=HexteBackConfig,
    inputs=(
        Input("archive", "standard modes FS52 and FS58", pattern=FILE_PATTERNS["hexte_archive"], at_least=0),
        Input(
            "events",
            "science modes FS50 and FS56",
            pattern=FILE_PATTERNS["hexte_events"],
            at_least=0,
            when=lambda config: config.data is ScienceData.EVENTS,
        ),
        Input("rocking", "16-s housekeeping", pattern=FILE_PATTERNS["hexte_housekeeping"], at_least=0),
        Input(
            "housekeeping",
            "state of each PCU, for the filter file",
            pattern=FILE_PATTERNS["pcu_housekeeping"],
            at_least=0,
            when=lambda config: config.filter_file is FilterSource.REBUILD,
        ),
        *FILTER_FILE_INPUTS,
    ),
    outputs=(
        Output("science", "rows on source (_src) and on either side (_p, _m), with their good time"),
        Output("rocking", "16-s housekeeping", at_least=0),
        Output("filter_file", "the filter file"),
    ),
)
