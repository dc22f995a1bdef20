"""Outcomes by reason: failures' sentences without what is different in each observation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.contract import FailureKind, ObservationResult, Outcome

_OBSID = re.compile(r"\b\d{5}-\d{1,2}(-\d{1,3}(-\d{1,3}[A-Z]?)?)?\b")
_PLACE = re.compile(r"(?:\w+://)?[\w.*{}-]*/[\w./*{}-]*")
_DATA_FILE = re.compile(r"\b(F[A-Z]\d\w|x\d{5,}|F[A-Z][A-Z]?)_?[\w-]*(\.\w+)*")
_NUMBER = re.compile(r"(?<![A-Za-z\d])\d[\d.]*(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why observations ended as they did.

    Parameters
    ----------
    outcome : Outcome
    stage : str
        Where; empty for success.
    kind : FailureKind or None
    text : str
        The message of the stage, with … for the observation, its files and numbers.
    """

    outcome: Outcome
    stage: str = ""
    kind: FailureKind | None = None
    text: str = ""


def reason_of(result: ObservationResult) -> Reason:
    """Return why an observation ended as it did."""
    if result.outcome is Outcome.SUCCEEDED:
        return Reason(result.outcome)
    last = result.last
    return Reason(result.outcome, last.stage, last.kind, plain(last.message))


def by_reason(results: Iterable[ObservationResult]) -> list[tuple[Reason, list[str]]]:
    """Group ObsIDs by reason: failures first, each kind of outcome with its most frequent reason first."""
    groups: dict[Reason, list[str]] = {}
    for result in results:
        groups.setdefault(reason_of(result), []).append(result.obsid)
    order = [Outcome.FAILED, Outcome.NO_WORK, Outcome.SUCCEEDED]
    return sorted(groups.items(), key=lambda group: (order.index(group[0].outcome), -len(group[1]), group[0].text))


def one_line(text: str) -> str:
    """Return a text on one line, with blanks for what a table, a terminal or a page would take for more than text."""
    return "".join(one if one.isprintable() else " " for one in text).strip()


def plain(message: str) -> str:
    """Return a message without what is an observation's own: ObsID, files, numbers."""
    text = message
    for pattern in (_PLACE, _OBSID, _DATA_FILE, _NUMBER):
        text = pattern.sub("…", text)
    text = re.sub(r"…[…\s,]*…", "…", text).strip()
    return re.sub(r"^…:\s*", "", text).rstrip(".")
