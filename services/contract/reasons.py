"""Outcomes by what went wrong: failures of the same code, in the same stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.contract import FailureKind, ObservationResult, Outcome


@dataclass(frozen=True, slots=True)
class Group:
    """Observations that ended for one reason.

    Parameters
    ----------
    outcome : Outcome
    stage, code : str
        Where, and what went wrong; empty for success.
    kind : FailureKind or None
        Of the first of them.
    obsids : list of str
    messages : dict
        What they say, each sentence once, in their order.
    """

    outcome: Outcome
    stage: str = ""
    code: str = ""
    kind: FailureKind | None = None
    obsids: list[str] = field(default_factory=list)
    messages: dict[str, None] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The first message, as an example, and how many others there are."""
        first = next(iter(self.messages), "")
        more = len(self.messages) - 1
        return f"{first} ({more} other message{'s' * (more > 1)})" if more > 0 else first


class Reasons:
    """Results grouped by reason, as they come.

    Parameters
    ----------
    results : iterable of ObservationResult
    """

    def __init__(self, results: Iterable[ObservationResult] = ()) -> None:
        self._groups: dict[tuple[str, ...], Group] = {}
        for result in results:
            self.add(result)

    def add(self, result: ObservationResult) -> None:
        """Add one."""
        last = result.last
        done = result.outcome is Outcome.SUCCEEDED
        reason = (result.outcome, "", "") if done else (result.outcome, last.stage, last.code)
        group = self._groups.setdefault(reason, Group(*reason, last.kind))
        group.obsids.append(result.obsid)
        group.messages.update({} if done else {last.message: None})

    def extend(self, others: Reasons) -> None:
        """Add all of others."""
        for reason, other in others._groups.items():
            group = self._groups.setdefault(reason, Group(other.outcome, other.stage, other.code, other.kind))
            group.obsids.extend(other.obsids)
            group.messages.update(other.messages)

    @property
    def groups(self) -> list[Group]:
        """Return the groups: failures first, each kind of outcome with its most frequent reason first."""
        order = [Outcome.FAILED, Outcome.NO_WORK, Outcome.SUCCEEDED]
        return sorted(self._groups.values(), key=lambda group: (order.index(group.outcome), -len(group.obsids)))


def one_line(text: str) -> str:
    """Return a text on one line, with blanks for what a table, a terminal or a page would take for more than text."""
    return "".join(one if one.isprintable() else " " for one in text).strip()
