"""Copies of what the stages need: what the archive has decides, not how large a file is."""

import pytest

from services.fetching import copy
from services.query.stage import QueryConfig, look
from services.storage import open_archive
from services.storage.archive import ArchiveFile
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
