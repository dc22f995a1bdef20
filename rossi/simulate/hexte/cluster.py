"""The two clusters of HEXTE and what their files are called and contain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rossi.fits.header import CardTuple
from rossi.simulate.keywords import class_cards

DETECTORS = 4
CHANNELS = 256
#: Length of an instrument data frame [s]; frames begin at whole multiples of it.
FRAME = 16
#: Of the time of an event [s].
RESOLUTION = 2.0**-17
#: First absolute channel of each of the 64 elements of an archive spectrum: 0-63 by 2, 64-127 by 4, 128-255 by 8.
ARCHIVE_FIRST = np.r_[0:64:2, 64:128:4, 128:256:8]
ARCHIVE_CPIX = "(0:63;2),(64:127;4),(128:255;8)"
#: Edges of the four bands of the archive's 1-s light curves [channel].
BAND_EDGES = (15, 30, 60, 120, 250)
#: MET from which detector 2 of cluster B puts all its events into the lowest three channels [s].
DETECTOR_LOST = 68_729_232
#: Says whom the files imitate; the dead-time task reads the three numbers, and refuses archive data below 5.3.1.
CREATOR = "rossi simulate, after XFF - Revision: 6.4.1"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One of the two clusters.

    Parameters
    ----------
    name : str
        ``A`` or ``B``.
    index : int
        0 or 1; stands in the data descriptor, ``G[0]``.
    events, archive, housekeeping : int
        Application ids of its files.
    mask : int
        Which bytes of an event word its event lists have; the last two digits of DATAMODE.
    """

    name: str
    index: int
    events: int
    archive: int
    housekeeping: int
    mask: int

    @property
    def detnam(self) -> str:
        """``PWA`` or ``PWB``."""
        return f"PW{self.name}"

    @property
    def spectral_detectors(self) -> tuple[int, ...]:
        """Detectors that measured energies for all but the first months."""
        return (0, 1, 2, 3) if self.name == "A" else (0, 1, 3)

    def lost_detector(self, met: float) -> int | None:
        """Return the detector that has lost its energies, None if there is none.

        Parameters
        ----------
        met : float [s]
        """
        return 2 if self.name == "B" and met >= DETECTOR_LOST else None

    def cards(self, class1: str, class2: str, apid: int) -> list[CardTuple]:
        """Return the cards that the tables of a cluster's files share.

        Parameters
        ----------
        class1, class2 : str
            HDUCLAS1 and HDUCLAS2.
        apid : int
            Application id of the file.
        """
        return [
            *class_cards(class1, class2),
            ("INSTRUME", "HEXTE"),
            ("OBS_MODE", "POINTING"),
            ("APPID", apid, "application id"),
            ("TDDES", f"O[XTE] & I[HEXTE] & G[{self.index}]"),
        ]


A = Cluster("A", 0, events=0x50, archive=0x52, housekeeping=0x53, mask=0x1F)
B = Cluster("B", 1, events=0x56, archive=0x58, housekeeping=0x59, mask=0x0F)
CLUSTERS = (A, B)
