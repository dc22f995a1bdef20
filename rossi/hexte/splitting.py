"""Splitting long event lists by position without holding them in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from isal import igzip

from rossi.errors import DataError
from rossi.fits.dated import dated
from rossi.fits.header import BLOCK
from rossi.fits.stream import StreamedFile
from rossi.fits.sums import ones_complement_sum
from rossi.fits.writer import fits_bytes, primary_hdu, sealed_header
from rossi.hexte.rocking import Gti, Position, Split, frame_intervals, rocking_angle, rows_by_position, split_header
from rossi.hexte.science import kind_of

#: Rows that are looked at at a time.
_ROWS = 1 << 17


@dataclass(slots=True)
class _Data:
    """A data unit that grows: its check sum, and what is left of the last word."""

    size: int = 0
    total: int = 0
    rest: bytes = b""

    def add(self, data: bytes) -> None:
        self.size += len(data)
        whole = self.rest + data
        cut = len(whole) - len(whole) % 4
        self.total, self.rest = ones_complement_sum(whole[:cut], self.total), whole[cut:]

    @property
    def checksum(self) -> int:
        return ones_complement_sum(self.rest, self.total)

    @property
    def padding(self) -> bytes:
        return bytes(-self.size % BLOCK)


@dataclass(slots=True)
class _Found:
    """What the first pass finds of one position."""

    data: _Data = field(default_factory=_Data)
    n_row: int = 0
    angle: float | None = None
    frames: list[Gti] = field(default_factory=list)


def split_streamed(
    file: StreamedFile, positions: Sequence[Position], said: list[str] | None = None
) -> Iterator[tuple[Split, bytes]]:
    """Split an event list that is too long for memory; the files are those of `rossi.hexte.rocking.split`.

    The list is uncompressed once to count and once more to write.

    Parameters
    ----------
    file : StreamedFile
    positions : sequence of Position
    said : list of str, optional
        Grows by sentences on rows without a time, which are left out.

    Yields
    ------
    Split, bytes
        Without its rows, and as a gzip-compressed file, for each position that has rows.

    Raises
    ------
    DataError
        If it is no science file of HEXTE.
    """
    table = file.file.tables[0]
    if table.header.get("PCOUNT", 0):
        raise DataError(
            f"{table.where}: PCOUNT is {table.header['PCOUNT']}; event lists without cells of variable length were "
            "expected. The file may be damaged, fetch it again."
        )
    kind = kind_of(table)
    found = {position: _Found() for position in positions}
    for whole in file.pieces(_ROWS):
        piece, sentence = dated(whole)
        if sentence and said is not None:
            said.append(sentence)
        for position, rows in rows_by_position(piece, kind, positions):
            one, part = found[position], table.with_rows(rows)
            one.data.add(rows.tobytes())
            one.n_row += len(rows)
            one.frames.append(frame_intervals(part.numbers("Time")))
            one.angle = one.angle or rocking_angle(part, kind)
    gti_header = file.file.tables[1].header if len(file.file.tables) > 1 else None
    outputs: dict[Position, igzip.IGzipFile] = {}
    buffers = {position: io.BytesIO() for position, one in found.items() if one.n_row}
    for position, buffer in buffers.items():
        out = outputs[position] = igzip.IGzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0)
        out.write(fits_bytes(primary_hdu()))
        header = split_header(table.header, position, kind, found[position].n_row)
        out.write(sealed_header(header, found[position].data.checksum))
    for whole in file.pieces(_ROWS):
        piece, _ = dated(whole)
        for position, rows in rows_by_position(piece, kind, positions):
            outputs[position].write(rows.tobytes())
    for position, out in outputs.items():
        one = found[position]
        empty = table.with_rows(table.rows[:0], split_header(table.header, position, kind, 0))
        made = Split(position, empty, _joined(one.frames), gti_header, one.angle)
        out.write(one.data.padding)
        gti = made.gti
        out.write(sealed_header(gti.header, ones_complement_sum(_padded(gti.data))) + _padded(gti.data))
        out.close()
        yield made, buffers[position].getvalue()


def _joined(parts: Sequence[Gti]) -> Gti:
    """Put frames of pieces behind each other; a frame that a piece has cut counts once."""
    frames = np.concatenate(parts)
    return np.asarray(frames[np.diff(frames[:, 0], prepend=-1.0) != 0])


def _padded(data: bytes | memoryview) -> bytes:
    return bytes(data).ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")
