"""What the indices of an observation say that there should be, and how much of it is there."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.archive import ObsID
from rossi.contents import Listed, least_share, read_contents
from rossi.fits.edit import select_columns
from rossi.fits.reader import FitsFile, open_fits
from rossi.simulate import ObservationSpec
from rossi.simulate.indices import index_files

SPEC = ObservationSpec(ObsID("20101-01-01-00"), 110_145_600, 1600)
FIRST, SECOND = "pca/FS4a_690b040-690b1d0", "pca/FS4a_690b2c0-690b680"
HEXTE = "hexte/FS52_690b040-690b680"


@pytest.fixture
def indices() -> dict[str, FitsFile]:
    files = index_files(SPEC, [FIRST, SECOND, "pca/FS46_690b040-690b1c0", HEXTE])
    return {path: open_fits(data, path) for path, data in files.items()}


def test_files_are_listed_with_the_rows_that_name_them(indices: dict[str, FitsFile]) -> None:
    told = read_contents(indices, ["pca", "hexte"])
    assert told.unread == {}
    assert set(told.files) == {FIRST, SECOND, "pca/FS46_690b040-690b1c0", HEXTE}
    one = told.files[SECOND]
    assert one.rows.tolist() == [[SPEC.start - 12, SPEC.stop + 12]]
    assert one.span.tolist() == [[0x690B2C0, 0x690B680]]  # that of its name, which lies within
    assert (one.kind, told.files[HEXTE].kind) == ("pca/FS4a", "hexte/FS52")
    assert set(read_contents(indices, ["hexte"]).files) == {HEXTE}


def test_rows_without_times_are_of_the_whole_observation(indices: dict[str, FitsFile]) -> None:
    (path,) = (path for path in indices if path.startswith("FIPC"))
    file, table = indices[path], indices[path].table()
    kept = [name for name in table.infos if not name.endswith("MET")]
    indices[path] = FitsFile(path, file.primary, (select_columns(table, kept),))
    again = read_contents(indices, ["pca"]).files
    assert again[FIRST].rows.tolist() == again[SECOND].rows.tolist() == [[SPEC.start - 12, SPEC.stop + 12]]


def test_what_can_not_be_read_is_told(indices: dict[str, FitsFile]) -> None:
    without = {path: file for path, file in indices.items() if not path.startswith("FIHX")}
    told = read_contents(without, ["pca", "hexte"])
    assert set(told.unread) == {"hexte"} and len(told.files) == 3
    assert told.unread["hexte"] == "the index FIHX_690b034-690b68c, which FMI names, is missing."
    told = read_contents({}, ["pca", "acs"])
    assert set(told.unread) == {"pca", "acs"} and told.files == {}


@pytest.mark.parametrize(
    ("rows", "span"),
    [
        ([[90, 150]], [[100, 150]]),  # the name's, as far as rows name it
        ([[90, 110], [180, 220]], [[100, 110], [180, 200]]),
        ([[300, 400]], [[300, 400]]),  # they disagree
        ([], [[100, 200]]),
    ],
)
def test_when_a_file_is_of(rows: list[list[float]], span: list[list[float]]) -> None:
    assert Listed("pca/FS4a_64-c8", "x", np.array(rows, float).reshape(-1, 2)).span.tolist() == span


def test_the_kind_of_which_least_is_there() -> None:
    """Of Standard2 100 of 300 s, of housekeeping half; what two files have of a time counts once."""
    names = ("pca/FS4a_0-64", "pca/FS4a_64-c8", "pca/FS4a_c8-12c", "pca/FH5a_0-64", "pca/FH5a_64-c8", "pca/FS46_0-12c")
    files = [Listed(name, "x", np.empty((0, 2))) for name in names]
    share = least_share(files, [files[1], files[2], files[4]])
    assert (share.kind, share.there, share.expected) == ("pca/FS4a", 100, 300)
    assert share.part == pytest.approx(1 / 3)
    again = Listed("pca/FH5a_0-c8", "x", np.empty((0, 2)))
    assert least_share([*files, again], [files[4], files[5]]).kind == "pca/FS46"
