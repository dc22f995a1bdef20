"""The recipe of a HEXTE observation, once: from science files and housekeeping to net light curves and spectra.

Splitting is what ``hxtback`` does; the rest is ``saextrct`` or ``seextrct``, ``hxtdead``, and the subtraction of the
background.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from rossi.archive import stem_of
from rossi.errors import DataError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.events import ScienceEvents
from rossi.fits.dated import dated_file
from rossi.fits.edit import file_bytes, file_parts
from rossi.fits.reader import FitsFile
from rossi.fits.stream import stream_fits
from rossi.fits.table import Table
from rossi.fits.writer import stored_gzip
from rossi.gti import Gti
from rossi.hexte.cluster import curves_of, estimated_background, spectra_of
from rossi.hexte.contamination import background_remarks
from rossi.hexte.counting import (
    ArchivePart,
    Correction,
    EventPart,
    Request,
    count_archive,
    count_events,
    whole_frames,
)
from rossi.hexte.dwell import find_dwell, overlapping, span_of
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.parts import Files, Part, Science, choose_science, cluster_tables, dwell_of, good_of_parts, on_and_off
from rossi.hexte.products import ClusterProducts, Products, reduce_clusters
from rossi.hexte.reduction import Counted, DetectorBand, Reduced, reduce_counts
from rossi.hexte.rocking import Position, Split, rocking_remarks, split
from rossi.hexte.science import DETECTOR_2_LOST, DETECTORS, FRAME, LONG, Cluster, cluster_of, kind_of
from rossi.hexte.splitting import split_streamed
from rossi.product import About, File, Kind
from rossi.remarks import Remark, undated

_ROCKING = About(Kind.HOUSEKEEPING, instrument="HEXTE")
#: How much of split files is kept open for what comes next, and not compressed [byte].
_KEPT = 64 << 20
#: Positions that files are split into.
POSITIONS = (Position.SOURCE, Position.PLUS, Position.MINUS)
#: Splits a science file: parts, each with its file, and what there is to say.
Splitting = Callable[[Science], tuple[Sequence[tuple[Split, FitsFile | bytes]], list[Remark]]]


@dataclass(frozen=True, slots=True)
class SplitObservation:
    """Science files of an observation, split by position.

    Parameters
    ----------
    files : tuple of File
        ``<science file>_src.gz``, ``_p.gz``, ``_m.gz``.
    rocking : tuple of File
        The housekeeping as it was given, without its folder.
    clusters : mapping of str to mapping
        How each cluster rocked, for people: dwell [s], angle [deg], positions, number of files.
    remarks : tuple of Remark
    """

    files: tuple[File, ...]
    rocking: tuple[File, ...]
    clusters: Mapping[str, Mapping[str, Any]]
    remarks: tuple[Remark, ...]


def split_file(science: Science) -> tuple[Sequence[tuple[Split, FitsFile | bytes]], list[Remark]]:
    """Split a science file; a long one in pieces.

    Parameters
    ----------
    science : Science

    Returns
    -------
    list of (Split, FitsFile or bytes), list of Remark
        Of a long one the FITS files, gzip-compressed.

    Raises
    ------
    DataError
        If it is no science file of HEXTE.
    """
    if len(science.data) > LONG:
        said: list[str] = []
        return list(split_streamed(stream_fits(science.data, science.name), POSITIONS, said)), undated(said)
    file, said = dated_file(science.opened())
    return [(part, part.opened(_file_name(science.name, part))) for part in split(file, POSITIONS)], undated(said)


def _file_name(name: str, part: Split) -> str:
    return f"{stem_of(name)}_{part.position.value}.gz"


def split_observation(
    events: Files, archive: Files, rocking: Sequence[File], splitting: Splitting = split_file
) -> SplitObservation:
    """Split the science files of an observation by position.

    Parameters
    ----------
    events, archive : mapping of str to bytes
        Event lists (FS50, FS56), if they are wanted; standard modes (FS52, FS58).
    rocking : sequence of File
        16-s housekeeping (FH53, FH59).
    splitting : callable
        As `split_file`.

    Raises
    ------
    NoGoodTime
        If the observation has no HEXTE data that can be reduced.
    """
    chosen, remarks = choose_science(events, archive)
    if not chosen:
        raise NoGoodTime("The observation has no HEXTE science data (hexte/FS52_*, FS58_*) that can be reduced.")
    found: dict[Cluster, list[Split]] = defaultdict(list)
    files, room = list[File](), _KEPT
    for science in chosen:
        parts, said = splitting(science)
        for part, content in parts:
            cluster = cluster_of(part.table)
            found[cluster].append(part)
            remarks += rocking_remarks(part.table)
            kind = Kind.EVENTS if kind_of(part.table).has_event_words else Kind.SCIENCE
            about = About(kind, instrument="HEXTE", cluster=cluster.name, position=part.position.value)
            file = _packed(_file_name(science.name, part), content, about, room)
            room -= 0 if file.fits is None else file.fits.table().rows.nbytes
            files.append(file)
        remarks += said
    if not files:
        raise NoGoodTime("No row of the HEXTE science data tells where the cluster looked.")
    housekeeping = tuple(map(_named, rocking))
    known = [file.fits for file in housekeeping if file.fits is not None]
    clusters = {}
    for cluster, own in found.items():
        clusters[cluster.label], said = _rocking(cluster, own, known)
        remarks += said
    return SplitObservation(tuple(files), housekeeping, clusters, tuple(remarks))


def _packed(name: str, content: FitsFile | bytes, about: About, room: int) -> File:
    """Return a split file for the store: as it is, and open, while there is room for that, else compressed."""
    if isinstance(content, bytes):
        return File(name, content, about=about)
    if content.table().rows.nbytes > room:
        return File(name, file_bytes(content, compress=True), about=about)
    return File(name, stored_gzip(file_parts(content)), about=about, fits=content)


def _named(housekeeping: File) -> File:
    """Return a file of housekeeping without its folder; a damaged one is for those to report who can't do without."""
    file = File(housekeeping.name.rpartition("/")[2], housekeeping.data, about=_ROCKING)
    with contextlib.suppress(DataError):
        return replace(file, fits=file.opened())
    return file


def _rocking(
    cluster: Cluster, parts: Sequence[Split], rocking: Sequence[FitsFile]
) -> tuple[dict[str, Any], list[Remark]]:
    """Return how a cluster rocked, for people."""
    source, beside = on_and_off((part.position, part.frames) for part in parts)
    span = span_of(part.table for part in parts)
    dwell, remarks = None, list[Remark]()
    with contextlib.suppress(DataError):
        dwell, remarks = find_dwell(overlapping(cluster_tables(rocking, cluster), *span), source, beside)
    if not len(beside):
        said = f"Cluster {cluster.name} stared at the source; it has no background of its own."
        remarks.append(Remark("staring", said))
    elif not len(source):
        remarks.append(Remark("off_source", f"Cluster {cluster.name} never looked at the source."))
    return {
        "dwell": dwell,
        "angle": next((p.angle for p in parts if p.angle is not None), None),
        "positions": sorted({p.position.value for p in parts}),
        "files": len({p.table.source for p in parts}),
    }, remarks


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is extracted from the data of both clusters.

    Parameters
    ----------
    bands : mapping of str to DetectorBand
        Light curves by name.
    spectra : bool
    cycles : int
        Rocking cycles in a bin of net light curves.
    interpolated : bool
        Interpolate the background between its dwells instead, in bins of `binsz`.
    binsz : float [s]
        Up to 16.
    dwell : float or None [s]
        None: found in housekeeping and data.
    """

    bands: Mapping[str, DetectorBand]
    spectra: bool = True
    cycles: int = 1
    interpolated: bool = False
    binsz: float = FRAME
    dwell: float | None = None

    def spectrum_detectors(self, cluster: Cluster, part: Part) -> tuple[int, ...]:
        """Return the detectors of a part's spectrum; none, no spectrum.

        Parameters
        ----------
        cluster : Cluster
        part : Part
        """
        if not self.spectra:
            return ()
        return cluster.detectors_of_spectra if part.span[0] > DETECTOR_2_LOST else DETECTORS

    def width(self, part: Part, dwell: float) -> float:
        """Return the bins of a part's light curves.

        Parameters
        ----------
        part : Part
        dwell : float [s]

        Returns
        -------
        float [s]
        """
        if self.interpolated:
            return self.binsz if part.position is Position.SOURCE else FRAME
        return dwell or FRAME


def reduce_observation(
    parts: Sequence[Part],
    good: Gti,
    rocking: Sequence[FitsFile],
    coefficients: Mapping[Cluster, Table],
    wanted: Wanted,
    correction: Table | None = None,
) -> Products:
    """Extract, correct for dead time, and subtract the background; see `reduce_clusters` for what is raised.

    Parameters
    ----------
    parts : sequence of Part
    good : ndarray (n, 2) [s]
        Good time, TIMEZERO applied.
    rocking : sequence of FitsFile
        16-s housekeeping.
    coefficients : mapping of Cluster to Table
        Of dead time.
    wanted : Wanted
    correction : Table, optional
        What turns cluster B's background into that of a staring cluster A.
    """

    def reduction(cluster: Cluster, own: Sequence[Part]) -> ClusterProducts | None:
        return reduce_cluster(cluster, own, good, cluster_tables(rocking, cluster), coefficients[cluster], wanted)

    estimate = None if correction is None else lambda b, like: estimated_background(b, correction, like)
    return reduce_clusters(parts, wanted.bands, reduction, estimate)


def reduce_cluster(
    cluster: Cluster, parts: Sequence[Part], good: Gti, rocking: Sequence[Table], coefficients: Table, wanted: Wanted
) -> ClusterProducts | None:
    """Reduce one cluster.

    Parameters
    ----------
    cluster : Cluster
    parts : sequence of Part
        Its own.
    good : ndarray (n, 2) [s]
        Good time, TIMEZERO applied.
    rocking : sequence of Table
        Its own 16-s housekeeping; none for realtime data.
    coefficients : Table
        Of its dead time.
    wanted : Wanted

    Returns
    -------
    ClusterProducts or None
        None where nothing lies in good time.
    """
    dwell, remarks = dwell_of(parts, rocking, wanted.dwell)
    goods, repeats = good_of_parts(parts, good)
    remarks += repeats
    known = lru_cache(lambda table: Housekeeping.from_table(table, cluster))
    groups: dict[tuple[object, ...], tuple[Request, Correction, list[tuple[Part, Gti]]]] = {}
    for part, own in zip(parts, goods, strict=True):
        if not len(own):  # all of it is in other files
            continue
        covering = _covering(part, rocking)
        housekeeping = None if covering is None else known(covering)
        if housekeeping is None:
            remarks.append(_realtime(cluster, dwell))
        told = wanted.width(part, dwell), wanted.spectrum_detectors(cluster, part)
        alike = part.table.structure, part.table.header.get("TIMEDEL"), id(housekeeping)
        kind = (*alike, *told) if part.split.fits is not None or not part.is_events else (part.name,)
        correction = Correction(housekeeping, coefficients)
        groups.setdefault(kind, (Request(wanted.bands, *told), correction, []))[2].append((part, own))
    batches = [[group] for group in groups.values()]
    if all(part.split.fits is not None for part in parts):  # else one after the other, as memory may not hold them all
        batches = [list(groups.values())]
    reduced = list[Reduced]()
    for batch in batches:
        counted = [made for group in batch for made in _counted(*group)]
        reduced += reduce_counts(counted, wanted.bands, dwell)
    if not reduced:
        return None
    curves = {
        name: curves_of(reduced, name, dwell, wanted.cycles, interpolated=wanted.interpolated) for name in wanted.bands
    }
    spectra, read = spectra_of(reduced)
    remarks += [remark for one in reduced for remark in one.remarks] + background_remarks(read, cluster)
    return ClusterProducts(curves, spectra, dwell, tuple(dict.fromkeys(remarks)))


def _covering(part: Part, rocking: Sequence[Table]) -> Table | None:
    """Return the housekeeping that covers a part; None where the cluster has none at all (realtime data)."""
    covering = overlapping(rocking, *part.span)
    if covering is None and rocking:
        raise DataError(
            f"{part.table.where}: no housekeeping covers {part.span[0]:.0f} to {part.span[1]:.0f} s, the time "
            "of the science data; fetch the observation's FH53 and FH59 again."
        )
    return covering


def _counted(request: Request, correction: Correction, parts: Sequence[tuple[Part, Gti]]) -> list[Counted]:
    """Count parts that are alike, each with its good time."""
    if parts[0][0].is_events:
        return count_events(list(_event_parts(parts)), request, correction)
    opened = [(one, own, ScienceArray(one.name, one.split.opened().table(), one.gti)) for one, own in parts]
    return count_archive([ArchivePart(array, one.position, own) for one, own, array in opened], request, correction)


def _event_parts(parts: Sequence[tuple[Part, Gti]]) -> Iterator[EventPart]:
    usable: dict[tuple[int, float], Gti] = {}  # parts of a file nearly always have the same good time
    for part, good in parts:
        if part.split.fits is None:
            events = ScienceEvents.from_file_on_disk(part.split, LONG)
        else:
            events = ScienceEvents(part.name, part.table, part.gti)
        key = id(good), events.timezero
        if key not in usable:
            usable[key] = whole_frames(good, events.timezero)
        yield EventPart(events, part.position, usable[key])


def _realtime(cluster: Cluster, dwell: float) -> Remark:
    return Remark(
        "no_housekeeping",
        f"Cluster {cluster.name} has no housekeeping (realtime data): exposures beside the source are shortened for "
        f"the slews of a dwell of {dwell:g} s, dead time is not corrected.",
    )
