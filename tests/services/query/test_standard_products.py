"""Standard products, where an archive does not answer as it should."""

import pytest

from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError
from services.query.standard_products import check_bands, collect
from services.storage import StoreError, open_archive


@pytest.fixture
def root(tmp_path):
    for obsid, names in {
        "20402-01-45-03": ["xp20402014503_n2a.lc", "xp20402014503_n2a.lc.gz", "xh20402014503_n0a.lc.gz"],
        "20402-01-45-04": ["xp20402014504_n2b.lc.gz", "xp20402014504_n2a.pha", "xp20402014504_n1.lc.gz"],
        "20402-01-45-05": [],
    }.items():
        folder = tmp_path / ObsID(obsid).path / "stdprod"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_bytes(name.encode())
    return tmp_path


OBSIDS = ["20402-01-45-03", "20402-01-45-04", "20402-01-45-05", "20402-01-45-06", "nonsense", "20402-01-45-03"]


def test_found_of_asked(root):
    seen = []
    collected = collect(open_archive(str(root)), OBSIDS, ["n2a", "n2b", "n0a", "n2a"], lambda: seen.append(1))
    assert collected.asked == len(seen) == 5
    assert collected.found == {"n2a": 1, "n2b": 1, "n0a": 1}
    assert [(file.name, file.data) for file in collected.curves] == [
        ("20402-01-45-03_n2a.lc", b"xp20402014503_n2a.lc"),
        ("20402-01-45-03_n0a.lc", b"xh20402014503_n0a.lc.gz"),
        ("20402-01-45-04_n2b.lc", b"xp20402014504_n2b.lc.gz"),
    ]
    (problem,) = collected.problems
    assert "'nonsense' is no ObsID" in problem.message


class Faulty:
    """An archive of which some files can't be read."""

    def __init__(self, archive, listing=(), fetching=()):
        self.archive, self.listing, self.fetching = archive, listing, fetching

    def list(self, path):
        if any(part in path for part in self.listing):
            raise StoreError(f"{path}: the server is away.")
        return self.archive.list(path)

    def identify(self, files, contents=None):
        return files

    def fetch_many(self, files):
        if any(part in file.path for file in files for part in self.fetching):
            raise DataError(f"{files[0].path}: damaged.")
        return self.archive.fetch_many(files)


def test_what_cannot_be_had_is_told(root):
    archive = Faulty(open_archive(str(root)), listing=["45-04"], fetching=["xp"])
    collected = collect(archive, OBSIDS[:4], ["n2a", "n0a"])
    assert collected.found == {"n2a": 1, "n0a": 1}
    assert [file.name for file in collected.curves] == ["20402-01-45-03_n0a.lc"]
    assert [problem.message for problem in collected.problems] == [
        "AO2/P20402/20402-01-45-03/stdprod/xp20402014503_n2a.lc: damaged.",
        "AO2/P20402/20402-01-45-04/stdprod: the server is away.",
    ]


def test_an_archive_that_never_answers(root):
    with pytest.raises(StoreError, match="away"):
        collect(Faulty(open_archive(str(root)), listing=["AO2"]), OBSIDS[:3], ["n2a"])


@pytest.mark.parametrize("band", ["", "n2", "n3a", "2-9 keV", "n2f"])
def test_no_band(band):
    with pytest.raises(ConfigError, match="no band of the standard products"):
        check_bands([band])


def test_standard1_curves_are_the_pcas(root):
    collected = collect(open_archive(str(root)), OBSIDS[:2], ["n1"])
    assert [(file.name, file.data) for file in collected.curves] == [
        ("20402-01-45-04_n1.lc", b"xp20402014504_n1.lc.gz"),
    ]
    with pytest.raises(ConfigError, match="n1 that of all channels"):
        check_bands(["n2"])
