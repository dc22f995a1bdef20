"""What is chosen and counted of an observation's files, and what else may have been meant."""

import re
from types import SimpleNamespace

import pytest

from rossi.archive import ObsID
from rossi.errors import DataError
from services.contract import (
    Input,
)
from services.execution.inputs import _check_count, _start
from services.execution.observation import hint, in_parts, one_of_each, read_obsid
from services.storage import open_archive
from services.storage.archive import ArchiveFile

OBSID = "20402-01-45-03"


@pytest.mark.parametrize(
    ("found", "least", "most", "words"),
    [
        (0, 1, 9, "w: There is no text; fetch it."),
        (1, 2, 9, r"fetch it .1 found, 2 needed.\."),
        (7, 1, 6, "w: 7 files for input data .text., at most 6 expected: 0, 1, 2, 3, 4\\."),
        (1, 1, 1, ""),
        (6, 1, 6, ""),
    ],
)
def test_how_many_files_an_input_takes(found, least, most, words):
    declared = Input("data", "text", pattern=".", at_least=least, at_most=most, missing="There is no text; fetch it.")
    names = [str(n) for n in range(found)]
    if not words:
        _check_count(declared, names, "w")
        return
    with pytest.raises(DataError, match=words):
        _check_count(declared, names, "w")
    with pytest.raises(DataError, match=r"w: input data .text. is missing\."):
        _check_count(Input("data", "text", pattern=".", at_least=1), [], "w")


def test_an_observation_begins_with_its_first_science_file():
    """In seconds since 1994: 0x690d0a0 is 110 153 888, 23 days into July 1997."""
    paths = ["pca/FS4a_690d4a0-690d5a0.gz", "pca/FS37_690d0a0-690d4a0.gz", "pca/FH5a_1000000-2000000.gz", "FMI"]
    paths = [f"AO2/P20402/{OBSID}/{path}" for path in paths]
    assert _start(paths) == pytest.approx(49353.000696574074 + 110_153_888 / 86400, abs=1e-4)
    assert _start(paths[:1]) - _start(paths) == pytest.approx(0x400 / 86400, abs=1e-9)
    assert _start(["x/FMI"]) == pytest.approx(49353, abs=0.01)


def test_files_are_dealt_out_by_size(monkeypatch):
    monkeypatch.setattr("services.execution.observation._IN_MEMORY", 10)

    def parts(*sizes: int) -> list[list[int]]:
        return [
            [file.size for file in part]
            for part in in_parts([ArchiveFile(str(n), size) for n, size in enumerate(sizes)])
        ]

    assert parts() == []
    assert parts(4, 6) == [[4, 6]]
    assert parts(4, 7) == [[4], [7]]
    assert parts(99, 1, 9, 1, 10) == [[99], [1, 9], [1], [10]]


def test_one_of_two_copies():
    some = [ArchiveFile(name, size) for name, size in (("a", 5), ("a.gz", 3), ("b", 5), ("b.gz", 0), ("c.gz", 1))]
    held = SimpleNamespace(beginnings=lambda files, size: [b"\x1f"[: min(file.size, size)] for file in files])
    kept, caveats = one_of_each(some, held)  # type: ignore[arg-type]
    assert [file.path for file in kept] == ["a.gz", "b", "c.gz"]
    assert [caveat.message.partition("; ")[2] for caveat in caveats] == [
        *("the one with it is taken.", "the one without it is taken."),
    ]
    assert one_of_each(some[:1], None) == (some[:1], ())  # type: ignore[arg-type]


@pytest.fixture
def archive(tmp_path):
    names = (
        "20402-01-45-03",
        "20402-01-45-04",
        "20402-01-45-00S",
        "20402-01-46-00",
        "91401-02-03-000",
        "91401-02-03-00G",
    )
    for name in names:
        (tmp_path / ObsID(name).path).mkdir(parents=True)
    (tmp_path / ObsID(names[0]).path).with_name("notes").mkdir()
    return open_archive(str(tmp_path))


@pytest.mark.parametrize(
    ("obsid", "words"),
    [
        ("20402-01-45-09", "these observations of the same viewing are: 20402-01-45-03, 20402-01-45-04. Ask"),
        ("20402-01-45-01S", "are: 20402-01-45-00S, 20402-01-45-03, 20402-01-45-04. Ask"),
        ("91401-02-03-00", "these segments of it are: 91401-02-03-000, 91401-02-03-00G. Ask"),
        (
            "91401-02-03-001",
            "these segments of it are: 91401-02-03-00G|same viewing are: 91401-02-03-000, 91401-02-03-00G",
        ),
        ("91401-02-04-00", "check the ObsID, or fetch the observation."),
    ],
)
def test_what_else_may_have_been_meant(archive, obsid, words):
    assert re.search(words, hint(archive, ObsID(obsid)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("20402-01-45", "Beginning with 20402-01-45, the archive has 20402-01-45-00S, 20402-01-45-03, 20402-01-45-04"),
        ("20402-01-47-", "Beginning with 20402-01-4, the archive has 20402-01-45-00S"),
        ("2040", "Beginning with 2040, the archive has 20402."),
        ("914", "Beginning with 914, the archive has 91401."),
        ("3040", "is no ObsID"),
    ],
)
def test_texts_that_are_no_obsid(archive, text, words):
    with pytest.raises(DataError) as error:
        read_obsid(archive, text)
    assert words in str(error.value)
    assert ("Beginning" in str(error.value)) is words.startswith("Beginning")
