"""Campaigns on the stand-in of a cluster, each index a real process of the worker."""

from __future__ import annotations

import logging
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from flows.core.settings import Settings
from flows.kubernetes.cluster import Cluster, Unavailable
from flows.kubernetes.job import identity
from flows.kubernetes.jobs import cancel_flow_run
from flows.kubernetes.run import JobGone, Submitted, await_results, submit, withdraw
from flows.kubernetes.work import Reduction, Work
from rossi.errors import ConfigError
from services.contract import ObservationResult, Outcome
from services.execution.ledger import is_settled
from services.execution.worker import run_shard
from services.storage import open_store
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.conftest import make_settings
from tests.flows.kubernetes.controller import Controller
from tests.flows.support import ABSENT, NO_OBSID, SLEWING, Archive, product_files, same_products, wait_until


class Watched:
    """Some work of a campaign that is watched in a thread."""

    def __init__(self, work: Work[Any, Any], cluster: Cluster) -> None:
        self.work, self.cluster = work, cluster
        self.submitted = submit(self.work, cluster, "flow-run-1")
        self.told: list[Any] = []
        self.waiting: list[str] = []
        self.results: Any = ()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        try:
            told, waiting = self.told.append, self.waiting.append
            self.results = await_results(self.work, self.submitted, self.cluster, told, waiting)
        except BaseException as error:
            self.error = error

    def end(self) -> Any:
        """Wait for it; raises what it raised."""
        self._thread.join(120)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.results


class Campaign(Watched):
    """The observations of one."""

    def __init__(self, settings: Settings, obsids: tuple[str, ...], cluster: Cluster) -> None:
        super().__init__(Reduction(settings, obsids), cluster)


def by_outcome(results: list[ObservationResult]) -> dict[Outcome, set[str]]:
    return {outcome: {r.obsid for r in results if r.outcome is outcome} for outcome in Outcome}


def is_expected(results: list[ObservationResult], archive: Archive) -> None:
    """Everything asked for is there once, in order, and ended as it must."""
    assert [result.obsid for result in results] == list(archive.asked)
    assert by_outcome(results) == {
        Outcome.SUCCEEDED: set(archive.good),
        Outcome.NO_WORK: {SLEWING},
        Outcome.FAILED: {*archive.damaged, ABSENT, NO_OBSID},
    }


@pytest.fixture(scope="module")
def local(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store of a local run of the same."""
    from flows.core.plan import make_shard

    store = tmp_path_factory.mktemp("local")
    run_shard(make_shard(make_settings(archive, store), archive.asked))
    return store


def test_poisoned_observations_fail_alone(
    archive: Archive,
    local: Path,
    settings: Settings,
    cluster: Cluster,
    controller: Controller,
    api: ApiServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One of the pods is evicted, one killed, the API server restarts, and its history is lost."""
    caplog.set_level(logging.WARNING)
    campaign = Campaign(settings, archive.asked, cluster)
    wait_until(lambda: any("/pods?" in asked and "watch=" in asked for asked in api.requests))  # or nobody would see it
    wait_until(lambda: len(controller.running()) == 2)
    evicted, killed = controller.running()
    controller.evict(evicted)
    killed.process.kill()
    wait_until(lambda: len(controller.started) >= 4)
    wait_until(lambda: "(EvictionByEvictionAPI)" in caplog.text)  # its pod is gone by now, and no list names it
    api.stop()
    time.sleep(0.3)
    api.objects.forget()
    api.start()
    results = campaign.end()
    is_expected(results, archive)
    assert sorted(r.obsid for r in campaign.told) == sorted(archive.asked)
    store = Path(settings.store)
    assert product_files(store).keys() == product_files(local).keys()
    same_products(store, local)
    job = api.objects.get("jobs", campaign.submitted.name)
    assert job is not None
    assert (job["status"]["completedIndexes"], job["status"]["failedIndexes"]) == ("0,1", "2,3")
    assert len(controller.started) == 6
    assert "OOMKilled" in caplog.text
    assert "(EvictionByEvictionAPI)" in caplog.text
    assert archive.damaged[next(iter(archive.damaged))] in caplog.text
    assert len(api.requests) < 200


def test_a_flow_that_starts_again_goes_on_with_the_job(
    archive: Archive, settings: Settings, cluster: Cluster, controller: Controller, api: ApiServer
) -> None:
    first = submit(Reduction(settings, archive.asked), cluster, "flow-run-1")
    wait_until(controller.running)
    other = settings.model_copy(update={"kubernetes": settings.kubernetes.model_copy(update={"parallelism": 7})})
    second = Campaign(other, archive.asked, cluster)
    assert second.submitted == Submitted(first.name, first.uid, first.work, first.parts, adopted=True)
    is_expected(second.end(), archive)
    # before its results are merged, even one that has ended is taken over
    third = Campaign(settings, archive.asked, cluster)
    assert third.submitted.adopted
    is_expected(third.end(), archive)
    assert len(controller.started) == first.parts
    # afterwards, what failed is tried again, and nothing else
    third.submitted.settle(open_store(settings.store))
    fourth = Campaign(settings, archive.asked, cluster)
    assert (fourth.submitted.name, fourth.submitted.adopted) == (first.name, False)
    again = fourth.end()
    is_expected(again, archive)
    assert {r.obsid for r in again if r.reused} == {*archive.good, SLEWING}


def test_a_cancelled_campaign_goes_on_where_it_was(
    archive: Archive, local: Path, settings: Settings, cluster: Cluster, controller: Controller, api: ApiServer
) -> None:
    controller.environment["ROSSI_TEST_SLOW"] = archive.asked[1]
    campaign = Campaign(settings, archive.asked, cluster)
    wait_until(lambda: any("takes long" in pod.log.read_text() for pod in controller.started))
    assert cluster.delete_job(campaign.submitted.name)
    with pytest.raises(JobGone, match="goes on from there"):
        campaign.end()
    wait_until(lambda: not api.objects.all("pods"))
    ended = {pod.process.returncode for pod in controller.started}
    # by itself; another one may have been done before, or have just begun
    assert {1} <= ended <= {0, 1, 20, -signal.SIGTERM}
    done = len(product_files(Path(settings.store)))
    assert 0 < done < len(product_files(local))
    controller.environment.clear()
    again = Campaign(settings, archive.asked, cluster)
    assert again.submitted.name == campaign.submitted.name
    is_expected(again.end(), archive)
    assert again.results[0].reused
    same_products(Path(settings.store), local)


def test_an_observation_that_kills_its_pods_is_the_only_one_lost(
    archive: Archive, settings: Settings, cluster: Cluster, controller: Controller, api: ApiServer
) -> None:
    killer, innocent = archive.good[0], archive.good[1]
    controller.environment["ROSSI_TEST_KILL"] = killer
    results = {result.obsid: result for result in Campaign(settings, archive.good[:3], cluster).end()}
    assert results[innocent].outcome is Outcome.SUCCEEDED
    assert "was killed, twice" in results[killer].message


def test_shards_that_never_succeed_are_accounted_for(
    archive: Archive, settings: Settings, cluster: Cluster, controller: Controller
) -> None:
    patient = settings.kubernetes.model_copy(update={"retries": 0})
    controller.environment["ROSSI_TEST_KILL"] = archive.good[0]
    campaign = Campaign(settings.model_copy(update={"kubernetes": patient}), archive.good[:4], cluster)
    results = campaign.end()
    assert [result.outcome for result in results] == ["failed", "failed", "succeeded", "succeeded"]
    said = "its pod failed (OOMKilled); raise kubernetes.memory_limit, which is 2Gi; run the campaign again"
    assert all(f"was not finished: {said}" in result.message for result in results[:2])
    assert {result.obsid for result in campaign.told} == set(archive.good[:4])


def test_a_wrong_configuration_ends_the_job_with_one_sentence(
    archive: Archive, settings: Settings, cluster: Cluster, controller: Controller, api: ApiServer, tmp_path: Path
) -> None:
    nowhere = settings.calibration.model_copy(update={"model": (str(tmp_path / "absent.mdl"),)})
    wrong = settings.model_copy(update={"calibration": nowhere})
    campaign = Campaign(wrong, archive.asked, cluster)
    with pytest.raises(ConfigError, match=r"absent\.mdl") as caught:
        campaign.end()
    assert "\n" not in str(caught.value)
    job = api.objects.get("jobs", campaign.submitted.name)
    assert job is not None
    assert job["status"]["conditions"][-1]["reason"] == "PodFailurePolicy"
    # so that the next try is one, once the file is there
    assert is_settled(open_store(settings.store), campaign.submitted.work, campaign.submitted.uid)


def test_a_deadline_leaves_nothing_out(
    archive: Archive, settings: Settings, cluster: Cluster, controller: Controller
) -> None:
    soon = settings.kubernetes.model_copy(update={"deadline_hours": 1 / 3600})
    controller.environment["ROSSI_TEST_SLOW"] = archive.good[0]
    results = Campaign(settings.model_copy(update={"kubernetes": soon}), archive.good[:2], cluster).end()
    by_name = {result.obsid: result for result in results}
    assert "DeadlineExceeded" in by_name[archive.good[0]].message + by_name[archive.good[1]].message
    assert by_name[archive.good[0]].outcome is Outcome.FAILED


def test_a_lost_answer_makes_no_second_job(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer
) -> None:
    api.faults.lose_answer = 1
    submitted = submit(Reduction(settings, archive.asked), cluster)
    assert submitted.adopted
    assert [job["metadata"]["name"] for job in api.objects.all("jobs")] == [submitted.name]


def test_somebody_elses_job_is_left_alone(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer
) -> None:
    name = submit(Reduction(settings, archive.asked), cluster).name
    api.objects.update("jobs", name, lambda job: job["metadata"].update(annotations={}))
    with pytest.raises(ConfigError, match="belongs to something else"):
        submit(Reduction(settings, archive.asked), cluster)


def test_identity_is_in_the_job(archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer) -> None:
    submitted = submit(Reduction(settings, archive.asked), cluster)
    assert submitted.name.endswith(identity(settings, archive.asked)[:12])


def test_a_campaign_is_withdrawn_by_its_settings(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer
) -> None:
    submitted = submit(Reduction(settings, archive.good), cluster)
    assert not withdraw(Reduction(settings, archive.asked), cluster)
    assert withdraw(Reduction(settings, archive.good), cluster)
    assert api.objects.get("jobs", submitted.name) is None


def test_a_flow_run_cancelled_in_prefect_takes_its_job_along(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer
) -> None:
    submitted = submit(Reduction(settings, archive.asked), cluster, "flow-run-1")
    assert cancel_flow_run(cluster, "flow-run-2") == []
    # another run of the same campaign has taken it over
    assert submit(Reduction(settings, archive.asked), cluster, "flow-run-2").adopted
    assert cancel_flow_run(cluster, "flow-run-1") == []
    assert cancel_flow_run(cluster, "flow-run-2") == [submitted.name]
    assert api.objects.all("jobs") == []


def test_the_flow_does_not_wait_long_for_a_cluster_that_is_not_there(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.kubernetes.run._FIRST_PATIENCE", 0.3)
    api.stop()
    with pytest.raises(Unavailable, match="can't be reached"):
        submit(Reduction(settings, archive.asked), cluster)


def test_a_full_disk_ends_one_observation_and_no_other(
    archive: Archive, tmp_path: Path, cluster: Cluster, controller: Controller
) -> None:
    """It is named, tried again as often as all is and not for ever, and what was half-written is not done."""
    settings = make_settings(archive, tmp_path / "store", retries=1)
    asked, full = archive.good[:4], archive.good[1]
    controller.environment["ROSSI_TEST_FULL"] = full
    campaign = Campaign(settings, asked, cluster)
    results = campaign.end()
    assert by_outcome(results)[Outcome.FAILED] == {full}
    assert by_outcome(results)[Outcome.SUCCEEDED] == {*asked} - {full}
    (said,) = [result.message for result in results if result.obsid == full]
    assert f"{settings.store}/{full}/pca_prep/" in said
    assert "the store is full (No space left on device); make room there" in said
    assert len(controller.started) == 3
    assert not list((tmp_path / "store" / full).rglob("manifest.json"))
    controller.environment.clear()
    campaign.submitted.settle(open_store(settings.store))
    assert by_outcome(Campaign(settings, asked, cluster).end())[Outcome.SUCCEEDED] == {*asked}


def with_image(settings: Settings, image: str) -> Settings:
    """The same campaign with other pods."""
    return settings.model_copy(update={"kubernetes": settings.kubernetes.model_copy(update={"image": image})})


def test_a_job_that_cannot_start_is_replaced_once_its_settings_are_mended(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer, controller: Controller
) -> None:
    """Its name follows from the work alone: it would be waited for as it is."""
    warned: list[str] = []
    stuck = submit(Reduction(with_image(settings, "rosi-worker"), archive.good), cluster)
    wait_until(lambda: api.objects.all("pods"))
    same = submit(Reduction(with_image(settings, "rosi-worker"), archive.good), cluster, on_warning=warned.append)
    assert (same.uid, same.adopted, warned) == (stuck.uid, True, [])
    mended = submit(Reduction(settings, archive.good), cluster, on_warning=warned.append)
    assert (mended.name, mended.adopted) == (stuck.name, False)
    assert mended.uid != stuck.uid
    (said,) = warned
    assert said.startswith(
        f"Job {stuck.name} was made with other settings of [kubernetes], and nothing of it has started;"
    )


def test_a_job_that_works_with_other_settings_is_left_alone_and_told(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer, controller: Controller
) -> None:
    warned: list[str] = []
    controller.environment["ROSSI_TEST_SLOW"] = ",".join(archive.good)
    works = submit(Reduction(settings, archive.good), cluster)
    wait_until(lambda: (api.objects.get("jobs", works.name) or {}).get("status", {}).get("ready"))
    again = submit(Reduction(with_image(settings, "new-worker"), archive.good), cluster, on_warning=warned.append)
    assert (again.uid, again.adopted) == (works.uid, True)
    (said,) = warned
    assert f"`rossi k8s cancel {works.name}` and the same command again make one with these" in said


def test_a_job_that_a_wrong_configuration_ended_is_replaced(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer
) -> None:
    """Nobody watched it: made by `rossi k8s apply`, or its flow was gone."""
    warned: list[str] = []
    failed = submit(Reduction(settings, archive.good), cluster)
    condition = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": "exit code 21"}
    api.objects.update("jobs", failed.name, lambda job: job.update(status={"conditions": [condition]}))
    again = submit(Reduction(settings, archive.good), cluster, on_warning=warned.append)
    assert not again.adopted
    assert again.uid != failed.uid
    assert warned == [
        f"Job {failed.name} was ended by a wrong configuration; a new one takes its place, and finds what is done."
    ]


def test_a_job_that_somebody_deletes_is_waited_for_and_told(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer, controller: Controller
) -> None:
    """Its pods take their time: they end when it has been told."""
    warned: list[str] = []
    controller.environment["ROSSI_TEST_SLOW"] = ",".join(archive.good)
    first = submit(Reduction(settings, archive.good), cluster)
    wait_until(lambda: len(controller.running()) == 2)
    api.objects.update("jobs", first.name, lambda job: job["metadata"].update(deletionTimestamp="now"))

    def gone(text: str) -> None:
        warned.append(text)
        for pod in controller.running():
            pod.process.kill()

    again = submit(Reduction(settings, archive.good), cluster, on_warning=gone)
    assert not again.adopted
    assert warned == [f"Job {first.name} is being deleted; a new one is made when its pods have ended."]


def test_a_job_of_a_campaign_whose_flow_is_gone_is_told_to_the_next(
    archive: Archive, settings: Settings, cluster: Cluster, api: ApiServer
) -> None:
    """No lease is held for it: another campaign of the same place begins, and hears of it."""
    warned: list[str] = []
    elsewhere = settings.model_copy(update={"prefix": "other"})
    submit(Reduction(elsewhere, archive.good), cluster, on_warning=warned.append)
    first = submit(Reduction(settings, archive.good), cluster, on_warning=warned.append)
    assert warned == []
    submit(Reduction(settings, archive.good[:2]), cluster, on_warning=warned.append)
    (said,) = warned
    assert said.startswith(f"Job {first.name} of another campaign works on the same place of the store; ")
