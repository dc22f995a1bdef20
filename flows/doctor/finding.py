"""What was found of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it is with it."""

    FINE = "fine"
    #: Not there, and nothing that is configured needs it.
    ABSENT = "absent"
    #: May work later: a server that does not answer.
    AWAY = "away"
    #: Does not work until somebody changes something.
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of `rossi doctor`.

    Parameters
    ----------
    what : str
        That was looked at, in a word or two.
    verdict : Verdict
    found : str
        A sentence; where something is wrong, with what to do.
    """

    what: str
    verdict: Verdict
    found: str
