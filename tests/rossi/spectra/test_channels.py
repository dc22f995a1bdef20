"""From CPIX to channel groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.spectra.channels import ChannelGroup, cpix_groups, parse_groups, read_groups, write_groups


def triples(groups: list[ChannelGroup]) -> list[tuple[int, int, int]]:
    return [(g.first, g.last, g.factor) for g in groups]


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("0~255", [(0, 255, 256)]),
        ("0:255", [(0, 255, 1)]),
        ("(0:63;2),(64:127;4),(128:255;8)", [(0, 63, 2), (64, 127, 4), (128, 255, 8)]),
        ("0~4,5:53,54~135;2,136:255", [(0, 4, 5), (5, 53, 1), (54, 135, 2), (136, 255, 1)]),
        ("0~4,5,6~249", [(0, 4, 5), (5, 5, 1), (6, 249, 244), (250, 255, -1)]),
        ("3~4,5~255", [(0, 2, -1), (3, 4, 2), (5, 255, 251)]),
        ("0~1,4~5,8:255", [(0, 1, 2), (2, 3, -1), (4, 5, 2), (6, 7, -1), (8, 255, 1)]),
        ("0~9", [(0, 9, 10), (10, 255, -1)]),
    ],
)
def test_lists_of_channels(text, groups):
    assert triples(parse_groups(text)) == groups


def test_what_the_reference_forgets():
    assert triples(parse_groups("0~1,4~5,8:255", compat="heasoft")) == [(0, 1, 2), (4, 5, 2), (6, 7, -1), (8, 255, 1)]
    assert triples(parse_groups("0~9", compat="heasoft")) == [(0, 9, 10)]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_every_channel_is_in_one_group(widths):
    start, tokens = 0, []
    for width in widths:
        if start + width > 255:
            break
        tokens.append(f"{start}~{start + width - 1}")
        start += width + width % 3
    groups = parse_groups(",".join(tokens))
    assert [g.first for g in groups] == [0, *(g.last + 1 for g in groups[:-1])]
    assert groups[-1].last == 255
    assert read_groups(write_groups(groups), "x") == groups


def test_groups_as_text():
    assert write_groups(parse_groups("0~4,5:249")) == "    0     4     5\n    5   249     1\n  250   255    -1\n"
    with pytest.raises(DataError, match=r"x\.bins: line 2 is '5 9'"):
        read_groups("0 4 5\n5 9\n", "x.bins")


@pytest.mark.parametrize("text", ["0-9", "5~3", "0~256", "x", "0~9;"])
def test_what_is_no_list(text):
    with pytest.raises(ConfigError, match=text):
        parse_groups(text)


def test_the_highest_cpix_counts():
    cards = [("CPIX1", "0~255"), ("CPIX2", "0:255"), ("CPIXOLD", "0:9"), ("TDIM5", "(64)")]
    assert triples(cpix_groups(Header(cards), "x")) == [(0, 255, 1)]
    with pytest.raises(DataError, match="x: keyword CPIX1 is missing"):
        cpix_groups(Header(), "x")
    with pytest.raises(DataError, match="x: keyword CPIX1: '0-9' has '0-9'"):
        cpix_groups(Header([("CPIX1", "0-9")]), "x")
