"""Files in memory, and what they hold: whoever makes a file says it, nobody reads it out of a name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rossi.fits.reader import FitsFile


class Kind(StrEnum):
    """What a file is."""

    LIGHT_CURVE = "light_curve"
    SPECTRUM = "spectrum"
    RESPONSE = "response"
    ANCILLARY = "ancillary"
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
class BandEdges:
    """The channels that a band in keV is for one detector, and the energies that these really have.

    Parameters
    ----------
    epoch : int
        Gain epoch of the PCA; 0 for HEXTE, which has none.
    detector : str
        DETNAM: ``PCU2``, ``PWA``.
    start, stop : float [MJD]
        First and last day that this is told of.
    first, last : int
        Absolute channels, both included.
    emin, emax : float [keV]
        Nominal energies at their edges on the first day.
    emin_stop, emax_stop : float [keV]
        The same on the last day: gains drift.
    """

    epoch: int
    detector: str
    start: float
    stop: float
    first: int
    last: int
    emin: float
    emax: float
    emin_stop: float
    emax_stop: float


@dataclass(frozen=True, slots=True)
class BandEnergies:
    """A band that was asked for in keV, and what came of it.

    Parameters
    ----------
    emin, emax : float [keV]
        As it was asked for.
    table : str
        Which energies of channels were used: name of the energy-to-channel table.
    edges : tuple of BandEdges
    """

    emin: float
    emax: float
    table: str
    edges: tuple[BandEdges, ...] = ()

    @property
    def channels(self) -> tuple[int, int]:
        """Lowest and highest channel of any detector."""
        return min(edge.first for edge in self.edges), max(edge.last for edge in self.edges)

    def of(self, detector: str) -> BandEnergies:
        """Return the same of one detector.

        Parameters
        ----------
        detector : str
            DETNAM.
        """
        return replace(self, edges=tuple(edge for edge in self.edges if edge.detector == detector))


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
        The band that was asked for, absolute; the last one belongs to it. None of a band in keV.
    binsz : float or None [s]
        Length of a bin that was asked for.
    cluster : str
        HEXTE's: ``A`` or ``B``.
    position : str
        Where the cluster looked, as `rossi.hexte.rocking.Position` says it.
    pcus : tuple of int
        That were asked for; none for files of which they are not chosen.
    energies : BandEnergies or None
        A band that was asked for in keV.
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
    energies: BandEnergies | None = None


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
    shared : bool
        Whether many observations have the same file, of which a store keeps one.
    plain : bytes, optional
        The same without compression, where whoever made it has it still; goes with `data`.
    fits : FitsFile, optional
        The same opened, where whoever made it has it still; goes with `data`.
    """

    name: str
    data: bytes
    hdus: tuple[int, ...] = ()
    about: About = About()
    shared: bool = False
    plain: bytes | None = field(default=None, repr=False, compare=False)
    fits: FitsFile | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[File], tuple[object, ...]]:
        """Leave out, where it goes to another process, what is only quicker to open."""
        return File, (self.name, self.data, self.hdus, self.about, self.shared)

    @property
    def size(self) -> int:
        """Length of its content [byte]."""
        return len(self.data)

    def rewritten(self, data: bytes) -> File:
        """Return the file with other content.

        Parameters
        ----------
        data : bytes
        """
        return File(self.name, data, self.hdus, self.about, self.shared)

    @property
    def content(self) -> bytes:
        """What is quickest to open."""
        return self.data if self.plain is None else self.plain

    def opened(self) -> FitsFile:
        """Return a FITS file opened.

        Raises
        ------
        DataError
            If it is not FITS, or damaged.
        """
        if self.fits is not None:
            return self.fits
        from rossi.fits.reader import open_fits

        return open_fits(self.content, self.name)

    def kept_open(self) -> FitsFile:
        """Return a small FITS file opened as `opened` does, and keep it so for who asks next."""
        if self.fits is None:
            object.__setattr__(self, "fits", self.opened())
        assert self.fits is not None
        return self.fits
