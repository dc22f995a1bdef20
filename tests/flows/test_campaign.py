"""A whole campaign with Prefect: killed in the middle, finished, and run once more."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from services.contract import Manifest
from tests.conftest import LONG
from tests.flows.api import Api
from tests.flows.support import (
    ABSENT,
    NO_OBSID,
    PROC,
    SLEWING,
    Archive,
    Rossi,
    kill_when,
    marked,
    no_strays,
    product_files,
    same_products,
)

#: Name of the campaign, by which it is found on the server.
NAME = "killed"


@dataclass(frozen=True)
class Campaign:
    """What three runs of one campaign left: killed, finished with a server of the user's, and run once more."""

    rossi: Rossi
    killed: frozenset[str]
    finished: subprocess.CompletedProcess[str]
    again: subprocess.CompletedProcess[str]
    recorded: tuple[dict[str, Any], ...]

    @property
    def folder(self) -> Path:
        """Where it was run."""
        return self.rossi.folder

    @property
    def out(self) -> Path:
        """Where the products were copied to."""
        return self.folder / "out"


@pytest.fixture(scope="module")
def campaign(
    archive: Archive, prefect_database: Path, prefect_url: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Campaign:
    """Kill a campaign and the server of its own when the first observation is done, let it finish, then run it again.

    Whatever the killed one started must be gone; of one that is told to end, test_stopping.py shows that.
    """
    folder = tmp_path_factory.mktemp("campaign")
    home = folder / "a home" / "whose parent is not there yet"
    if not LONG:  # it makes its database else
        shutil.copytree(prefect_database, home)
    rossi = Rossi(folder, home)
    obsids = ", ".join(f'"{obsid}"' for obsid in archive.asked)
    places = f'archive = "{archive.root}"\nstore = "store"\n'
    tables = f'[query]\nobsids = [{obsids}]\n{archive.config}workers = 2\nname = "{NAME}"\n'
    settings = folder / "rossi.toml"
    settings.write_text(f"{places}{tables}shard_size = 2\n")  # else products of all come together, at the end
    store = folder / "store"
    with no_strays() as mark:
        running: list[str] = []

        def halfway() -> bool:
            done = bool(list(store.glob("[0-9]*/pca_extract/*/manifest.json")))
            running.extend(marked(mark) if done else [])
            return done

        kill_when(rossi.start("campaign", "--workers", 1, mark=mark), halfway)
        # The command, the Prefect server, the process that workers are forked from, and a worker.
        assert len(running) >= 4 or not PROC.exists()
    settings.write_text(places + tables)
    killed = frozenset(product_files(store))
    url, auth = prefect_url
    served = replace(rossi, server=url, auth=auth)
    finished = served("campaign", "--out", "out")
    runs = tuple(run for kind in ("flow_runs", "task_runs") for run in recorded(Api(url, auth=auth), kind))
    again = served("campaign", "--strict")
    return Campaign(rossi, killed, finished, again, runs)


def recorded(api: Api, kind: str) -> list[dict[str, Any]]:
    """Ask a Prefect server what it has recorded of the campaign."""
    return list(api(f"/{kind}/filter", {"flow_runs": {"name": {"any_": [NAME]}}}))


def test_killed_campaign_was_in_the_middle(campaign: Campaign) -> None:
    everything = product_files(campaign.folder / "store")
    assert campaign.killed
    assert campaign.killed < everything.keys()


def test_finished_campaign_accounts_for_everything(campaign: Campaign, archive: Archive) -> None:
    done = campaign.finished
    assert done.returncode == 0
    first, *_, last = done.stderr.splitlines()
    assert (first, last) == ("Starting Prefect", "Merging")
    table = Table.read(campaign.out / "observations.ecsv")
    outcomes = dict(zip(table["obsid"], table["outcome"], strict=True))
    assert outcomes == {
        **dict.fromkeys(archive.good, "succeeded"),
        **dict.fromkeys((*archive.damaged, ABSENT, NO_OBSID), "failed"),
        SLEWING: "no_work",
    }
    messages = {line.split()[0]: line for line in done.stdout.splitlines() if line[:1].isdigit()}
    for obsid, word in {**archive.damaged, SLEWING: "No row", ABSENT: "archive", NO_OBSID: "ObsID"}.items():
        assert word in messages[obsid]


def test_products_are_those_of_an_undisturbed_run(campaign: Campaign, undisturbed: Path) -> None:
    store = campaign.folder / "store"
    assert product_files(store).keys() == product_files(undisturbed).keys()
    same_products(store, undisturbed)


def test_second_run_computes_nothing(campaign: Campaign, archive: Archive) -> None:
    done = campaign.again
    assert done.returncode == 20
    assert f"{len(archive.good) + 1} of {len(archive.asked)} already done." in done.stdout
    manifests = [Manifest.model_validate_json(p.read_bytes()) for p in campaign.folder.glob("store/*/*/manifest.json")]
    assert sorted(manifest.stage for manifest in manifests) == ["merge", "query"]


def test_users_own_server_is_used_and_knows_shards_not_observations(campaign: Campaign) -> None:
    names = sorted(run["name"].partition("-")[0] for run in campaign.recorded)
    assert names == sorted([NAME, "query", "shard", "shard", "merge", "publish"])
    assert {run["state_type"] for run in campaign.recorded} == {"COMPLETED"}


class Page(HTMLParser):
    """Text and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect links."""
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]


def test_report_lists_everything_and_its_links_lead_somewhere(campaign: Campaign, archive: Archive) -> None:
    page = Page((campaign.out / "report.html").read_text())
    for obsid in archive.asked:
        assert obsid in page.text
    links = [link for link in page.links if not link.startswith(("data:", "#"))]
    for link in links:
        assert (campaign.out / link).is_file(), link
    for obsid in archive.good:
        assert f"products/{obsid}/{obsid}_ch5-10.lc" in links
