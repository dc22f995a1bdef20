"""Which observations are one source: the hard cases, and what must hold of any observations."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.sources import By, Observations, Place, Rule, Source, group

NAN = float("nan")


def made(*rows: tuple, start: float = 50000.0) -> Observations:
    """Return observations of (target, ra, dec) or (target, ra, dec, ObsID), a day after each other."""
    return Observations(
        [row[3] if len(row) > 3 else f"{10000 + n:05d}-01-01-00" for n, row in enumerate(rows)],
        [row[0] for row in rows],
        np.array([row[1] for row in rows], float),
        np.array([row[2] for row in rows], float),
        start + np.arange(len(rows), dtype=float),
        np.full(len(rows), 1000.0),
    )


def names(observations: Observations, rule: Rule | None = None, yesterday: tuple[Source, ...] = ()) -> list[str]:
    found = group(observations, rule, yesterday)
    return [source.name if (source := found.of(row)) else "" for row in range(len(observations))]


#: What it is, the observations in the order of their start, and the name of each one's source.
HARD = {
    "spellings of one name at one place": (
        [
            ("GX 339-4", 255.7, -48.79),
            ("GX339-4", 255.71, -48.79),
            ("gx_339-4", 255.7, -48.8),
            ("GX-339-4", 255.7, -48.7),
        ],
        ["GX 339-4"] * 4,
    ),
    "the pole": (
        [
            ("POLE", 0.0, 89.95),
            ("POLE", 180.0, 89.95),
            ("POLE", 90.0, 89.9),
            ("SOUTH", 10.0, -90.0),
            ("", 250.0, -89.9),
        ],
        ["POLE", "POLE", "POLE", "SOUTH", "SOUTH"],
    ),
    "right ascension 0": (
        [("ZERO", 359.95, 10.0), ("ZERO", 0.05, 10.0), ("ZERO", 360.0, 10.0), ("ZERO", -0.05, 10.0)],
        ["ZERO"] * 4,
    ),
    "one name at two places": (
        [("NOVA", 100.0, 20.0), ("NOVA", 266.4, -29.0), ("nova", 100.05, 20.0), ("NOVA", 266.4, -29.05)],
        ["NOVA", "NOVA @ J1745-2900", "NOVA", "NOVA @ J1745-2900"],
    ),
    "a pointing 0.3 deg from its target's others": (
        [("CYG X-1", 299.59, 35.2), ("CYG X-1", 299.59, 35.2), ("CYG X-1", 299.59, 35.5), ("CYG X-1", 299.59, 35.2)],
        ["CYG X-1", "CYG X-1", "CYG X-1 @ J1958+3530", "CYG X-1"],
    ),
    "one place under three names": (
        [("XTE J1550-564", 237.745, -56.477), ("NOVA NOR 1998", 237.74, -56.48), ("V381 NOR", 237.75, -56.47)],
        ["XTE J1550-564"] * 3,
    ),
    "no coordinates": (
        [("CRAB", 83.63, 22.01), ("crab", NAN, NAN), ("TERZAN 5", NAN, NAN), ("Terzan_5", NAN, -24.8), ("", NAN, NAN)],
        ["CRAB", "CRAB", "TERZAN 5", "TERZAN 5", ""],
    ),
    "no coordinates under a name that was used of another source": (
        [("", NAN, NAN), ("TAU X-1", NAN, NAN), ("CRAB", 83.63, 22.01), ("Tau X-1", 83.6, 22.0)],
        ["", "CRAB", "CRAB", "CRAB"],
    ),
    "coordinates that are none": (
        [("A", 10.0, 91.0), ("A", np.inf, 5.0), ("A", 10.0, 5.0)],
        ["A", "A", "A"],
    ),
    "a chain of pointings 0.15 deg from each other": (
        [(f"P{n}", 50.0, 0.15 * n) for n in range(6)],
        ["P0", "P0", "P2", "P2", "P4", "P4"],
    ),
    "names that differ only in punctuation, at two places": (
        [("1E 1740.7-2942", 265.98, -29.75), ("1E_1740.7_2942", 265.98, -29.75), ("1E-1740.7-2942", 10.0, 10.0)],
        ["1E 1740.7-2942", "1E 1740.7-2942", "1E-1740.7-2942 @ J0040+1000"],
    ),
    "a sign that matters": (
        [("4U 1820-30", 275.92, -30.36), ("4U 1820+30", 275.92, 30.36)],
        ["4U 1820-30", "4U 1820+30"],
    ),
    "names that are not ASCII": (
        [("η Car", 161.26, -59.68), ("Η CAR", 161.26, -59.68), ("Ａ 0620−00", 95.69, -0.35), ("A 0620-00", 10.0, 0.0)],
        ["η Car", "η Car", "Ａ 0620−00", "A 0620-00 @ J0040+0000"],
    ),
    "empty names, and names of punctuation": (
        [("", 266.417, -29.008), ("   ", 266.417, -29.0), ("???", 10.0, -0.25), ("SGR A", 266.42, -29.01)],
        ["J1745-2900", "J1745-2900", "J0040-0015", "J1745-2900"],
    ),
    "two sources of the Galactic centre 0.3 deg apart": (
        [
            ("GC A", 266.0, -29.0),
            ("GC B", 266.0, -29.3),
            ("GC B", 266.0, -29.14),
            ("GC A", 266.0, -29.16),
            ("X", 266.0, -29.14),
        ],
        ["GC A", "GC B", "GC B", "GC A", "GC A"],
    ),
    "slews, scans, rasters": (
        [
            ("CRAB", 83.63, 22.01, "10001-01-01-00A"),
            ("CRAB", 83.63, 22.01, "10001-01-01-00"),
            ("CRAB", 83.63, 22.01, "10001-01-01-00Z"),
            ("CRAB", 83.63, 22.01, "10001-01-02-00S"),
            ("CRAB", 83.63, 22.01, "10001-01-03-00R"),
            ("CRAB", 83.63, 22.01, "10001-01-04-00G"),
            ("CRAB", 83.63, 22.01, "NO OBSID THAT ENDS WITH S"),
        ],
        ["", "CRAB", "", "", "", "CRAB", "CRAB"],
    ),
    "nothing": ([], []),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_cases(case: str) -> None:
    rows, expected = HARD[case]
    observations = made(*rows)
    assert names(observations) == expected
    back = np.arange(len(rows))[::-1]
    assert names(taken(observations, back)) == expected[::-1]


def taken(observations: Observations, rows: np.ndarray) -> Observations:
    texts = [[column[row] for row in rows] for column in (observations.obsid, observations.target)]
    numbers = [column[rows] for column in (observations.ra, observations.dec, observations.time, observations.exposure)]
    return Observations(*texts, *numbers)


def codes(found) -> list[str]:
    return [remark.code for remark in found.remarks]


def test_what_is_said() -> None:
    rows = [
        row for case in ("slews, scans, rasters", "no coordinates", "one name at two places") for row in HARD[case][0]
    ]
    found = group(made(*rows))
    assert [str(remark) for remark in found.remarks] == [
        "4 observations of slews, scans and rasters (ObsIDs that end in A, Z, S, R ...) belong to no source. "
        "[moving_left_out]",
        "3 observations without coordinates went to a source by the target's name. [sorted_by_name]",
        "1 observation without coordinates and without a target's name belong to no source. [no_source]",
        "Targets of one name at places further apart than the radius are sources of their own: "
        "NOVA / NOVA @ J1745-2900. [same_name]",
    ]
    assert [source.name for source in found.present] == ["CRAB", "NOVA", "NOVA @ J1745-2900", "TERZAN 5"]


def test_slews_belong_to_a_source_when_asked_for() -> None:
    rows, _ = HARD["slews, scans, rasters"]
    assert names(made(*rows), Rule(moving=True)) == ["CRAB"] * 7


def test_what_a_source_says() -> None:
    found = group(made(("gx_339-4", 255.7, -48.79), ("GX 339-4", 255.71, -48.79), ("CRAB", 443.63, 22.0)))
    assert found.sources == (
        Source("gx_339-4", "gx-339-4", 255.7, -48.79, "gx_339-4", 50000.0, ("GX 339-4", "gx_339-4")),
        Source("CRAB", "crab", 443.63 % 360, 22.0, "CRAB", 50002.0, ("CRAB",)),
    )
    assert found.counts.tolist() == [2, 1]
    assert {name: rows.tolist() for name, rows in found.members().items()} == {"gx_339-4": [0, 1], "CRAB": [2]}


def test_a_place_needs_both_coordinates() -> None:
    assert [Source("A", "a", *place).placed for place in ((1.0, 2.0), (1.0, NAN), (NAN, 2.0))] == [True, False, False]


@pytest.mark.parametrize("place", [(10.0, 91.0), (10.0, -90.1), (10.0, NAN), (NAN, 5.0), (np.inf, 5.0)])
def test_a_pointing_that_is_none_is_no_anchor(place: tuple) -> None:
    for rule in (Rule(), Rule(By.TARGET), Rule(only="A")):
        (source,) = group(made(("A", *place)), rule).sources
        assert np.isnan([source.ra, source.dec]).all()


def test_slugs_are_unique_and_safe() -> None:
    targets = ["Eta Car", "eta/car", "η Car?", "4U 1820-30", "4U 1820+30", "...", "X" * 300, "a.b", "a b", "İstanbul"]
    found = group(made(*((target, 20.0 * n, 0.0) for n, target in enumerate(targets))))
    assert [source.slug for source in found.sources] == [
        "eta-car",
        "eta-car-j0120p0000",
        "eta-car-j0240p0000",
        "4u-1820-30",
        "4u-1820p30",
        "j0640p0000",
        "x" * 60,
        "a-b",
        "a-b-j1040p0000",
        "istanbul",
    ]


def test_by_target() -> None:
    rows = [("NOVA", 100.0, 20.0), ("nova", 200.0, 20.0), ("B", NAN, NAN), ("b", 5.0, -5.0), ("", 100.0, 20.0)]
    found = group(made(*rows), Rule(By.TARGET))
    assert found.number.tolist() == [0, 0, 1, 1, -1]
    assert [(s.name, s.slug, s.ra) for s in found.sources] == [("NOVA", "nova", 100.0), ("B", "b", 5.0)]
    assert [remark.message for remark in found.remarks] == [
        "Observations of one target's name lie more than 0.2 deg apart and are one source: NOVA.",
        "1 observation without coordinates and without a target's name belong to no source.",
    ]
    # Of the sources that were found by position, the first of a name has it.
    by_position = group(made(*rows[:2])).sources
    again = group(made(*rows[:2]), Rule(By.TARGET), by_position)
    assert again.number.tolist() == [0, 0]
    assert again.sources[0].slug == "nova"


def test_by_table() -> None:
    table = (Place("Centre", 266.4, -29.0), Place("Beside", 266.4, -29.3, 0.05), Place("Wide", 10.0, 0.0, 2.0))
    rows = [("X", 266.4, -29.1), ("X", 266.4, -29.26), ("X", 266.4, -29.22), ("X", 11.5, 0.0), ("wide", NAN, NAN)]
    found = group(made(*rows, ("X", NAN, NAN), ("centre", NAN, NAN)), Rule("table", table=table))
    assert [s.name for s in found.sources] == ["Centre", "Beside", "Wide"]
    assert found.number.tolist() == [0, 1, -1, 2, 2, -1, 0]
    assert [remark.message for remark in found.remarks] == [
        "2 observations lie near no source of the table and belong to none.",
        "2 observations without coordinates went to a source by the target's name.",
    ]
    turned = group(made(("Y", 9.9, 0.0)), Rule("table", table=(Place("Wide", -350.0, 0.0, 2.0),)))
    assert (turned.sources[0].ra, turned.number.tolist(), codes(turned)) == (10.0, [0], [])


def test_one_source_that_was_asked_for() -> None:
    observations = made(("A", 10.0, 0.0), ("B", 11.0, 0.0), ("C", NAN, NAN), ("C", 10.0, 0.0, "10001-01-01-00S"))
    assert names(observations, Rule(only="My source")) == ["My source"] * 3 + [""]
    assert names(observations, Rule(By.POSITION, only="My source")) == ["A", "B", "C", ""]
    found = group(observations, Rule(only=" My source "))
    assert [(source.name, source.ra, source.target) for source in found.sources] == [("My source", 10.0, "My source")]
    again = group(made(("D", 50.0, 0.0)), Rule(only="my_source"), found.sources)
    assert ([source.ra for source in again.sources], again.number.tolist()) == ([10.0], [0])
    unplaced = group(made(("D", NAN, NAN), ("E", 20.0, 0.0)), Rule(only="S"))
    assert ([source.ra for source in unplaced.sources], unplaced.number.tolist()) == ([20.0], [0, 0])
    nowhere = group(made(("D", NAN, NAN)), Rule(only="S"))
    assert (nowhere.sources[0].placed, nowhere.number.tolist()) == (False, [0])
    assert group(made(), Rule(only="S")).sources == ()


def test_five_names_are_told_and_the_others_counted() -> None:
    rows = [(f"T{n}", 40.0 * n, dec) for n in range(7) for dec in (0.0, 10.0)]
    told = {by: group(made(*rows), Rule(by)).remarks for by in (By.TARGET, By.POSITION)}
    assert told[By.TARGET][0].message.endswith("are one source: T0, T1, T2, T3, T4 and 2 more.")
    apart = [f"T{n} / T{n} @ J{160 * n // 60:02d}{160 * n % 60:02d}+1000" for n in range(5)]
    assert told[By.POSITION][0].message.endswith(f"are sources of their own: {', '.join(apart)} and 2 more.")


@pytest.mark.parametrize(
    ("settings_of_rule", "said"),
    [
        ({"by": "colour"}, "[sources] by is 'colour'; auto, position, target, table were expected."),
        ({"radius": 0.0}, "[sources] radius is 0 deg; an angle above 0 and below 90 deg was expected."),
        ({"radius": NAN}, "[sources] radius is nan deg"),
        ({"radius": 90.0}, "[sources] radius is 90 deg"),
        ({"radius": 91.0}, "[sources] radius is 91 deg"),
        ({"by": "table"}, "there is no table, or it is empty"),
        ({"table": (Place("A 1", 1.0, 1.0), Place("a_1", 2.0, 2.0))}, "'A 1' and 'a_1' are one name"),
        ({"table": (Place("A", 1.0, 91.0),)}, "table: 'A' lies at ra 1, dec 91; degrees were expected."),
        ({"table": (Place("A", 1.0, -90.5),)}, "table: 'A' lies at ra 1, dec -90.5; degrees were expected."),
        ({"table": (Place("A", 360.5, 0.0),)}, "table: 'A' lies at ra 360.5, dec 0; degrees were expected."),
        ({"table": (Place("A", NAN, 0.0),)}, "table: 'A' lies at ra nan, dec 0; degrees were expected."),
        ({"table": (Place("--", 1.0, 9.0),)}, "table: '--' is no name"),
        ({"table": (Place("A", 1.0, 9.0, -1.0),)}, "table: 'A': radius is -1 deg"),
    ],
)
def test_a_rule_that_makes_no_sense(settings_of_rule: dict, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        Rule(**settings_of_rule)
    assert said in str(error.value)


def test_a_rule_at_its_edges() -> None:
    edges = (Place("A", 360.0, 90.0), Place("B", -360.0, -90.0, 89.9))
    assert Rule("table", 0.001, edges).table == edges
    assert (Rule().radius, Rule().by, Rule().moving, Rule().only) == (0.2, By.AUTO, False, "")


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ConfigError, match="obsid 1, target 2"):
        Observations(["a"], ["b", "c"], np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1))


def test_a_name_twice_among_those_of_yesterday_is_refused() -> None:
    with pytest.raises(ConfigError, match="the name 'a1' is there twice"):
        group(made(), yesterday=[Source("A 1", "a-1"), Source("a1", "a1")])
    with pytest.raises(ConfigError, match="the slug 'a-1' is there twice"):
        group(made(), yesterday=[Source("A 1", "a-1"), Source("B", "a-1")])
