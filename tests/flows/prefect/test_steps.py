"""A step as a task: Prefect sees a name and how it ended, whoever waits for it what it returned or raised."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import MissingContextError

from flows.core.watcher import Stopped
from flows.prefect import steps
from flows.prefect.steps import as_task
from rossi.errors import ConfigError


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], State[Any] | None]]:
    """What Prefect gets to know of tasks: it runs them as they are."""
    tasks: list[tuple[dict[str, Any], State[Any] | None]] = []

    def task(body: Callable[[], State[Any] | None], **options: Any) -> Callable[[], None]:
        return lambda: tasks.append((options, body()))

    monkeypatch.setattr(steps, "Task", task)
    return tasks


def test_what_it_returns_is_no_business_of_prefects(seen: list[tuple[dict[str, Any], State[Any] | None]]) -> None:
    assert as_task("shard", lambda: [1, 2], "shard-0") == [1, 2]
    ((options, state),) = seen
    assert (options["name"], options["task_run_name"], options["retries"], state) == ("shard", "shard-0", 0, None)


@pytest.mark.parametrize(
    ("error", "kind"), [(ConfigError("No store was given."), "FAILED"), (Stopped("shard 0 was stopped"), "CANCELLED")]
)
def test_what_it_raises_is_a_state_with_its_sentence(
    error: Exception, kind: str, seen: list[tuple[dict[str, Any], State[Any] | None]]
) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        as_task("merge", work)
    assert raised.value is error
    ((_, state),) = seen
    assert state is not None
    assert (state.type.name, state.message) == (kind, str(error))


def test_what_is_not_understood_is_left_to_prefect(seen: list[tuple[dict[str, Any], State[Any] | None]]) -> None:
    def work() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        as_task("job", work)
    assert seen == []


def test_logs_belong_to_the_run_that_they_are_written_in(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[int, str]] = []

    class Log:
        def log(self, level: int, form: str, text: str) -> None:
            said.append((level, form % text))

    log = logging.getLogger("flows.core.shard_log")
    monkeypatch.setattr(steps, "get_run_logger", Log)
    log.info("%s done, %d of %d", "20402-01-45-03", 1, 2)
    log.debug("not told")

    def nobody() -> None:
        raise MissingContextError

    monkeypatch.setattr(steps, "get_run_logger", nobody)
    log.warning("outside of a run")
    assert said == [(logging.INFO, "20402-01-45-03 done, 1 of 2")]
