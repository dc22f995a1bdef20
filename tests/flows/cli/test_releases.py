"""What a store has published: listed, gone back to, copied; and what nobody names any more, told and removed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.core.published import chosen_sources, folded
from rossi.errors import ConfigError, DataError
from services.storage import open_store
from services.storage.lease import AtWork, hold
from services.storage.publication import read_manifest
from services.storage.releases import current_name, current_release, publish_release, source_of
from tests.services.storage.history import DAY, Aged, Archive

OBSIDS = ("20402-01-45-03", "20402-01-45-04")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Two nights in a local store, long ago, with an orphan and a failure."""
    monkeypatch.chdir(tmp_path)
    archive = Archive(Aged(open_store(str(tmp_path / "store"))), data=dict.fromkeys(OBSIDS, 0))
    archive.failure(OBSIDS[0])
    archive.store.now += 60
    for _ in range(2):
        archive.store.now += 30 * DAY
        archive.data[OBSIDS[0]] += 1
        archive.orphan(OBSIDS[1])
        archive.run()
    for path in (tmp_path / "store").rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    return archive


def rossi(*words: object) -> str:
    """Call the command in this process; returns what it prints, raises what it raises."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_releases_are_listed_and_gone_back_to(archive: Archive) -> None:
    first, last = (line.split()[0] for line in rossi("releases", "store", "--prefix", "run").splitlines()[1:])
    listed = rossi("releases", "store", "--prefix", "run", "--sources")
    assert f"{last} 2024-01-13 22:14 1       2            " in listed
    assert [line.endswith("current ") for line in listed.splitlines()[1:3]] == [False, True]
    assert f"{first} all: All, 2 observations" in listed
    said = rossi("publish", "store", "--prefix", "run", "--release", first)
    assert said == f"Release {first} is current: 2 observations of All.\n"
    assert current_name(archive.store, "run") == first
    with pytest.raises(ConfigError, match="no release 'none'"):
        rossi("publish", "store", "--prefix", "run", "--release", "none")
    rossi("publish", "store", "--prefix", "run")
    assert current_name(archive.store, "run") == last
    with pytest.raises(DataError, match="no run has published anything"):
        rossi("releases", "store", "--prefix", "other")
    with pytest.raises(DataError, match="no run has published anything"):
        rossi("publish", "store", "--prefix", "other")


def test_products_are_copied_under_names_for_people(archive: Archive, tmp_path: Path) -> None:
    said = rossi("products", "--store", "store", "--prefix", "run", "--out", "copy")
    (source,) = current_release(archive.store, "run").sources
    assert said == f"All: 3 files in copy, of release {current_name(archive.store, 'run')}\n"
    files = {str(path.relative_to("copy")): path.read_bytes() for path in Path("copy").rglob("*.txt")}
    # Of each observation the last stage alone, which was made from the other.
    assert files.keys() == {"merge.txt", *(f"products/{obsid}/second.txt" for obsid in OBSIDS)}
    assert files["merge.txt"] == archive.store.get(f"run/{source.folder}/merge.txt")
    first = rossi("releases", "store", "--prefix", "run").split("\n")[1].split()[0]
    rossi("products", "--store", "store", "--prefix", "run", "--out", "old", "--release", first)
    assert (tmp_path / "old/merge.txt").read_bytes() != files["merge.txt"]
    for words in (["--release", first], ["--out", "x", OBSIDS[0]], ["--out", "x", "--get", "y"]):
        with pytest.raises(ConfigError, match="chooses what --out copies"):
            rossi("products", "--store", "store", "--prefix", "run", *words)
    with pytest.raises(DataError, match=r"other/current\.json: there is none: no run has published"):
        rossi("products", "--store", "store", "--prefix", "other", "--out", "x")


def test_several_sources(archive: Archive) -> None:
    """A campaign of another source below the same prefix leaves what was published of the first."""
    _, keys = archive.run()
    merged = (keys[0], read_manifest(archive.store, keys[0]))
    source = source_of(archive.store, "run", "GX 339-4", "gx-339-4", merged, 1, keys[1:3])
    release = publish_release(archive.store, "run", [source], whole=False)
    assert [one.slug for one in release.sources] == ["all", "gx-339-4"]
    said = rossi("products", "--store", "store", "--prefix", "run", "--out", "copy", "--source", "GX339-4")
    assert said.startswith("GX 339-4: 2 files in copy, ")
    assert {path.name for path in Path("copy").iterdir()} == {"sources", "products"}
    assert [path.name for path in Path("copy/sources").iterdir()] == ["gx-339-4"]
    assert chosen_sources(release, ["gx_339-4", "ALL"]) == list(release.sources)
    with pytest.raises(DataError, match=r"no source 'GX 339-5'; there is GX 339-4\."):
        chosen_sources(release, ["GX 339-5"])
    rossi("publish", "store", "--prefix", "run", "--without", "GX 339-4")
    assert [one.slug for one in current_release(archive.store, "run").sources] == ["all"]
    assert folded("GX 339_4") == folded("gx339-4")


def test_pruning_nothing_is_no_success(archive: Archive) -> None:
    """A mistyped place has nothing to remove either."""
    with pytest.raises(DataError, match=r"nowhere: there is nothing yet; check --store and --prefix"):
        rossi("prune", "--store", "nowhere")


def test_pruning_is_told_first(archive: Archive) -> None:
    before = len(list(archive.store.list()))
    said = rossi("prune", "store", "--prefix", "run", "--keep", "1")
    assert len(list(archive.store.list())) == before
    rows = [line.strip("│ ").split("│") for line in said.splitlines() if "│" in line]
    kinds = {row[0].strip(): int(row[1]) for row in rows}
    assert kinds == {
        "older releases": 1,
        "superseded products of observations": 4,
        "superseded merged products": 3,
        "older query lists": 2,
        "orphans of interrupted or doubled runs": 2,
        "failures that have since succeeded or failed again": 1,
        "stays": before - 13,
    }
    assert "could go; nothing was removed. --apply removes them." in said
    assert "13 objects removed, " in rossi("prune", "store", "--prefix", "run", "--keep", "1", "--apply")
    left = {path for path in Path("store").rglob("*") if path.is_file() and not path.name.startswith(".")}
    assert len(left) == before - 13 + 1  # the lease, which nobody holds
    assert not [path for path in Path("store").rglob("*") if path.is_dir() and not any(path.iterdir())]
    assert rossi("prune", "store", "--prefix", "run", "--keep", "1").endswith("There is nothing to remove.\n")


def test_pruning_and_runs_take_turns(archive: Archive) -> None:
    with hold(archive.store, "run", "a campaign"):
        assert "could go" in rossi("prune", "store", "--prefix", "run", "--keep", "1")
        with pytest.raises(AtWork, match=r"a campaign \(.*is at work there since"):
            rossi("prune", "store", "--prefix", "run", "--apply", "--no-wait")
    assert "removed" in rossi("prune", "store", "--prefix", "run", "--keep", "1", "--apply", "--no-wait")


def test_an_observation_is_told_to_go(archive: Archive) -> None:
    dry = rossi("prune", "store", "--prefix", "run", "--gone", OBSIDS[0])
    assert f"{OBSIDS[0]} would be left out from the next run on." in dry
    assert list(archive.store.list("run/gone/")) == []
    done = rossi("prune", "store", "--prefix", "run", "--gone", OBSIDS[0], "--apply")
    assert f"{OBSIDS[0]} is left out from the next run on." in done
    (info,) = archive.store.list("run/gone/")
    assert json.loads(archive.store.get(info.key))["obsid"] == OBSIDS[0]
    with pytest.raises(DataError, match="there is nothing of 20402-01-45-99"):
        rossi("prune", "store", "--prefix", "run", "--gone", "20402-01-45-99")
    with pytest.raises(ConfigError, match="can't be a key"):
        rossi("prune", "store", "--prefix", "run", "--gone", "../x")


def test_settings_of_pruning(tmp_path: Path, archive: Archive) -> None:
    (tmp_path / "rossi.toml").write_text('store = "store"\nprefix = "run"\n[prune]\nkeep = 2\ndays = 0.5\n')
    assert "keep = 2\n" in rossi("prune", "--print-config")
    assert "older releases" not in rossi("prune")
    assert "older releases" in rossi("prune", "--keep", 1)
