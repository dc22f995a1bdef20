"""Sources of yesterday and today, and what must hold of any observations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rossi.sky import separation
from rossi.sources import Observations, Rule, Source, group
from rossi.sources.sphere import Sphere
from tests.rossi.sources.test_grouping import NAN, codes, made, names, taken

# Yesterday and today


def test_what_is_added_renames_nothing() -> None:
    first = group(made(("NOVA", 100.0, 20.0), ("B", 10.0, 0.0)))
    older = made(("NOVA", 266.4, -29.0), ("OTHER NAME", 100.1, 20.0), ("b", 50.0, 0.0), start=40000.0)
    assert names(older) == ["NOVA", "OTHER NAME", "b"]
    found = group(older, yesterday=first.sources)
    assert [source.name for source in found.sources] == ["NOVA", "B", "NOVA @ J1745-2900", "b @ J0320+0000"]
    assert found.counts.tolist() == [1, 0, 1, 1]
    assert found.sources[0].names == ("NOVA", "OTHER NAME")
    assert [source.name for source in found.present] == ["NOVA", "NOVA @ J1745-2900", "b @ J0320+0000"]
    again = group(older, yesterday=found.sources[::-1])
    assert again.sources == tuple(sorted(found.sources, key=lambda s: s.since))


def test_a_source_known_by_name_alone_gets_its_position() -> None:
    first = group(made(("FOO", NAN, NAN)))
    found = group(made(("foo", 30.0, 5.0), ("FOO", NAN, NAN), ("FOO", 60.0, 5.0)), yesterday=first.sources)
    assert [(source.name, source.slug, source.ra) for source in found.sources] == [
        ("FOO", "foo", 30.0),
        ("FOO @ J0400+0500", "foo-j0400p0500", 60.0),
    ]
    assert found.number.tolist() == [0, 0, 1]
    second = group(made(("BAR", 90.0, 5.0), ("FOO", NAN, NAN)))
    found = group(made(("foo", 30.0, 5.0)), yesterday=second.sources)
    assert [(source.name, source.ra) for source in found.sources] == [("BAR", 90.0), ("FOO", 30.0)]


def test_a_source_that_is_called_so_comes_before_one_where_somebody_pointed_under_that_name() -> None:
    rows = [("B", 10.0, 0.0), ("FOO", 10.05, 0.0), ("FOO", 50.0, 0.0), ("foo", NAN, NAN)]
    assert names(made(*rows)) == ["B", "B", "FOO", "FOO"]
    assert names(made(*rows[:2], rows[3])) == ["B", "B", "B"]
    # What somebody called it yesterday counts, but not what has become part of another source since.
    known = (
        Source("OLD", "old", 10.0, 0.0, "OLD", 40000.0, ("FOO", "OLD")),
        Source("GONE", "gone", 90.0, 0.0, "FOO", 39000.0, ("FOO",), "OLD"),
    )
    assert names(made(("foo", NAN, NAN)), yesterday=known) == ["OLD"]


def test_sources_that_grow_together_say_so_once() -> None:
    first = group(made(("BAR", 30.0, 5.0), ("FOO", NAN, NAN)))
    today = made(("BAR", 30.0, 5.0), ("FOO", NAN, NAN), ("Foo", 30.1, 5.0))
    found = group(today, yesterday=first.sources)
    assert found.number.tolist() == [0, 0, 0]
    assert [source.into for source in found.sources] == ["", "BAR"]
    assert [remark.message for remark in found.remarks if remark.code == "grown_together"] == [
        "FOO and BAR have grown together; their observations are now BAR's."
    ]
    tomorrow = group(today, yesterday=found.sources)
    assert tomorrow.sources == found.sources
    assert "grown_together" not in codes(tomorrow)
    elsewhere = group(made(("FOO", 90.0, 5.0)), yesterday=found.sources)
    assert elsewhere.of(0).name == "FOO @ J0600+0500"


def test_what_has_become_part_of_another_source_reaches_nothing_any_more() -> None:
    known = (
        Source("A", "a", 30.0, 0.0, "A", 40000.0),
        Source("B", "b", 30.0, 0.15, "B", 41000.0, into="A"),
    )
    observations = made(("C", 30.0, 0.3), ("B", 30.0, 0.15))
    assert names(observations, yesterday=known) == ["C", "A"]
    assert names(made(("C", 30.0, 0.3), ("C", NAN, NAN)), yesterday=known) == ["C", "C"]


def test_a_larger_radius_lets_sources_grow_together() -> None:
    rows = made(("A", 30.0, 0.0), ("B", 30.0, 0.3), ("C", 30.0, 0.7), ("D", 80.0, 0.0))
    first = group(rows)
    found = group(rows, Rule(radius=0.5), yesterday=first.sources)
    assert names(rows, Rule(radius=0.5), first.sources) == ["A", "A", "C", "D"]
    assert [remark.message.partition(";")[0] for remark in found.remarks] == ["B and A have grown together"]


# Any observations


@pytest.mark.parametrize("radius", [0.05, 0.2, 1.0, 5.0, 60.0, 120.0])
def test_what_lies_around_a_direction(radius: float) -> None:
    random = np.random.default_rng(2)
    ra, dec = random.uniform(0, 360, 3000), np.degrees(np.arcsin(random.uniform(-1, 1, 3000)))
    near = np.arange(100)
    ra[near], dec[near] = 30 + random.uniform(-0.5, 0.5, 100), 70 + random.uniform(-0.2, 0.2, 100)
    for center in ((30.0, 70.0), (10.0, 89.9), (200.0, -45.0)):
        place, angle = Sphere.of(ra, dec).around(*center, radius)
        away = separation(*center, ra, dec)
        assert sorted(place.tolist()) == np.flatnonzero(away <= radius).tolist()
        np.testing.assert_allclose(angle, away[place], atol=1e-6)


TARGETS = st.sampled_from(["A", "a ", "B", "b-1", "B 1", "", "Γ", "NOVA"])
POINTINGS = st.tuples(
    TARGETS, st.integers(-6, 6).map(lambda n: 0.07 * n), st.integers(-4, 4).map(lambda n: 89.8 + 0.049 * n)
)


@settings(max_examples=60)
@given(rows=st.lists(POINTINGS, max_size=14), seed=st.integers(0, 999), day=st.integers(0, 14))
def test_any_observations(rows: list, seed: int, day: int) -> None:
    rows = [(target, 40 * ra, min(dec, 90.0)) for target, ra, dec in rows]
    observations, shuffled = made(*rows), np.random.default_rng(seed).permutation(len(rows))
    found = group(observations)
    # The order of the rows does not matter.
    other = group(taken(observations, shuffled))
    assert other.sources == found.sources
    np.testing.assert_array_equal(other.number, found.number[shuffled])
    # Every pointing has a source, and no source is wider than the radius; anchors are no nearer to each other.
    anchors = np.array([(source.ra, source.dec) for source in found.sources]).reshape(-1, 2)
    assert (found.number >= 0).all()
    away = separation(*anchors[found.number].T, observations.ra, observations.dec)
    assert (away <= 0.2 + 1e-6).all()
    apart = separation(anchors[:, None, 0], anchors[:, None, 1], anchors[None, :, 0], anchors[None, :, 1])
    assert (apart + 9 * np.eye(len(anchors)) > 0.2 - 1e-6).all()
    # Names and slugs are unique.
    assert len({source.name for source in found.sources}) == len({source.slug for source in found.sources})
    assert len({source.slug for source in found.sources}) == len(found.sources)
    # What begins later renames nothing, whether the sources of before are given or not.
    before = group(made(*rows[:day]))
    kept = [(source.name, source.slug, source.ra, source.dec) for source in before.sources]
    for after in (found, group(observations, yesterday=before.sources)):
        assert [(s.name, s.slug, s.ra, s.dec) for s in after.sources][: len(kept)] == kept
        np.testing.assert_array_equal(after.number, found.number)
    # What began before renames nothing where the sources are given.
    late = taken(observations, np.arange(day, len(rows)))
    known = group(late).sources
    after = group(observations, yesterday=known)
    assert {(s.name, s.slug, s.ra, s.dec) for s in known} <= {(s.name, s.slug, s.ra, s.dec) for s in after.sources}
    assert "grown_together" not in codes(after)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(TARGETS, st.sampled_from([10.0, 10.15, 10.3, 50.0, NAN]), st.just(0.0)), max_size=12),
    seed=st.integers(0, 999),
    day=st.integers(0, 12),
)
def test_any_observations_some_without_coordinates(rows: list, seed: int, day: int) -> None:
    observations, shuffled = made(*rows), np.random.default_rng(seed).permutation(len(rows))
    known = group(taken(observations, np.arange(day, len(rows)))).sources
    for yesterday in ((), known):
        found = group(observations, yesterday=yesterday)
        other = group(taken(observations, shuffled), yesterday=yesterday[::-1])
        assert repr((other.sources, other.remarks)) == repr((found.sources, found.remarks))
        np.testing.assert_array_equal(other.number, found.number[shuffled])
        assert len({source.slug for source in found.sources}) == len({source.name for source in found.sources})
    # Nothing is renamed or lost; what has become part of another source is told, and has no observations.
    now = {source.name: source for source in found.sources}
    assert [(now[source.name].slug, now[source.name].target) for source in known] == [(s.slug, s.target) for s in known]
    gone = [source.name for source in found.sources if source.into]
    assert codes(found).count("grown_together") == len(gone)
    assert not {now[name].name for name in gone} & {source.name for source in found.present}
    # Every observation that says something of its source has one.
    told = np.array([bool(target.strip()) or np.isfinite(ra) for target, ra, _ in rows], bool)
    np.testing.assert_array_equal(found.number >= 0, told)


def test_as_many_as_the_archive_has() -> None:
    rng = np.random.default_rng(1)
    places, number = 2500, 120_000
    # Sources on a grid of a degree, so that none is near another one; pointings scatter by 3 arcmin.
    dec0 = -75.0 + 3.0 * (np.arange(places) % 50)
    ra0 = 7.2 * (np.arange(places) // 50)
    mine = rng.integers(places, size=number)
    angle, away = rng.uniform(0, 2 * np.pi, number), 0.05 * rng.random(number)
    dec = dec0[mine] + away * np.sin(angle)
    ra = ra0[mine] + away * np.cos(angle) / np.cos(np.radians(dec))
    targets = [
        f"SRC {one}" if odd else f"src_{one}" for one, odd in zip(mine, rng.integers(2, size=number), strict=True)
    ]
    obsids = [f"{n:05d}-01-01-00" for n in range(number)]
    found = group(Observations(obsids, targets, ra, dec, 50000 + rng.random(number), np.ones(number)))
    assert len(found.sources) == len(set(mine))
    by_source = {}
    for one, source in zip(mine.tolist(), found.number.tolist(), strict=True):
        assert by_source.setdefault(one, source) == source
