"""A machine as an operator has it: `rossi up`, runs from the form, trouble with the server, `rossi down`."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import LONG
from tests.flows.api import PAUSE
from tests.flows.machine import Up
from tests.flows.proxy import proxy
from tests.flows.support import MANY, SLEWING, Archive, wait_until
from tests.flows.tour import tour


def test_what_is_offered(up: Up) -> None:
    offered = up.api.deployments()
    assert sorted(offered) == ["campaign", "prune_store", "reduce_observation", "reprocess_archive", "retry_failed"]
    (schedule,) = offered["reprocess_archive"]["schedules"]
    assert (schedule["schedule"]["cron"], schedule["active"]) == ("0 3 * * *", True)
    to_come = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    wait_until(
        lambda: up.api("/flow_runs/count", to_come) > 0, pause=PAUSE
    )  # Prefect's scheduler needs SQLAlchemy below 2.1
    for deployment in offered.values():
        assert "rossi" in deployment["tags"]
        assert deployment["parameters"]["store"] == str(up.store)
    with pytest.raises(urllib.error.HTTPError, match=r"422|409"):
        up.api.run("campaign", instruments=["a hammer"])


def test_nothing_is_told_to_the_outside(up: Up) -> None:
    assert up.api("/admin/settings")["server"]["analytics_enabled"] is False


def test_whoever_asks_at_once_with_others_is_heard(up: Up) -> None:
    """Prefect's pages do not ask again: what the server refuses there is lost."""
    path = f"/deployments/{up.api.deployments()['retry_failed']['id']}/create_flow_run"
    later = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2100-01-01T00:00:00Z"}}}
    once = replace(up.api, attempts=1)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: once(path, later)["id"], range(80 if LONG else 40)))
    assert len(set(runs)) == len(runs)
    asked = {"flow_runs": {"id": {"any_": runs}}}
    assert up.api("/flow_runs/count", asked) == len(runs)


def test_campaign_from_the_form(up: Up, archive: Archive) -> None:
    """In a browser: its form, what it shows, and all pages with pictures; screenshots go to ROSSI_SCREENSHOTS."""
    asked, named = archive.asked[1:], os.environ.get("ROSSI_SCREENSHOTS")
    with tour(up.api.url.removesuffix("/api"), Path(named) if named else None) as operator:
        operator.sign_in(up.auth)
        operator.fill_in_and_submit(up.api.deployments()["campaign"]["id"], prefix="form", obsids=asked)
        run = up.api.newest("campaign")
        operator.see_runs()
        for path, shows in (
            ("/blocks", "rossi"),
            ("/blocks/catalog", "Webhook (rossi)"),
            ("/automations", "rossi: a run"),
        ):
            operator.see(path, shows)
        assert up.api.ended(run)["state_type"] == "COMPLETED"
        operator.see_run(run, f"{len(asked)} observations", "Completed")
        shown = {key: artifact["id"] for key, artifact in up.api.artifacts(run).items()}
        operator.see_artifact(shown["progress"], "progress", f"{len(archive.good) - 1} done, 1 no work")
        operator.see_artifact(shown["outcomes"], "outcomes", "succeeded")
        operator.see_artifact(shown["light-curve"], "light-curve")
        operator.see_artifact(shown["campaign"], "campaign", "All products lie in")
        assert archive.good[1] in operator.follow("report.html")
        assert operator.outside == []


def test_what_a_campaign_tells(up: Up, archive: Archive) -> None:
    """The one above."""
    run = up.api.newest("campaign")
    ended = up.api.state(run)
    message = ended["state"]["message"]
    assert message.startswith(f"{len(archive.asked) - 1} observations: {len(archive.good) - 1} done, 1 no work")
    assert "What to do: " in message
    assert ended["name"].startswith("10") or "-and-" in ended["name"]
    log = up.api.log(run)
    for obsid in (*archive.damaged, SLEWING):
        assert obsid in log
    shown = up.api.artifacts(run)
    assert sorted(shown) == ["campaign", "light-curve", "outcomes", "progress"]
    assert shown["progress"]["data"] == 100
    assert f"{len(archive.good) - 1} done, 1 no work" in shown["progress"]["description"]
    rows = json.loads(shown["outcomes"]["data"])
    assert sum(row["observations"] for row in rows) == len(archive.asked) - 1
    assert shown["light-curve"]["data"].startswith(("http://", "data:image/png"))
    (report,) = [line for line in shown["campaign"]["data"].splitlines() if "report.html" in line]
    with urllib.request.urlopen(report.partition("(")[2].partition(")")[0]) as page:
        assert archive.good[1].encode() in page.read()


def test_products_are_shown_to_this_machine_only(up: Up) -> None:
    address = f"http://127.0.0.1:{up.ports[1]}/"
    for path in ("", "../rossi.toml", "form", "nothing/there"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + path)
    strange = urllib.request.Request(address, headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(strange)


def numbers(up: Up) -> dict[str, float]:
    """What a dashboard reads."""
    with urllib.request.urlopen(f"http://127.0.0.1:{up.ports[1]}/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = answer.read().decode()
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_numbers_for_a_dashboard(up: Up, archive: Archive) -> None:
    """After the campaign above."""
    found = numbers(up)
    assert found["rossi_observations done"] == len(archive.good) - 1
    assert found["rossi_observations failed"] == len(archive.damaged) + 2  # and those that the archive has not
    assert found["rossi_observations waiting"] == 0
    assert 0 < found["rossi_observation_seconds"] < 60
    assert 0 <= found["rossi_last_good_run_age_seconds"] < 240


def worked(up: Up, run: str) -> list[tuple[datetime, datetime]]:
    """From when to when a run's tasks were at work, once the server knows it."""
    asked = {"flow_runs": {"id": {"any_": [run]}}}

    def told() -> bool:
        tasks = up.api("/task_runs/filter", asked)
        return all(task["end_time"] for task in tasks) and any(task["name"].startswith("publish") for task in tasks)

    wait_until(told, pause=PAUSE)
    times = [(task["start_time"], task["end_time"]) for task in up.api("/task_runs/filter", asked)]
    return sorted((datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in times)


def test_what_changed_is_reprocessed_and_what_failed_tried_again_one_after_the_other(up: Up, archive: Archive) -> None:
    """After the campaign above, which left one out; both are asked for at once."""
    obsids, log = [*archive.good, *archive.damaged], up.rossi.folder / "state/flows.log"
    before = len(log.read_text())
    if LONG:
        dry = up.api.run("reprocess_archive", obsids=obsids, prefix="form", dry_run=True)
        assert up.api.ended(dry)["state"]["message"].startswith(f"1 of {len(obsids)} observations would be reduced")
    changed = up.api.run("reprocess_archive", obsids=obsids, prefix="form", executor="inline")
    retried = up.api.run("retry_failed", obsids=obsids, prefix="form", executor="inline", which="data")
    message = up.api.ended(changed)["state"]["message"]
    assert f"{len(archive.good)} done, 0 no work, 3 failed; {len(archive.good) - 1} of them" in message
    assert "3 failed" in up.api.ended(retried)["state"]["message"]
    rows = {row["why"]: row for row in json.loads(up.api.artifacts(changed)["changes"]["data"])}
    assert rows["new observation"]["which"] == obsids[0]
    assert (rows["failed before"]["observations"], rows["failed before"]["to be reduced"]) == (3, 0)
    assert rows["nothing changed"]["observations"] == len(archive.good) - 1
    first, second = sorted(worked(up, run) for run in (changed, retried))
    assert max(end for _, end in first) <= second[0][0]
    # Prefect calls it an error if a place is refused: once at most, if both asked at the same time.
    assert log.read_text()[before:].count("Service 'ConcurrencySlotAcquisition") < 2
    if LONG:
        again = up.api.ended(up.api.run("reprocess_archive", obsids=obsids, prefix="form"))
        assert again["state_name"] == "NothingToDo"
    assert up.done("form") == len(archive.good) + 1  # and the one without good time
    assert "Traceback" not in (up.rossi.folder / "state/prefect-server.log").read_text()


@pytest.mark.long
def test_pruning(up: Up) -> None:
    left = up.store / "pruned/20402-01-45-03/pca_prep" / f".{'0a' * 16}"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    os.utime(left, (0, 0))
    dry = up.api.ended(up.api.run("prune_store", prefix="pruned"))
    assert dry["state_name"] == "DryRun"
    assert dry["state"]["message"] == "1 object, 10 B, could go; nothing was removed."
    assert left.exists()
    done = up.api.ended(run := up.api.run("prune_store", prefix="pruned", apply=True))
    assert done["state"]["message"] == "1 object removed, 10 B."
    rows = {row["what"]: row for row in json.loads(up.api.artifacts(run)["pruning"]["data"])}
    assert rows["temporary files of killed processes"]["bytes"] == 10
    assert not left.exists()


@pytest.mark.long
def test_looking_closely(up: Up, archive: Archive) -> None:
    run = up.api.run("reduce_observation", obsid=archive.good[0], prefix="close")
    assert up.api.ended(run)["state_type"] == "COMPLETED"
    tasks = up.api("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    wait_until(lambda: len(up.api("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})) == 2)
    assert {task["name"] for task in tasks} <= {"pca_prep", "pca_extract"}
    assert any(key.endswith("light-curve") for key in up.api.artifacts(run))


@pytest.mark.long
def test_failed_run_says_what_to_do(up: Up) -> None:
    absent = up.api.ended(up.api.run("campaign", obsids=["20999-09-09-00"], prefix="failed"))
    assert absent["state_type"] == "FAILED"
    assert len(absent["state"]["message"].splitlines()) == 1
    assert "not in the archive" in absent["state"]["message"]
    assert "What to do: " in absent["state"]["message"]
    wrong = up.api.ended(up.api.run("campaign", settings={"pca_extract": {"binz": 1}}))
    assert wrong["state"]["message"].endswith("did you mean binsz?")
    for run in (absent["id"], wrong["id"]):
        log = up.api.log(run)
        assert "Traceback" not in log
        assert "NoneType" not in log


def test_cancelled_run_stops_its_workers_and_goes_on_though_the_server_is_killed(up: Up, many: Path) -> None:
    """Cancelled as Prefect's pages do it, and as its commands do; then again, while the server goes and comes back."""
    before = 0
    for kind in ("CANCELLING", "CANCELLED") if LONG else ("CANCELLING",):
        run = up.api.run("campaign", archive=str(many), prefix="cancel", workers=1)
        wait_until(lambda: up.done("cancel") > before)  # noqa: B023
        assert up.workers()
        up.api.cancel(run, kind)
        start = time.monotonic()
        wait_until(lambda: not up.workers(), patience=60, pause=PAUSE)
        assert time.monotonic() - start < 10  # what was promised, not how fast it is
        assert up.api.ended(run)["state_type"] == "CANCELLED"
        before = up.done("cancel")
        assert 0 < before < MANY
    again = up.api.run("campaign", archive=str(many), prefix="cancel", workers=1)
    wait_until(lambda: up.done("cancel") > before)
    up.kill_server()
    gone = up.done("cancel")
    wait_until(lambda: up.done("cancel") > gone + 3)  # the work goes on without it
    up.start()
    ended = up.api.ended(again)
    assert ended["state_type"] == "COMPLETED"
    assert ended["state"]["message"].startswith(f"{MANY} observations: {MANY} done, 0 no work, 0 failed; ")
    assert f"{before} of them were there already" in ended["state"]["message"]
    if LONG:  # its place at the store is free again
        next_one = up.api.ended(up.api.run("campaign", archive=str(many), prefix="cancel"))
        assert f"{MANY} of them were there already" in next_one["state"]["message"]


#: Seconds until an answer, part of the connections that break, seconds in which the server is too busy to answer.
SLOW = ((0.02, 0.1), 0.03, 1.0)
SLOWER = pytest.param((2.0, 5.0), 0.1, 30.0, marks=pytest.mark.long)


@pytest.mark.parametrize(("delay", "drop", "busy"), [SLOW, SLOWER])
def test_slow_server(up: Up, archive: Archive, delay: tuple[float, float], drop: float, busy: float) -> None:
    name, folder = f"slow-{busy:.0f}", up.rossi.folder
    (folder / "slow.toml").write_text((folder / "rossi.toml").read_text() + f'name = "{name}"\n')
    with proxy(up.ports[0]) as between, ThreadPoolExecutor() as pool:
        between.delay, between.drop = delay, drop
        rossi = replace(up.rossi, server=f"http://127.0.0.1:{between.port}/api")
        running = pool.submit(rossi, "campaign", "--config", "slow.toml", "--store", "slow", "--prefix", name)
        products = f"slow/{name}/*/pca_extract/*/manifest.json"
        wait_until(lambda: list(folder.glob(products)) or running.done(), patience=300)
        between.busy = True
        time.sleep(busy)
        between.busy = False
        done = running.result(300)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert len(list(folder.glob(products))) == len(archive.good) + 1  # and the one without good time
    for obsid in archive.damaged:
        assert obsid in done.stdout
    # Prefect has heard of everything in the end.
    mine = {"flow_runs": {"name": {"any_": [name]}}}
    assert [run["state_type"] for run in up.api("/flow_runs/filter", mine)] == ["COMPLETED"]
    tasks = sorted(task["name"].partition("-")[0] for task in up.api("/task_runs/filter", mine))
    assert tasks == ["merge", "publish", "query", "shard", "shard"]


@pytest.mark.long
def test_server_that_takes_calls_and_never_answers(up: Up, many: Path) -> None:
    with proxy(up.ports[0]) as between:
        rossi = replace(up.rossi, server=f"http://127.0.0.1:{between.port}/api")
        process = rossi.start("campaign", "--archive", many, "--store", "mute", "--workers", 1, mark=up.mark)
        products = "mute/*/pca_extract/*/manifest.json"
        wait_until(lambda: list(up.rossi.folder.glob(products)) or process.poll() is not None, patience=300)
        between.delay = (1e6, 1e6)
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "Prefect did not hear how it ended" in err
    assert str(MANY) in out
    assert len(list(up.rossi.folder.glob(products))) == MANY


@pytest.mark.long
def test_server_gone_for_good(up: Up, many: Path) -> None:
    rossi = replace(up.rossi, server=up.api.url)
    command = ("campaign", "--archive", many, "--store", "gone", "--workers", 1)
    process = rossi.start(*command, mark=up.mark)
    wait_until(lambda: list((up.rossi.folder / "gone").glob("*/pca_extract/*/manifest.json")))
    up.kill_server()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert str(MANY) in out
    absent = rossi(*command)
    assert absent.returncode == 1
    assert "does not answer" in absent.stderr
    assert "rossi up" in absent.stderr
    up.start()
