"""Stage ``hexte_back`` on the native engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rossi.errors import NoGoodTime
from rossi.fits.edit import dated_file
from rossi.fits.reader import open_fits
from rossi.fits.stream import stream_fits
from rossi.hexte.rocking import Position, Split, rocking_remarks, split
from rossi.hexte.science import Cluster, cluster_of
from rossi.hexte.splitting import split_streamed
from rossi.remarks import Remark, undated
from services.contract import File, Inputs, Outputs
from services.engines.hexte_science import LONG, NO_POSITION, NO_SCIENCE, choose_science, split_outputs
from services.engines.native.files import filter_file
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
    for item in chosen:
        lost: list[str] = []
        for part, data in _split(item, lost):
            parts[cluster_of(part.table)].append(part)
            remarks += rocking_remarks(part.table)
            name = item.name.rpartition("/")[2].removesuffix(".gz")
            files.append(File(f"{name}_{part.position.value}.gz", data))
        remarks += [Remark("undated_rows", sentence) for sentence in lost]
    if not files:
        raise NoGoodTime(NO_POSITION)
    made = filter_file(config.filter_file, inputs, inputs.get("housekeeping", ()))
    remarks += undated(made.said)
    return split_outputs(files, parts, inputs["rocking"], File(made.name, made.data), remarks)


def _split(item: File, said: list[str]) -> Iterator[tuple[Split, bytes]]:
    """Split a science file; a long one in pieces."""
    if len(item.data) > LONG:
        yield from split_streamed(stream_fits(item.data, item.name), _POSITIONS, said)
        return
    file, sentences = dated_file(open_fits(item.data, item.name))
    said += sentences
    for part in split(file, _POSITIONS):
        yield part, part.to_bytes(compress=True)
