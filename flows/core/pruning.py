"""Pruning a store while nobody else works on it; see `services.storage.prune`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from flows.core.settings import Settings
from flows.core.turns import waiting
from rossi.facts import counted
from services.storage import ObjectStore
from services.storage.gone import tell_to_go
from services.storage.lease import hold
from services.storage.prune import Pruning, find_prunable, sweep

WHO = "rossi prune"


def said(pruning: Pruning, *, applied: bool) -> str:
    """Return one line about what was found, or done."""
    number, size = len(pruning.doomed), in_bytes(sum(one.info.size for one in pruning.doomed))
    if not number:
        return "There is nothing to remove."
    if applied:
        return f"{counted(number, 'object')} removed, {size}."
    return f"{counted(number, 'object')}, {size}, could go; nothing was removed."


def in_bytes(size: int) -> str:
    """Return a size for people, in decimal units."""
    units = ("kB", "MB", "GB", "TB")
    power = min(len(units), int(math.log(size, 1000))) if size >= 1000 else 0
    return f"{size / 1000**power:.1f} {units[power - 1]}" if power else f"{size} B"


def prune(
    store: ObjectStore,
    settings: Settings,
    gone: Sequence[str],
    say: Callable[[str], None],
    *,
    apply: bool,
    wait: bool = True,
    go_on: Callable[[], None] = lambda: None,
) -> Pruning:
    """Find out what nobody names any more, and remove it if `apply`; no campaign is at work then, nor another prune.

    A campaign may find to be done already what nobody has named for long, and a prune remove it at the same moment. So
    both hold the lease of the place.

    Parameters
    ----------
    store : ObjectStore
    settings : Settings
    gone : sequence of str
        Observations that are to be forgotten.
    say : callable
        Told who is waited for, and where the store can't keep two apart.
    apply : bool
    wait : bool
        Whether to wait until the place is free.
    go_on : callable
        Called now and then; raises when it is not to go on.

    Raises
    ------
    AtWork
    DataError
        If a release is damaged.
    StoreError
    """
    if not apply:
        now = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
        return find_prunable(store, settings.prefix, settings.prune, gone=dict.fromkeys(gone, now))
    with hold(store, settings.prefix, WHO, waiting(say, go_on), wait=wait) as lease:
        if lease.caveat:
            say(lease.caveat)

        def check() -> None:
            go_on()
            lease.check()

        for obsid in gone:
            tell_to_go(store, settings.prefix, obsid)
        found = find_prunable(store, settings.prefix, settings.prune)
        sweep(store, settings.prefix, found, check)
    return found
