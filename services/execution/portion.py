"""A part of a campaign's work as a process, an index of an Indexed Job: observations to reduce, or sources to merge."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from rossi.errors import ConfigError, RossiError
from services.contract import ExitCode, ObservationResult, Outcome, StageResult
from services.execution.ledger import Ledger, is_final
from services.execution.signals import take_sigterm
from services.storage import ObjectStore, open_store

Result = TypeVar("Result", ObservationResult, StageResult)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Portion(Generic[Result]):
    """What one process works off, item by item.

    Parameters
    ----------
    number : int
    names : tuple of str
        What the items are called in the log.
    run : callable
        Works the item at a position off; returns how it ended. May raise `ConfigError` and `StoreError`.
    lost : callable
        Returns the result of the item at a position that has killed its process, and leaves a record of it.
    item, kind : str
        What an item is, and the whole.
    overlapped : callable, optional
        Works items off while others wait for answers: given their positions, what keeps the result of one, from any
        thread, and what says whether to begin another, iterates over positions and results.
    """

    number: int
    names: tuple[str, ...]
    run: Callable[[int], Result]
    lost: Callable[[int], Result]
    item: str = "observation"
    kind: str = "shard"
    overlapped: (
        Callable[
            [Iterator[int], Callable[[int, Result], None], Callable[[], bool]],
            Generator[tuple[int, Result], None, None],
        ]
        | None
    ) = None

    def begin(self, position: int) -> None:
        """Tell the log that an item is now worked on."""
        _log.info("%s: %s %d of %d", self.names[position], self.item, position + 1, len(self.names))


class Stop:
    """Whether somebody wants the process to end; it does, with the item at hand or some seconds later."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take SIGTERM as a wish to end soon."""
        take_sigterm(self._on_signal)

    def _on_signal(self, _signum: int, _frame: object) -> None:
        self.asked = True


#: Signals concern the process, so there is one.
STOP = Stop()


def work_off_portion(portion: Portion[Result], ledger: Ledger[Result], attempt: int = 0, stop: Stop = STOP) -> ExitCode:
    """Work off what is not done, one item after the other, and write down how each ended.

    An item during which a process was killed twice (out of memory, a crash in compiled code) is a failure and left out,
    so that those after it have their turn.

    Parameters
    ----------
    portion : Portion
    ledger : Ledger
    attempt : int
        How many processes have failed at this part before.
    stop : Stop

    Raises
    ------
    ConfigError
        Nothing could succeed.
    StoreError
        The archive or the store stays away.
    """
    ledger.look()
    results: dict[int, Result] = {}

    def todo() -> Iterator[int]:
        for position in range(len(portion.names)):
            if (known := ledger.done(position)) is not None:
                results[position] = known
            elif ledger.killed_its_process(position, attempt):
                results[position] = portion.lost(position)
                ledger.keep(position, attempt, results[position], final=True)
            else:
                yield position

    def keep(position: int, result: Result) -> None:
        ledger.keep(position, attempt, result, final=is_final(result))

    # After a process has died it counts which item each began, so one is begun when the one before it has ended.
    work = portion.overlapped if portion.overlapped is not None and not attempt else _in_turn(portion, ledger, attempt)
    with closing(work(todo(), keep, lambda: not stop.asked)) as ended:
        done = dict(ended)
    results |= done
    undone = sum(not is_final(result) for result in done.values()) + len(portion.names) - len(results)
    if not undone:
        ledger.close([results[position] for position in sorted(results)])
    return _end(portion, results, undone, attempt)


def _in_turn(
    portion: Portion[Result], ledger: Ledger[Result], attempt: int
) -> Callable[
    [Iterator[int], Callable[[int, Result], None], Callable[[], bool]], Generator[tuple[int, Result], None, None]
]:
    def work(
        positions: Iterator[int], keep: Callable[[int, Result], None], go_on: Callable[[], bool]
    ) -> Generator[tuple[int, Result], None, None]:
        for position in positions:
            if not go_on():
                return
            portion.begin(position)
            ledger.begin(position, attempt)
            result = portion.run(position)
            keep(position, result)
            yield position, result

    return work


def _end(portion: Portion[Result], results: dict[int, Result], undone: int, attempt: int) -> ExitCode:
    failed = {position: result for position, result in results.items() if result.outcome is Outcome.FAILED}
    for position, result in failed.items():
        _log.error("%s: %s", portion.names[position], result.message)
    _log.info(
        "%s %d, attempt %d: %d %ss, %d failed, %d to be tried again",
        portion.kind,
        portion.number,
        attempt,
        len(portion.names),
        portion.item,
        len(failed),
        undone,
    )
    if undone:
        return ExitCode.RETRYABLE
    return ExitCode.DATA_ERROR if failed else ExitCode.OK


def serve(
    program: str,
    opened: Callable[[ObjectStore, str, str, int], tuple[Portion[Result], Ledger[Result]]],
    what: str,
    epilog: str,
) -> None:
    """Run the command of a process that works one part off; exits.

    Parameters
    ----------
    program : str
        How the process is called.
    opened : callable
        Given store, work list, Job and number, returns the part and its ledger; raises `ConfigError` for want of it.
    what : str
        What it does, for the help.
    epilog : str
    """
    given = _parser(program, what, epilog).parse_args()
    STOP.listen()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    try:
        number = _number(given.index, given.index_from)
        code = work_off_portion(*opened(open_store(given.store), given.work, given.run, number), given.attempt)
    except RossiError as error:  # of data, another part's would be no better
        _log.error("%s", error)
        code = ExitCode.CONFIG_ERROR if isinstance(error, ConfigError) else ExitCode.RETRYABLE
    sys.exit(code)


def _parser(program: str, what: str, epilog: str) -> ArgumentParser:
    parser = ArgumentParser(
        program, description=what, epilog=epilog, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False
    )
    job, attempt = os.environ.get("ROSSI_RUN") or "by-hand", os.environ.get("ROSSI_ATTEMPT") or "0"
    parser.add_argument("--store", required=True, help="the product store, which holds the work list, too")
    parser.add_argument("--work", required=True, help="key of the work list in the store")
    parser.add_argument("--index", type=_natural, help="number of the part")
    parser.add_argument("--index-from", default="", metavar="NAME", help="environment variable with that number")
    parser.add_argument("--run", default=job, help="the Job that this process belongs to [ROSSI_RUN, or %(default)s]")
    parser.add_argument(
        "--attempt", type=_natural, default=attempt,
        help="how many processes have failed at the part before [ROSSI_ATTEMPT, or %(default)s]",
    )  # fmt: skip
    return parser


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return int(text)


def _number(index: int | None, variable: str) -> int:
    if index is not None:
        return index
    if not variable:
        raise ConfigError("Say which shard: --index 3, or --index-from JOB_COMPLETION_INDEX.")
    value = os.environ.get(variable, "")
    if not value.isdecimal():
        raise ConfigError(f"The environment variable {variable} is {value!r}; the number of a shard was expected.")
    return int(value)
