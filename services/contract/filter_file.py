"""Where a stage's filter file comes from, and what it is made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from rossi.archive import FILE_PATTERNS
from rossi.product import About, Kind
from services.contract import Input


class FilterSource(StrEnum):
    """Where the filter file comes from: made from housekeeping, or the one among the archive's standard products."""

    REBUILD = "rebuild"
    ARCHIVE = "archive"


#: What is told of the file.
FILTER_FILE = About(Kind.FILTER_FILE)


def _rebuilds(config: Any) -> bool:
    return bool(config.filter_file is FilterSource.REBUILD)


#: What a stage reads that has a setting `filter_file`, besides the housekeeping of the PCUs.
FILTER_FILE_INPUTS = (
    Input(
        "filter_file",
        "pointing and PCU state every 16 s",
        pattern=FILE_PATTERNS["filter_file"],
        at_most=1,
        missing="the filter file stdprod/x*.xfl is missing; fetch it, or set filter_file = 'rebuild'",
        when=lambda config: not _rebuilds(config),
    ),
    Input(
        "index",
        "master index and the subsystems' indices",
        pattern=FILE_PATTERNS["index"],
        at_least=2,
        missing="the indices FMI and FI* are missing; fetch the observation again",
        when=_rebuilds,
    ),
    Input(
        "index",
        "master index and the subsystems' indices, which tell whether all files are there",
        pattern=FILE_PATTERNS["index"],
        at_least=0,
        when=lambda config: not _rebuilds(config),
    ),
    Input(
        "spacecraft",
        "attitude and orbit, and HEXTE's monitors",
        pattern=FILE_PATTERNS["spacecraft"],
        at_least=0,
        when=_rebuilds,
    ),
)
