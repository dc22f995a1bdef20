"""Rates in units of the Crab: by epoch and PCU, whichever PCUs were on; what can't be so stays and is told."""

from dataclasses import replace

import numpy as np
import pytest

from rossi.energy.band_energies import pca_energies
from rossi.energy.bands import EnergyBand
from rossi.energy.built_in import built_in_table
from rossi.energy.crab import crab_rate
from rossi.energy.folding import AbsorbedPowerLaw, fold
from rossi.energy.layers import ALL_XENON
from rossi.energy.pca_response import PcaResponseRequest, pca_response
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.met import met_to_mjd
from rossi.product import About, Content, File, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import Outcome
from services.merge.config import CrabRate, MergeConfig
from services.merge.normalise import in_crabs
from services.merge.observations import Observation
from services.merge.stage import merge_files

#: MET [s] of 2001-01-15, in epoch 5.
START = 222134400.0
MJD = float(met_to_mjd(START))
BAND = EnergyBand(2, 9)


def curve(rate: list[float], exposures: dict[int, list[float]], **keywords: object) -> LightCurve:
    time, values = START + 16.0 * np.arange(len(rate)), np.array(rate)
    cards = {"TELESCOP": "XTE", "INSTRUME": "PCA", "OBJECT": "SIM X-1", "OBS_ID": "50101-01-01-00"} | keywords
    extra = {f"ExposurePcu{n}": np.array(seconds) for n, seconds in exposures.items()}
    extra = {"LiveTime": np.sum(list(extra.values()), axis=0)} | extra | {"BACKV": values / 10, "BACKE": values / 50}
    good, header = filled_intervals(time, 16.0), Header(list(cards.items()))
    return LightCurve("x", time, values, values / 20, np.ones(len(rate)), 16.0, good, header, Header(), extra)


def crab(pcu: int) -> float:
    (edge,) = pca_energies(BAND, built_in_table(), MJD, (pcu,)).edges
    return crab_rate(pcu, MJD, edge.first, edge.last)


def observation(series: LightCurve, about: About) -> Observation:
    return Observation("50101-01-01-00", Outcome.SUCCEEDED, curves={about.label: series}, abouts={about.label: about})


def about() -> About:
    energies = pca_energies(BAND, built_in_table(), MJD, (0, 2))
    return About(Kind.LIGHT_CURVE, "2-9keV", "PCA", Content.NET, None, 16.0, pcus=(0, 2), energies=energies)


def test_the_crab_is_one_in_any_pcus() -> None:
    """Bins with both PCUs, with either, and with one that was on for a part."""
    seconds = {0: [16.0, 16.0, 0.0, 4.0, 0.0], 2: [16.0, 0.0, 16.0, 16.0, 0.0]}
    mean = [(a * crab(0) + b * crab(2)) / (a + b) for a, b in zip(seconds[0][:4], seconds[2][:4], strict=True)]
    series = curve([*mean, np.nan], seconds)
    (made,), left = in_crabs([observation(series, about())])
    found = made.curves["2-9keV"]
    assert left == []
    np.testing.assert_allclose(found.rate, [1, 1, 1, 1, np.nan], rtol=1e-12)
    np.testing.assert_allclose(found.error[:4], 0.05, rtol=1e-12)
    np.testing.assert_allclose(found.extra["BACKV"][:4], 0.1, rtol=1e-12)
    np.testing.assert_allclose(found.extra["CRAB"][:4], mean, rtol=1e-12)
    assert found.rate_unit == "Crab"
    assert abs(crab(0) / crab(2) - 1) > 0.01


def test_a_constant_source_is_flat_through_the_epochs() -> None:
    """Of another spectrum than the Crab's, in PCU 2: by a factor of 3 in channels 5-10, by less than 2 % in Crab."""
    source, rates, ratios = AbsorbedPowerLaw(index=1.8, norm=1.0, nh=0.5), [], []
    for day in (50125.0, 50176.0, 50700.0, 51470.0, 53700.0):
        request = PcaResponseRequest(day, (ALL_XENON,), {2: 1.0})
        response = pca_response(request, {2: built_in_table().extension(pcu=2, mjd=day)}, cubes={})
        counts = fold(response, source.photons(response.energ_lo, response.energ_hi))
        (edge,) = pca_energies(BAND, built_in_table(), day, (2,)).edges
        rates.append(counts[5:11].sum())
        ratios.append(counts[edge.first : edge.last + 1].sum() / crab_rate(2, day, edge.first, edge.last))
    assert max(rates) > 3 * min(rates)
    assert max(ratios) < 1.02 * min(ratios)


def test_a_table_goes_first() -> None:
    given = [CrabRate(band="2-9keV", epoch=5, pcu=0, rate=1000.0), CrabRate(band="2-9keV", epoch=5, rate=2000.0)]
    given.append(CrabRate(band="2-9keV", epoch=4, pcu=2, rate=1.0))
    series = curve([1500.0, 1000.0, 2000.0], {0: [16.0, 16.0, 0.0], 2: [16.0, 0.0, 16.0]})
    (made,), _ = in_crabs([observation(series, about())], given)
    np.testing.assert_allclose(made.curves["2-9keV"].rate, 1.0, rtol=1e-12)


def test_layers_are_those_that_are_counted() -> None:
    columns = {"ROWID1": "X1LSpecPcu2", "ROWID2": "X1RSpecPcu2"}
    one = replace(about(), energies=pca_energies(BAND, built_in_table(), MJD, (2,)), pcus=(2,))
    (edge,) = one.energies.edges if one.energies else ()
    expected = crab_rate(2, MJD, edge.first, edge.last, (1, 2))
    (made,), _ = in_crabs([observation(curve([expected], {2: [16.0]}, **columns), one)])
    np.testing.assert_allclose(made.curves["2-9keV"].rate, 1.0, rtol=1e-12)
    assert expected < crab(2)


def test_what_is_no_pca_or_of_unknown_pcus_stays_and_is_told() -> None:
    several = About(Kind.LIGHT_CURVE, "ch5-10", "PCA", Content.NET, (5, 10), 16.0, pcus=(0, 2))
    hexte = replace(several, label="pwa_ch15-61", instrument="HEXTE", pcus=())
    plain = curve([5.0], {2: [16.0]})
    bare = replace(plain, extra={"LiveTime": plain.extra["LiveTime"]})
    other = replace(bare, header=Header([("INSTRUME", "HEXTE")]))
    (one, two), left = in_crabs([observation(bare, several), observation(other, hexte)])
    assert (one.curves["ch5-10"].rate, two.curves["pwa_ch15-61"].rate) == (5.0, 5.0)
    assert [caveat.code for caveat in left] == ["not_normalised"] * 2
    assert "ch5-10: not in units of the Crab, as it is not told which PCUs were on" in left[0].message
    single = replace(several, label="ch5-10_pcu2", pcus=(2,))
    (made,), left = in_crabs([observation(bare, single)])
    assert left == []
    assert made.curves["ch5-10_pcu2"].rate == pytest.approx(5.0 / crab_rate(2, MJD, 5, 10))


def test_a_merged_curve_says_so() -> None:
    series = curve([crab(2), crab(2)], {0: [0.0, 0.0], 2: [16.0, 16.0]})
    file = File("50101-01-01-00_2-9keV.lc", write_light_curve(series), about=about())
    outputs = merge_files(MergeConfig(title="SIM", normalise="crab"), [file])
    (made,) = outputs.files["light_curve"]
    table = open_fits(made.data, made.name).table("RATE")
    np.testing.assert_allclose(table.column("RATE"), 1.0, rtol=1e-6)
    assert [table.info(name).unit for name in ("RATE", "ERROR", "BACKV", "CRAB")] == ["Crab"] * 3 + ["count/s/PCU"]
    assert "ExposurePcu2" not in table
    plain = merge_files(MergeConfig(title="SIM"), [file])
    assert plain.summary["bands"]["2-9keV"]["unit"] == "count/s/PCU"
    assert "ExposurePcu2" not in open_fits(plain.files["light_curve"][0].data, "x").table("RATE")
    assert outputs.summary["bands"]["2-9keV"]["unit"] == "Crab"
