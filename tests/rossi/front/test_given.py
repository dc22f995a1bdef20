"""What a user gives by mistake is refused with a sentence, and what can be understood is taken."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rossi
from rossi.fits.saving import save
from rossi.front.reducing import _bands, _calibration, _instruments, _plain
from rossi.simulate import simulate_archive as simulate


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given") / "archive"
    simulate(folder, observations=1, seed=1)
    return folder


@pytest.fixture(scope="module")
def curve(archive: Path) -> rossi.LightCurve:
    found = rossi.read(next(archive.rglob("xp*_n2a.lc*")))
    assert isinstance(found, rossi.LightCurve)
    return found


GOOD = rossi.GoodTime([[0, 16]])
#: What takes a path, and what it calls it.
TAKE_PATHS: dict[str, Callable[[Any], object]] = {
    "archive": lambda path: rossi.open("20101-01-01-00", archive=path),
    "path": rossi.read,
    "path ": GOOD.write,
    "calibration": _calibration,
}


@pytest.mark.parametrize("wrong", [5, b"a.lc", ["a.lc"], True, object()])
@pytest.mark.parametrize("what", TAKE_PATHS)
def test_a_path_is_text_or_path_like(what: str, wrong: object) -> None:
    with pytest.raises(
        TypeError, match=rf"^{what.strip()} is .* \({type(wrong).__name__}\); a path was expected, as text"
    ):
        TAKE_PATHS[what](wrong)


@pytest.mark.parametrize("wrong", ["", "a\0b", "\ud800"])
@pytest.mark.parametrize("what", TAKE_PATHS)
def test_no_file_is_called_so(what: str, wrong: str) -> None:
    with pytest.raises(rossi.ConfigError, match=f"^{what.strip()} is .*no file is called so"):
        TAKE_PATHS[what](wrong)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: rossi.open("x" * 300), rossi.ConfigError, r"Where is 'x+'[.]*.* Give archive"),
        (lambda: rossi.open("20101-01-01-00", archive="/" + "x/" * 3000), rossi.DataError, r"^/x.{200,300}$"),
        (lambda: rossi.read("https://a.org/a.lc"), rossi.ConfigError, "rossi.read takes files of this machine"),
        (lambda: rossi.ObsID(None), TypeError, r"An ObsID is text .* \(NoneType\) was given"),
        (lambda: _instruments(None), rossi.ConfigError, "None is none that rossi reduces"),
        (lambda: _instruments(5), rossi.ConfigError, "5 is none that rossi reduces"),
        (lambda: _calibration({"model": ["a\0"]}), rossi.ConfigError, "no file is called so"),
        (lambda: GOOD & None, TypeError, "Intervals are 'None'; pairs of START and STOP"),
        (lambda: GOOD | 5, TypeError, "Intervals are '5'; pairs"),
        (lambda: GOOD.contains("x"), TypeError, "Times are numbers, MET"),
        (lambda: rossi.GoodTime("x"), TypeError, "Intervals are 'x'; pairs"),
        (lambda: rossi.GoodTime([[1, 2, 3], [4, 5, 6]]), TypeError, "pairs of START and STOP"),
    ],
)
def test_mistakes_are_told(call: Callable[[], object], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        call()


def test_numbers_of_numpy_are_numbers() -> None:
    assert _plain(np.array([0, 2])) == [0, 2]
    assert _bands(_plain((np.int64(5), np.int64(10))), "bands") == [{"chmin": 5, "chmax": 10}]
    assert _bands(_plain(np.array([[5, 10]])), "bands") == [{"chmin": 5, "chmax": 10}]
    assert _bands("2-9keV", "bands") == ["2-9keV"]
    assert _bands(["2-9keV", (5, 10)], "bands") == ["2-9keV", {"chmin": 5, "chmax": 10}]
    assert _calibration({5: 5, "model": [Path("a")]}) == {"5": 5, "model": ["a"]}


@pytest.mark.parametrize("axes", [5, "x", (1, 2)])
def test_axes_are_those_of_matplotlib(curve: rossi.LightCurve, axes: Any) -> None:
    with pytest.raises(TypeError, match=r"axes is .*; the matplotlib Axes to draw on were expected"):
        curve.plot(axes)


@pytest.mark.parametrize("column", ["TIME", "time", "ERROR", "FRACEXP", "", 5])
def test_what_describes_bins_is_no_light_curve(archive: Path, column: Any) -> None:
    with pytest.raises(
        rossi.DataError, match=r"no extension has a light curve in a column .*; light curves are in: RATE"
    ):
        rossi.read(next(archive.rglob("xp*_n2a.lc*")), column=column)


def test_curves_can_be_looked_for_in_lists(archive: Path, curve: rossi.LightCurve) -> None:
    another = rossi.read(next(archive.rglob("xp*_n2a.lc*")))
    assert curve in [another, curve]
    assert curve != another
    assert len({curve, another}) == 2


def test_a_file_in_the_home_is_read(curve: rossi.LightCurve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    curve.write("~/a.lc")
    assert len(rossi.read("~/a.lc")) == len(curve)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("there", [True, False])
def test_what_is_interrupted_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, there: bool
) -> None:
    """The disk is full, or somebody presses Ctrl-C, while a file is written."""
    place = tmp_path / "a.fits"
    if there:
        save(place, b"before")
    opened = Path.open

    def failing(path: Path, *mode: Any) -> Any:
        stream = opened(path, "xb", buffering=0)

        def write(data: bytes) -> int:
            stream.__class__.write(stream, data[:2])
            raise error

        class Stream:
            def __enter__(self) -> Any:
                self.write = write
                return self

            def __exit__(self, *_: object) -> None:
                stream.close()

        return Stream()

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises((rossi.ConfigError, KeyboardInterrupt)):
        save(place, b"after", overwrite=there)
    monkeypatch.undo()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"] * there


def test_a_reduction_is_written_as_a_whole_or_not_at_all(archive: Path, tmp_path: Path) -> None:
    made = rossi.Reduction(rossi.open("20101-01-01-00", archive=archive), {}, ())
    made.__class__ = type("Two", (rossi.Reduction,), {"files": {"a": b"new", "b": b"new"}})
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(rossi.ConfigError, match=r"b: there is such a file already"):
        made.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    made.write(tmp_path, overwrite=True)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"new"}


@pytest.mark.parametrize("which", [None, 5, "x", [True], np.zeros(3, bool), 10**6])
def test_rows_are_chosen_by_a_mask_or_indices(curve: rossi.LightCurve, which: Any) -> None:
    with pytest.raises(TypeError, match=rf"a mask of {len(curve)} rows, indices or a slice was expected"):
        curve.rows(which)
