"""A shard as a process, an index of an Indexed Job.

``python -m services.execution --index-from JOB_COMPLETION_INDEX``
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from functools import partial
from typing import Annotated

import typer

from rossi.errors import ConfigError, RossiError
from services.contract import ExitCode, ObservationResult, Outcome
from services.execution.failures import lost_observation
from services.execution.ledger import Ledger, is_final, read_shard
from services.execution.request import Shard
from services.execution.worker import open_places, run_observation
from services.storage import open_store
from services.storage.patience import lost, patiently

#: Seconds after SIGTERM in which the observation at hand may end; then it is given up. Nothing half-done is ever
#: visible, so this only saves work.
GRACE = 8.0

_log = logging.getLogger(__name__)
_EPILOG = """\b
Exit codes: 0 every observation succeeded or had nothing to do, 1 try the shard
again, 20 every observation is accounted for and at least one failed for good,
21 the configuration is wrong: no shard could succeed.

\b
Example:
  python -m services.execution --store s3://bucket/run --work campaigns/0123abcd \\
      --index-from JOB_COMPLETION_INDEX"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(epilog=_EPILOG)
def command(
    store: Annotated[str, typer.Option(help="The product store, which holds the work list, too.")],
    work: Annotated[str, typer.Option(help="Key of the work list in the store.")],
    index: Annotated[int | None, typer.Option(min=0, help="Number of the shard.")] = None,
    index_from: Annotated[str, typer.Option(help="Environment variable with the number of the shard.")] = "",
    run: Annotated[str, typer.Option(envvar="ROSSI_RUN", help="The Job that this process belongs to.")] = "by-hand",
    attempt: Annotated[
        str, typer.Option(envvar="ROSSI_ATTEMPT", help="How many processes have failed at the shard before.")
    ] = "0",
) -> None:
    """Work one shard of a campaign off."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    try:
        number = _number(index, index_from)
        opened = open_store(store)
        code = work_off(read_shard(opened, work, number), Ledger(opened, work, run, number), int(attempt or 0))
    except RossiError as error:  # of data, another shard's would be no better
        _log.error("%s", error)
        code = ExitCode.CONFIG_ERROR if isinstance(error, ConfigError) else ExitCode.RETRYABLE
    raise typer.Exit(code)


def main() -> None:
    """Run the command; exits."""
    STOP.listen()
    app(prog_name="python -m services.execution")


class Stop:
    """Whether somebody wants the process to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def listen(self) -> None:
        """Take SIGTERM as a wish to end soon."""
        signal.signal(signal.SIGTERM, self._on_signal)

    @property
    def asked(self) -> bool:
        """True from the signal on."""
        return self._asked.is_set()

    def _on_signal(self, _signum: int, _frame: object) -> None:
        if self.asked:
            return
        self._asked.set()
        # Not by an exception: compiled code would not see it in time.
        timer = threading.Timer(GRACE, os._exit, (ExitCode.RETRYABLE,))
        timer.daemon = True
        timer.start()


#: Signals concern the process, so there is one.
STOP = Stop()


def work_off(shard: Shard, ledger: Ledger, attempt: int = 0, stop: Stop = STOP) -> ExitCode:
    """Run what is not done of a shard, one observation after the other, and write down how each ended.

    An observation during which a process was killed twice (out of memory, a crash in compiled code) is a failure and
    left out, so that those after it have their turn.

    Parameters
    ----------
    shard : Shard
    ledger : Ledger
    attempt : int
        How many processes have failed at this shard before.
    stop : Stop

    Raises
    ------
    ConfigError
        No observation could succeed.
    StoreError
        The archive or the store stays away.
    """
    archive, store = open_places(shard)
    ledger.look()
    results: dict[int, ObservationResult] = {}
    undone = 0
    for position, obsid in enumerate(shard.obsids):
        if (known := ledger.done(position)) is not None:
            results[position] = known
            continue
        if stop.asked:
            break
        _log.info("%s: observation %d of %d", obsid, position + 1, len(shard.obsids))
        final = ledger.killed_its_process(position, attempt)
        if final:
            how = f"{obsid}: the process that worked on it was killed, twice; it may need more memory than there is."
            results[position] = lost_observation(shard, obsid, how, store)
        else:
            ledger.begin(position, attempt)
            run = partial(run_observation, obsid, shard, archive=archive, store=store)
            results[position] = patiently(run, archive, store, is_lost=lost)
            final = is_final(results[position])
        ledger.keep(position, attempt, results[position], final=final)
        undone += not final
    undone += len(shard.obsids) - len(results)
    if not undone:
        ledger.close(list(results.values()))
    return _end(shard, list(results.values()), undone, attempt)


def _end(shard: Shard, results: list[ObservationResult], undone: int, attempt: int) -> ExitCode:
    failed = [result for result in results if result.outcome is Outcome.FAILED]
    for result in failed:
        _log.error("%s: %s", result.obsid, result.message)
    _log.info(
        "shard %d, attempt %d: %d observations, %d failed, %d to be tried again",
        shard.number,
        attempt,
        len(shard.obsids),
        len(failed),
        undone,
    )
    if undone:
        return ExitCode.RETRYABLE
    return ExitCode.DATA_ERROR if failed else ExitCode.OK


def _number(index: int | None, variable: str) -> int:
    if index is not None:
        return index
    if not variable:
        raise ConfigError("Say which shard: --index 3, or --index-from JOB_COMPLETION_INDEX.")
    value = os.environ.get(variable, "")
    if not value.isdecimal():
        raise ConfigError(f"The environment variable {variable} is {value!r}; the number of a shard was expected.")
    return int(value)
