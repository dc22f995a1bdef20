"""What a HEXTE science file is: its cluster and its mode, read off the header."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits.table import Table

DETECTORS = (0, 1, 2, 3)
#: Length of an instrument data frame: telemetry and counters come in such steps, on multiples of it [s].
FRAME = 16.0
_FRAME_BITS = 4
#: Event lists of more bytes, compressed, are read in pieces.
LONG = 16 << 20
#: Longest time that one file's rows can span [s]: a hundred days.
_LONGEST = 8.64e6
#: Later than any time of the mission, which ended at 568e6 [s].
_LATEST = 1e9
#: From here on (1996-03-06T11:27:12 UT, counted without leap seconds as hxtdead counts) detector 2 of cluster B
#: puts all events into the lowest channels: light curves from channel 15 up are right, spectra are not [s].
DETECTOR_2_LOST = 68729232.0
#: Bits of the event word's mask (DATAMODE's last two digits): which of its bytes were telemetered. Detector: bit 3.
_DETECTOR_BYTE = 0x08
_LEADING_BYTES = (0x40, 0x20, 0x10)
_CLUSTER_TEXT = re.compile(r"G\[(.)")
_REVISION = re.compile(r":\s*(\d+)\.(\d+)\.(\d+)")


class Cluster(StrEnum):
    """One of HEXTE's two clusters of four detectors, as DETNAM spells it."""

    A = "PWA"
    B = "PWB"

    @property
    def label(self) -> str:
        """What the names of products call it: ``pwa``."""
        return self.value.lower()

    @property
    def detectors_of_spectra(self) -> tuple[int, ...]:
        """Detectors whose spectra are right since cluster B lost detector 2."""
        return DETECTORS if self is Cluster.A else (0, 1, 3)

    def detnam(self, detectors: tuple[int, ...]) -> str:
        """Return DETNAM of a product of some detectors: ``PWB013``, or ``PWA`` for all.

        Parameters
        ----------
        detectors : tuple of int
        """
        return self.value if len(detectors) == len(DETECTORS) else self.value + "".join(map(str, detectors))


#: APPID of each cluster's housekeeping.
HOUSEKEEPING_APIDS = {Cluster.A: 0x53, Cluster.B: 0x59}


class Kind(StrEnum):
    """Kind of science data, by the first letters of DATAMODE."""

    ARCHIVE = "Archive"
    EVENTS = "E"
    BURST = "CE"
    BINNED = "B"

    @property
    def has_event_words(self) -> bool:
        """Whether rows are single events."""
        return self in (Kind.EVENTS, Kind.BURST)


def cluster_of(table: Table) -> Cluster:
    """Return the cluster that TDDES names.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If it names none.
    """
    text = str(table.header.get("TDDES", ""))
    cluster = _told(text)
    if cluster is None:
        raise DataError(f"{table.where}: TDDES is {text!r}; G[0] or G[1], the cluster of a HEXTE file, was expected.")
    return cluster


@lru_cache(maxsize=64)
def _told(descriptor: str) -> Cluster | None:
    """Return the cluster that a descriptor names, None where it names none."""
    found = _CLUSTER_TEXT.search(descriptor)
    return {"0": Cluster.A, "1": Cluster.B}.get(found[1]) if found else None


def kind_of(table: Table) -> Kind:
    """Return the kind of science data.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If DATAMODE is none of HEXTE's science modes, or an event list without the byte that holds the detector.
    """
    datamode = str(table.header.get("DATAMODE", "")).strip()
    if "Archive" in datamode:
        return Kind.ARCHIVE
    for kind in (Kind.BURST, Kind.EVENTS, Kind.BINNED):
        if datamode.startswith(kind.value):
            if kind.has_event_words:
                event_mask(table)
            return kind
    raise DataError(
        f"{table.where}: DATAMODE is {datamode!r}, which has no cluster position; a HEXTE science file "
        "(Archive, E_..., CE... or B...: FS50, FS52, FS56 or FS58) was expected."
    )


def event_mask(table: Table) -> int:
    """Return which bytes of the event words there are, from the last two digits of DATAMODE.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If they are no mask, or the byte that holds the detector is not among them.
    """
    datamode = str(table.header.get("DATAMODE", "")).strip()
    try:
        mask = int(datamode[-2:], 16)
    except ValueError:
        raise DataError(
            f"{table.where}: DATAMODE is {datamode!r}; its last two characters should be the mask of an event word's "
            "bytes, as in E_8us_256_DX1F."
        ) from None
    if not mask & _DETECTOR_BYTE:
        raise DataError(
            f"{table.where}: DATAMODE is {datamode!r}, so the events come without the byte that names the detector; "
            "dead time can't be known. Use the archive mode (FS52, FS58) of the observation."
        )
    return mask


def cluster_codes(table: Table) -> NDArray[np.uint8]:
    """Return where the cluster looked in each row, as coded.

    Parameters
    ----------
    table : Table

    Returns
    -------
    ndarray (n_row,) of uint8

    Raises
    ------
    DataError
        If there is no column ClstrPosition, or it is not of bytes.
    """
    info, codes = table.info("ClstrPosition"), table.raw("ClstrPosition")
    if info.code not in "BX" or codes.ndim != 1:
        raise DataError(
            f"{table.where}: column ClstrPosition has the form {info.repeat}{info.code}; a byte in every row was "
            "expected. The file may be damaged."
        )
    return codes


def event_bytes(table: Table) -> NDArray[np.uint8]:
    """Return the event words, byte by byte.

    Parameters
    ----------
    table : Table

    Returns
    -------
    ndarray (n_row, n_byte) of uint8

    Raises
    ------
    DataError
        If column Event does not hold bits or bytes.
    """
    info, words = table.info("Event"), table.raw("Event")
    if info.code not in "BX" or not info.repeat:
        raise DataError(
            f"{table.where}: column Event has the form {info.repeat}{info.code}; bits (40X) were expected. The file "
            "may be damaged."
        )
    return words if words.ndim == 2 else words[:, None]


def event_detectors(table: Table) -> NDArray[np.uint8]:
    """Return the detector of each event.

    Parameters
    ----------
    table : Table

    Returns
    -------
    ndarray (n_row,) of uint8

    Raises
    ------
    DataError
        If an event has no such byte.
    """
    byte = sum(bool(event_mask(table) & bit) for bit in _LEADING_BYTES)
    words = event_bytes(table)
    if byte >= words.shape[1]:
        raise DataError(
            f"{table.where}: DATAMODE promises the detector in byte {byte + 1} of an event, but Event has "
            f"{words.shape[1]} bytes; the header is damaged."
        )
    detector = words[:, byte].copy()  # side by side, bytes take a fraction of the time
    detector >>= 3
    detector &= 3
    return detector


def revision(table: Table) -> int:
    """Return the version a.b.c of the telemetry processing as a*10000 + b*100 + c.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If CREATOR has none.
    """
    creator = str(table.header.get("CREATOR", ""))
    found = _REVISION.search(creator)
    if found is None:
        raise DataError(
            f"{table.where}: CREATOR is {creator!r}; a version such as 'XFF - Revision: 5.4.0' was expected."
        )
    major, minor, patch = map(int, found.groups())
    return major * 10000 + minor * 100 + patch


def frame_number(time: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the 16-s frame that holds each time (spacecraft clock).

    Parameters
    ----------
    time : ndarray (n,) [s]

    Returns
    -------
    ndarray (n,) of int

    Raises
    ------
    DataError
        If times are not finite, or lie further apart than those of one observation can: tables of frames would not
        fit into memory.
    """
    if time.size and not (
        np.maximum.reduce(time, None) - np.minimum.reduce(time, None) <= _LONGEST and abs(time.flat[0]) < _LATEST
    ):
        raise DataError(
            f"times of HEXTE data lie between {np.min(time):g} and {np.max(time):g} s, as those of no "
            "observation do; the file is damaged, fetch it again."
        )
    number = time.astype(np.int64)
    number >>= _FRAME_BITS
    return number
