"""Moments that are in several files, or several rows: each counts once."""

import gzip

import numpy as np
import pytest

from rossi import ftools
from rossi import gti as intervals
from rossi.extract.accumulate import accumulate
from rossi.extract.channels import ChannelSelection
from rossi.extract.events import EventSelection, ScienceEvents, accumulate_events
from rossi.extract.lightcurve import Mode, light_curve
from rossi.extract.repeats import Counted, once_of
from rossi.extract.selection import TimeSelection, select_samples
from rossi.fits.reader import open_fits, read_fits
from tests.rossi.extract.eventfile import T0 as EVENTS_T0
from tests.rossi.extract.eventfile import event_file, words

T0 = 150000000.0


def run(arrays, time=None):
    grid = select_samples(arrays, "Cnt0", 16.0, time or TimeSelection())
    return accumulate(grid, ["Cnt0"], ChannelSelection())


def rows(make_array, first, number, value, name):
    """Rows of 16 s from T0 + 16 * first on."""
    return make_array([np.full((number, 1), value)], cpix="0~255", start=T0 + 16 * first, name=name)


def test_a_copy_under_another_name_changes_nothing(make_array):
    alone = run([rows(make_array, 0, 10, 3, "a")])
    twice = run([rows(make_array, 0, 10, 3, "a"), rows(make_array, 0, 10, 3, "b")])
    assert twice.counts.tolist() == alone.counts.tolist()
    assert twice.exposure.tolist() == alone.exposure.tolist()
    assert light_curve(twice).fracexp.max() == 1
    (repeat,) = twice.grid.repeats
    assert (repeat.name, repeat.seconds) == ("b", 160)
    assert "each moment counts once" in str(repeat)
    assert not alone.grid.repeats


def test_of_rows_at_the_same_time_the_file_that_begins_first_has_the_one_that_counts(make_array):
    a, b = rows(make_array, 0, 10, 3, "a"), rows(make_array, 6, 10, 5, "b")
    for files in ([a, b], [b, a]):
        found = run(files)
        assert light_curve(found, Mode.SUM).value.tolist() == [3] * 10 + [5] * 6
        assert [(r.name, r.seconds) for r in found.grid.repeats] == [("b", 64)]


def test_of_files_that_begin_together_the_one_named_first_counts(make_array):
    a, b = rows(make_array, 0, 4, 3, "a"), rows(make_array, 0, 6, 5, "b")
    assert light_curve(run([a, b]), Mode.SUM).value.tolist() == [3] * 4 + [5] * 2
    assert light_curve(run([b, a]), Mode.SUM).value.tolist() == [5] * 6


def test_a_gap_in_one_files_good_time_is_filled_by_the_other(make_array):
    a = make_array([np.full((4, 1), 3)], cpix="0~255", gti=[[T0, T0 + 16], [T0 + 48, T0 + 64]], name="a")
    assert light_curve(run([a, rows(make_array, 0, 4, 5, "b")]), Mode.SUM).value.tolist() == [3, 5, 5, 3]


def test_rows_that_are_twice_in_one_file_count_once(make_array):
    times = T0 + 16 * np.array([0, 1, 2, 1, 2, 3])
    a = make_array([np.arange(1, 7).reshape(6, 1)], cpix="0~255", times=times, name="a")
    found = run([a])
    assert light_curve(found, Mode.SUM).value.tolist() == [1, 2, 3, 6]
    assert [r.seconds for r in found.grid.repeats] == [32]


def test_rows_out_of_order_are_known_to_the_next_file(make_array):
    a = make_array([np.full((4, 1), 3)], cpix="0~255", times=T0 + 16 * np.array([0, 3, 1, 2]), name="a")
    found = run([a, rows(make_array, 0, 6, 5, "b")])
    assert light_curve(found, Mode.SUM).value.tolist() == [3] * 4 + [5] * 2


def test_samples_before_between_and_behind_those_of_another_file_are_fresh(make_array):
    first, second = rows(make_array, 0, 1, 3, "a"), rows(make_array, 0, 1, 5, "b")
    counted, held = Counted(), np.array([100.0, 116.0, 164.0])
    assert counted.first(first, held, 16.0).tolist() == [0, 1, 2]
    assert counted.first(second, np.array([84.0, 100.0, 123.0, 148.0, 180.0]), 16.0).tolist() == [0, 3, 4]
    assert counted.first(second, np.array([84.0, 125.0, 300.0]), 16.0).tolist() == [1, 2]


@pytest.mark.parametrize("dt", [1.0, 0.125, 16.0])
def test_rows_of_any_length_that_are_twice_in_one_file_count_once(make_array, dt):
    times = T0 + dt * np.array([0, 1, 2, 2.4, 3, 3, 3.6])
    counted = Counted().first(rows(make_array, 0, 1, 3, "a"), times, dt)
    assert counted.tolist() == [0, 1, 2, 4, 6]  # the others overlap by more than half


def test_rows_that_are_shifted_by_less_than_half_count_once(make_array):
    a = rows(make_array, 0, 4, 3, "a")
    b = make_array([np.full((4, 1), 5)], cpix="0~255", start=T0 + 3, name="b")
    assert run([a, b]).ontime == 64


def test_files_that_follow_each_other_all_count(make_array):
    found = run([rows(make_array, 0, 4, 3, "a"), rows(make_array, 4, 4, 3, "b"), rows(make_array, 900, 2, 3, "c")])
    assert (found.ontime, found.grid.repeats) == (160, ())


def test_compatibility_counts_as_often_as_it_is_there(make_array):
    found = run([rows(make_array, 0, 4, 3, "a"), rows(make_array, 0, 4, 3, "b")], TimeSelection(repeats=True))
    assert (found.ontime, found.counts.sum(), found.grid.repeats) == (128, 24, ())


def opened(name, first, last, cards=(), **options):
    """One event a second from `first` to `last`, seconds after T0."""
    time = EVENTS_T0 + np.arange(first, last) + 0.5
    span = {"start": EVENTS_T0 + first, "stop": EVENTS_T0 + last}
    data = event_file(time, words((time % 5).astype(int), 3), cards=cards, **span, **options)
    return ScienceEvents.from_file(open_fits(data, name))


def events(files, time=None):
    return accumulate_events(files, time or TimeSelection(), EventSelection(), 1.0)


def test_events_of_overlapping_files_count_once():
    found = events([opened("b", 60, 150), opened("a", 0, 100)])
    assert (found.ontime, found.counts.sum(), found.counts.max()) == (150, 150, 1)
    assert [(r.name, r.seconds) for r in found.grid.repeats] == [("b", 40)]
    again = events([opened("a", 0, 100), opened("copy", 0, 100)])
    assert (again.ontime, again.counts.sum()) == (100, 100)


@pytest.mark.parametrize("cards", [[("DATAMODE", "GoodXenon2_2s")], [("APPID", 86)]])
def test_events_of_another_analyser_or_cluster_are_others(cards):
    other = {"DATAMODE": "GoodXenon1_2s", "APPID": 80}
    mine = [(key, other[key]) for key, _ in cards]
    found = events([opened("a", 0, 100, mine), opened("b", 0, 100, cards)])
    assert (found.counts.sum(), found.grid.repeats) == (200, ())


def test_events_with_compatibility():
    found = events([opened("a", 0, 100), opened("b", 0, 100)], TimeSelection(repeats=True))
    assert (found.ontime, found.counts.sum()) == (200, 200)


def test_the_task_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    time = EVENTS_T0 + np.arange(100) + 0.5
    data = event_file(time, words((time % 5).astype(int), 3))
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b.gz").write_bytes(gzip.compress(data))
    (tmp_path / "list").write_text("a\nb.gz\n")
    result = ftools.seextrct(infile="@list", outroot="out", binsz=1)
    assert "b.gz: 100 s of its data are there twice" in result.stdout
    assert read_fits("out.pha").tables[0].header["EXPOSURE"] == 100
    ftools.seextrct(infile="@list", outroot="out", binsz=1, compat="yes")
    assert read_fits("out.pha").tables[0].header["EXPOSURE"] == 200


@pytest.mark.parametrize(("overlap", "told"), [(0.0009, False), (0.0011, True)])
def test_overlaps_shorter_than_a_millisecond_are_noise(overlap, told):
    first, second = np.array([[0.0, 100.0]]), np.array([[100.0 - overlap, 200.0]])
    left, repeats = once_of([("a", 1), ("b", 1), ("c", 2)], [first, second, second])
    assert [repeat.name for repeat in repeats] == ["b"] * told
    assert left[1].tolist() == [[100.0 if told else 100.0 - overlap, 200.0]]
    assert left[2] is second  # of another stream


def test_difference_of_good_time():
    a, b = [[0, 10], [20, 30]], [[5, 22], [25, 26]]
    assert intervals.difference(a, b).tolist() == [[0, 5], [22, 25], [26, 30]]
    assert intervals.difference(a, []).tolist() == [[0, 10], [20, 30]]
    assert intervals.difference([], b).tolist() == []
