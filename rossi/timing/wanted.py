"""Which files of an observation's configurations are needed, so that no other is fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rossi import gti as intervals
from rossi.errors import NoGoodTime
from rossi.gti import Gti
from rossi.remarks import Remark
from rossi.timing.choice import Wish, choose_each
from rossi.timing.modes import Kind, Mode, Modes

#: Files that their headers do not tell of can't be chosen by them; whoever reads them says what is wrong.
_WITH_EVENTS = (Kind.XENON, Kind.EVENTS)


def wanted_files(
    modes: Modes, wishes: Sequence[Wish] = (), *, events: bool = False
) -> tuple[tuple[str, ...], tuple[Remark, ...]]:
    """Return the files of the PCA that light curves, power spectra and event lists are made of.

    Time is that of the headers (TSTART, TSTOP). Of GoodXenon merged and in halves at the same time, only the merged
    files are wanted, and of events none that GoodXenon has as well.

    Parameters
    ----------
    modes : Modes
    wishes : sequence of Wish
        Of light curves and power spectra, see `rossi.timing.choice.choose_each`.
    events : bool
        Event lists are made as well.

    Returns
    -------
    tuple of str
        Paths, sorted.
    tuple of Remark
        Halves of GoodXenon without the other one, and what can't be had.
    """
    found: set[str] = set()
    remarks = [Remark("half_missing", text) for text in _alone(modes.table)]
    for wish in wishes:
        try:
            choices = choose_each(modes.table, wish)
        except NoGoodTime as error:
            remarks.append(Remark("no_mode", str(error)))
            continue
        for choice in choices:
            for mode in choice.modes:
                found |= set(_during(mode, choice.gti))
    if events:
        taken: Gti = intervals.make([])
        for mode in sorted(filter(_has_events, modes.table), key=_most_whole):
            left = intervals.difference(mode.gti, taken)
            found |= set(_during(mode, left))
            taken = intervals.union(taken, mode.gti) if mode.kind == Kind.XENON else taken
    return tuple(sorted(found)), tuple(dict.fromkeys(remarks))


def _has_events(mode: Mode) -> bool:
    return mode.kind in _WITH_EVENTS


def _most_whole(mode: Mode) -> tuple[bool, bool]:
    """Order modes with events: merged GoodXenon, halves of it, others."""
    return mode.kind != Kind.XENON, mode.first.kind == Kind.XENON_HALF


def _during(mode: Mode, time: Gti) -> Iterator[str]:
    for one in mode.configurations:
        if intervals.total(intervals.intersection(time, [[one.start, one.stop]])) > 0:
            yield one.path


def _alone(modes: Sequence[Mode]) -> Iterator[str]:
    """Say which halves of GoodXenon ran without the other one."""
    for mode in modes:
        if mode.first.kind == Kind.XENON_HALF:
            used = set(_during(mode, mode.gti))
            for one in mode.configurations:
                if one.path not in used:
                    yield (
                        f"{one.path}: no file of the other half of {one.name} ran at the same time; its events can't "
                        "be decoded."
                    )
