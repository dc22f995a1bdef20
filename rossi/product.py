"""Files in memory, and what they hold: whoever makes a file says it, nobody reads it out of a name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a file is."""

    LIGHT_CURVE = "light_curve"
    SPECTRUM = "spectrum"
    GOOD_TIME = "good_time"
    SCIENCE = "science"
    EVENTS = "events"
    FAST_LIGHT_CURVE = "fast_light_curve"
    POWER_SPECTRUM = "power_spectrum"
    BURSTS = "bursts"
    HOUSEKEEPING = "housekeeping"
    FILTER_FILE = "filter_file"
    FIGURE = "figure"
    TABLE = "table"
    PAGE = "page"
    PAGE_PART = "page_part"


class Content(StrEnum):
    """What is in a light curve or spectrum, as HDUCLAS2 says it (OGIP memos 92-007 and 93-003)."""

    TOTAL = "TOTAL"
    NET = "NET"
    BACKGROUND = "BKG"


@dataclass(frozen=True, slots=True)
class About:
    """What a file holds; of it, what applies.

    Parameters
    ----------
    kind : Kind or None
    label : str
        What it is called among the products of its kind of an observation: ``ch5-10``, ``pwa_ch15-61``, ``pwa_src``.
    instrument : str
        INSTRUME: ``PCA`` or ``HEXTE``.
    content : Content or None
        Source and background, net, or background alone.
    channels : (int, int) or None
        The band that was asked for, absolute; the last one belongs to it.
    binsz : float or None [s]
        Length of a bin that was asked for.
    cluster : str
        HEXTE's: ``A`` or ``B``.
    position : str
        Where the cluster looked, as `rossi.hexte.rocking.Position` says it.
    pcus : tuple of int
        That were asked for; none for files of which they are not chosen.
    """

    kind: Kind | None = None
    label: str = ""
    instrument: str = ""
    content: Content | None = None
    channels: tuple[int, int] | None = None
    binsz: float | None = None
    cluster: str = ""
    position: str = ""
    pcus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A named file in memory.

    Parameters
    ----------
    name : str
    data : bytes
    hdus : tuple of int
        Which HDUs of a calibration file count; empty for all.
    about : About
    """

    name: str
    data: bytes
    hdus: tuple[int, ...] = ()
    about: About = About()
