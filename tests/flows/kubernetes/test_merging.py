"""The merges of a campaign on the stand-in of a cluster, each part a real process: the same promises as for shards."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from flows.core.executor import Inline
from flows.core.results import Results
from flows.core.settings import Settings
from flows.kubernetes import waiting
from flows.kubernetes.cluster import Cluster
from flows.kubernetes.executor import Pods
from flows.kubernetes.jobs import cancel_flow_run, find_job, logs
from flows.kubernetes.run import JobGone, submit
from flows.kubernetes.work import Merging
from rossi.errors import ConfigError
from services.contract import Outcome, StageResult
from services.execution.ledger import is_settled
from services.merge.batch import merge_one
from services.merge.config import Merge, MergeConfig, MergeRequest, SourceName
from services.storage import open_store
from services.storage.inventory import status
from tests.flows.conformance import Recorder, merge_of
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.conftest import make_settings
from tests.flows.kubernetes.controller import Controller
from tests.flows.kubernetes.test_run import Watched
from tests.flows.support import Archive, wait_until

SLUGS = tuple(f"source-{number}" for number in range(6))


@pytest.fixture(scope="module")
def reduced(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """A store with the products of six observations, and how they ended."""
    store = tmp_path_factory.mktemp("reduced") / "store"
    return store, Inline(make_settings(archive, store)).reduce(archive.good, Recorder())


@pytest.fixture
def merges(
    reduced: tuple[Path, Results], settings: Settings, controller: Controller, without_figures: None
) -> list[Merge]:
    """Six sources of an observation each, in the store of the settings."""
    there, results = reduced
    shutil.copytree(there, settings.store)
    return [
        merge_of(
            MergeRequest(
                store=settings.store,
                asked=(result.obsid,),
                results=(result,),
                config=MergeConfig(title=slug),
                source=SourceName(name=slug, slug=slug),
            )
        )
        for result, slug in zip(results, SLUGS, strict=True)
    ]


def ended(merged: list[StageResult]) -> dict[str, Outcome]:
    return {one.source: one.outcome for one in merged}


def test_evicted_and_killed_pods_are_replaced_and_a_source_that_fails_stops_no_other(
    merges: list[Merge],
    settings: Settings,
    cluster: Cluster,
    controller: Controller,
    api: ApiServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    controller.environment["ROSSI_TEST_BROKEN"] = SLUGS[3]
    work = Merging(settings, merges, "all")
    watched = Watched(work, cluster)
    wait_until(lambda: len(controller.running()) == 2)
    evicted, killed = controller.running()
    controller.evict(evicted)
    killed.process.kill()
    merged = watched.end()
    assert [one.source for one in merged] == list(SLUGS)  # in the order asked for
    assert ended(merged) == dict.fromkeys(SLUGS, Outcome.SUCCEEDED) | {SLUGS[3]: Outcome.FAILED}
    assert merged[3].message == "source-3 makes no sense."
    assert sorted(one.source for one in watched.told) == list(SLUGS)
    assert "OOMKilled" in caplog.text
    job = api.objects.get("jobs", watched.submitted.name)
    assert job is not None
    assert watched.submitted.name.startswith("rossi-merge-")
    assert (job["spec"]["completions"], job["metadata"]["labels"]["rossi/kind"]) == (6, "merge")
    assert job["status"]["failedIndexes"].count(",") == job["status"]["failedIndexes"].count("-") == 0
    assert job["spec"]["template"]["spec"]["containers"][0]["command"] == ["python", "-m", "services.merge.worker"]
    # what this process makes is the same, and there already
    assert all(merge_one(one.request()).reused for number, one in enumerate(merges) if number != 3)
    assert {record.source: record.outcome for record in status(open_store(settings.store)) if record.source} == ended(
        merged
    )
    (pod, lines), *_ = logs(cluster, open_store(settings.store), find_job(cluster, kind=work.kind), SLUGS[3])
    assert pod.startswith(watched.submitted.name)
    assert "source-3 makes no sense." in "\n".join(lines)


def test_a_run_that_takes_the_job_up_merges_only_what_is_missing(
    merges: list[Merge], settings: Settings, cluster: Cluster, controller: Controller, api: ApiServer
) -> None:
    controller.environment["ROSSI_TEST_SLOW"] = SLUGS[1]
    first = submit(Merging(settings, merges, "all"), cluster, "flow-run-1")
    wait_until(lambda: any(Path(settings.store).glob("campaigns/*/runs/*/00000/results.json")))
    # The flow was killed; the next one finds a source merged, and wants the others from the Job that works on all.
    second = Watched(Merging(settings, merges[1:], "all"), cluster)
    assert (second.submitted.uid, second.submitted.adopted) == (first.uid, True)
    # Somebody cancels; what was finished is found by the next.
    wait_until(lambda: any("takes long" in pod.log.read_text() for pod in controller.started))
    assert cancel_flow_run(cluster, "flow-run-1") == [first.name]
    with pytest.raises(JobGone, match="goes on from there"):
        second.end()
    assert "source-0" not in {one.source for one in second.told}
    wait_until(lambda: not api.objects.all("pods"))
    controller.environment.clear()
    third = Watched(Merging(settings, merges, "all"), cluster)
    assert (third.submitted.name, third.submitted.adopted) == (first.name, False)
    merged = third.end()
    assert ended(merged) == dict.fromkeys(SLUGS, Outcome.SUCCEEDED)
    assert merged[0].reused
    assert not merged[1].reused


def test_a_source_that_kills_its_pods_is_the_only_one_lost(
    merges: list[Merge], settings: Settings, cluster: Cluster, controller: Controller
) -> None:
    one = settings.model_copy(update={"kubernetes": settings.kubernetes.model_copy(update={"parallelism": 1})})
    controller.environment["ROSSI_TEST_KILL"] = SLUGS[0]
    merged = Watched(Merging(one, merges[:5], "all"), cluster).end()  # two in a part
    assert ended(merged) == dict.fromkeys(SLUGS[:5], Outcome.SUCCEEDED) | {SLUGS[0]: Outcome.FAILED}
    assert merged[0].message == (
        "The process that merged source-0 was killed, twice; it may need more memory than there is."
    )


def test_parts_that_never_succeed_are_accounted_for(
    merges: list[Merge], settings: Settings, cluster: Cluster, controller: Controller
) -> None:
    changed = settings.kubernetes.model_copy(update={"retries": 0, "max_failed_shards": 0})
    impatient = settings.model_copy(update={"kubernetes": changed})
    controller.environment["ROSSI_TEST_KILL"] = SLUGS[0]
    merged = Watched(Merging(impatient, merges[:3], "all"), cluster).end()
    assert ended(merged) == dict.fromkeys(SLUGS[:3], Outcome.SUCCEEDED) | {SLUGS[0]: Outcome.FAILED}
    why = "its pod failed (OOMKilled); raise kubernetes.memory_limit, which is 2Gi; run the campaign again."
    assert merged[0].message == f"The merge of source-0 was not finished: {why}"


def test_a_deadline_leaves_no_source_out(
    merges: list[Merge], settings: Settings, cluster: Cluster, controller: Controller
) -> None:
    soon = settings.kubernetes.model_copy(update={"deadline_hours": 0.5 / 3600})
    controller.environment["ROSSI_TEST_SLOW"] = ",".join(SLUGS)
    merged = Watched(Merging(settings.model_copy(update={"kubernetes": soon}), merges[:2], "all"), cluster).end()
    assert ended(merged) == dict.fromkeys(SLUGS[:2], Outcome.FAILED)
    assert "DeadlineExceeded" in merged[0].message


def test_merges_whose_pods_never_start_end_the_run_with_the_reason(
    merges: list[Merge], settings: Settings, controller: Controller, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PERIOD", 0.1)
    monkeypatch.setattr(waiting, "HOLDS", 0.3)
    wrong = settings.kubernetes.model_copy(update={"image": "rosi-worker", "start_minutes": 0.02})
    stuck = settings.model_copy(update={"kubernetes": wrong})
    with pytest.raises(ConfigError, match=r"nothing has started in 0\.02 minutes \(ImagePullBackOff"):
        Pods(stuck).merge(merges, "all", Recorder())
    assert api.objects.all("jobs") == []


def test_a_request_that_makes_no_sense_ends_the_job(
    merges: list[Merge], settings: Settings, cluster: Cluster, controller: Controller
) -> None:
    asked = merges[0].request()
    strange = asked.model_copy(update={"results": (*asked.results, *merges[1].request().results)})
    watched = Watched(Merging(settings, [merge_of(strange), merges[1]], "all"), cluster)
    with pytest.raises(ConfigError, match="There is a result for"):
        watched.end()
    assert is_settled(open_store(settings.store), watched.submitted.work, watched.submitted.uid)


def test_what_the_job_was_not_made_for_is_a_failure(settings: Settings, merges: list[Merge]) -> None:
    """Somebody has removed what was merged while the Job went on without it."""
    (lost,) = Merging(settings, merges[:1], "all").gathered([[]])
    assert (lost.source, lost.code) == (SLUGS[0], "process_lost")
    assert lost.message == "The merge of source-0 is not what the Job was made for; run the campaign again."
