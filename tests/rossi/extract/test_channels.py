import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.extract.channels import ChannelSelection, descriptor, parse_channels

STANDARD2 = "0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", [[7, 7]]),
        ("0~4", [[0, 4]]),
        ("10-12", [[10, 12]]),
        ("0~5;2", [[0, 1], [2, 3], [4, 5]]),
        ("3:5", [[3, 3], [4, 4], [5, 5]]),
        ("0:6;3", [[0, 0], [3, 3], [6, 6]]),
        ("(0~4),(5 : 6)", [[0, 4], [5, 5], [6, 6]]),
    ],
)
def test_tokens(text, expected):
    assert parse_channels(text).tolist() == expected


def test_512_elements_are_the_most():
    assert len(parse_channels("0:511")) == len(parse_channels("0:255,256:511")) == 512
    with pytest.raises(DataError, match="has 513 elements or more; at most 512 are possible"):
        parse_channels("0:255,256:512")


def test_standard2_has_129_elements_that_cover_all_channels():
    bounds = parse_channels(STANDARD2)
    assert len(bounds) == 129
    assert bounds[[0, 1, 50, 90, 91, 124, 125, 128]].tolist() == [
        *([0, 4], [5, 5], [54, 55], [134, 135]),
        *([136, 138], [235, 237], [238, 241], [250, 255]),
    ]
    assert np.array_equal(bounds[1:, 0], bounds[:-1, 1] + 1)


@pytest.mark.parametrize("text", ["", "a", "1~", "0~4;", "0:2047", "0~5;0", "0:5;0", "5~4", "0:512"])
def test_what_can_not_be_read_is_named(text):
    with pytest.raises(DataError, match="channel list"):
        parse_channels(text)


def test_elements_that_overlap_count_as_a_whole():
    bounds = parse_channels("0~9,10~19,20~49")
    assert ChannelSelection(chint="15-25").elements(bounds).tolist() == [1, 2]
    assert ChannelSelection(chmin=5, chmax=10).elements(parse_channels(STANDARD2)).tolist() == [1, 2, 3, 4, 5, 6]
    assert ChannelSelection(chint="5-10,40-60", chmax=41).wanted().tolist() == [[5, 10], [40, 41]]


def test_all_channels_are_those_from_0_to_2047():
    ends = np.array([[0, 0], [2047, 2047]])
    assert ChannelSelection().elements(ends).tolist() == [0, 1]
    assert [ChannelSelection(chmin=5).wanted().tolist(), ChannelSelection(chmax=7).wanted().tolist()] == [
        [[5, 2047]],
        [[0, 7]],
    ]
    assert ChannelSelection(chint="3-9", chmin=0, chmax=2047).wanted().tolist() == [[3, 9]]


@given(st.integers(0, 255), st.integers(0, 255))
def test_selection_is_overlap(a, b):
    low, high = sorted((a, b))
    bounds = parse_channels(STANDARD2)
    expected = [i for i, (lo, hi) in enumerate(bounds) if any(low <= c <= high for c in range(lo, hi + 1))]
    assert ChannelSelection(chmin=low, chmax=high).elements(bounds).tolist() == expected


def test_groups():
    bounds = parse_channels("0:9")
    assert ChannelSelection(chbin="0-3,4-8").groups(bounds).tolist() == [0] * 4 + [1] * 5 + [-1]
    assert ChannelSelection().groups(bounds).tolist() == list(range(10))


@pytest.mark.parametrize("selection", [ChannelSelection(chmin=20, chmax=10), ChannelSelection(chint="5-10", chmin=50)])
def test_selecting_nothing_is_refused(selection):
    with pytest.raises(ConfigError, match="chmin"):
        selection.elements(parse_channels(STANDARD2))


def test_channels_that_the_data_do_not_have_are_refused():
    with pytest.raises(ConfigError, match=r"channels 300-310 are asked for .* their channels are 0 to 255"):
        ChannelSelection(chmin=300, chmax=310).elements(parse_channels(STANDARD2))
    assert ChannelSelection(chmin=250, chmax=300).elements(parse_channels(STANDARD2)).tolist() == [128]


def test_descriptors():
    assert descriptor("D[0] & E[X1L] & C[0~255]") == {"D": "0", "E": "X1L", "C": "0~255"}
    assert descriptor("") == {}
