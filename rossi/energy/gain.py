"""Channels that were moved on board, to make the gains of the PCUs alike (GAINAPP, ``gcorrmf``).

Event modes do it, but Standard2, GoodXenon and Transparent don't. Per 256 channels, a PCU's gain adds so many to its
channel numbers, and an offset is added to all: PCUnGAIN and PCUnOFST.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rossi.energy.channel_law import CHANNELS
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.table import Table
from rossi.spectra.response import Response, stored_groups


@dataclass(frozen=True, slots=True)
class ChannelShift:
    """Channels `first` to `last`, both included, were counted in channels higher by `shift`."""

    first: int
    last: int
    shift: int


def channel_shifts(gain: int, offset: int) -> list[ChannelShift]:
    """Return how a gain and an offset move channels: one more channel each time the gain makes up for half of one.

    Parameters
    ----------
    gain, offset : int
        PCUnGAIN and PCUnOFST. Without gain, all channels move by the offset.
    """
    if gain == 0:
        return [ChannelShift(0, CHANNELS - 1, offset)] if offset else []
    shifts, first, step = [], 0, 0
    sign = 1 if gain > 0 else -1
    while first < CHANNELS:
        last = min(int(256 * (step + 0.5) / abs(gain)), CHANNELS - 1)
        shifts.append(ChannelShift(first, last, offset + sign * step))
        first, step = last + 1, step + 1
    return shifts


def spectrum_shifts(header: Header, where: str) -> dict[int, list[ChannelShift]]:
    """Return how the channels of each PCU were moved, from a spectrum's PCUnGAIN and PCUnOFST; empty without them.

    Parameters
    ----------
    header : Header
    where : str
        File and HDU, for messages.

    Returns
    -------
    dict of int to list of ChannelShift
        By PCU.

    Raises
    ------
    DataError
        If one of them is no whole number.
    """
    numbers = {}
    for pcu in range(5):
        pair = [header.known(f"PCU{pcu}{what}") for what in ("GAIN", "OFST")]
        if pair == [None, None]:
            continue
        if any(value is None or not float(value).is_integer() for value in pair):
            raise DataError(f"{where}: PCU{pcu}GAIN and PCU{pcu}OFST are {pair}; whole numbers were expected of both.")
        numbers[pcu] = [int(value) for value in pair if value is not None]
    return {pcu: channel_shifts(gain, offset) for pcu, (gain, offset) in numbers.items()}


def table_shifts(table: Table) -> dict[int, list[ChannelShift]]:
    """Return how channels are moved by the CALDB's table of gains (EDS_GCOR): its second row.

    Parameters
    ----------
    table : Table

    Returns
    -------
    dict of int to list of ChannelShift
        By PCU.

    Raises
    ------
    DataError
        If it has no second row, or not gain and offset of five PCUs (columns 2 to 11).
    """
    names = [info.name for info in table.infos.values()]
    if len(table) < 2 or len(names) < 11:
        raise DataError(
            f"{table.where}: {len(table)} rows of {len(names)} columns; two rows with gain and offset of five PCUs in "
            "columns 2 to 11 were expected."
        )
    row = [int(table.numbers(name)[1]) for name in names[1:11]]
    return {pcu: channel_shifts(row[pcu], row[pcu + 5]) for pcu in range(5)}


def shifted(response: Response, shifts: Sequence[ChannelShift]) -> Response:
    """Return a response whose channels are moved; what leaves channels 0 to 255 is lost, nominal energies stay.

    Parameters
    ----------
    response : Response
        In 256 channels, from 0.
    shifts : sequence of ChannelShift
        Of all channels that are to stay.
    """
    if not any(one.shift for one in shifts):
        return response
    matrix = np.zeros_like(response.matrix)
    n_channel = matrix.shape[1]
    for one in shifts:
        channel = np.arange(one.first, one.last + 1)
        target = channel + one.shift
        inside = (target >= 0) & (target < n_channel)
        matrix[:, target[inside]] += response.matrix[:, channel[inside]]
    row, first, count = stored_groups(matrix > 0)
    return replace(response, matrix=matrix, row=row, first=first, count=count)
