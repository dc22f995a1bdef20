"""Observations that vanish from the archive: named, kept in what is merged, and too many of them stop the run."""

from __future__ import annotations

import shutil
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from astropy.io import fits
from astropy.table import Table

from flows.core.executor import Inline
from flows.core.plan import make_shard
from flows.core.pruning import prune
from flows.core.result import CampaignResult
from flows.core.retry import read_known
from flows.core.run import run
from flows.core.selection import everything
from flows.core.settings import Settings, load_settings
from flows.core.summary import summary_line
from flows.core.watcher import Watcher
from rossi.archive import ObsID
from services.contract import VANISHED, Outcome
from services.execution.vanished import last_products, stop_if_many
from services.query.stage import run_query
from services.query.worklist import WorkList
from services.storage import StoreError, open_archive, open_store
from services.storage.outputs import fetch_outputs
from services.storage.publication import read_manifest
from tests.flows.support import Archive, Rossi

pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture
def settings(archive: Archive, tmp_path: Path) -> Settings:
    """Of three good observations in an archive that may be changed, of which one may vanish."""
    for obsid in archive.good[:3]:
        shutil.copytree(archive.root / ObsID(obsid).path, tmp_path / "archive" / ObsID(obsid).path)
    given = archive.overrides | {"archive": str(tmp_path / "archive"), "store": str(tmp_path / "store")}
    given["campaign"] = given["campaign"] | {"vanished": 0.4}
    return load_settings(None, given)


def look(settings: Settings) -> WorkList:
    work, _ = run_query(settings.query, open_archive(settings.archive), open_store(settings.store), settings.prefix)
    return work


def night(settings: Settings) -> CampaignResult:
    """What the flow does in a night, without Prefect."""
    return run(settings, everything, Inline(settings), Watcher())


def unmount(settings: Settings, *obsids: str) -> None:
    for obsid in obsids:
        shutil.rmtree(Path(settings.archive) / ObsID(obsid).path)


def rows(settings: Settings, result: CampaignResult) -> int:
    return sum(
        band["rows"]
        for band in read_manifest(open_store(settings.store), result.top.manifest).summary["bands"].values()
    )


def test_the_last_products_stay_with_a_caveat(settings: Settings) -> None:
    before = night(settings)
    gone = before.asked[1]
    unmount(settings, gone)
    for _ in range(2):  # also in the nights after
        after = night(settings)
        assert after.asked == before.asked
        assert [result.outcome for result in after.results] == [Outcome.SUCCEEDED] * 3
        assert rows(settings, after) == rows(settings, before)
        assert after.top.manifest != before.top.manifest
    assert [c.message for c in after.top.caveats if c.code == VANISHED] == [
        f"1 observation no longer in the archive; what is merged are the last products: {gone}."
    ]
    (file,) = fetch_outputs(open_store(settings.store), after.top.manifest, "observations")
    table = Table.read(file.data.decode(), format="ascii.ecsv")
    assert {row["obsid"] for row in table if VANISHED in row["caveats"]} == {gone}
    assert f"1 vanished from the archive, their last products are merged: {gone}." in summary_line(after)


def test_they_are_named_by_the_list(settings: Settings) -> None:
    asked = look(settings).obsids
    unmount(settings, *asked[:2])
    for _ in range(2):
        work = look(settings)
        assert work.obsids == asked
        assert set(work.vanished) == set(asked[:2])
        assert {c.message for c in work.caveats} >= {f"{o} was there before and is not any more." for o in asked[:2]}
    other = settings.model_copy(update={"query": settings.query.model_copy(update={"start": 1.0})})
    assert look(other).vanished == ()  # another question


def test_an_empty_directory_and_an_obsid_asked_for_by_name(settings: Settings) -> None:
    before = night(settings)
    named = settings.model_copy(update={"query": settings.query.model_copy(update={"obsids": before.asked})})
    night(named)
    unmount(settings, before.asked[0])
    (Path(settings.archive) / ObsID(before.asked[0]).path).mkdir()
    for asked in (settings, named):
        after = night(asked)
        assert rows(settings, after) == rows(settings, before)
        assert any(c.code == VANISHED for c in after.top.caveats)


def test_too_many_stop_the_run_before_anything_is_published(settings: Settings) -> None:
    before = night(settings)
    unmount(settings, *before.asked[1:])
    readable = published(Path(settings.store))
    assert any(name.startswith("merge/") for name in readable)
    with pytest.raises(StoreError, match=rf"2 of 3 observations .* \({before.asked[1]}, .*nothing was published"):
        night(settings)
    assert published(Path(settings.store)) == readable


def test_products_of_other_settings_are_none(settings: Settings) -> None:
    before = night(settings)
    plan = make_shard(settings, before.asked)
    last = last_products(before.asked[0], plan, open_store(settings.store))
    assert last is not None
    assert [s.stage for s in last.stages] == ["pca_prep", "pca_extract"]
    assert [s.manifest for s in last.stages] == [s.manifest for s in before.results[0].stages]
    extraction = plan.stages["pca_extract"].model_copy(update={"binsz": 64.0})
    wider = plan.model_copy(update={"stages": plan.stages | {"pca_extract": extraction}})
    other = last_products(before.asked[0], wider, open_store(settings.store))
    assert other is not None
    assert other.outcome is Outcome.FAILED
    assert last_products("20402-01-45-99", plan, open_store(settings.store)) is None


def test_what_was_told_to_go_is_not_merged_any_more(settings: Settings) -> None:
    before = night(settings)
    gone = before.asked[1]
    kept = shutil.copytree(Path(settings.archive) / ObsID(gone).path, Path(settings.archive).parent / "kept")
    unmount(settings, gone)
    store = open_store(settings.store)
    assert night(settings).asked == before.asked
    time.sleep(1)  # what is made in the same second is told to go, too
    found = prune(store, settings, [gone], print, apply=False)
    assert night(settings).asked == before.asked
    assert found.objects > 0
    prune(store, settings, [gone], print, apply=True)
    assert read_known(store, settings).asked == tuple(o for o in before.asked if o != gone)
    after = night(settings)
    assert after.asked == tuple(o for o in before.asked if o != gone)
    named = settings.model_copy(update={"query": settings.query.model_copy(update={"obsids": before.asked})})
    assert [r.outcome is Outcome.FAILED for r in night(named).results].count(True) == 1
    shutil.copytree(kept, Path(settings.archive) / ObsID(gone).path)  # and comes back
    time.sleep(1)
    assert night(settings).asked == before.asked
    assert [c.message for c in look(settings).caveats if c.code == "back"] == []  # said once
    unmount(settings, gone)
    after = night(settings)
    assert after.asked == before.asked
    assert rows(settings, after) == rows(settings, before)


@pytest.mark.parametrize(
    ("vanished", "asked", "most", "is_too_many"),
    [
        (29, 100, 0.29, False),
        (30, 100, 0.29, True),
        (57, 100, 0.57, False),
        (1, 100, 0.01, False),
        (2, 100, 0.01, True),
        (7, 100_000, 7e-5, False),
        (8, 100_000, 7e-5, True),
        (0, 5, 0.0, False),
        (1, 5, 0.0, True),
        (5, 5, 1.0, False),
        (0, 0, 0.01, False),
    ],
)
def test_how_many_are_too_many(vanished: int, asked: int, most: float, is_too_many: bool) -> None:
    """The part of them that is written, not what is nearest to it in binary."""
    with pytest.raises(StoreError, match=f"{vanished} of {asked} ") if is_too_many else nullcontext():
        stop_if_many([str(number) for number in range(vanished)], asked, most, "archive")


def published(store: Path) -> dict[str, bytes]:
    """Whatever a reader of the store goes by: all but single observations' products, lists, and who worked."""
    files = {path.relative_to(store).as_posix(): path for path in store.rglob("*") if path.is_file()}
    apart = ("pca_prep", "pca_extract", "query", "lease.json", ".lock")
    return {name: path.read_bytes() for name, path in files.items() if not set(apart) & set(name.split("/"))}


@pytest.mark.long
def test_half_of_the_archive_is_not_mounted(
    archive: Archive, settings: Settings, tmp_path: Path, served: Rossi
) -> None:
    (tmp_path / "rossi.toml").write_text(
        'archive = "archive"\nstore = "store"\n' + archive.config + 'executor = "inline"\n'
    )
    rossi = served
    assert rossi("campaign", "--out", "out").returncode == 0
    before = published(tmp_path / "store")
    assert any(name.startswith("merge/") for name in before)
    gone = archive.good[:2]
    unmount(settings, *gone)

    done = rossi("campaign", "--out", "out2")
    assert done.returncode == 1, done.stderr
    assert (
        f"2 of 3 observations that were in the archive before are not there any more ({gone[0]}, {gone[1]}); nothing "
        "was published." in done.stderr
    )
    assert not (tmp_path / "out2").exists()
    assert published(tmp_path / "store") == before

    text = (tmp_path / "rossi.toml").read_text().replace("[campaign]\n", "[campaign]\nvanished = 0.67\n")
    (tmp_path / "rossi.toml").write_text(text)
    done = rossi("campaign", "--out", "out3")
    assert done.returncode == 0, done.stderr
    said = f"2 vanished from the archive, their last products are merged: {gone[0]}, {gone[1]}."
    assert said in done.stdout + done.stderr, done.stdout
    report = (tmp_path / "out3/report.html").read_text()
    assert all(f"{obsid}" in report for obsid in gone)
    assert set(before) < set(published(tmp_path / "store"))
    assert sum_of_rows(tmp_path / "out3") == sum_of_rows(tmp_path / "out")


def sum_of_rows(out: Path) -> int:
    """Bins of the merged light curves."""
    return sum(len(fits.getdata(path, "RATE")) for path in sorted(out.rglob("*.lc*")))
