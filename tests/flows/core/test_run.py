"""A campaign from its beginning to its end in this process, without Prefect."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from flows.core.executor import Inline
from flows.core.result import CampaignResult
from flows.core.retry import Retry, failed
from flows.core.run import Select, run
from flows.core.runs import last_good_run
from flows.core.selection import NothingToDo, changed, everything
from flows.core.settings import Settings, load_settings
from flows.core.watcher import Stopped
from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError
from services.contract import Outcome
from services.storage import open_store
from tests.flows.conformance import Recorder
from tests.flows.conftest import truncate_gzip
from tests.flows.support import Archive

pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture
def settings(archive: Archive, tmp_path: Path) -> Settings:
    """Of three observations, the third of them damaged, in an archive that may be changed."""
    for obsid in archive.good[:3]:
        shutil.copytree(archive.root / ObsID(obsid).path, tmp_path / "archive" / ObsID(obsid).path)
    truncate_gzip(min((tmp_path / "archive" / ObsID(archive.good[2]).path).glob("pca/FS4a*")))
    places = {"archive": str(tmp_path / "archive"), "store": str(tmp_path / "store")}
    return load_settings(None, archive.overrides | places)


def inline(settings: Settings, select: Select, recorder: Recorder | None = None) -> CampaignResult:
    return run(settings, select, Inline(settings), recorder or Recorder())


def test_everything(settings: Settings, archive: Archive) -> None:
    recorder = Recorder()
    result = inline(settings, everything, recorder)
    damaged = archive.good[2]
    assert sorted(result.asked) == sorted(archive.good[:3])
    assert result.todo == result.asked
    assert {one.obsid for one in result.results if one.outcome is Outcome.FAILED} == {damaged}
    assert result.top.outcome is Outcome.SUCCEEDED
    kinds = [kind for kind, _ in recorder.steps]
    assert (kinds[0], set(kinds[1:-1]), kinds[-1]) == ("query", {"shard"}, "merge")
    assert recorder.said == ["planned 3", "merging 1 after 3"]
    assert [one.obsid for one in recorder.told] == list(result.asked)
    remembered = last_good_run(open_store(settings.store), settings.prefix)
    assert remembered is not None
    assert remembered.message.startswith("3 observations: 2 done, 0 no work, 1 failed.")


def test_what_has_not_changed_is_not_worked_on(settings: Settings) -> None:
    first = inline(settings, everything)
    recorder = Recorder()
    again = inline(settings, changed, recorder)
    assert (again.todo, again.asked) == ((), first.asked)
    assert again.reused
    assert again.top.manifest == first.top.manifest
    assert "shard" not in {kind for kind, _ in recorder.steps}
    assert recorder.checks == 3
    # What failed because of its data is one of them only where somebody asks for it.
    assert len(inline(settings, partial(changed, failures=True)).todo) == 1


def test_failures_alone_are_tried_again_also_when_their_files_were_mended(settings: Settings, archive: Archive) -> None:
    """Mended files have other fingerprints: by these, nothing would have failed before."""
    damaged = archive.good[2]
    first = inline(settings, everything)
    place = ObsID(damaged).path
    shutil.rmtree(Path(settings.archive) / place)
    shutil.copytree(archive.root / place, Path(settings.archive) / place)
    for obsid in archive.good[:2]:  # whoever looks at these does more than asked for
        shutil.rmtree(Path(settings.archive) / ObsID(obsid).path)
    with pytest.raises(NothingToDo, match=r"Of 3 observations none failed .*transient"):
        inline(settings, partial(failed, which=Retry.TRANSIENT))
    recorder = Recorder()
    second = inline(settings, partial(failed, which=Retry.DATA), recorder)
    assert second.todo == (damaged,)
    assert [one.obsid for one in recorder.told] == [damaged]
    assert sorted(second.asked) == sorted(first.asked)
    assert {one.outcome for one in second.results} == {Outcome.SUCCEEDED}
    with pytest.raises(NothingToDo, match="there is nothing to try again"):
        inline(settings, failed)


def test_failures_of_the_question_alone(settings: Settings, archive: Archive) -> None:
    """Of observations that no list of the store is about, the archive is asked."""
    inline(settings, everything)
    good = settings.model_copy(update={"query": settings.query.model_copy(update={"obsids": archive.good[:2]})})
    with pytest.raises(NothingToDo, match="Of 2 observations none failed"):
        inline(good, failed)


def test_nothing_there(settings: Settings, tmp_path: Path) -> None:
    asked = settings.model_copy(update={"query": settings.query.model_copy(update={"start": 0.0})})
    for one in (settings, asked):
        with pytest.raises(DataError, match="no campaign has left anything there; check --store"):
            inline(one, failed)
    assert not (tmp_path / "store").exists()
    none = settings.model_copy(update={"query": settings.query.model_copy(update={"targets": ("nobody",)})})
    with pytest.raises(ConfigError, match="no observation matches"):
        inline(none, everything)


def test_stopped_runs_are_not_remembered_as_good(settings: Settings) -> None:
    executor = Inline(settings)
    with pytest.raises(Stopped):
        run(settings, everything, executor, Recorder(executor.stop))
    assert last_good_run(open_store(settings.store), settings.prefix) is None
    assert inline(settings, everything).results[0].reused
