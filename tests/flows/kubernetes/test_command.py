"""`rossi campaign --executor kubernetes`, killed and run again, and `rossi k8s`."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from astropy.table import Table

from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.controller import Controller
from tests.flows.support import ABSENT, SLEWING, Archive, Rossi, product_files, same_products, wait_until
from tests.forks import Fork

COMMANDS = ["render", "apply", "status", "logs", "cancel"]


@pytest.fixture
def asked(archive: Archive) -> tuple[str, ...]:
    """Six observations, half of which can be reduced."""
    return (*archive.good[:3], next(iter(archive.damaged)), SLEWING, ABSENT)


@pytest.fixture
def placed(served: Rossi, archive: Archive, asked: tuple[str, ...], api: ApiServer) -> Rossi:
    """The command, in a folder with a configuration that says everything."""
    obsids = json.dumps(asked)
    places = f'archive = "{archive.root}"\nstore = "store"\n[query]\nobsids = {obsids}\n'
    kubernetes = "[kubernetes]\nparallelism = 2\npatience_minutes = 1\n"
    text = f'{places}{archive.config}executor = "kubernetes"\nshard_size = 2\n{kubernetes}'
    text = text.replace('store = "store"', f'store = "{served.folder / "store"}"')
    (served.folder / "rossi.toml").write_text(text)
    return served


#: A campaign without Prefect, which would keep the place of one that was killed for some minutes.
_CAMPAIGN = """
from pathlib import Path
from flows.core.run import run
from flows.core.selection import everything
from flows.core.settings import load_settings
from flows.core.watcher import Watcher
from flows.executors import open_executor

settings = load_settings(Path("rossi.toml"))
run(settings, everything, open_executor(settings), Watcher())
"""


def test_a_campaign_killed_and_run_again(
    placed: Rossi, archive: Archive, asked: tuple[str, ...], api: ApiServer, controller: Controller
) -> None:
    script = placed.folder / "campaign.py"
    script.write_text(_CAMPAIGN)
    with (placed.folder / "said").open("w") as said:
        process = Fork(str(script), (), placed.folder, os.environ, said, said)
        wait_until(lambda: len(controller.started) > 1 or process.poll() is not None)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    done = placed("campaign", "--out", "out")
    assert done.returncode == 0, done.stderr
    table = Table.read(placed.folder / "out" / "observations.ecsv")
    assert sorted(table["obsid"]) == sorted(asked)
    assert set(table["obsid"][table["outcome"] == "succeeded"]) == set(archive.good[:3])
    assert len(controller.work) == 2  # the merge is a Job of its own
    assert len(controller.started) == 3 + 1
    assert "sim-x-1: source 1 of 1" in placed("k8s", "logs", "sim-x-1").stdout
    assert placed("reduce", *asked, "--archive", archive.root, "--store", "local").returncode == 20
    assert product_files(placed.folder / "store").keys() == product_files(placed.folder / "local").keys()
    same_products(placed.folder / "store", placed.folder / "local")


def test_ctrl_c_cancels(placed: Rossi, archive: Archive, api: ApiServer, controller: Controller) -> None:
    controller.environment["ROSSI_TEST_SLOW"] = ",".join(archive.good)
    process = placed.start("campaign")
    wait_until(lambda: controller.started or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "Stopped. What was finished is kept; the same command again goes on from there."
    assert api.objects.all("jobs") == []


def test_in_parts(placed: Rossi, archive: Archive, api: ApiServer, controller: Controller) -> None:
    rendered = yaml.safe_load(placed("k8s", "render").stdout)
    assert not (placed.folder / "store").exists()
    name = placed("k8s", "apply").stdout.strip()
    job = api.objects.get("jobs", name)
    assert job is not None
    assert rendered["metadata"]["name"] == name
    assert rendered["spec"] == job["spec"]
    again = placed("k8s", "apply")
    assert again.stdout.strip() == name
    assert again.stderr.startswith("The Job is there already")  # and may have ended meanwhile
    wait_until(lambda: "Failed" in str(api.objects.get("jobs", name)["status"].get("conditions")))
    shown = placed("k8s", "status").stdout
    assert name in shown
    assert "done, with failures" in shown
    assert "Failed FailedIndexes" not in shown
    ended = placed("k8s", "apply").stderr
    assert "The Job is there already, and has ended (done, with failures): `rossi campaign" in ended
    assert f"`rossi k8s cancel {name}` removes it" in ended
    bad, good = next(iter(archive.damaged)), archive.good[0]
    said = placed("k8s", "logs", bad)
    assert said.returncode == 0, said.stderr
    assert archive.damaged[bad] in said.stdout
    assert good not in said.stdout
    assert said.stderr.startswith(f"{name}-0-")
    unknown = placed("k8s", "logs", "99999-01-01-00")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (21, 1)
    assert placed("k8s", "cancel", name).stdout == f"{name} is cancelled.\n"
    assert api.objects.all("jobs") == []
    assert "There is no Job of a campaign." in placed("k8s", "status").stdout
    assert placed("k8s", "cancel").returncode == 21


def test_every_part_has_help_with_an_example(plain: Rossi) -> None:
    overview = plain("k8s", "--help").stdout
    for command in COMMANDS:
        assert command in overview
        shown = plain("k8s", command, "--help")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert f"rossi k8s {command}" in shown.stdout.partition("Example")[2]


def test_without_a_cluster_it_is_one_sentence(placed: Rossi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    for command in (["campaign"], ["k8s", "status"], ["k8s", "apply"]):
        done = replace(placed)(*command)
        assert done.returncode == 21
        assert "No Kubernetes cluster is known" in done.stderr
        assert len(done.stderr.splitlines()) == 1
