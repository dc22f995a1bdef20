"""Steps of a campaign as tasks of Prefect, and what rossi logs in the log of the flow run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import FailedRun, MissingContextError
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Failed

from flows.core.watcher import Stopped
from rossi.errors import RossiError

Result = TypeVar("Result")


def as_task(kind: str, work: Callable[[], Result], name: str = "") -> Result:
    """Do a step as a task, which ends with the sentence of an error that rossi understands.

    Neither its inputs nor what it returns are Prefect's business: the product store knows what is done. Prefect would
    look through both for what other tasks gave, and log a traceback of an error.
    """
    results: list[Result] = []
    raised: list[Exception] = []

    def body() -> State[Any] | None:
        try:
            results.append(work())
        except Stopped as stopped:
            raised.append(stopped)
            return Cancelled(message=str(stopped))
        except RossiError as error:
            raised.append(error)
            return Failed(message=str(error))
        return None

    Task(body, name=kind, task_run_name=name or None, retries=0, cache_policy=NO_CACHE, persist_result=False)()
    if raised:
        raise raised[0]
    return results[0]


class RunLog(logging.Handler):
    """Hands what is logged on to the log of the flow run, or of its task, that it belongs to."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one record on; it is nobody's outside of a run."""
        with suppress(MissingContextError):
            get_run_logger().log(record.levelno, "%s", record.getMessage())


def without_traceback(record: logging.LogRecord) -> bool:
    """Leave out that a run has ended as *Failed* by its own word: the sentence is in its log, this adds a traceback."""
    return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


def without_nothing(record: logging.LogRecord) -> bool:
    """Leave out that a task has ended as *Failed* by its own word, which Prefect follows with ``NoneType: None``.

    The sentence is in the task's last line, *Finished in state*.
    """
    return record.exc_info != (None, None, None)


logging.getLogger("prefect.flow_runs").addFilter(without_traceback)
logging.getLogger("prefect.task_runs").addFilter(without_nothing)
logging.getLogger("flows").addHandler(RunLog())
logging.getLogger("flows").setLevel(logging.INFO)
