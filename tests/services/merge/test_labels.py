"""What somebody's own light curves are called in a merge."""

import numpy as np
import pytest

from rossi.fits.header import Header
from rossi.product import About, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from services.merge.labels import about_curve, obsid_of, plain_label, stem_of

OBSID = "20402-01-45-03"
PCA = {"OBS_ID": OBSID, "INSTRUME": "PCA", "MINCHAN": 5, "MAXCHAN": 10, "HDUCLAS2": "NET"}
HEXTE = PCA | {"INSTRUME": "HEXTE", "DETNAM": "PWB013", "MINCHAN": 16, "MAXCHAN": 61}


def curve(cards, width=16.0):
    time = 7e7 + width * np.arange(3)
    return LightCurve(
        "some.lc", time, np.ones(3), np.ones(3), np.ones(3), width, filled_intervals(time, width),
        Header(list(cards.items())), Header(), {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cards", "width", "label"),
    [
        (PCA, 16.0, "ch5-10"),
        (PCA, 128.0, "ch5-10_128s"),
        (HEXTE, 64.0, "pwb_ch16-61"),
        (HEXTE | {"HDUCLAS2": "TOTAL"}, 16.0, "pwb_ch16-61_src"),
        (HEXTE | {"HDUCLAS2": "BKG"}, 16.0, "pwb_ch16-61_bkg"),
        (PCA | {"OBS_ID": ""}, 16.0, "rate"),
        ({"OBS_ID": OBSID}, 16.0, "rate"),
    ],
)
def test_label(cards, width, label):
    about = about_curve(curve(cards, width))
    assert (about.kind, about.label) == (Kind.LIGHT_CURVE, label)
    assert about.cluster == ("B" if label.startswith("pwb") else "")


def test_observation_and_stem():
    assert obsid_of(curve(PCA)) == OBSID
    assert obsid_of(curve({})) == ""
    assert [stem_of(name) for name in ("a/b.lc", "b.lc.gz", "b.fits.bz2")] == ["b", "b", "b.fits"]


def test_plain_label():
    assert plain_label(About(channels=(15, 61), cluster="A")) == "pwa_ch15-61"
    assert plain_label(About(label="rate")) == "rate"
