"""A cluster as an executor does what those of this machine do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.core.executor import Executor, Inline
from flows.core.retry import failed
from flows.core.run import run
from flows.core.selection import everything
from flows.core.settings import Settings
from flows.core.watcher import Stopped
from flows.executors import open_executor
from flows.kubernetes.executor import Pods
from flows.kubernetes.job import WORK
from services.contract import Outcome
from services.execution.ledger import is_settled
from services.storage import open_store
from tests.flows.conformance import ExecutorConformance, Recorder
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.controller import Controller
from tests.flows.support import Archive


class TestPods(ExecutorConformance):
    """See `ExecutorConformance`."""

    @pytest.fixture
    def opened(self, controller: Controller) -> Callable[[Settings], Executor]:
        """Open one, as the settings say."""
        return open_executor

    def test_steps_and_a_cancelled_flow_run(
        self, archive: Archive, settings: Settings, api: ApiServer, controller: Controller
    ) -> None:
        controller.environment["ROSSI_TEST_SLOW"] = archive.good[-1]  # so that something is left to be stopped
        executor = Pods(settings, "flow-run-1")
        recorder = Recorder(lambda: Pods(settings, "flow-run-1").stop() or executor.stop())
        with pytest.raises(Stopped, match="was deleted"):
            executor.reduce(archive.good, recorder)
        (_, (kind, name)) = recorder.steps
        assert recorder.steps[0] == ("submit", "")
        assert (kind, name.startswith("rossi-")) == ("job", True)
        assert api.objects.all("jobs") == []

    def test_failures_are_tried_again_on_the_cluster(
        self, archive: Archive, settings: Settings, api: ApiServer, controller: Controller
    ) -> None:
        """What `rossi retry` does there: one Job for what failed here, whose results count as merged afterwards."""
        damaged = next(iter(archive.damaged))
        query = settings.query.model_copy(update={"obsids": (archive.good[0], damaged)})
        asked = settings.model_copy(update={"query": query})
        run(asked, everything, Inline(asked), Recorder())
        recorder = Recorder()
        result = run(asked, failed, open_executor(asked), recorder)
        assert (result.todo, [one.obsid for one in recorder.told]) == ((damaged,), [damaged])
        assert [one.outcome for one in result.results] == [Outcome.SUCCEEDED, Outcome.FAILED]
        assert [kind for kind, _ in recorder.steps] == ["submit", "job"]  # nothing has changed that could be merged
        (job,) = api.objects.all("jobs")
        assert job["spec"]["completions"] == 1
        assert is_settled(open_store(asked.store), job["metadata"]["annotations"][WORK], job["metadata"]["uid"])
