"""A cluster as an executor does what those of this machine do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.core.executor import Executor
from flows.core.settings import Settings
from flows.core.watcher import Stopped
from flows.executors import open_executor
from flows.kubernetes.executor import Pods
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
        executor = Pods(settings, "flow-run-1")
        recorder = Recorder(lambda: Pods(settings, "flow-run-1").stop() or executor.stop())
        with pytest.raises(Stopped, match="was deleted"):
            executor.reduce(archive.good, recorder)
        (_, (kind, name)) = recorder.steps
        assert recorder.steps[0] == ("submit", "")
        assert (kind, name.startswith("rossi-")) == ("job", True)
        assert api.objects.all("jobs") == []
