"""The two files of a GoodXenon pair put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.timing.xenon import Listed, XenonEvents, XenonHalf, events_of, is_full, listed, mode_of, pcu_of

#: Numbers of PCUs that 3 bits can tell.
_PCUS = 8


@dataclass(frozen=True, slots=True)
class Losses:
    """What was lost of a pair, on board or when it was merged.

    Parameters
    ----------
    names : tuple of str
        The two files.
    on_board : tuple of int
        Events that each file's analyzer counted as lost.
    alone : int
        Partitions that one file alone has.
    length : float [s]
        Of a partition.
    open_ended : tuple of int
        Partitions of each file that have no end mark.
    out_of_step : tuple of (float, float) [s]
        Start of each partition with another number of time marks in each file, and from when on it is left out.
    unpaired : int
        Events that are left out.
    """

    names: tuple[str, str]
    on_board: tuple[int, int]
    alone: int
    length: float
    open_ended: tuple[int, int]
    out_of_step: tuple[tuple[float, float], ...]
    unpaired: int

    def remarks(self) -> list[str]:
        """Return it as sentences."""
        first, both = self.names[0], ", ".join(self.names)
        said = []
        if lost := max(self.on_board):
            said.append(f"{first}: {lost} events were lost on board; the file's rates are too low then.")
        if self.alone:
            said.append(
                f"{both}: {self.alone} partitions of {self.length:g} s are in one of the files alone; their time is "
                "taken from the good time."
            )
        for name, number in zip(self.names, self.open_ended, strict=True):
            if number:
                said.append(f"{name}: {number} partitions have no end mark; all their words are taken.")
        said += [
            f"{both}: the partition at {start:.0f} s has another number of time marks in each; its events from "
            f"{since:.3f} s on have no certain time and are left out."
            for start, since in self.out_of_step
        ]
        if self.unpaired:
            said.append(
                f"{first}: {self.unpaired} events have a word in one of the two files only; they are left out, with "
                "the others of their PCU in the same 1/128 s."
            )
        return said


def together(losses: Sequence[Losses]) -> Losses:
    """Return the losses of parts of a pair as one.

    Parameters
    ----------
    losses : sequence of Losses
        One at least.
    """
    first = losses[0]

    def summed(pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
        return sum(a for a, _ in pairs), sum(b for _, b in pairs)

    return Losses(
        first.names,
        summed([one.on_board for one in losses]),
        sum(one.alone for one in losses),
        first.length,
        summed([one.open_ended for one in losses]),
        tuple(step for one in losses for step in one.out_of_step),
        sum(one.unpaired for one in losses),
    )


def merge_xenon(one: XenonHalf, other: XenonHalf, *, compat: bool = False) -> XenonEvents:
    """Put the words of two files together to events.

    Partitions belong together that begin at the same time. In each interval of 2^-7 s the n-th word of a PCU in one
    file belongs to the n-th word of that PCU in the other: the analyzers may order events of two PCUs differently, but
    not those of one. Where the files have different numbers of a PCU's words in an interval, these events are dropped.

    Parameters
    ----------
    one, other : XenonHalf
        In either order.
    compat : bool
        Pair words by their position alone, leave out a partition that begins in the last row, stop behind a partition
        without end mark: as ``xenon2fits`` does.

    Raises
    ------
    DataError
        If both are the same half, of different modes, or have no partition in common.
    """
    first, second = in_order(one, other)
    if compat:
        first, second = _without_last_row(first), _without_last_row(second)
        a, b = shared(first, second)
        return _by_position(first.chosen(a), second.chosen(b))
    events, losses = merged(first, second)
    return XenonEvents(events.time, events.pcu, events.code, events.height, events.missing, tuple(losses.remarks()))


def in_order(one: XenonHalf, other: XenonHalf) -> tuple[XenonHalf, XenonHalf]:
    """Return the two halves of a pair, the first one first.

    Parameters
    ----------
    one, other : XenonHalf

    Raises
    ------
    DataError
        If both are the same half, or of different modes.
    """
    first, second = sorted((one, other), key=lambda half: half.role)
    if first.role == second.role or mode_of(first.table)[0] != mode_of(second.table)[0]:
        raise DataError(
            f"{one.name} has DATAMODE {one.table.header.get('DATAMODE')}, {other.name} "
            f"{other.table.header.get('DATAMODE')}; the two halves of one GoodXenon mode were expected."
        )
    return first, second


def shared(first: XenonHalf, second: XenonHalf) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the numbers of the partitions that both halves have, in each.

    Parameters
    ----------
    first, second : XenonHalf

    Raises
    ------
    DataError
        If there is none.
    """
    _, a, b = np.intersect1d(first.time, second.time, return_indices=True)
    if not len(a):
        raise DataError(
            f"{first.name} and {second.name} have no partition of the same time; they do not belong together."
        )
    return a, b


def only_in_one(first: XenonHalf, second: XenonHalf, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the time of partitions that one half alone has.

    Parameters
    ----------
    first, second : XenonHalf
    a, b : ndarray (n,) of int
        The partitions that both have.

    Returns
    -------
    ndarray (n_span, 2) [s]
        Spacecraft clock.
    """
    alone = np.concatenate((np.delete(first.time, a), np.delete(second.time, b)))
    return np.sort(np.column_stack((alone, alone + first.length)), axis=0)


def _without_last_row(half: XenonHalf) -> XenonHalf:
    width = half.table.structure.infos[list(half.table.infos)[-1]].repeat
    return half.chosen(np.flatnonzero(half.at < len(half.words) - width))


def _by_position(first: XenonHalf, second: XenonHalf) -> XenonEvents:
    """Pair words as ``xenon2fits`` does."""
    ended = (first.has_end() | is_full(first.number)) & (second.has_end() | is_full(second.number))
    kept = np.arange(len(ended) if ended.all() else int(np.argmin(ended)) + 1)
    first, second = first.chosen(kept), second.chosen(kept)
    words = listed(first, first.number - 1)
    partners = listed(second, first.number - 1).words
    inside = np.arange(len(words.words)) != np.searchsorted(words.partition, words.partition)  # not the first word
    event = words.is_event & inside
    found = events_of(words.words[event], partners[event], first.time[words.partition[event]], words.mark[event])
    return XenonEvents(*found, np.empty((0, 2)), ())


def merged(first: XenonHalf, second: XenonHalf) -> tuple[XenonEvents, Losses]:
    """Put the words of two halves, or of parts of them, together; see `merge_xenon`.

    Parameters
    ----------
    first, second : XenonHalf

    Returns
    -------
    XenonEvents
        Without remarks.
    Losses

    Raises
    ------
    DataError
        If they have no partition in common.
    """
    a, b = shared(first, second)
    missing = only_in_one(first, second, a, b)
    on_board = int(first.lost[a].sum()), int(second.lost[b].sum())
    first, second = first.chosen(a), second.chosen(b)
    ended = tuple(int((~(half.has_end() | is_full(half.number))).sum()) for half in (first, second))
    lists = [listed(half, half.number - half.has_end()) for half in (first, second)]
    out_of_step = _out_of_step(lists[0], lists[1], len(first.time))
    for partition, mark in out_of_step:
        lists = [words.without(partition, mark) for words in lists]
    keys, events = zip(*map(_keys, lists), strict=True)
    one, two = _ranked(*keys)
    unpaired = max(len(keys[0]), len(keys[1])) - len(one)
    one, two = events[0][one], events[1][two]
    words = lists[0]
    found = events_of(words.words[one], lists[1].words[two], first.time[words.partition[one]], words.mark[one])
    order = np.argsort(found[0], kind="stable")
    if (np.diff(order) != 1).any():
        time, pcu, code, height = found
        found = time[order], pcu[order], code[order], height[order]
    steps = tuple((float(first.time[partition]), mark / 128) for partition, mark in out_of_step)
    losses = Losses(
        (first.name, second.name), on_board, len(missing), first.length, (ended[0], ended[1]), steps, unpaired
    )
    return XenonEvents(*found, missing, ()), losses


def _out_of_step(one: Listed, other: Listed, n_partition: int) -> list[tuple[int, int]]:
    """Return partitions of which the lists have different numbers of marks, and the first mark whose events differ."""
    marks = [np.bincount(words.partition[~words.is_event], minlength=n_partition) for words in (one, other)]
    found = []
    for partition in np.flatnonzero(marks[0] != marks[1]).tolist():
        counts = [
            words.events_by_mark(partition, int(max(marks[0].max(), marks[1].max())) + 1) for words in (one, other)
        ]
        differ = np.flatnonzero(counts[0] != counts[1])
        if len(differ):
            found.append((partition, int(differ[0])))
    return found


def _keys(words: Listed) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return partition, interval and PCU of each event as one number, and which words the events are."""
    event = np.flatnonzero(words.is_event)
    interval = words.partition[event].astype(np.int64) << 32 | words.mark[event]
    return interval * _PCUS + pcu_of(words.words[event]), event


def _ranked(one: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return positions in both lists of what belongs together, in the order of the first."""
    if np.array_equal(one, other):
        whole = np.arange(len(one))
        return whole, whole
    orders = [np.argsort(keys, kind="stable") for keys in (one, other)]
    common = _of_equal_number(one, other)
    kept = [order[np.isin(keys[order], common)] for order, keys in zip(orders, (one, other), strict=True)]
    back = np.argsort(kept[0], kind="stable")
    return kept[0][back], kept[1][back]


def _of_equal_number(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    (keys, number), (keys2, number2) = (np.unique(keys, return_counts=True) for keys in (one, other))
    common, a, b = np.intersect1d(keys, keys2, return_indices=True)
    return np.asarray(common[number[a] == number2[b]])
