"""HEXTE's science files, whoever splits them: which are reduced, and how the clusters rocked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.fits.stream import stream_fits
from rossi.fits.table import Table
from rossi.gti import union
from rossi.hexte.dwell import find_dwell, overlapping
from rossi.hexte.rocking import Position, Split
from rossi.hexte.science import HOUSEKEEPING_APIDS, Cluster, Kind, cluster_of, kind_of
from rossi.remarks import Remark
from services.contract import File, Outputs
from services.engines import caveats_of

#: Event lists of more bytes, compressed, are not held in memory uncompressed.
LONG = 16 << 20
_USABLE = (Kind.ARCHIVE, Kind.EVENTS)
#: What is said where there is nothing to split, and where nothing came of it.
NO_SCIENCE = "The observation has no HEXTE science data (hexte/FS52_*, FS58_*) that can be reduced."
NO_POSITION = "No row of the HEXTE science data tells where the cluster looked."


def cluster_tables(items: Sequence[File], cluster: Cluster) -> list[Table]:
    """Return the housekeeping tables of a cluster."""
    tables = [open_fits(item.data, item.name).table() for item in items]
    return [table for table in tables if table.header.get("APPID") == HOUSEKEEPING_APIDS[cluster]]


def choose_science(events: Sequence[File], archive: Sequence[File]) -> tuple[list[File], list[Remark]]:
    """Choose event lists where a cluster has some, else its archive mode; what can't be reduced is remarked on."""
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


def rocking_summary(
    cluster: Cluster, parts: Sequence[Split], rocking: Sequence[File]
) -> tuple[dict[str, Any], list[Remark]]:
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


def split_outputs(
    science: Sequence[File],
    parts: Mapping[Cluster, Sequence[Split]],
    rocking: Sequence[File],
    filter_file: File,
    remarks: Sequence[Remark],
) -> Outputs:
    """Return what stage ``hexte_back`` leaves of science files that were split."""
    summary, told = {}, list(remarks)
    for cluster, found in parts.items():
        summary[cluster.value.lower()], more = rocking_summary(cluster, found, rocking)
        told += more
    files = {
        "science": tuple(science),
        "rocking": tuple(File(item.name.rpartition("/")[2], item.data) for item in rocking),
        "filter_file": (filter_file,),
    }
    return Outputs(files, caveats_of(told), {"clusters": summary})
