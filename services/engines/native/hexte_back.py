"""Stage ``hexte_back`` on the native engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rossi.errors import DataError, NoGoodTime
from rossi.fits.reader import open_fits
from rossi.fits.stream import stream_fits
from rossi.fits.table import Table
from rossi.gti import union
from rossi.hexte.dwell import find_dwell, overlapping
from rossi.hexte.rocking import Position, Split, rocking_remarks, split
from rossi.hexte.science import HOUSEKEEPING_APIDS, Cluster, Kind, Remark, cluster_of, kind_of
from rossi.hexte.splitting import split_streamed
from services.contract import Caveat, File, Inputs, Outputs
from services.engines.native.filter_file import filter_file
from services.hexte_back.stage import HexteBackConfig

_POSITIONS = (Position.SOURCE, Position.PLUS, Position.MINUS)
#: Science files of more bytes, compressed, are not held in memory uncompressed.
_LONG = 16 << 20
_USABLE = (Kind.ARCHIVE, Kind.EVENTS)


def hexte_back(config: HexteBackConfig, inputs: Inputs) -> Outputs:
    """Split the science files of an observation by position, and make its filter file.

    Raises
    ------
    NoGoodTime
        If the observation has no HEXTE data that can be reduced.
    """
    chosen, remarks = _science([*inputs.get("events", ())], inputs["archive"])
    if not chosen:
        raise NoGoodTime("The observation has no HEXTE science data (hexte/FS52_*, FS58_*) that can be reduced.")
    parts: dict[Cluster, list[Split]] = defaultdict(list)
    files = []
    for item in chosen:
        for part, data in _split(item):
            parts[cluster_of(part.table)].append(part)
            remarks += rocking_remarks(part.table)
            name = item.name.rpartition("/")[2].removesuffix(".gz")
            files.append(File(f"{name}_{part.position.value}.gz", data))
    if not files:
        raise NoGoodTime("No row of the HEXTE science data tells where the cluster looked.")
    summary: dict[str, Any] = {}
    for cluster, found in parts.items():
        told, more = _rocking(cluster, found, inputs["rocking"])
        summary[cluster.value.lower()] = told
        remarks += more
    outputs = {
        "science": tuple(files),
        "rocking": tuple(File(f.name.rpartition("/")[2], f.data) for f in inputs["rocking"]),
        "filter_file": (filter_file(config.filter_file, inputs, inputs.get("housekeeping", ())),),
    }
    return Outputs(outputs, caveats_of(remarks), {"clusters": summary})


def caveats_of(remarks: Iterable[Remark]) -> tuple[Caveat, ...]:
    """Return remarks as caveats, each once."""
    return tuple(Caveat(code=r.code, message=r.message) for r in dict.fromkeys(remarks))


def cluster_tables(items: Sequence[File], cluster: Cluster) -> list[Table]:
    """Return the housekeeping tables of a cluster."""
    tables = [open_fits(item.data, item.name).table() for item in items]
    return [table for table in tables if table.header.get("APPID") == HOUSEKEEPING_APIDS[cluster]]


def _split(item: File) -> Iterator[tuple[Split, bytes]]:
    """Split a science file; a long one in pieces."""
    if len(item.data) > _LONG:
        yield from split_streamed(stream_fits(item.data, item.name), _POSITIONS)
        return
    for part in split(open_fits(item.data, item.name), _POSITIONS):
        yield part, part.to_bytes(compress=True)


def _science(events: Sequence[File], archive: Sequence[File]) -> tuple[list[File], list[Remark]]:
    """Choose event lists where a cluster has some, else its archive mode."""
    found: dict[tuple[bool, Cluster], list[File]] = defaultdict(list)
    remarks = []
    for item in sorted((*events, *archive), key=lambda f: f.name):
        table = stream_fits(item.data, item.name).file.tables[0]
        try:
            kind = kind_of(table)
        except DataError as error:
            remarks.append(Remark("unusable_mode", str(error)))
            continue
        if kind in _USABLE:
            found[item in events, cluster_of(table)].append(item)
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
    return chosen, remarks


def _rocking(cluster: Cluster, parts: Sequence[Split], rocking: Sequence[File]) -> tuple[dict[str, Any], list[Remark]]:
    """Return how a cluster rocked, for people."""
    source = union(*(p.frames for p in parts if p.position is Position.SOURCE))
    beside = union(*(p.frames for p in parts if p.position is not Position.SOURCE))
    header = parts[0].table.header
    span = (header.number("TSTART", parts[0].table.where), header.number("TSTOP", parts[0].table.where))
    remarks: list[Remark] = []
    try:
        dwell, remarks = find_dwell(overlapping(cluster_tables(rocking, cluster), *span), source, beside)
    except DataError:
        dwell = None
    angle = next((p.angle for p in parts if p.angle is not None), None)
    if not len(beside):
        remarks.append(
            Remark("staring", f"Cluster {cluster.name} stared at the source; it has no background of its own.")
        )
    elif not len(source):
        remarks.append(Remark("off_source", f"Cluster {cluster.name} never looked at the source."))
    positions = sorted({p.position.value for p in parts})
    return {
        "dwell": dwell,
        "angle": angle,
        "positions": positions,
        "files": len({p.table.source for p in parts}),
    }, remarks
