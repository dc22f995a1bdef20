"""What a report says was done, against what the stages' manifests say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rossi.citation import AUTHORS, REFERENCES, TITLE
from rossi.fits.header import Header
from rossi.product import About, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.version import __version__
from services.contract import Outcome
from services.merge.config import SourceName
from services.merge.details import Provenance, ShownSpectrum, net_spectra
from services.merge.energies_shown import band_in_kev, in_kev
from services.merge.inputs import StageProducts
from services.merge.methods import facts, methods
from services.merge.observations import Observation
from services.merge.products import join_band
from services.merge.shown import Shown

ABOUT = About(Kind.LIGHT_CURVE, "ch5-10", "PCA", None, (5, 10))
#: In gain epochs 3 and 5.
STARTS = 1e8, 3e8
PREP = {"background": "model"}
EXTRACT = {
    "expression": "ELV > 10  &&\n OFFSET < 0.02",
    "binsz": 16.0,
    "dead_time": "LIVE",
    "pcus": "0,2",
    "layers": "1",
}
MODEL = (("model", "folder/pca_bkgd_x.mdl", "ab"),)


def observation(number: int, *, timeref: str = "LOCAL", **changed: object) -> Observation:
    time = STARTS[number] + 16.0 * np.arange(100)
    cards = [
        ("INSTRUME", "PCA"),
        ("OBJECT", "SIM X-1"),
        ("RA_OBJ", 83.6331),
        ("DEC_OBJ", 22.0145),
        ("TIMEREF", timeref),
    ]
    one = np.ones(100)
    curve = LightCurve(
        "x",
        time,
        one,
        one,
        one,
        16.0,
        filled_intervals(time, 16.0),
        Header([*cards, ("PLEPHEM", "JPL-DE405")]),
        Header(),
        {},
    )
    versions = {"rossi": "0.1.0", "python": "3.11.7", "numpy": "2.4.6"}

    def stage(config: dict[str, object], calibration: tuple[tuple[str, str, str], ...] = ()) -> StageProducts:
        return StageProducts("m", {}, Provenance("f", "", 0.0, 1, 1, calibration, versions, config, "native"))

    products = {"pca_prep": stage(PREP, MODEL), "pca_extract": stage(EXTRACT | changed)}
    return Observation(
        f"1000{number}-01-01-00",
        Outcome.SUCCEEDED,
        curves={"ch5-10": curve},
        abouts={"ch5-10": ABOUT},
        products=products,
    )


def shown(*observations: Observation) -> Shown:
    return Shown(observations, [join_band(observations, "ch5-10", keep_null=True)])


def test_the_head_tells_what_it_is_about() -> None:
    source = SourceName(name="Crab", slug="crab", ra=83.6331, dec=22.0145, names=("CRAB", "Crab"))
    told = {fact.name: fact.values for fact in facts(shown(observation(0), observation(1)), source)}
    assert told["Target"] == ("Crab, CRAB",)
    assert told["Position (J2000)"] == ("RA 83.6331, Dec +22.0145 deg (05:34:32 +22:00:52); l 184.56, b -5.78",)
    assert told["Good time of PCA"] == ("ELV > 10 && OFFSET < 0.02",)
    (energies,) = told["Energies"]
    # `rossi energies --date 1997-03-03` has 1.787 to 3.941, `--date 2003-07-05` 2.019 to 4.492 keV.
    assert energies.startswith(
        "PCA channels 5–10: 1.8–3.9 keV in epoch 3, 2.0–4.5 keV in epoch 5 (PCU 2, table e05v03)"
    )
    assert told["Calibration"] == ("background model: pca_bkgd_x.mdl",)


def test_the_paragraph_tells_what_was_done() -> None:
    text, cited = methods(shown(observation(0), observation(1)), None)
    for part in (
        "We used 2 observations of SIM X-1 by the Rossi X-ray Timing Explorer",
        "between 1997 March 3 and 2003 July 5, with 3.2 ks of good time.",
        "engine native (rossi 0.1.0, numpy 2.4.6)",
        "good time is where ELV > 10 && OFFSET < 0.02.",
        "with the model pca_bkgd_x.mdl and subtracted.",
        "(PCUs: 0,2; layers: 1), corrected for dead time, have bins of 16 s;",
        "Times are those of the spacecraft, in TT",
    ):
        assert part in text
    assert "HEXTE" not in text
    assert [name for name, one in REFERENCES.items() if one in cited] == [
        "rxte",
        "pca",
        "caldb",
        "heasoft",
        "astropy",
        "numpy",
        "rossi",
    ]


def test_what_differs_is_said() -> None:
    other = observation(1, timeref="SOLARSYSTEM", expression="ELV > 5", dead_time="NONE", binsz=1.0)
    text, _ = methods(shown(observation(0, timeref="SOLARSYSTEM"), other), None)
    assert "(and other conditions for some observations)" in text
    assert "have bins of 16 or 1 s" in text
    assert "corrected for dead time" not in text
    assert "at the barycentre of the solar system (JPL DE405)" in text
    assert methods(Shown((), ()), None) == ("", ())


def test_energies_of_channels() -> None:
    # HEXTE: n to n + 1 keV.
    assert in_kev("HEXTE", np.array([15.0, 62.0])).tolist() == [15, 62]
    assert band_in_kev("HEXTE", (15, 61), [1e8]) == {0: (15.0, 62.0)}
    edges = in_kev("PCA", np.arange(257.0), STARTS[0])
    assert (np.diff(edges) >= 0).all()
    assert in_kev("PCA", np.array([5.0]), None) > 0
    assert band_in_kev("PCA", (5, 10), [np.nan]) == {}


def test_net_is_source_less_background() -> None:
    edges, rate = np.array([2.0, 3, 5]), np.array([4.0, 2])
    source = ShownSpectrum("PCA", "source", 10.0, "PCU s", 8.0, edges, rate)
    background = ShownSpectrum("PCA", "background", 20.0, "PCU s", 3.0, edges, rate / 4)
    (net,) = net_spectra([source, background])
    assert (net.kind, net.unit, net.total, net.rate.tolist()) == ("net", "PCU s", 5.0, [3.0, 1.5])
    other = ShownSpectrum("PCA", "background", 20.0, "PCU s", 3.0, edges + 1, rate)
    assert net_spectra([source, other]) == net_spectra([source]) == []


def test_rossi_is_cited_as_its_file_says() -> None:
    lines = (Path(__file__).parents[3] / "CITATION.cff").read_text().splitlines()
    assert f'title: "{TITLE}"' in lines
    assert f"  - name: {AUTHORS}" in lines
    assert f"version: {__version__}" in lines
    assert REFERENCES["rossi"].endswith(f"version {__version__}")


@pytest.mark.parametrize("name", list(REFERENCES))
def test_references_have_a_year_or_a_version(name: str) -> None:
    assert (
        any(word.strip(",").isdigit() and len(word.strip(",")) == 4 for word in REFERENCES[name].split())
        or name == "rossi"
    )
