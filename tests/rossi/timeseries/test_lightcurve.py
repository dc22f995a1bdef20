"""What an astronomer does with a light curve: look at it, hand it to astropy and stingray, write it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable
from astropy.time import Time

from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.fits.reader import read_fits
from rossi.timeseries import exchange
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.series import LightCurve

#: 2000-01-01T12:00:00 TT, which is MJD 51544.5: (51544.5 - 49353) d less MJDREFF.
NOON = 2191.5 * 86400 - 0.000696574074 * 86400
KEYWORDS = {"TELESCOP": "XTE", "INSTRUME": "PCA", "OBJECT": "Cyg X-1", "OBS_ID": "20402-01-45-03", "TIMESYS": "TT"}
KEYWORDS |= {"MINCHAN": 5, "MAXCHAN": 10, "HDUCLASS": "OGIP", "HDUCLAS1": "LIGHTCURVE", "MJDREFI": 49353}
KEYWORDS |= {"MJDREFF": 0.000696574074}


@pytest.fixture
def curve() -> LightCurve:
    time = NOON + 16.0 * np.array([0, 1, 3])
    live = np.array([32.0, 64, 32])
    intervals = np.array([[NOON, NOON + 32], [NOON + 48, NOON + 64]])
    extra = {"LiveTime": live, "BACKV": np.full(3, 2.0), "BACKE": np.full(3, 0.25)}
    rate, error = np.array([10.0, 20, 10]), np.array([1.0, 2, 1])
    header = Header(list(KEYWORDS.items()))
    return LightCurve("x.lc", time, rate, error, np.ones(3), 16.0, intervals, header, Header(), extra)


def test_it_says_what_it_is(curve: LightCurve) -> None:
    assert repr(curve) == (
        "<LightCurve Cyg X-1, 20402-01-45-03 PCA channels 5-10, 3 bins of 16 s, "
        "2000-01-01T12:00:00 to 2000-01-01T12:01:04 TT, 15.0 +- 1.1 count/s/PCU>"
    )
    assert "<td style='text-align:left'>Cyg X-1</td>" in curve._repr_html_()
    odd = replace(curve, header=Header([("OBJECT", "<b>&")]))
    assert "&lt;b&gt;&amp;" in odd._repr_html_()
    assert repr(curve.rows(np.zeros(3, bool))).startswith("<LightCurve Cyg X-1")


def test_astropy_has_times_and_units(curve: LightCurve) -> None:
    series = curve.to_timeseries()
    assert series.time_bin_start[0].scale == "tt"
    assert abs((series.time_bin_start[0] - Time("2000-01-01T12:00:00", scale="tt")).to_value("s")) < 1e-6
    assert series.time_bin_size.unit == u.s
    assert series["rate"].unit == u.ct / (u.s * exchange.PCU)
    counts = (series["rate"] * series["livetime"]).to(u.ct)
    assert counts.value.tolist() == [320, 1280, 320]
    assert series["backv"].unit == series["error"].unit == series["backe"].unit == series["rate"].unit
    assert series["fracexp"].unit == u.dimensionless_unscaled
    assert series.meta["OBJECT"] == "Cyg X-1"


def test_barycentred_times_are_tdb(curve: LightCurve) -> None:
    header = curve.header.copy()
    header.set("TIMESYS", "TDB")
    series = replace(curve, header=header).to_timeseries()
    assert series.time_bin_start[0].scale == "tdb"
    assert series.time_bin_start[0].mjd == pytest.approx(51544.5, abs=1e-11)


def test_stingray_has_middles_and_good_time(curve: LightCurve) -> None:
    rate = np.array([10.0, np.nan, 10])
    made = replace(curve, rate=rate).to_stingray()
    assert made.time.tolist() == (NOON + np.array([8.0, 56])).tolist()
    assert made.countrate.tolist() == [10, 10]
    assert made.gti.tolist() == curve.intervals.tolist()
    assert (made.dt, made.err_dist) == (16.0, "gauss")
    assert made.mjdref == pytest.approx(49353.000696574074, abs=1e-11)


def test_stingray_wants_bins_of_one_width(curve: LightCurve) -> None:
    extra = curve.extra | {"TIMEDEL": np.array([16.0, 16, 32])}
    with pytest.raises(DataError, match="bins of one width were expected"):
        replace(curve, extra=extra).to_stingray()
    for few in (0, 1):  # of one, stingray can't tell the width, and warns of an empty mean
        with pytest.raises(DataError, match=rf"x\.lc: {few} bins have a rate and an error; stingray needs two"):
            curve.rows(np.arange(3) < few).to_stingray()


def test_a_written_table_is_read_back_with_its_units(curve: LightCurve, tmp_path) -> None:
    series = curve.to_timeseries()
    series.write(tmp_path / "a.ecsv")
    again = QTable.read(tmp_path / "a.ecsv")
    assert again["rate"].unit == series["rate"].unit
    assert (again["rate"] * again["livetime"]).to_value(u.ct).tolist() == [320, 1280, 320]
    assert np.abs((again["time_bin_start"] - series.time_bin_start).to_value(u.s)).max() < 1e-5


def test_other_units_and_quantities(curve: LightCurve) -> None:
    assert str(replace(curve, unit="hogshead").to_timeseries()["rate"].unit) == "hogshead"
    counts = replace(curve, quantity="COUNTS", unit="count").to_timeseries()
    assert (counts["counts"].unit, counts["error"].unit) == (u.ct, u.ct)


@pytest.mark.parametrize(("use", "said"), [("to_stingray()", "rossi[timing]"), ("plot()", "rossi[plot]")])
def test_what_is_not_installed_is_told(use: str, said: str, curve: LightCurve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stingray", "matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match="is not installed: pip install") as error:
        eval(f"curve.{use}", {"curve": curve})
    assert said in str(error.value)


def test_what_is_written_is_read_back(curve: LightCurve, tmp_path) -> None:
    path = curve.write(tmp_path / "a.lc.gz")
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    again = light_curve_of(read_fits(path))
    for name, values in curve.columns.items():
        assert again.columns[name].tobytes() == values.tobytes(), name
    assert again.gti == curve.gti
    assert (again.rate_unit, again.channels, again.target) == ("count/s/PCU", (5, 10), "Cyg X-1")


def test_nothing_is_written_over(curve: LightCurve, tmp_path) -> None:
    place = tmp_path / "a.lc"
    place.write_text("mine")
    with pytest.raises(ConfigError, match=r"a\.lc: there is such a file already; give another name, or overwrite=True"):
        curve.write(place)
    assert place.read_text() == "mine"
    curve.write(place, overwrite=True)
    assert len(light_curve_of(read_fits(place))) == 3
    with pytest.raises(ConfigError, match="can't be written"):
        curve.write(tmp_path / "nowhere" / "a.lc")


def test_the_figure_has_the_data_with_their_units(curve: LightCurve) -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert curve.plot(axes, background=True, color="C1") is axes
    assert axes.get_ylabel() == "Rate (count/s/PCU)"
    assert axes.get_xlabel() == "Time since 2000-01-01 12:00:00 TT (s)"
    assert axes.get_title(loc="left") == "Cyg X-1  20402-01-45-03 PCA channels 5-10"
    points = axes.containers[0].lines[0]
    assert points.get_xdata() == pytest.approx([8, 24, 56], abs=1)
    assert points.get_ydata().tolist() == [10, 20, 10]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["background"]
    assert curve.plot(Figure().subplots()).get_legend() is None


def test_neither_matplotlib_nor_tables_are_imported_with_it() -> None:
    code = (
        "import sys, rossi.timeseries.reading; print([m for m in ('matplotlib', 'astropy.table') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_curves_on_the_same_axes_count_from_the_same_time(curve: LightCurve) -> None:
    """The second begins 100 s later and is drawn there, also on axes that share their time with the first's."""
    from matplotlib.figure import Figure

    upper, lower = Figure().subplots(2, sharex=True)
    curve.plot(upper)
    later = replace(curve, time=curve.time + 100)
    for axes in (upper, lower):
        later.plot(axes)
        assert axes.get_xlabel() == "Time since 2000-01-01 12:00:00 TT (s)"
        drawn = axes.containers[-1].lines[0].get_xdata()
        np.testing.assert_allclose(drawn, upper.containers[0].lines[0].get_xdata() + 100, rtol=0, atol=1e-6)
    lower.clear()
    upper.clear()
    later.plot(lower)
    assert lower.get_xlabel() == "Time since 2000-01-01 12:01:40 TT (s)"
    barycentred = replace(curve, header=curve.header.copy())
    barycentred.header.set("TIMESYS", "TDB")
    with pytest.raises(DataError, match="The axes count time in TT, and the curve's is TDB"):
        barycentred.plot(lower)
