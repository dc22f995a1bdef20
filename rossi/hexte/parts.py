"""The science files of an observation, and their parts: the rows of one position of a rocking cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rossi.errors import DataError
from rossi.extract.repeats import REPEATED, once_of
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.stream import first_table, stream_fits
from rossi.fits.table import Table
from rossi.gti import Gti, from_table, intersection
from rossi.hexte.dwell import find_dwell, overlapping, span_of
from rossi.hexte.rocking import Position
from rossi.hexte.science import HOUSEKEEPING_APIDS, Cluster, Kind, cluster_of, kind_of
from rossi.product import File
from rossi.remarks import Remark

#: Content of files by name.
Files = Mapping[str, bytes]
#: Science files of so many bytes, compressed, are opened when they are looked at.
_AT_ONCE = 2 << 20
_USABLE = (Kind.ARCHIVE, Kind.EVENTS)
_NEVER = np.empty((0, 2))


@dataclass(frozen=True)
class Part:
    """The rows of a science file at one position, as `rossi.hexte.observation.split_observation` leaves them.

    Parameters
    ----------
    split : File
        Of `rossi.hexte.observation.split_observation`.
    position : Position
    file : FitsFile
        The rows of its first table may be missing.
    """

    split: File
    position: Position
    file: FitsFile

    @classmethod
    def of(cls, split: File) -> Part:
        """Open a split file.

        Parameters
        ----------
        split : File
            Of `rossi.hexte.observation.split_observation`.
        """
        file = split.fits or stream_fits(split.content, split.name).file
        return cls(split, Position(split.about.position), file)

    @property
    def name(self) -> str:
        """Name of the split file."""
        return self.split.name

    @property
    def table(self) -> Table:
        """The science table, perhaps without rows."""
        return self.file.table()

    @cached_property
    def gti(self) -> Gti:
        """The frames in which the cluster was at the position (n, 2) [s]."""
        return from_table(self.file.table(hdu=2))

    @cached_property
    def is_events(self) -> bool:
        """Whether rows are single events."""
        return kind_of(self.table).has_event_words

    @cached_property
    def span(self) -> tuple[float, float]:
        """TSTART and TSTOP of the whole science file [s]."""
        return span_of([self.table])


def cluster_tables(rocking: Sequence[FitsFile], cluster: Cluster) -> list[Table]:
    """Return the 16-s housekeeping tables of a cluster.

    Parameters
    ----------
    rocking : sequence of FitsFile
        16-s housekeeping.
    cluster : Cluster
    """
    tables = [file.table() for file in rocking]
    return [table for table in tables if table.header.get("APPID") == HOUSEKEEPING_APIDS[cluster]]


@dataclass(frozen=True, slots=True)
class Science:
    """A science file that was looked at.

    Parameters
    ----------
    name : str
    data : bytes
    file : FitsFile or None
        Opened, where there was room to do so when it was looked at.
    """

    name: str
    data: bytes
    file: FitsFile | None

    def opened(self) -> FitsFile:
        """Return it opened as a whole."""
        return self.file or open_fits(self.data, self.name)


def choose_science(events: Files, archive: Files) -> tuple[list[Science], list[Remark]]:
    """Choose event lists where a cluster has some, else its archive mode; what can't be reduced is remarked on.

    Parameters
    ----------
    events, archive : mapping of str to bytes
        Files by name.
    """
    files = dict(sorted({**events, **archive}.items()))
    found: dict[tuple[bool, Cluster], list[str]] = defaultdict(list)
    whole, room = dict[str, FitsFile](), _AT_ONCE
    remarks = []
    for name, data in files.items():
        if name in (events or archive) and len(data) <= room:
            whole[name], room = open_fits(data, name), room - len(data)
        table = whole[name].table() if name in whole else first_table(data, name)
        try:
            kind = kind_of(table)
        except DataError as error:
            remarks.append(Remark("unusable_mode", str(error)))
            continue
        if kind in _USABLE:
            found[name in events, cluster_of(table)].append(name)
        else:
            mode = table.header.get("DATAMODE")
            message = f"{table.where}: data of mode {mode} have no dead-time counters and are not reduced."
            remarks.append(Remark("unusable_mode", message))
    chosen = []
    for cluster in Cluster:
        lists, standard = found[True, cluster], found[False, cluster]
        if events and standard and not lists:
            message = f"Cluster {cluster.name} has no event list that can be reduced; its archive mode is used."
            remarks.append(Remark("no_events", message))
        chosen += lists or standard
    return [Science(name, files[name], whole.get(name)) for name in chosen], remarks


def dwell_of(parts: Sequence[Part], tables: Sequence[Table], given: float | None) -> tuple[float, list[Remark]]:
    """Return the dwell of a cluster [s], 0 for staring.

    Parameters
    ----------
    parts : sequence of Part
    tables : sequence of Table
        Its 16-s housekeeping.
    given : float or None [s]
        What the dwell is known to be, unless the cluster stared.
    """
    source, beside = on_and_off((part.position, part.gti) for part in parts)
    if given is not None:
        return (given if len(beside) else 0.0), []
    return find_dwell(overlapping(tables, *span_of(part.table for part in parts)), source, beside)


def on_and_off(times: Iterable[tuple[Position, Gti]]) -> tuple[Gti, Gti]:
    """Return the times on source, and those beside it.

    Parameters
    ----------
    times : iterable of (Position, ndarray (n, 2) [s])

    Returns
    -------
    ndarray (m, 2) [s], ndarray (k, 2) [s]
        As they come, not joined.
    """
    found: tuple[list[Gti], list[Gti]] = ([_NEVER], [_NEVER])
    for position, time in times:
        found[position is not Position.SOURCE].append(time)
    return np.concatenate(found[0]), np.concatenate(found[1])


def good_of_parts(parts: Sequence[Part], good: Gti) -> tuple[list[Gti], list[Remark]]:
    """Return the good time of each part of a cluster, without what a part before has of the same position.

    Parameters
    ----------
    parts : sequence of Part
        Of one cluster.
    good : ndarray (m, 2) [s]

    Returns
    -------
    list of ndarray (m, 2) [s], list of Remark
        In the order of `parts`.
    """
    order = sorted(range(len(parts)), key=lambda n: parts[n].span[0])
    ranges = [intersection(good, parts[n].gti) for n in order]
    left, repeats = once_of([(parts[n].name, parts[n].position) for n in order], ranges)
    found = [good] * len(parts)
    for n, before, after in zip(order, ranges, left, strict=True):
        found[n] = good if after is before else after
    return found, [Remark(REPEATED, str(repeat)) for repeat in repeats]
