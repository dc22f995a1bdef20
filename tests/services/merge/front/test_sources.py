"""Sources packed for the front page: what the columns hold."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.met import from_time
from services.merge.front_page import Measured, SourceEntry, front_page
from services.merge.front_sources import bands, block, days, galactic, sparkline
from services.merge.packing import unpack
from tests.services.merge.front.archive import HARD, HEXTE, NAN, SOFT, SOURCES

from astropy.time import Time  # isort: skip


def test_columns() -> None:
    told = unpack(block(SOURCES))
    assert told["name"] == [source.name for source in SOURCES]
    assert told["observations"].tolist() == [source.observations for source in SOURCES]
    assert told["failures"].tolist() == [2, 0, 0, 0, 0, 1, 0, 0, 0]
    np.testing.assert_allclose(told["ra"], [source.ra for source in SOURCES], rtol=1e-7)
    np.testing.assert_allclose(told["dec"], [source.dec for source in SOURCES], rtol=1e-6)
    assert [band["name"] for band in told["rates"]] == [SOFT, HARD, HEXTE]
    np.testing.assert_allclose(told["rates"][1]["value"][:2], [84, 2000])
    assert told["rates"][0]["unit"] == "count/s/PCU"
    assert np.isnan(told["rates"][2]["value"]).all()
    assert told["link"][6] == "sources/100%25%20a%23b%3F/c%20%26%20d.html"
    spark = told["spark"]
    part = slice(*spark["begin"][:2].astype(int))
    np.testing.assert_allclose(spark["time"][part], np.arange(5) / 4, atol=1 / 250)
    np.testing.assert_allclose(spark["rate"][part], [0, 0.5, 0, 1, 0], atol=1 / 250)
    assert (spark["low"][0], spark["high"][0]) == (42, 126)
    assert spark["begin"][-1] == 5 * (len(SOURCES) - 1)


def test_galactic_coordinates_of_known_places() -> None:
    longitude, latitude = galactic(SOURCES)
    # Sgr A* in Galactic coordinates (Reid & Brunthaler 2004), and the pole that defines them.
    assert (longitude[2], latitude[2]) == pytest.approx((359.94423, -0.04616), abs=1e-4)
    assert latitude[4] == pytest.approx(90, abs=1e-4)
    # The Crab's pulsar (SIMBAD).
    assert (longitude[1], latitude[1]) == pytest.approx((184.5575, -5.7843), abs=2e-4)
    assert np.isnan(longitude[7])


@pytest.mark.parametrize(("ra", "dec"), [(NAN, 0), (0, NAN), (10, 95), (np.inf, 0)])
def test_what_is_no_place_is_none(ra: float, dec: float) -> None:
    told = unpack(block([SourceEntry(slug="x", name="X", link="x.html", ra=ra, dec=dec)]))
    assert np.isnan([told[name][0] for name in ("ra", "dec", "l", "b")]).all()


def test_days_are_of_utc() -> None:
    late, early = from_time(Time(["2005-12-31T23:59:59", "2006-01-01T00:00:01"], scale="utc"))
    assert days([late, early, NAN]).tolist()[:2] == [53735, 53736]
    assert np.isnan(days([NAN])).all()


def test_small_light_curves_keep_means_of_equal_parts() -> None:
    time, rate = sparkline([3.0, 1.0, NAN, 2.0, 4.0], [30.0, 10.0, 5.0, NAN, 40.0])
    assert (time.tolist(), rate.tolist()) == ([1, 3, 4], [10, 30, 40])
    many = np.arange(101.0)
    time, rate = sparkline(many, 2 * many, most=4)
    # Parts of 25 s: 0..24, 25..49, 50..74 and 75..100.
    assert time.tolist() == [12, 37, 62, 87.5]
    assert rate.tolist() == [24, 74, 124, 175]
    assert sparkline(np.full(9, 5.0), np.arange(9.0), most=4) == ([5], [4])


def test_bands_are_in_order_of_their_channels_and_each_unit_is_apart() -> None:
    told = {
        "HEXTE A channels 15–61": "count/s",
        "PCA channels 11–28": "count/s",
        "PCA channels 5–10": "count/s/PCU",
    }
    first = SourceEntry(slug="x", name="X", link="x", rates={n: Measured(value=1, unit=u) for n, u in told.items()})
    other = SourceEntry(slug="y", name="Y", link="y", rates={SOFT: Measured(value=3, unit="count/s")})
    order = [(SOFT, "count/s"), (SOFT, "count/s/PCU"), (HARD, "count/s"), (HEXTE, "count/s")]
    assert bands([first, other]) == order
    columns = unpack(block([first, other]))["rates"]
    assert [(column["name"], column["unit"]) for column in columns] == order
    np.testing.assert_array_equal([column["value"] for column in columns[:2]], [[NAN, 3], [1, NAN]])


@pytest.mark.parametrize("link", ["", "/etc/passwd", "//elsewhere/x"])
def test_links_are_relative(link: str) -> None:
    with pytest.raises(ConfigError, match=r"^The source 'X' has the link .*; give the path of its page relative to"):
        front_page([SourceEntry(slug="x", name="X", link=link)], "T")


def test_a_link_is_a_path_whatever_it_looks_like() -> None:
    page = front_page([SourceEntry(slug="x", name="X", link="javascript:alert(1)")], "T").decode()
    assert re.findall(r'href="(\w[^"]*)"', page.partition("<noscript>")[2]) == ["javascript%3Aalert%281%29"]


def test_an_empty_archive() -> None:
    page = front_page([], "Nothing yet").decode()
    assert "There is no source in this archive yet." in page
    assert "<canvas" not in page
    assert "<table" not in page
