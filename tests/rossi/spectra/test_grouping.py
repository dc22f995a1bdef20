"""Groups of channels: vectors worked out by hand from the rules of CAL/SW/93-010."""

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.spectra.grouping import Grouping


def flags(counts, first=0, bad=()):
    n = len(counts)
    quality = np.zeros(n, int)
    quality[list(bad)] = 5
    return Grouping(np.arange(n) + first, np.asarray(counts, float), np.ones(n, int), quality, np.zeros(n))


def test_groups_of_a_size_leave_spare_channels_alone():
    """The memo's own example: group 10 20 2 21 30 10."""
    made = flags(np.zeros(41))
    assert made.group(10, 20, 2) == ["spare channels 20 to 20 are left as they are."]
    assert made.group(21, 30, 10) == []
    expected = np.ones(41, int)
    expected[11:20:2] = -1
    expected[22:31] = -1
    np.testing.assert_array_equal(made.grouping, expected)
    assert made.groups() == [(0, 9, 1), (10, 19, 2), (20, 20, 1), (21, 30, 10), (31, 40, 1)]


def test_groups_of_which_a_channel_is_missing_stay_apart():
    made = Grouping(np.array([0, 1, 3, 4, 6, 7]), np.zeros(6), np.ones(6, int), np.zeros(6, int), np.zeros(6))
    gone = [f"channels {a} to {a + 1} are not all there and are left as they are." for a in (2, 4)]
    assert made.group(0, 7, 2) == gone  # 2 is missing at a beginning, 5 at an end
    np.testing.assert_array_equal(made.grouping, [1, -1, 1, 1, 1, -1])


def test_groups_that_there_are_stay():
    made = flags(np.zeros(12))
    made.group(4, 7, 4)
    said = made.group(0, 11, 3)
    assert said == [f"channels {a} to {a + 2} overlap with groups there are, and are left as they are." for a in (3, 6)]
    np.testing.assert_array_equal(made.grouping, [1, -1, -1, 1, 1, -1, -1, -1, 1, 1, -1, -1])
    beside = flags(np.zeros(12))
    assert [beside.group(*span, 4) for span in ((4, 7), (0, 3), (8, 11))] == [[], [], []]
    np.testing.assert_array_equal(beside.grouping, [1, -1, -1, -1] * 3)


@pytest.mark.parametrize(
    ("counts", "bad", "grouping", "quality"),
    [
        ([5, 15, 20, 1, 2, 30], (), [1, -1, 1, 1, -1, -1], [0] * 6),
        ([20, 3, 4, 5], (), [1, 1, 1, 1], [0, 2, 2, 2]),  # what is left over at the end stands alone
        ([9, 99, 9, 9, 9], (1,), [1, -1, -1, -1, 1], [0, 5, 0, 0, 2]),  # a bad channel inside counts nothing
        ([99, 30, 7, 8, 9], (0,), [1, 1, 1, -1, -1], [5, 0, 0, 0, 0]),  # and begins no group
        ([19.5, 0.5, 19.9], (), [1, -1, 1], [0, 0, 2]),
        ([0, 0, 0], (), [1, 1, 1], [2, 2, 2]),
        ([1, 99], (1,), [1, 1], [2, 5]),
    ],
)
def test_groups_with_enough_counts(counts, bad, grouping, quality):
    made = flags(counts, bad=bad, first=3)
    said = made.group_min(20)
    assert (made.grouping.tolist(), made.quality.tolist()) == (grouping, quality)
    spare = [channel for channel, of in zip(made.channel, quality, strict=True) if of == 2]
    whole = f"spare channels {spare[0]} to {len(counts) + 2} don't make a group; quality is 2." if spare else None
    assert said == [whole] * bool(spare)


def test_channel_numbers_need_not_begin_at_0():
    made = flags(np.full(8, 10.0), first=5)
    made.group(6, 9, 2)
    made.set_quality(11, 12, 5)
    made.set_systematic(5, 5, 0.25)
    assert made.grouping.tolist() == [1, 1, -1, 1, -1, 1, 1, 1]
    assert made.quality.tolist() == [0] * 6 + [5, 5]
    assert made.systematic.tolist() == [0.25] + [0] * 7
    made.reset("ALL")
    assert (made.grouping == 1).all() and not made.quality.any() and not made.systematic.any()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f: f.group(5, 2, 1),
        lambda f: f.group(0, 3, 0),
        lambda f: f.group_min(0),
        lambda f: f.set_quality(90, 99, 5),
        lambda f: f.set_systematic(0, 1, -0.1),
        lambda f: f.set_systematic(0, 1, float("nan")),
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError):
        wrong(flags([1, 2, 3, 4]))


def test_flags_that_are_not_trivial_are_written():
    made = flags([1, 2, 3])
    assert list(made.columns()) == []
    made.quality[1] = -1
    assert list(made.columns()) == ["QUALITY"]
    made.set_systematic(0, 1, 0.1)
    assert list(made.columns(["GROUPING"])) == ["SYS_ERR", "QUALITY", "GROUPING"]
