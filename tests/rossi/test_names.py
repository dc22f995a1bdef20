"""What stands for a source in tables, keys and file names."""

from itertools import islice
from math import nan

import pytest

from rossi.names import designation, labels, slugs

#: Sgr A*: 17h45m40.04s, -29d00m28.1s.
CENTRE = (266.41684, -29.00781)


@pytest.mark.parametrize(
    ("place", "short", "long"),
    [
        (CENTRE, "J1745-2900", "J174540-290028"),
        ((266.25, 0.0), "J1745+0000", "J174500+000000"),
        ((-0.001, 59.9999), "J2359+5959", "J235959+595959"),
        ((83.633, 22.0145), "J0534+2200", "J053431+220052"),
    ],
)
def test_positions_are_cut_off(place, short, long):
    assert (designation(*place), designation(*place, seconds=True)) == (short, long)


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("GX 1", CENTRE, ["GX 1", "GX 1 @ J1745-2900", "GX 1 @ J174540-290028", "GX 1 (2)", "GX 1 (3)"]),
        ("GX 1", (nan, nan), ["GX 1", "GX 1 (2)"]),
        ("-", CENTRE, ["J1745-2900", "J174540-290028", "source (2)"]),
    ],
)
def test_what_a_source_can_be_called(name, place, expected):
    assert list(islice(labels(name, *place), len(expected))) == expected


def test_what_it_can_be_called_in_keys():
    assert list(islice(slugs("4U 1820+30", *CENTRE), 4)) == [
        *("4u-1820p30", "4u-1820p30-j1745-2900", "4u-1820p30-2", "4u-1820p30-3")
    ]
    assert list(islice(slugs("", nan, nan), 2)) == ["source", "source-2"]
