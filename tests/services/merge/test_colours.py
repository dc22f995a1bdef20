"""Hardness ratios: of observations and bins, with errors; what can't be had is told."""

from __future__ import annotations

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from rossi.fits.header import Header
from rossi.product import About, BandEnergies, Content, File, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import Outputs
from services.merge.colours import ratio
from services.merge.config import MergeConfig
from services.merge.packing import unpack
from services.merge.stage import merge_files

OBSIDS = ("10408-01-01-00", "10408-01-02-00")
PAIRS = (("5-8keV", "2-5keV"), ("9-20keV", "5-8keV"))
ENDS = {"2-5keV": (2, 5), "5-8keV": (5, 8), "9-20keV": (9, 20)}


def curve(number: int, band: str, rate: list[float]) -> File:
    """Return bins of 16 s with an exposure of 80 PCU s each; their errors are a tenth of 10."""
    time, obsid = 1.3e8 + 1e5 * number + 16.0 * np.arange(len(rate)), OBSIDS[number]
    cards = {"TELESCOP": "XTE", "INSTRUME": "PCA", "OBJECT": "SIM X-1", "RA_OBJ": 10.0, "DEC_OBJ": 20.0}
    header = Header(list((cards | {"OBS_ID": obsid}).items()))
    live = {"LiveTime": np.full(len(rate), 80.0)}
    values, good, one = np.array(rate), filled_intervals(time, 16.0), np.ones(len(rate))
    series = LightCurve("x", time, values, one, one, 16.0, good, header, Header(), live)
    about = About(Kind.LIGHT_CURVE, band, "PCA", Content.NET, energies=BandEnergies(*ENDS[band], "x"))
    return File(f"{obsid}_{band}.lc", write_light_curve(series), about=about)


FILES = [
    *(curve(0, "2-5keV", [10.0, 20.0, np.nan, 0.0]), curve(0, "5-8keV", [5.0, 5.0, 5.0, 5.0])),
    *(curve(0, "9-20keV", [1.0, 1.0, 1.0, 1.0]), curve(1, "2-5keV", [-1.0, -1.0])),
    *(curve(1, "5-8keV", [4.0, 4.0]), curve(1, "9-20keV", [2.0, 2.0])),
]


@pytest.fixture(scope="module")
def merged() -> Outputs:
    return merge_files(MergeConfig(title="SIM", colours=PAIRS), FILES)


def test_errors_are_propagated() -> None:
    """3 +- 0.3 over 2 +- 0.1: 1.5, and 10 % and 5 % in quadrature."""
    value, error = ratio(*(np.array([number]) for number in (3.0, 0.3, 2.0, 0.1)))
    assert (value, error) == (1.5, pytest.approx(1.5 * np.hypot(0.1, 0.05)))
    assert np.isnan(ratio(np.ones(2), np.ones(2), np.array([0.0, -1.0]), np.ones(2))).all()


def test_observations(merged: Outputs) -> None:
    """Means of the first: 10, 5 and 1, of bins with errors of 1; the second has no positive rate below 5 keV."""
    table = Table.read(merged.files["observations"][0].data.decode(), format="ascii.ecsv")
    np.testing.assert_allclose(table["colour_5-8keV_2-5keV"], [0.5, np.nan])
    np.testing.assert_allclose(table["colour_9-20keV_5-8keV"], [0.2, 0.5])
    expected = 0.5 * np.hypot(0.5 / 5, (1 / np.sqrt(3)) / 10)
    np.testing.assert_allclose(table["colour_error_5-8keV_2-5keV"], [expected, np.nan])


def test_bins(merged: Outputs) -> None:
    (file,) = merged.files["colours"]
    assert file.name == "sim_colours.fits"
    with fits.open(io.BytesIO(file.data), checksum=True) as made:
        assert [hdu.name for hdu in made] == ["PRIMARY", "COLOUR1", "COLOUR2"]
        header, rows = made["COLOUR1"].header, made["COLOUR1"].data
        assert (header["HARDBAND"], header["SOFTBAND"], header["RATEUNIT"]) == ("5-8keV", "2-5keV", "count/s/PCU")
        np.testing.assert_allclose(rows["COLOUR"], [0.5, 0.25, np.nan, np.nan, np.nan])
        assert rows["OBSINDEX"].tolist() == [1, 1, 1, 2, 2]
        assert rows["ERROR"][0] == pytest.approx(0.5 * np.hypot(1 / 5, 1 / 10))


def test_diagrams(merged: Outputs) -> None:
    names = [file.name for file in merged.files["figure"] if file.about.label.startswith(("hardness", "colours"))]
    assert names == [
        *("sim_hardness_5-8keV_2-5keV.png", "sim_hardness_9-20keV_5-8keV.png"),
        "sim_colours_5-8keV_2-5keV_9-20keV_5-8keV.png",
    ]
    page = merged.files["report"][0].data.decode()
    block = page.partition('id="colour-points">')[2].partition("</script>")[0]
    content = unpack(block)
    assert content["names"] == list(OBSIDS)
    assert content["dates"][0] == "1998-02-13"
    first, second, both = content["diagrams"]
    assert (first["x_label"], first["y_label"]) == ("5–8 keV / 2–5 keV", "2–5 keV and 5–8 keV (count/s/PCU)")
    assert (first["x"].tolist(), first["y"].tolist(), first["owner"].tolist()) == ([0.5], [15.0], [0.0])
    np.testing.assert_allclose(second["y"], [6.0, 6.0])
    assert (both["y_label"], len(both["x"])) == ("9–20 keV / 5–8 keV", 1)


def test_intensity_and_bands_that_are_not_there() -> None:
    config = MergeConfig(title="SIM", colours=(*PAIRS[:1], ("5-8kev", "2-5keV")), intensity="9-20keV")
    made = merge_files(config, FILES)
    (caveat,) = [one for one in made.caveats if one.code == "no_colour"]
    assert (
        "Colour 5-8kev/2-5keV: there is no light curve of 5-8kev; there are 2-5keV, 5-8keV, 9-20keV" in caveat.message
    )
    assert "9–20 keV (count/s/PCU)" in str(unpack(_block(made))["diagrams"][0]["y_label"])
    plain = merge_files(MergeConfig(title="SIM"), FILES)
    assert plain.files["colours"] == ()
    assert "colour-points" not in plain.files["report"][0].data.decode().partition("<script>")[0]
    with pytest.raises(ValueError, match="2-5keV over itself is always 1"):
        MergeConfig(colours=(("2-5keV", "2-5keV"),))


def _block(made: Outputs) -> str:
    return made.files["report"][0].data.decode().partition('id="colour-points">')[2].partition("</script>")[0]
