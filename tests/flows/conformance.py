"""What every executor of a campaign does; each kind's tests inherit this."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.core.executor import Executor, Inline
from flows.core.settings import Settings
from flows.core.watcher import Result, Stopped, Watcher
from rossi.errors import ConfigError
from services.contract import ObservationResult, Outcome, StageResult
from services.execution.survey import Change
from services.merge.config import Merge, MergeRequest, SourceName
from services.merge.stage import work_of
from tests.flows.support import ABSENT, NO_OBSID, SLEWING, Archive, product_files


class Recorder(Watcher):
    """Keeps what it is told."""

    def __init__(self, on_result: Callable[[], object] = lambda: None) -> None:
        self.told: list[ObservationResult] = []
        self.steps: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.merges: list[str] = []
        self.checks = 0
        self._on_result = on_result

    def step(self, kind: str, work: Callable[[], Result], name: str = "") -> Result:
        """Keep the step."""
        self.steps.append((kind, name))
        return work()

    def checked(self) -> None:
        """Count."""
        self.checks += 1

    def planned(self, observations: int) -> None:
        """Keep the number."""
        self.said.append(f"planned {observations}")

    def finished(self, result: ObservationResult) -> None:
        """Keep the result."""
        self.told.append(result)
        self._on_result()

    def merging(self, sources: int) -> None:
        """Keep that."""
        self.said.append(f"merging {sources} after {len(self.told)}")

    def merged(self, result: StageResult) -> None:
        """Keep the source."""
        self.merges.append(result.source)

    def warned(self, message: str) -> None:
        """Keep the sentence."""
        self.said.append(message)


def merge_of(request: MergeRequest) -> Merge:
    """A source to be merged."""
    digest = work_of(request).fingerprint
    return Merge(request.name, len(request.asked), digest, lambda: request.model_dump_json().encode())


class ExecutorConformance:
    """Tests of one kind of executor: the fixture `opened` makes one for settings."""

    def test_everything_is_accounted_for_in_order(
        self, opened: Callable[[Settings], Executor], settings: Settings, archive: Archive
    ) -> None:
        recorder = Recorder()
        good, bad = archive.good[:2], list(archive.damaged)[:2]
        asked = (bad[0], good[0], SLEWING, NO_OBSID, bad[1], ABSENT, good[1])
        results = opened(settings).reduce(asked, recorder)
        assert [result.obsid for result in results] == list(asked)
        assert {o: {r.obsid for r in results if r.outcome is o} for o in Outcome} == {
            Outcome.SUCCEEDED: set(good),
            Outcome.NO_WORK: {SLEWING},
            Outcome.FAILED: {*bad, ABSENT, NO_OBSID},
        }
        assert sorted(r.obsid for r in recorder.told) == sorted(asked)
        # Done once, it costs a look; what failed is known by its fingerprint.
        standings = opened(settings).survey([*good, *bad], recorder)
        assert [standing.obsid for standing in standings] == [*good, *bad]
        assert recorder.checks == len(standings)
        assert {s.obsid: s.changes for s in standings} == dict.fromkeys(good, ()) | dict.fromkeys(bad, (Change.FAILED,))

    def test_stopped_and_done_by_the_next(
        self, opened: Callable[[Settings], Executor], settings: Settings, archive: Archive
    ) -> None:
        executor = opened(settings)
        recorder = Recorder(executor.stop)
        with pytest.raises(Stopped):  # there are more shards than work at a time, so one is left whatever comes first
            executor.reduce(archive.asked, recorder)
        good = {r.obsid for r in recorder.told} & set(archive.good)
        done = {key.split("/")[0] for key in product_files(Path(settings.store)) if "pca_extract" in key}
        assert good <= done
        results = opened(settings).reduce(archive.asked, Recorder())
        assert {result.obsid for result in results if result.outcome is Outcome.SUCCEEDED} == set(archive.good)
        assert {result.obsid for result in results if result.reused} >= good

    def test_sources_are_merged_once_in_the_order_asked_for(
        self, opened: Callable[[Settings], Executor], settings: Settings, archive: Archive
    ) -> None:
        obsids = archive.good[:2]
        results = Inline(settings).reduce(obsids, Recorder())
        requests = [
            MergeRequest(
                store=settings.store,
                asked=(result.obsid,),
                results=(result, *strange),
                source=SourceName(name=result.obsid, slug=f"source-{number}"),
            )
            for number, (result, strange) in enumerate(zip(results, ((), results[:1]), strict=True))
        ]
        requests.append(requests[0].model_copy(update={"source": SourceName(name="other", slug="source-2")}))
        recorder = Recorder()
        # A result that was not asked for makes no sense: nothing of it may be published.
        with pytest.raises(ConfigError, match="There is a result for"):
            opened(settings).merge([merge_of(requests[1])], "1", recorder)
        executor = opened(settings)
        merged = executor.merge([merge_of(requests[2]), merge_of(requests[0])], "2", recorder)
        assert [(one.source, one.outcome) for one in merged] == [(f"source-{n}", Outcome.SUCCEEDED) for n in (2, 0)]
        assert sorted(recorder.merges) == ["source-0", "source-2"]
        executor.settle()
        again = opened(settings).merge([*map(merge_of, requests[::2])], "2", Recorder())
        assert [(one.source, one.reused) for one in again] == [("source-0", True), ("source-2", True)]

    def test_a_wrong_configuration_is_one_sentence(
        self, opened: Callable[[Settings], Executor], settings: Settings, archive: Archive, tmp_path: Path
    ) -> None:
        nowhere = settings.calibration.model_copy(update={"model": (str(tmp_path / "absent.mdl"),)})
        wrong = settings.model_copy(update={"calibration": nowhere})
        with pytest.raises(ConfigError, match=r"absent\.mdl"):
            opened(wrong).reduce(archive.good[:3], Recorder())
