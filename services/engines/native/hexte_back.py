"""Stage ``hexte_back`` on the native engine."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from rossi.errors import NoGoodTime
from rossi.hexte.rocking import Position, Split, rocking_remarks, split
from rossi.hexte.science import Cluster, cluster_of
from services.contract import File, Inputs, Outputs
from services.engines.hexte_science import NO_POSITION, NO_SCIENCE, caveats_of, choose_science, rocking_summary
from services.engines.native.filter_file import filter_file
from services.hexte_back.stage import HexteBackConfig

_POSITIONS = (Position.SOURCE, Position.PLUS, Position.MINUS)


def hexte_back(config: HexteBackConfig, inputs: Inputs) -> Outputs:
    """Split the science files of an observation by position, and make its filter file.

    Raises
    ------
    NoGoodTime
        If the observation has no HEXTE data that can be reduced.
    """
    chosen, remarks = choose_science([*inputs.get("events", ())], inputs["archive"])
    if not chosen:
        raise NoGoodTime(NO_SCIENCE)
    parts: dict[Cluster, list[Split]] = defaultdict(list)
    files = []
    for item, file in chosen:
        remarks += rocking_remarks(file.table())
        for part in split(file, _POSITIONS):
            parts[cluster_of(file.table())].append(part)
            name = item.name.rpartition("/")[2].removesuffix(".gz")
            files.append(File(f"{name}_{part.position.value}.gz", part.to_bytes(compress=True)))
    if not files:
        raise NoGoodTime(NO_POSITION)
    summary: dict[str, Any] = {}
    for cluster, found in parts.items():
        told, more = rocking_summary(cluster, found, inputs["rocking"])
        summary[cluster.value.lower()] = told
        remarks += more
    outputs = {
        "science": tuple(files),
        "rocking": tuple(File(f.name.rpartition("/")[2], f.data) for f in inputs["rocking"]),
        "filter_file": (filter_file(config.filter_file, inputs, inputs.get("housekeeping", ())),),
    }
    return Outputs(outputs, caveats_of(remarks), {"clusters": summary})
