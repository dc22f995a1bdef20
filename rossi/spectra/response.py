"""Redistribution matrices on fewer channels (``rbnrmf``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.facts import Told
from rossi.spectra.channels import DROPPED, ChannelGroup

Singles = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False)
class Response(Told):
    """A redistribution matrix.

    Parameters
    ----------
    name : str
        File name, for messages.
    energ_lo, energ_hi : ndarray (n_energy,) of float32 [keV]
    matrix : ndarray (n_energy, n_channel) of float32
        Zero outside the groups.
    row, first, count : ndarray (n_group,) of int
        Groups of stored elements: energy row, position of the first channel (from 0), number of channels; sorted by
        row, then in the file's order.
    e_min, e_max : ndarray (n_channel,) of float32 [keV]
        Nominal energies of the channels.
    first_channel : int
        Number of the first channel.
    """

    name: str
    energ_lo: Singles
    energ_hi: Singles
    matrix: Singles
    row: Integers
    first: Integers
    count: Integers
    e_min: Singles
    e_max: Singles
    first_channel: int

    def _facts(self) -> dict[str, str]:
        photons, channels = self.matrix.shape
        span = f", {self.e_min.min():.4g} to {self.e_max.max():.4g} keV" if channels else ""
        return {"file": self.name, "photons": f"{photons} energies", "channels": f"{channels} channels{span}"}


def rebin_response(response: Response, groups: Sequence[ChannelGroup], first_channel: int | None = None) -> Response:
    """Join channels of a response; elements add up in single precision, in channel order.

    Parameters
    ----------
    response : Response
    groups : sequence of ChannelGroup
        Channels that none names stay as they are.
    first_channel : int, optional
        Number of the result's first channel; by default that of the response.

    Raises
    ------
    DataError
        If groups name channels that the response does not have, or overlap.
    ConfigError
        If a factor does not divide its range.
    """
    target = _targets(response, groups)
    start = np.flatnonzero((np.diff(target, prepend=DROPPED) != 0) & (target >= 0))
    n_new = len(start)
    size = np.bincount(target[target >= 0], minlength=n_new)
    matrix = np.zeros((len(response.energ_lo), n_new), np.float32)
    for member in range(int(size.max(initial=0))):
        has = size > member
        matrix[:, has] += response.matrix[:, start[has] + member]
    row, first, count = _groups(response, target, n_new)
    return replace(
        response,
        matrix=matrix,
        row=row,
        first=first,
        count=count,
        e_min=response.e_min[start],
        e_max=response.e_max[start + size - 1],
        first_channel=response.first_channel if first_channel is None else first_channel,
    )


def _targets(response: Response, groups: Sequence[ChannelGroup]) -> Integers:
    """Return the position of the new channel that each channel goes to, -1 for channels that are left out."""
    n, base = len(response.e_min), response.first_channel
    step = np.ones(n, np.int64)  # 1 where a new channel begins
    named, dropped = np.zeros(n, bool), np.zeros(n, bool)
    for group in groups:
        low, high = group.first - base, group.last - base + 1
        if not 0 <= low < high <= n:
            raise DataError(
                f"{response.name}: has the channels {base} to {base + n - 1}, but channels {group.first} to "
                f"{group.last} shall be joined; make the channel groups from a spectrum of the same instrument."
            )
        if named[low:high].any():
            raise DataError(f"{response.name}: channels {group.first} to {group.last} are named twice by the groups.")
        named[low:high] = True
        if group.factor == DROPPED:
            dropped[low:high] = True
            continue
        if group.factor < 1 or (high - low) % group.factor:
            raise ConfigError(
                f"The factor {group.factor} does not divide the {high - low} channels from {group.first} to "
                f"{group.last}."
            )
        step[low:high] = np.arange(high - low) % group.factor == 0
    step[dropped] = 0
    return np.where(dropped, DROPPED, np.cumsum(step) - 1)


def _groups(response: Response, target: Integers, n_new: int) -> tuple[Integers, Integers, Integers]:
    """Return row, first and count of the new groups: each new channel goes to the old group that has most of it."""
    owner = np.repeat(np.arange(len(response.row)), response.count)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(response.count) - response.count, response.count)
    new = target[response.first[owner] + inside]
    kept = np.column_stack((owner, new))[new >= 0]
    pairs, share = np.unique(kept, axis=0, return_counts=True)
    cell = response.row[pairs[:, 0]] * n_new + pairs[:, 1]
    order = np.lexsort((pairs[:, 0], -share, cell))
    best = order[np.unique(cell[order], return_index=True)[1]]
    owner, new = pairs[best].T
    found, first, count = np.unique(owner, return_index=True, return_counts=True)
    return response.row[found], new[first], count


def mean_response(responses: Sequence[Response], weights: Sequence[float]) -> Response:
    """Return the weighted sum of responses, for the sum of spectra weighted by exposure.

    Parameters
    ----------
    responses : sequence of Response
        At least one, all of the same energies and channels.
    weights : sequence of float

    Raises
    ------
    DataError
        If energies or channels differ.
    """
    first = responses[0]
    for other in responses[1:]:
        for name in ("energ_lo", "energ_hi", "e_min", "e_max"):
            if not np.array_equal(getattr(first, name), getattr(other, name)):
                raise DataError(f"{other.name}: {name.upper()} differs from {first.name}; give responses alike.")
    matrix = np.sum([r.matrix * np.float64(w) for r, w in zip(responses, weights, strict=True)], axis=0)
    stored = np.zeros(matrix.shape, bool)
    for response in responses:
        for row, start, count in zip(response.row, response.first, response.count, strict=True):
            stored[row, start : start + count] = True
    row, begin, count = stored_groups(stored)
    return replace(first, matrix=matrix.astype(np.float32), row=row, first=begin, count=count)


def weighted_sum(responses: Sequence[Response], weights: Sequence[float], threshold: float) -> Response:
    """Add responses of the same energies and channels, one after the other in single precision (``addrmf``).

    Parameters
    ----------
    responses : sequence of Response
        Channels may be those of different detectors; the sum has the nominal energies of the first one's.
    weights : sequence of float
    threshold : float
        Sums that are not above are not stored. A single response keeps its groups.

    Returns
    -------
    Response

    Raises
    ------
    DataError
        If the energies, or how many channels there are, differ.
    """
    first = responses[0]
    total = first.matrix * np.float32(weights[0])
    if len(responses) == 1:
        return replace(first, matrix=total)
    for other, weight in zip(responses[1:], weights[1:], strict=True):
        _require_alike(first, other)
        total = other.matrix * np.float32(weight) + total
        total[total <= np.float32(threshold)] = 0
    row, begin, count = stored_groups(total > 0)
    return replace(first, matrix=total, row=row, first=begin, count=count)


def _require_alike(first: Response, other: Response) -> None:
    shapes, starts = (first.matrix.shape, other.matrix.shape), (first.first_channel, other.first_channel)
    if shapes[0] != shapes[1] or starts[0] != starts[1]:
        raise DataError(
            f"{other.name}: {shapes[1][0]} energies and {shapes[1][1]} channels from {starts[1]} on, but "
            f"{first.name} has {shapes[0][0]} and {shapes[0][1]} from {starts[0]} on; give responses alike."
        )
    for name in ("energ_lo", "energ_hi"):
        if not np.allclose(getattr(first, name), getattr(other, name), rtol=1e-5, atol=0):
            raise DataError(f"{other.name}: {name.upper()} differs from {first.name}; give responses alike.")


def stored_groups(stored: NDArray[np.bool_]) -> tuple[Integers, Integers, Integers]:
    """Return the runs of stored elements, as `Response` has them.

    Parameters
    ----------
    stored : ndarray (n_energy, n_channel) of bool
        Which elements of the matrix are stored.

    Returns
    -------
    row, first, count : ndarray (n_group,) of int
        Energy row, position of the first channel (from 0), number of channels; sorted by row, then by channel.
    """
    edges = np.diff(stored.astype(np.int8), axis=1, prepend=0, append=0)
    (row, start), (_, end) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    return row, start, end - start
