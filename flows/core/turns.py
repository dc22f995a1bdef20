"""A run's turn on its place of a store: nobody else works there meanwhile, from whatever machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from flows.core.settings import Settings
from rossi.errors import RossiError
from services.storage import StoreError, open_store
from services.storage.lease import AtWork, Holder, hold, holder_of, once


@contextmanager
def turn(
    settings: Settings, who: str, say: Callable[[str], None], go_on: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Wait until no other run works on the same prefix of the same store, and keep others away.

    Products come to no harm without it, but the same work would be done twice. So a store in trouble is no reason not
    to begin: whoever works has more patience with it.

    Parameters
    ----------
    settings : Settings
    who : str
        Name of the run.
    say : callable
        Told who is waited for, and where the store can't keep two apart.
    go_on : callable
        Called while it waits; raises when the run is not to go on.

    Raises
    ------
    AtWork
        If another run works and ``[campaign] wait`` is false.
    """
    with ExitStack() as stack:
        try:
            store = open_store(settings.store)
            wait = settings.campaign.wait
            lease = stack.enter_context(hold(store, settings.prefix, who, waiting(say, go_on), wait=wait))
            if lease.caveat:
                say(lease.caveat)
        except AtWork:
            raise
        except StoreError as error:
            say(f"The store can't say whether another run works on it: {error}")
        yield


def beside(settings: Settings, say: Callable[[str], None]) -> None:
    """Tell who works on the same prefix of the store, for somebody who does not wait for a turn.

    A single observation is a matter of seconds, a campaign may be at work for days. Each finds what the other one has
    finished; only what both work on in the same moment is made twice, and that is told where it happens.

    Parameters
    ----------
    settings : Settings
    say : callable
    """
    with suppress(RossiError):  # of a store in trouble others will tell
        holder = holder_of(open_store(settings.store), settings.prefix)
        if holder is not None:
            say(f"{holder}; this goes on beside it, and neither makes again what the other one has finished.")


def waiting(say: Callable[[str], None], go_on: Callable[[], None]) -> Callable[[Holder], None]:
    """Return what a lease tells who is waited for: said once, and looked each time whether to go on."""
    tell = once(say)

    def on_wait(holder: Holder) -> None:
        go_on()
        tell(holder)

    return on_wait
