"""A campaign of several sources: each is merged by itself, and only where something has changed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.io import fits
from astropy.table import Table

from flows.cli.options import of_sources
from flows.core.executor import Inline
from flows.core.export import export_campaign
from flows.core.grouping import Grouping, grouped
from flows.core.neighbours import Sky
from flows.core.plan import MAX_SHARDS, plan_batches
from flows.core.result import CampaignResult, campaign_code
from flows.core.results import Results
from flows.core.retry import failed
from flows.core.run import run
from flows.core.selection import NothingToDo, everything
from flows.core.settings import Settings, load_settings
from flows.core.summary import failure_line, summary_line
from flows.prefect.artifacts import source_rows
from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError
from rossi.exchange import from_parquet
from rossi.simulate import simulate_archive
from services.contract import ExitCode, ObservationResult, Outcome, StageResult
from services.merge import batch
from services.merge.config import Merge, MergeRequest
from services.merge.front_stage import Everything, Front, FrontConfig, published, run_front
from services.merge.stage import run_merge
from services.query.worklist import WorkRow, blank
from services.storage import open_store
from services.storage.inventory import product_sets, status
from services.storage.memory import MemoryStore
from services.storage.outputs import fetch_outputs
from services.storage.releases import newest_release
from tests.flows.conformance import Recorder
from tests.flows.support import Archive

#: As their first observations spell them.
FIRST, SECOND = "SIM X-1", "SIM GC 1"


pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Five observations of two sources, three of them of the first."""
    root = tmp_path_factory.mktemp("sources")
    simulate_archive(root, observations=5, seed=1, sources=2)
    return Archive(root, tuple(sorted((path.name for path in root.glob("AO*/P*/*")), key=lambda o: int(o[-2:]))), {})


@pytest.fixture
def settings(simulated: Archive, tmp_path: Path) -> Settings:
    """Of the first four observations, two of each source, in an archive to which the fifth can be added."""
    for obsid in simulated.good[:4]:
        add(simulated, tmp_path, obsid)
    places = {"archive": str(tmp_path / "archive"), "store": str(tmp_path / "store")}
    return load_settings(None, simulated.overrides | places)


def add(simulated: Archive, folder: Path, obsid: str) -> None:
    shutil.copytree(simulated.root / ObsID(obsid).path, folder / "archive" / ObsID(obsid).path)


def night(settings: Settings, **asked: object) -> CampaignResult:
    chosen = settings.model_copy(update={"sources": settings.sources.model_copy(update=asked)})
    return run(chosen, everything, Inline(chosen), Recorder())


def test_only_what_has_changed_is_merged_again(settings: Settings, simulated: Archive, tmp_path: Path) -> None:
    first = night(settings)
    assert {one.name: len(one.obsids) for one in first.merges} == {FIRST: 2, SECOND: 2}
    assert "2 sources, 2 of them merged anew." in summary_line(first)
    store = open_store(settings.store)
    export_campaign(store, first, tmp_path / "out")
    curves = {fits.getheader(path, "RATE")["OBJECT"]: path for path in (tmp_path / "out/sources").rglob("*.lc")}
    assert {name: path.parent.name for name, path in curves.items()} == {FIRST: "sim-x-1", SECOND: "sim-gc-1"}
    header = fits.getheader(curves[SECOND], "RATE")
    assert (header["RA_OBJ"], header["DEC_OBJ"]) == pytest.approx((266.4, -29.0))
    front = published(store, first.top.manifest)
    assert {entry.name: entry.observations for entry in front.entries} == {FIRST: 2, SECOND: 2}
    (page,) = Path(settings.store).glob("sources/*/*/index.html")
    assert all((page.parent / entry.link).is_file() for entry in front.entries)
    for page in (tmp_path / "out").rglob("*.html"):
        for link in re.findall(r'href="([^"#:{]+)"', page.read_text()):
            assert (page.parent / link).exists(), link
    for slug in ("sim-x-1", "sim-gc-1"):
        assert f'href="../../index.html#at={slug}"' in (tmp_path / f"out/sources/{slug}/report.html").read_text()
    table = Table.read((tmp_path / "out/sources.ecsv").read_text(), format="ascii.ecsv")
    assert table["observations"].tolist() == [2, 2]
    assert (table["rate_ch5-10"] > 0).all()

    again = night(settings)
    assert (again.reused, again.top.manifest) == (True, first.top.manifest)

    add(simulated, tmp_path, simulated.good[4])
    third = night(settings)
    assert {one.name: (len(one.obsids), one.merge.reused) for one in third.merges} == {
        FIRST: (3, False),
        SECOND: (2, True),
    }
    assert {e.name: e.observations for e in published(store, third.top.manifest).entries} == {FIRST: 3, SECOND: 2}
    assert {e.manifest.source for e in product_sets(store)} == {"", "sim-x-1", "sim-gc-1"}
    slugs, obsids = of_sources(product_sets(store), ["simx 1"])
    assert (slugs, obsids) == ({"sim-x-1"}, {one for m in third.merges if m.name == FIRST for one in m.obsids})
    rows = source_rows(third, store, settings.store)
    assert [(one["source"], one["merge"]) for one in rows] == [(FIRST, "succeeded"), (SECOND, "as before")]

    one = night(settings, names=("sim  gc1",))
    assert ([merged.name for merged in one.merges], len(one.asked)) == ([SECOND], 2)
    assert one.reused
    assert one.front is not None
    assert one.front.manifest == third.top.manifest  # all is as it was
    with pytest.raises(ConfigError, match=r"No source is called 'Sim X-9'; did you mean"):
        night(settings, names=("Sim X-9",))
    of_one = settings.model_copy(update={"sources": settings.sources.model_copy(update={"names": ("sim x 1",)})})
    with pytest.raises(NothingToDo, match="Of 3 observations none failed"):
        run(of_one, failed, Inline(of_one), Recorder())


def test_a_source_that_cannot_be_merged_stops_no_other(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def merge_but_one(request: MergeRequest, store: object) -> object:
        if request.name == "sim-x-1":
            raise DataError("sim-x-1 makes no sense.")
        return run_merge(request, store)

    with monkeypatch.context() as patched:
        patched.setattr(batch, "run_merge", merge_but_one)
        result = night(settings)
    assert [one.name for one in result.unmerged] == [FIRST]
    assert failure_line(result).startswith(f"The merge of {FIRST} failed: sim-x-1 makes no sense. What to do: ")
    assert campaign_code(result) is ExitCode.DATA_ERROR
    store = open_store(settings.store)
    front = published(store, result.top.manifest)
    assert [entry.name for entry in front.entries] == [SECOND]
    assert f"{FIRST} could not be merged: sim-x-1 makes no sense." in front.notes
    merges = {record.source: record.outcome for record in status(store) if record.stage == "merge"}
    assert merges == {"sim-x-1": Outcome.FAILED, "sim-gc-1": Outcome.SUCCEEDED}
    mended = night(settings)
    assert {one.name: one.merge.reused for one in mended.merges} == {FIRST: False, SECOND: True}
    assert len(published(store, mended.top.manifest).entries) == 2


def front_of(hardness: tuple[str, ...]) -> tuple[MemoryStore, Front]:
    """Publish the front page of two observations that have two bands, without any merge."""
    grouping, store = grouped(load_settings(None, {}), (A1, B1), MemoryStore()), MemoryStore()
    results = {}
    for one, hard in ((A1, 2.0), (B1, 5.0)):
        bands = {
            "ch5-10": {"rate": 4.0, "error": 0.1, "exposure": 1.0},
            "11-28": {"rate": hard, "error": 0.1, "exposure": 1.0},
        }
        end = StageResult(stage="pca_extract", obsid=one.obsid, outcome=Outcome.SUCCEEDED, summary={"bands": bands})
        results[one.obsid] = ObservationResult.of(one.obsid, [end])
    config = FrontConfig(title="All", by="position", radius=0.2, hardness=hardness)
    archive = Everything(grouping.observations, grouping.found, Results(results.values()), {})
    made = run_front(config, archive, store)
    return store, published(store, made.manifest)


def test_hardness_is_of_the_bands_that_are_named() -> None:
    store, front = front_of(("11-28", "ch5-10"))
    assert (front.hardness, front.notes) == ("11-28 / ch5-10", ())
    (key,) = [info.key for info in store.list() if info.key.endswith("sources.ecsv")]
    table = Table.read(store.get(key).decode(), format="ascii.ecsv")
    assert table["hardness"].tolist() == [0.5, 1.25]
    assert table["hardness"].description == "Mean rate in 11-28 over that in ch5-10"


def test_hardness_of_a_band_that_is_not_there_is_told() -> None:
    _, front = front_of(("ch99-100", "ch5-10"))
    said = "There is no hardness: no observation has a band ch99-100, there are 11-28, ch5-10; see [merge] hardness."
    assert front.notes == (said,)
    assert front_of(())[1].notes == ()


@pytest.mark.parametrize("wrong", [["a"], ["a", "a"], ["a", "b", "c"], ["a", ""]], ids=str)
def test_hardness_is_of_two_bands(wrong: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"\[merge\].*two that differ, or none, were expected"):
        load_settings(None, {"merge": {"hardness": wrong}})


def near_of(settings: Settings, rows: tuple[WorkRow, ...], only: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return the names of the sources near each one."""
    grouping = grouped(settings, rows, MemoryStore()).only(only)
    sky = Sky.of(settings, grouping)
    return {u.source.name if u.source else "": [n.name for n in sky.near(u, grouping)] for u in grouping.units}


def test_sources_near_a_source(tmp_path: Path) -> None:
    table = tmp_path / "more.ecsv"
    Table({"name": ["A itself", "C", "D"], "ra": [10.05, 10.0, 10.0], "dec": [20.0, 22.0, 30.0]}).write(table)
    rows = (A1, row("10004-01-01-00", "E", 12.0, 21.0, 50004), B1)
    both = {"campaign": {"instruments": ["pca", "hexte"]}, "sources": {"neighbours": str(table)}}
    found = near_of(load_settings(None, both), rows)
    assert found == {"A": ["C", "E"], "E": ["C", "A"], "B": []}
    # The same for one of them alone: nothing is merged again for having been asked for by name.
    assert near_of(load_settings(None, both), rows, ("e",)) == {"E": ["C", "A"]}
    assert near_of(load_settings(None, {**both, "query": {"name": "A"}}), (A1,)) == {"": ["A itself", "C"]}
    assert near_of(load_settings(None, both | {"campaign": {"instruments": ["pca"]}}), rows)["A"] == []
    both["sources"] = {"neighbours": str(tmp_path / "none.ecsv")}
    with pytest.raises(ConfigError, match=r"\[sources\] neighbours .*none\.ecsv: the file can't be read"):
        near_of(load_settings(None, both), rows)
    Table({"name": ["X"], "ra": [10.0], "dec": [95.0]}).write(table, overwrite=True)
    both["sources"] = {"neighbours": str(table)}
    with pytest.raises(ConfigError, match="X stands at ra 10, dec 95"):
        near_of(load_settings(None, both), rows)


def row(obsid: str, name: str = "", ra: float = float("nan"), dec: float = float("nan"), time: float = 5e4) -> WorkRow:
    return WorkRow(name, 1, int(obsid[:5]), obsid, time, 1000.0, ra, dec)


A1, A2, B1 = (
    row("10001-01-01-00", "A", 10, 20, 50000),
    row("10001-01-02-00", "a", 10.1, 20, 50001),
    row("10002-01-01-00", "B", 50, 20, 50002),
)
SLEW = row("10001-01-01-00A", "A", 10, 20)
LOST = blank("10003-01-01-00")


@pytest.mark.parametrize(
    ("toml", "rows", "units", "apart"),
    [
        ({}, (A1, A2, B1, SLEW, LOST), {"a": (A1, A2), "b": (B1,)}, (SLEW, LOST)),
        # Of one source: nobody can tell that the lost one is of another.
        ({}, (A1, A2, SLEW, LOST), {"a": (A1, A2, LOST)}, (SLEW,)),
        ({}, (LOST,), {"": (LOST,)}, ()),
        ({}, (SLEW,), {"": (SLEW,)}, ()),
        ({"query": {"name": "A"}}, (A1, B1), {"": (A1, B1)}, ()),
        ({"query": {"ra": 10, "dec": 20, "radius": 90}}, (A1, B1), {"": (A1, B1)}, ()),
        ({"query": {"targets": ["A"], "slews": True}}, (A1, SLEW), {"": (A1, SLEW)}, ()),
        ({"query": {"targets": ["A", "B"]}}, (A1, B1), {"a": (A1,), "b": (B1,)}, ()),
        ({"query": {"name": "A"}, "sources": {"by": "position"}}, (A1, B1), {"a": (A1,), "b": (B1,)}, ()),
        ({"sources": {"radius": 0.05}}, (A1, A2), {"a": (A1,), "a-j0040p2000": (A2,)}, ()),
        ({"sources": {"by": "target", "radius": 0.05}}, (A1, A2, B1), {"a": (A1, A2), "b": (B1,)}, ()),
        ({"sources": {"by": "table", "table": "table.ecsv"}}, (A1, A2, B1), {"alpha": (A1, A2)}, (B1,)),
    ],
)
def test_what_is_merged_together(
    toml: dict[str, dict[str, object]],
    rows: tuple[WorkRow, ...],
    units: dict[str, tuple[WorkRow, ...]],
    apart: tuple[WorkRow, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Table({"name": ["alpha"], "ra": [10.0], "dec": [20.0]}).write("table.ecsv")
    found = grouped(load_settings(None, toml), rows, MemoryStore())
    assert {unit.source.slug if unit.source else "": set(unit.obsids) for unit in found.units} == {
        slug: {one.obsid for one in members} for slug, members in units.items()
    }
    assert set(found.apart) == {one.obsid for one in apart}
    assert set(found.obsids) == {one.obsid for one in rows}


def test_some_of_several_sources() -> None:
    found: Callable[..., Grouping] = grouped(load_settings(None, {}), (A1, A2, B1, SLEW), MemoryStore()).only
    one = found(["b"])
    assert (one.several, one.chosen, one.obsids, one.apart) == (True, True, (B1.obsid,), ())
    assert [unit.source.name for unit in one.units if unit.source] == ["B"]


@pytest.mark.parametrize(
    "wrong", [{"by": "table"}, {"table": "sources.ecsv"}, {"radius": 0}, {"by": "colour"}], ids=str
)
def test_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"\[sources\]"):
        load_settings(None, {"sources": wrong})


def test_an_absent_table_is_named(tmp_path: Path) -> None:
    settings = load_settings(None, {"sources": {"by": "table", "table": str(tmp_path / "none.ecsv")}})
    with pytest.raises(ConfigError, match=r"none\.ecsv: the file can't be read"):
        grouped(settings, (A1,), MemoryStore())


def test_a_large_source_is_a_batch_and_many_small_ones_are() -> None:
    def request(number: int, observations: int) -> Merge:
        return Merge(str(number), observations, "", bytes)

    settings = load_settings(None, {"campaign": {"workers": 2}})
    small, large = [request(number, 10) for number in range(250)], request(999, 3000)
    batches = plan_batches(settings, [*small, large])
    assert [one.name for one in batches[0]] == ["999"]
    assert [sum(one.observations for one in batch) for batch in batches[1:]] == [290] * 8 + [180]
    assert sorted(int(one.name) for batch in batches for one in batch) == [*range(250), 999]
    assert plan_batches(settings, []) == []
    # On a cluster the pods count, and of indices there are never too many.
    campaign = {"workers": 1, "executor": "kubernetes"}
    cluster = load_settings(None, {"campaign": campaign, "kubernetes": {"parallelism": 5}})
    assert max(sum(one.observations for one in batch) for batch in plan_batches(cluster, small)) == 120
    wide = load_settings(None, {"campaign": campaign, "kubernetes": {"parallelism": 9999}})
    assert len(plan_batches(wide, [request(number, 8 + number % 5) for number in range(12_000)])) <= MAX_SHARDS


def tables_of(settings: Settings, result: CampaignResult) -> dict[str, Table]:
    """The tables beside the front page that a release names."""
    store = open_store(settings.store)
    release = newest_release(store, settings.prefix)
    assert release is not None
    assert result.front is not None
    assert release.front == result.front.manifest
    made = (fetch_outputs(store, release.front, output) for output in ("sources", "observations"))
    files = {file.name: file.data for group in made for file in group}
    ecsv = Table.read(files["sources.ecsv"].decode(), format="ascii.ecsv", fill_values=[])
    assert ecsv.colnames == from_parquet(files["sources.parquet"], "").colnames
    return {"sources": ecsv, "observations": from_parquet(files["observations.parquet"], "")}


def text_of(table: Table) -> list[str]:
    """All of a table as text."""
    return list(table.pformat(max_lines=-1, max_width=-1))


def test_a_run_of_one_source_renews_its_line_and_leaves_the_others(
    settings: Settings, simulated: Archive, tmp_path: Path
) -> None:
    """The page, the tables and the release are then those of a run of all."""
    store = open_store(settings.store)
    # Without a page of before, it begins with the source that was asked for.
    alone = night(settings, names=(SECOND,))
    assert [entry.name for entry in published(store, alone.front.manifest).entries] == [SECOND]  # type: ignore[union-attr]
    assert alone.top is alone.merges[0].merge  # whoever asks for one source begins there
    first = night(settings)
    before = tables_of(settings, first)
    add(simulated, tmp_path, simulated.good[4])
    one = night(settings, names=(FIRST,))
    assert [(merged.name, len(merged.obsids)) for merged in one.merges] == [(FIRST, 3)]
    now = tables_of(settings, one)
    assert dict(zip(now["sources"]["name"], now["sources"]["observations"], strict=True)) == {FIRST: 3, SECOND: 2}
    assert now["sources"]["name"].tolist() == before["sources"]["name"].tolist()
    theirs = [table["sources"][table["sources"]["name"] == SECOND] for table in (before, now)]
    assert text_of(theirs[0]) == text_of(theirs[1])
    assert set(now["observations"]["obsid"]) == set(simulated.good)
    front = published(store, one.front.manifest)  # type: ignore[union-attr]
    assert {entry.name: entry.observations for entry in front.entries} == {FIRST: 3, SECOND: 2}
    release = newest_release(store, settings.prefix)
    assert release is not None
    assert {source.name: source.observations for source in release.sources} == {FIRST: 3, SECOND: 2}
    # Again there is nothing to renew, neither here nor for a run of all, but for how the page was made.
    again = night(settings, names=(FIRST,))
    assert (again.reused, newest_release(store, settings.prefix)) == (True, release)
    whole = tables_of(settings, night(settings))
    for name, key in (("sources", "name"), ("observations", "obsid")):
        whole[name].sort(key)
        now[name].sort(key)
        assert text_of(whole[name]) == text_of(now[name])
    out = tmp_path / "one"
    export_campaign(store, one, out)
    assert not (out / "index.html").exists()  # it would lead to sources that are not there


def test_sources_by_another_rule_leave_the_page_alone(settings: Settings) -> None:
    first = night(settings)
    other = night(settings, names=(SECOND,), radius=0.5)
    assert other.front is not None
    assert (other.front.outcome, other.front.code) == (Outcome.FAILED, "other_rule")
    said = "The merge of all sources to a front page failed: The front page is of sources by auto within"
    assert said in failure_line(other)
    release = newest_release(open_store(settings.store), settings.prefix)
    assert release is not None
    assert release.front == first.top.manifest
