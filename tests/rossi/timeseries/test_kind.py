"""What may become one curve and what may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.sky import separation
from rossi.timeseries.join import join
from rossi.timeseries.kind import groups, traits
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.source import Source

INF = float("inf")
KEYWORDS = {"TELESCOP": "XTE", "INSTRUME": "PCA", "TIMESYS": "TT", "TIMEREF": "LOCAL", "OBJECT": "GX 339-4"}
KEYWORDS |= {"RA": 255.7, "DEC": -48.79, "MINCHAN": 0, "MAXCHAN": 255, "HDUCLAS2": "NET", "BACKAPP": True}
KEYWORDS |= {"DEADAPP": False}


def curve(number: int = 0, *, name: str = "x.lc", unit: str = "count/s", **keywords: object) -> LightCurve:
    time = 1e8 + 1000.0 * number + 16.0 * np.arange(3)
    header = Header([(key, value) for key, value in (KEYWORDS | keywords).items() if value is not None])
    rate = np.array([1.0, 2, 3])
    return LightCurve(
        name, time, rate, np.ones(3), np.ones(3), 16.0, filled_intervals(time, 16.0), header, Header(), unit=unit
    )


def labels(*curves: LightCurve, **how: object) -> list[str]:
    return [group.label for group in groups(curves, **how)]


def test_alike_curves_are_one_group() -> None:
    (group,) = groups([curve(), curve(1), curve(2)])
    assert (group.members, group.label) == ((0, 1, 2), "")


@pytest.mark.parametrize(
    ("keywords", "label"),
    [
        ({"TIMESYS": "TDB", "TIMEREF": "SOLARSYSTEM"}, "barycentred"),
        ({"TIMESYS": "TDB", "TIMEREF": None}, "barycentred"),
        ({"unit": "count/s/PCU"}, "per-pcu"),
        ({"unit": "mCrab"}, "mcrab"),
        ({"INSTRUME": "HEXTE"}, "hexte"),
        ({"TELESCOP": "NUSTAR"}, "nustar"),
        ({"MINCHAN": 5, "MAXCHAN": 10}, "ch5-10"),
        ({"E_MIN": 2.0, "E_MAX": 9.0}, "2-9kev"),
        ({"HDUCLAS2": "TOTAL", "BACKAPP": False}, "total"),
        ({"HDUCLAS2": None, "BACKAPP": False}, "total"),
        ({"HDUCLAS2": "TOTAL", "BACKAPP": None}, "total"),
        ({"HDUCLAS2": "BACKGROUND", "BACKAPP": None}, "background"),
        ({"HDUCLAS2": "BKG", "BACKAPP": False}, "background"),
        ({"DEADAPP": True}, "deadcorr"),
        ({"OBJECT": "Crab"}, "crab"),
        ({"RA": 256.7}, "gx-339-4_ra256.700dec-48.790"),
        ({"name": "xp20402014503_n2b.lc.gz"}, "n2b"),
    ],
)
def test_each_difference_parts_curves(keywords: dict[str, object], label: str) -> None:
    name = "xp20402014502_n2a.lc" if "name" in keywords else "x.lc"
    here, other = curve(name=name), curve(1, **keywords)
    found = groups([other, here, other])
    assert sorted(group.members for group in found) == [(0, 2), (1,)]
    assert next(group.label for group in found if group.members == (0, 2)) == label


@pytest.mark.parametrize(
    "keywords",
    [
        *({"OBJECT": name} for name in ("GX339-4", "gx_339-4", "Gx 339-4 ", "GX-339 4")),
        *({"RA": 255.7001}, {"DEC": -48.6}, {"RA_OBJ": 255.7, "DEC_OBJ": -48.79, "RA": 10.0}, {"TELESCOP": "RXTE"}),
        *({"TIMESYS": "TDT"}, {"TIMEREF": None}, {"TIMESYS": None}),
        *({"HDUCLAS2": "TOTAL", "BACKAPP": True}, {"HDUCLAS2": None}, {"BACKAPP": None}),
    ],
)
def test_other_words_for_the_same_are_no_difference(keywords: dict[str, object]) -> None:
    assert labels(curve(), curve(1, **keywords)) == [""]


@pytest.mark.parametrize("keyword", ["OBJECT", "RA", "INSTRUME", "MINCHAN", "DEADAPP", "TELESCOP"])
def test_what_is_not_told_goes_with_the_others_if_these_agree(keyword: str) -> None:
    silent = curve(1, **{keyword: None}) if keyword != "OBJECT" else curve(1, OBJECT=None, RA=None, DEC=None)
    assert labels(curve(), silent) == [""]
    other = {"OBJECT": "Crab", "RA": 83.6, "INSTRUME": "HEXTE", "MINCHAN": 5, "DEADAPP": True, "TELESCOP": "NUSTAR"}
    three = groups([curve(), silent, curve(2, **{keyword: other[keyword]})])
    assert len(three) == (2 if keyword == "RA" else 3)  # the name tells, where the position does not


@pytest.mark.parametrize("value", ["", "none", INF])
def test_positions_that_are_none_are_not_known(value: object) -> None:
    header = Header([("OBJECT", "SIM"), ("DEC_OBJ", 3.0)])
    header.extend([("RA_OBJ", f"RA_OBJ  = {'1E400' if value == INF else repr(value):>20}".encode().ljust(80))])
    series = replace(curve(), header=header)
    assert Source.of(series) == Source("SIM", None)
    assert labels(series, replace(curve(1), header=header)) == [""]


def test_a_campaign_goes_by_position() -> None:
    named = curve(), curve(1, OBJECT="V821 ARA")
    assert len(groups(named)) == 2
    assert labels(*named, by_name=False) == [""]
    assert len(groups([curve(), curve(1, OBJECT="V821 ARA", RA=200.0)], by_name=False)) == 2
    assert labels(curve(), curve(1, OBJECT="Crab", RA=83.6), any_source=True) == [""]


@pytest.mark.parametrize(
    ("keywords", "position"),
    [
        ({"RA": 359.7}, (359.7, -48.79)),
        ({"RA": -10.0}, (350.0, -48.79)),
        ({"RA": 360.0, "DEC": -90.0}, (0.0, -90.0)),
        ({"RA": 360.1}, None),
        ({"DEC": 90.1}, None),
        ({"DEC": True}, None),
        ({"RA_OBJ": 10.0, "DEC_OBJ": 20.0}, (10.0, 20.0)),
        ({"RA": None, "RA_PNT": 11.0, "DEC_PNT": 21.0}, (11.0, 21.0)),
        ({"RA": None, "RA_PNT": 11.0, "DEC_PNT": 21.0, "RA_NOM": 12.0, "DEC_NOM": 22.0}, (12.0, 22.0)),
    ],
)
def test_where_a_source_is(keywords: dict[str, object], position: tuple[float, float] | None) -> None:
    found = Source.of(curve(**keywords)).position
    assert found == (None if position is None else pytest.approx(position))


def test_bands_that_have_a_name() -> None:
    hexte = [
        curve(n, INSTRUME="HEXTE", MINCHAN=low, MAXCHAN=high) for n, (low, high) in enumerate([(14, 60), (15, 61)])
    ]
    assert labels(*hexte, names=["pwa_ch15-61"] * 2) == [""]
    assert len(groups(hexte)) == 2
    pca = [curve(), curve(1, MINCHAN=5, MAXCHAN=10), curve(2, MINCHAN=7, MAXCHAN=20)]
    assert labels(*pca[:2], names=["soft"] * 2) == [""]
    assert len(groups(pca, names=["soft"] * 3)) == 3


def test_different_groups_have_different_labels() -> None:
    found = labels(curve(OBJECT="GX 3"), curve(1, OBJECT="GX-3", RA=10.0))
    assert found == ["gx-3_ra255.700dec-48.790", "gx-3_ra10.000dec-48.790"]
    # What file names can't tell apart.
    assert labels(curve(unit="a/b"), curve(1, unit="a-b")) == ["a-b-1", "a-b-2"]


def test_order_does_not_matter() -> None:
    curves = [
        curve(n, OBJECT=name, RA=ra) for n, (name, ra) in enumerate([("A", 1.0), ("B", 1.0), ("A", 1.05), ("", 9)])
    ]
    one = {frozenset(g.members) for g in groups(curves)}
    other = {frozenset(3 - n for n in g.members) for g in groups(curves[::-1])}
    assert one == other == {frozenset({0, 2}), frozenset({1}), frozenset({3})}


@pytest.mark.parametrize("place", ["BARYCENTRIC", "SSB", "solarsystem", "HELIOCENTRIC", "LUNAR"])
def test_times_of_other_places_are_not_joined_with_local_ones(place: str) -> None:
    assert len(groups([curve(), curve(1, TIMEREF=place)])) == 2
    assert len(groups([curve(), curve(1, TIMEREF="satellite")])) == 1
    assert traits(curve(TIMEREF="barycentric", TIMESYS="TDB"))["clock"] == "TDB SOLARSYSTEM"


def test_angles() -> None:
    assert separation(10.0, 0.0, 11.0, 0.0) == pytest.approx(1)
    assert separation(359.9, 60.0, 0.1, 60.0) == pytest.approx(0.1, rel=1e-4)
    assert separation(0.0, 90.0, 180.0, 90.0) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("keywords", "what"),
    [
        ({"TIMESYS": "TDB", "TIMEREF": "SOLARSYSTEM"}, "time system"),
        ({"unit": "count/s/PCU"}, "unit"),
        ({"INSTRUME": "HEXTE"}, "instrument"),
    ],
)
def test_joining_refuses_what_has_no_meaning(keywords: dict[str, object], what: str) -> None:
    with pytest.raises(DataError, match=f"y.lc: its {what} .* that of a.lc is .* can't become one light curve"):
        join([curve(name="a.lc"), curve(1, name="y.lc", **keywords), curve(2, name="z.lc")])


def test_joined_headers_keep_what_is_common() -> None:
    header = join([curve(OBS_ID="a"), curve(1, OBJECT="GX339-4", RA=255.7001, OBS_ID="b")]).series.header
    assert (header["OBJECT"], header["RA"], header["TIMESYS"]) == ("GX 339-4", 255.7, "TT")
    assert "OBS_ID" not in header


def test_real_curves_of_one_source_are_one_kind(shared: Path) -> None:
    folder = shared / "data/real/pca"
    curves = [read_light_curve(p.read_bytes(), p.name) for p in sorted(folder.glob("xp*.lc"))]
    assert labels(*curves) == [""]
    assert traits(curves[0])["content"] == "net"
    clocks = [read_light_curve((folder / n).read_bytes(), n) for n in ("real_b1509_tt.lc.gz", "real_gx_tdb.lc.gz")]
    assert len(groups(clocks, any_source=True)) == 2
    with pytest.raises(DataError, match="time system"):
        join(clocks)
