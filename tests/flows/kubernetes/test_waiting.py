"""Pods that can't start: every case says why within a minute, wherever somebody looks, and ends in time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.core.cluster import Volume
from flows.core.settings import Settings
from flows.kubernetes import waiting
from flows.kubernetes.cluster import Cluster, open_cluster
from flows.kubernetes.run import JobGone
from flows.kubernetes.waiting import HOLDS, PERIOD, waiting_pods
from rossi.errors import ConfigError
from services.contract import Outcome
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.conftest import make_settings
from tests.flows.kubernetes.controller import Controller
from tests.flows.kubernetes.nodes import Nodes
from tests.flows.kubernetes.test_run import Campaign
from tests.flows.support import Archive, Rossi, wait_until

#: What is asked for, Kubernetes' word, part of its sentence, and what mends it.
CASES: dict[str, tuple[dict[str, Any], str, str, Callable[[Nodes], Any]]] = {
    "wrong image": ({"image": "rosi-worker"}, "ImagePullBackOff", "rosi-worker", lambda n: n.images.add("rosi-worker")),
    "missing claim": (
        {"volumes": (Volume(claim="rxte", path="/archive"),)},
        "Unschedulable",
        'persistentvolumeclaim "rxte" not found',
        lambda nodes: nodes.claims.add("rxte"),
    ),
    "priority class": (
        {"priority_class": "urgent"},
        "FailedCreate",
        "no PriorityClass with name urgent was found",
        lambda nodes: nodes.priorities.add("urgent"),
    ),
    "service account": (
        {"service_account": "nobody"},
        "FailedCreate",
        'serviceaccount "nobody" not found',
        lambda nodes: nodes.accounts.add("nobody"),
    ),
    "memory limit": (
        {"memory_limit": "32Gi"},
        "FailedCreate",
        "maximum memory usage per Container is 16Gi, but limit is 32Gi",
        lambda nodes: setattr(nodes, "memory_limit", "64Gi"),
    ),
    "quota": (
        {"cpu": "200"},
        "FailedCreate",
        "exceeded quota: rossi, requested: requests.cpu=200",
        lambda nodes: setattr(nodes, "cpu_quota", "1000"),
    ),
    "node selector": (
        {"node_selector": {"disk": "fast"}},
        "Unschedulable",
        "node(s) didn't match Pod's node affinity/selector",
        lambda nodes: nodes.labels.update(disk="fast"),
    ),
    "image not loaded": (
        {"image": "new-worker", "pull_policy": "Never"},
        "ErrImageNeverPull",
        'Container image "new-worker" is not present',
        lambda nodes: nodes.images.add("new-worker"),
    ),
    "missing secret": (
        {"secrets": ("bucket",)},
        "CreateContainerConfigError",
        'secret "bucket" not found',
        lambda nodes: nodes.secrets.add("bucket"),
    ),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PERIOD", 0.05)
    monkeypatch.setattr(waiting, "HOLDS", 0.2)


def test_within_a_minute() -> None:
    """A reason is seen at the first look after it is there, and told at the first after it has held."""
    assert PERIOD + HOLDS + PERIOD < 60


def asking(archive: Archive, tmp_path: Path, **more: object) -> Settings:
    return make_settings(archive, tmp_path / "store", **more)


def wait_for_looks(api: ApiServer, number: int = 6) -> None:
    """Wait until a campaign has looked at its pods so often."""
    before = len(looks(api))
    wait_until(lambda: len(looks(api)) > before + number)


def looks(api: ApiServer) -> list[str]:
    """Each begins with a question for the Job."""
    return [line for line in list(api.requests) if line.startswith("GET ") and "/jobs/" in line]


@pytest.mark.parametrize("case", CASES)
def test_why_is_told_once(
    case: str,
    archive: Archive,
    tmp_path: Path,
    api: ApiServer,
    controller: Controller,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    asked, word, said, mend = CASES[case]
    settings = asking(archive, tmp_path, **asked)
    campaign = Campaign(settings, archive.good, open_cluster(settings.kubernetes))
    wait_until(lambda: campaign.waiting)
    (now,) = campaign.waiting
    assert now.startswith(f"{word}: ")
    assert said in now
    wait_for_looks(api)  # the same reason in other words, with other numbers
    warnings = [record.message for record in caplog.records if "can't start" in record.message]
    assert len(warnings) == 1, warnings
    assert campaign.waiting == [now]  # what the terminal and Prefect's progress are told
    assert f"2 pods can't start. {now}" in warnings[0]
    job = api.objects.get("jobs", campaign.submitted.name)
    assert job is not None
    assert waiting_pods(campaign.cluster, job).pods == 2
    controller.environment["ROSSI_TEST_SLOW"] = ",".join(archive.good)
    mend(controller.nodes)
    wait_until(lambda: campaign.waiting[-1] == "")
    campaign.cluster.delete_job(campaign.submitted.name)
    with pytest.raises(JobGone):
        campaign.end()


def test_the_campaign_goes_on_when_it_is_mended(
    archive: Archive, tmp_path: Path, api: ApiServer, controller: Controller
) -> None:
    settings = asking(archive, tmp_path, image="rosi-worker")
    campaign = Campaign(settings, archive.good, open_cluster(settings.kubernetes))
    wait_until(lambda: campaign.waiting)
    controller.nodes.images.add("rosi-worker")
    assert {result.outcome for result in campaign.end()} == {Outcome.SUCCEEDED}
    assert campaign.waiting[-1] == ""


@pytest.mark.parametrize("case", CASES)
def test_nothing_that_starts_ends_the_campaign(
    case: str, archive: Archive, tmp_path: Path, api: ApiServer, controller: Controller
) -> None:
    asked, word, said, _ = CASES[case]
    settings = asking(archive, tmp_path, start_minutes=0.01, **asked)
    campaign = Campaign(settings, archive.good, open_cluster(settings.kubernetes))
    with pytest.raises(ConfigError, match=r"nothing has started in 0\.01 minutes") as raised:
        campaign.end()
    assert f"({word}: " in str(raised.value)
    assert said in str(raised.value)
    assert api.objects.all("jobs") == []
    wait_until(lambda: api.objects.all("pods") == [])


def test_a_campaign_that_has_begun_is_not_given_up(
    archive: Archive, tmp_path: Path, api: ApiServer, controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    """A quota that leaves room for one pod of two is told, but is no reason to end."""
    controller.nodes.cpu_quota = "1"
    controller.environment["ROSSI_TEST_SLOW"] = archive.good[0]
    settings = asking(archive, tmp_path, start_minutes=0.005)
    campaign = Campaign(settings, archive.good, open_cluster(settings.kubernetes))
    wait_until(lambda: campaign.waiting)
    assert "exceeded quota" in campaign.waiting[0]
    assert "1 pod can't start" in caplog.text
    wait_for_looks(api)
    assert campaign.error is None
    controller.environment.clear()
    controller.nodes.cpu_quota = "2"
    controller.running()[0].process.kill()
    assert len(campaign.end()) == len(archive.good)


def test_a_role_without_the_verb_is_told_and_the_rest_works(
    archive: Archive, tmp_path: Path, api: ApiServer, controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    api.allowed.discard(("list", "events"))
    settings = asking(archive, tmp_path, image="rosi-worker")
    campaign = Campaign(settings, archive.good, open_cluster(settings.kubernetes))
    wait_until(lambda: campaign.waiting)
    assert "add the verb to the Role" in caplog.text
    assert "rosi-worker" in campaign.waiting[0]
    controller.nodes.images.add("rosi-worker")
    campaign.end()


def test_volumes_that_cannot_be_mounted(settings: Settings, cluster: Cluster, api: ApiServer) -> None:
    """Such a pod has a node, and its container is *ContainerCreating* as any other at first."""
    job = {"kind": "Job", "metadata": {"name": "j"}, "spec": {"completions": 1, "parallelism": 1}}
    job = api.objects.create("jobs", job | {"status": {"active": 1}})
    assert job is not None
    state = {"state": {"waiting": {"reason": "ContainerCreating"}}}
    status = {"phase": "Pending", "containerStatuses": [state]}
    meta = {"name": "j-0-abcde", "labels": {"batch.kubernetes.io/job-name": "j"}}
    pod = api.objects.create("pods", {"kind": "Pod", "metadata": meta, "spec": {}, "status": status})
    assert pod is not None
    assert waiting_pods(cluster, job).pods == 0
    about = {"kind": "Pod", "name": "j-0-abcde", "uid": pod["metadata"]["uid"]}
    for number, (reason, kind) in enumerate([("FailedMount", "Warning"), ("Pulled", "Normal")]):
        event = {"kind": "Event", "type": kind, "reason": reason, "message": "mount failed: exit status 32"}
        api.objects.create("events", event | {"metadata": {"name": f"e{number}"}, "involvedObject": about})
    ((reason, number),) = waiting_pods(cluster, job).reasons
    assert (str(reason), number) == ("FailedMount: mount failed: exit status 32", 1)


@pytest.fixture
def unstartable(plain: Rossi, archive: Archive, controller: Controller) -> Rossi:
    """The command where no image is."""
    controller.nodes.images.clear()
    places = f'archive = "{archive.root}"\nstore = "{plain.folder / "store"}"\n'
    text = f'{places}{archive.config}executor = "kubernetes"\n[kubernetes]\nstart_minutes = 0.05\n'
    (plain.folder / "rossi.toml").write_text(text)
    return plain


def test_terminal(unstartable: Rossi, prefect_url: tuple[str, Path]) -> None:
    """`rossi campaign` says it before it ends of it, however soon that is."""
    url, auth = prefect_url
    done = replace(unstartable, server=url, auth=auth)("campaign")
    assert done.returncode == 21, done.stderr
    assert "Pods can't start: ImagePullBackOff: " in done.stderr
    assert "nothing has started in 0.05 minutes (ImagePullBackOff: " in done.stderr


def test_status(unstartable: Rossi, api: ApiServer) -> None:
    """`rossi k8s status` has a column of them, which 80 columns are enough for."""
    applied = unstartable("k8s", "apply")
    wait_until(lambda: len(api.objects.all("pods")) == 10)
    again = unstartable("k8s", "apply")
    assert again.stdout == applied.stdout
    assert "The Job is there already.\n10 of its pods can't start. ImagePullBackOff: " in again.stderr
    shown = replace(unstartable, environment={"COLUMNS": "80"})("k8s", "status").stdout
    table, _, reasons = shown.partition(applied.stdout.strip() + ": ")
    assert "waiting" in table
    assert all(len(line) <= 80 for line in table.splitlines()), table
    assert reasons.startswith("10 can't start. ImagePullBackOff: ")
