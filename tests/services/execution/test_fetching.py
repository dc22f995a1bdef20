"""Copies of what the stages need: what the archive has decides, not how large a file is."""

import re

import pytest

from rossi.errors import ConfigError, DataError
from services.execution import fetching, observation
from services.execution.fetching import copy, fetch_all, needed
from services.pca_prep.stage import PcaPrepConfig
from services.query.stage import QueryConfig, look
from services.storage import StoreError, open_archive, patience
from services.storage.archive import UNKNOWN, ArchiveFile
from tests.services.conftest import FOLDER, TREE

NAMES = [name for name in TREE if name.startswith(f"{FOLDER}/")]


@pytest.fixture(params=["folder", "web"])
def archive(request, tree, web, tmp_path):
    """The tree, which the test may change, as a folder and on the web."""
    import shutil

    root = tmp_path / "archive"
    shutil.copytree(tree, root)
    web.root = root
    return open_archive(str(root) if request.param == "folder" else web.url), root


def fetch(archive, folder):
    files = archive.identify([ArchiveFile(name, TREE[name]) for name in NAMES])
    return [file.path for file in copy(archive, tuple(files), folder)]


def test_what_is_there_is_left(archive, tmp_path):
    source, root = archive
    assert fetch(source, tmp_path / "copy") == NAMES
    assert fetch(source, tmp_path / "copy") == []
    assert all((tmp_path / "copy" / name).read_bytes() == (root / name).read_bytes() for name in NAMES)


def test_of_one_file_too_a_copy_is_noted(archive, tmp_path):
    (file,) = archive[0].identify([ArchiveFile(NAMES[0], TREE[NAMES[0]])])
    assert copy(archive[0], (file,), tmp_path / "copy") == (file,)
    assert copy(archive[0], (file,), tmp_path / "copy") == ()


def test_without_notes_a_checksum_tells_that_a_copy_is_whole(archive, tmp_path, request):
    fetch(archive[0], tmp_path / "copy")
    for notes in (tmp_path / "copy" / ".fetched").iterdir():
        notes.unlink()
    checked = request.node.callspec.params["archive"] == "folder"  # on the web an identity is no checksum
    assert fetch(archive[0], tmp_path / "copy") == ([] if checked else NAMES)


def test_a_changed_file_of_equal_size(archive, tmp_path):
    source, root = archive
    fetch(source, tmp_path / "copy")
    (root / NAMES[0]).write_bytes(bytes(TREE[NAMES[0]]))
    assert fetch(source, tmp_path / "copy") == NAMES[:1]
    assert (tmp_path / "copy" / NAMES[0]).read_bytes() == bytes(TREE[NAMES[0]])


def test_a_damaged_copy_of_equal_size(archive, tmp_path):
    source, root = archive
    fetch(source, tmp_path / "copy")
    (tmp_path / "copy" / NAMES[1]).write_bytes(bytes(TREE[NAMES[1]]))
    assert fetch(source, tmp_path / "copy") == NAMES[1:2]
    assert (tmp_path / "copy" / NAMES[1]).read_bytes() == (root / NAMES[1]).read_bytes()


def test_obsids_of_an_archive_elsewhere_need_no_catalogue(web):
    config = QueryConfig(obsids=("20402-01-45-03", "99999-01-01-00"), service="http://127.0.0.1:9")
    work = look(config, open_archive(web.url))
    assert set(work.obsids) == {"20402-01-45-03", "99999-01-01-00"}
    assert any(caveat.code == "not_in_archive" for caveat in work.caveats)


class Recorded:
    """An archive that notes what it is asked for, and may fail."""

    def __init__(self, archive, fail=lambda path: None):
        self.archive, self.fail, self.listed, self.read = archive, fail, [], []

    def list(self, path):
        self.listed.append(path.split("/")[2])
        self.fail(self.listed[-1])
        return self.archive.list(FOLDER)

    def directories(self, path):
        return self.archive.directories(path)

    def identify(self, files, contents=None):
        return self.archive.identify(files, contents)

    def beginnings(self, files, size):
        return self.archive.beginnings(files, size)

    def fetch_many(self, files):
        self.read.append([file.path for file in files])
        return self.archive.fetch_many(files)


MANY = [f"20402-01-{n:02}-00" for n in range(18)]
STAGES = {"pca_prep": PcaPrepConfig()}


@pytest.fixture
def every_file(monkeypatch):
    """A stage that reads whatever there is."""
    monkeypatch.setattr(fetching, "any_of", lambda inputs: re.compile(".*"))


def test_observations_are_fetched_a_few_at_a_time(tree, tmp_path, every_file):
    archive = Recorded(open_archive(str(tree)))
    found = fetch_all(archive, [*MANY, MANY[0]], STAGES, tmp_path / "copy", print)
    assert next(found).obsid == MANY[0]
    assert sorted(archive.listed) == MANY[:8]
    assert [fetched.obsid for fetched in found] == MANY[1:]
    assert sorted(archive.listed) == MANY


def test_contents_are_in_memory_a_few_at_a_time(tree, tmp_path, every_file, monkeypatch):
    monkeypatch.setattr(observation, "_IN_MEMORY", 310_000)
    archive = Recorded(open_archive(str(tree)))
    (fetched,) = fetch_all(archive, MANY[:1], STAGES, tmp_path / "copy", print)
    assert (fetched.copied, fetched.size) == (len(NAMES), sum(TREE[name] for name in NAMES))
    assert sorted(name for part in archive.read for name in part) == sorted(NAMES)
    assert all(len(part) == 1 or sum(TREE[name] for name in part) <= 310_000 for part in archive.read)
    assert len(archive.read) > 2


def test_one_failure_keeps_nobody_else_from_being_fetched(tree, tmp_path, every_file):
    problems = {MANY[1]: DataError("broken"), MANY[12]: StoreError("no answer")}

    def fail(obsid):
        if obsid in problems:
            raise problems[obsid]

    archive = Recorded(open_archive(str(tree)), fail)
    found = list(fetch_all(archive, [*MANY, "no ObsID"], STAGES, tmp_path / "copy", print))
    assert [f.obsid for f in found if f.problem is None] == [o for o in MANY if o not in problems]
    assert [f.problem for f in found if f.obsid in problems] == list(problems.values())
    assert isinstance(found[-1].problem, DataError)


def test_an_archive_that_is_away_is_waited_for(tree, tmp_path, every_file, monkeypatch):
    state = {"away": True}

    def fail(obsid):
        if state["away"] and obsid != MANY[0]:
            raise StoreError("away")

    archive, told = Recorded(open_archive(str(tree)), fail), []
    monkeypatch.setattr(archive, "directories", lambda path: fail("") or ())
    monkeypatch.setattr(patience.time, "sleep", lambda seconds: state.update(away=False))
    found = list(fetch_all(archive, MANY[:12], STAGES, tmp_path / "copy", told.append))
    assert all(fetched.problem is None for fetched in found)
    assert len(told) == 1
    assert archive.listed.count(MANY[0]) == 1
    assert archive.listed.count(MANY[1]) == 2


def test_a_folder_that_can_not_be_written_ends_it(tree, tmp_path, every_file):
    (tmp_path / "copy").write_text("a file")
    archive = Recorded(open_archive(str(tree)))
    with pytest.raises(ConfigError, match="can't be written"):
        list(fetch_all(archive, MANY, STAGES, tmp_path / "copy", print))
    assert len(archive.listed) <= 8


def test_what_no_stage_reads_is_not_needed(tmp_path):
    names = ("pca/FS4a_690d0a0-690d4a0.gz", "hexte/FS50_690d0a0-690d4a0.gz", "ace/FH1d_690d0a0-690d4a0.gz")
    for name in names:
        (tmp_path / FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / FOLDER / name).write_bytes(b"x")
    archive, asked = open_archive(str(tmp_path)), (FOLDER.rpartition("/")[2], {"pca_prep": PcaPrepConfig()})
    found = needed(archive, *asked)
    assert [file.path for file in found.files] == [f"{FOLDER}/{names[0]}"]
    assert (found.size, found.whole) == (1, UNKNOWN)
    listing = [ArchiveFile(file.path, 1) for file in archive.list(FOLDER)]
    archive.list = lambda path: listing  # as an object store does
    assert needed(archive, *asked).whole == 3
