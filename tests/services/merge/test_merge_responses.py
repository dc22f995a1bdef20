"""Spectra of the PCA are summed by gain epoch and PCUs, with the mean response of what is in the sum."""

import numpy as np
import pytest

from rossi.energy.area import laid_out
from rossi.energy.folding import AbsorbedPowerLaw
from rossi.energy.layers import ALL_XENON
from rossi.energy.observed_files import matrix_file
from rossi.energy.pca_matrix import energy_grid
from rossi.energy.response_calibration import known_built_in
from rossi.energy.shared_matrix import MatrixRecipe, spell_of
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.met import mjd_to_met
from rossi.product import About, Content, File, Kind
from rossi.spectra.area import EffectiveArea, with_area
from rossi.spectra.channels import parse_groups
from rossi.spectra.pha import read_pha
from rossi.spectra.ready import FitSettings
from rossi.spectra.response_file import read_response
from services.merge.spectra import SpectrumSet, sum_spectra

CPIX = "0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"
TABLE = known_built_in()
SOURCE = AbsorbedPowerLaw(index=1.7, norm=2.0, nh=1.0)


def observation(number, mjd, shares, area, exposure, *, responses=True, background=True, crossing=False):
    """An observation of the source: counts are what its own response says, not rounded, and a flat background."""
    obsid = f"10101-01-01-0{number}"
    recipe = MatrixRecipe(spell_of(mjd, TABLE), (ALL_XENON,), shares, tuple(parse_groups(CPIX)))
    matrix = matrix_file(TABLE, recipe)
    response, _ = read_response(matrix.data, matrix.name)
    lower, upper = energy_grid()
    # An area that depends on energy in a way of its own, as behind a collimator.
    own = EffectiveArea("own", lower, upper, (area * (1 + 0.002 * number * lower)).astype(np.float32))
    arf = fits_bytes(primary_hdu(), [laid_out(own, Header())])
    whole = with_area(response, own)
    counts = exposure * (SOURCE.photons(lower, upper) @ whole.matrix.astype(np.float64))
    start = float(mjd_to_met(mjd))
    stop = float(mjd_to_met(mjd + 10)) if crossing else start + 1000
    names = {"RESPFILE": matrix.name, "ANCRFILE": f"{obsid}_src.arf"} if responses else {}
    names |= {"BACKFILE": f"{obsid}_bkg.pha"} if background else {}
    weights = {f"PCU_WT{n}": dict(shares).get(n, 0) / 200 for n in range(5)}
    day = np.datetime64("1858-11-17") + np.timedelta64(int(mjd), "D")

    def spectrum(label, content, values, **more):
        keywords = {"EXPOSURE": exposure, "INSTRUME": "PCA", "TELESCOP": "XTE", "CPIX1": CPIX, "DETCHANS": 129}
        keywords |= {
            "DATE-OBS": str(day),
            "TIME-OBS": "12:00:00",
            "TSTART": start,
            "TSTOP": stop,
            "ROWID1": "X1LSpecPcu2",
        }
        quality = np.where((response.e_min < 3) | (response.e_max > 25), 5, 0)
        columns = [
            (Column("CHANNEL", "I"), np.arange(129)), (Column("COUNTS", "D", "count"), values),
            (Column("STAT_ERR", "D", "count"), np.sqrt(values)), (Column("SYS_ERR", "E"), np.full(129, 0.005)),
            (Column("QUALITY", "I"), quality),
        ]  # fmt: skip
        table = table_hdu("SPECTRUM", columns, list((keywords | weights | more).items()))
        times = [(Column(name, "D", "s"), np.array([time])) for name, time in (("START", start), ("STOP", stop))]
        gti = table_hdu("STDGTI", times, [("HDUCLAS1", "GTI")])
        about = About(Kind.SPECTRUM, label, "PCA", content)
        return File(f"{obsid}_{label}.pha", fits_bytes(primary_hdu(), [table, gti]), about=about)

    files = [spectrum("src", Content.TOTAL, counts + 7, **names)]
    files += [spectrum("bkg", Content.BACKGROUND, np.full(129, 7.0))] if background else []
    beside = (matrix, File(f"{obsid}_src.arf", arf)) if responses else ()
    return SpectrumSet(obsid, tuple(files), responses=beside), counts, whole


def spectra(sums):
    return {file.name: read_pha(open_fits(file.data, file.name)) for file in sums.files}


def test_a_known_spectrum_folded_through_the_mean_response_is_the_sum():
    """Of two days years apart, other shares of the PCUs and other areas: the sum is linear, so this holds exactly."""
    (one, first, own), (two, second, other) = (
        observation(1, 52000.5, ((0, 100), (2, 100)), 1400.0, 3000.0),
        observation(2, 55500.5, ((0, 40), (2, 160)), 900.0, 1000.0),
    )
    sums = sum_spectra([one, two], "x", FitSettings(group_min=100))
    assert [file.name for file in sums.files] == ["x_pca_e5_p02_src.pha", "x_pca_e5_p02_bkg.pha"]
    made = spectra(sums)
    source, background = made["x_pca_e5_p02_src.pha"], made["x_pca_e5_p02_bkg.pha"]
    (mean_file,) = sums.responses
    mean, file = read_response(mean_file.data, mean_file.name)
    assert (source.text("RESPFILE"), source.text("BACKFILE")) == (mean_file.name, background.name)
    assert (source.text("ANCRFILE"), source.exposure, background.exposure) == ("NONE", 4000.0, 4000.0)
    photons = SOURCE.photons(mean.energ_lo, mean.energ_hi)
    expected = source.exposure * (photons @ mean.matrix.astype(np.float64))
    np.testing.assert_allclose(source.value - background.value, expected, rtol=2e-6, atol=1e-3)
    np.testing.assert_allclose(expected, first + second, rtol=2e-6, atol=1e-3)
    # Neither of the two would have done.
    for response in (own, other):
        wrong = source.exposure * (photons @ response.matrix.astype(np.float64))
        assert np.abs(wrong[20:60] / expected[20:60] - 1).min() > 0.02
    np.testing.assert_allclose(mean.e_max, (3 * own.e_max.astype(float) + other.e_max) / 4, rtol=1e-6)
    # The systematic error is that of the sum, and is not in its statistical error.
    np.testing.assert_allclose(source.error, np.sqrt(source.value))
    np.testing.assert_array_equal(source.systematic, np.float32(0.005))
    np.testing.assert_array_equal(source.quality == 5, (mean.e_min < 3) | (mean.e_max > 25))
    assert source.grouping is not None
    classes = [source.text(f"HDUCLAS{n}") for n in (1, 2, 3)]
    assert classes == ["SPECTRUM", "TOTAL", "COUNT"]
    assert background.text("HDUCLAS2") == "BKG"
    assert file.tables[0].header["HDUCLAS3"] == "FULL"
    assert file.tables[0].header["E2CFILE"] == source.text("E2CFILE") == "e05v03 (built in)"
    (caveat,) = sums.caveats
    assert caveat.code == "energies_moved"
    assert sums.summary["x_pca_e5_p02_src.pha"] == {"observations": 2, "exposure": 4000.0}


def test_epochs_and_sets_of_pcus_are_kept_apart_and_good_for_one_observation():
    sets = [
        observation(number, mjd, shares, 1500.0, 1000.0)[0]
        for number, (mjd, shares) in enumerate(
            [(50100.5, ((2, 200),)), (50700.5, ((2, 200),)), (50700.5, ((0, 100), (2, 100))), (50701.5, ((2, 200),))]
        )
    ]
    sums = sum_spectra(sets, "x")
    assert {name: one["observations"] for name, one in sums.summary.items() if name.endswith("src.pha")} == {
        "x_pca_e1_p2_src.pha": 1, "x_pca_e3_p02_src.pha": 1, "x_pca_e3_p2_src.pha": 2,
    }  # fmt: skip
    assert [file.name for file in sums.responses] == ["x_pca_e1_p2.rsp", "x_pca_e3_p02.rsp", "x_pca_e3_p2.rsp"]
    assert sums.caveats == ()


def test_spectra_with_and_without_responses_or_background_are_kept_apart():
    shares = ((2, 200),)
    sets = [
        observation(0, 50700.5, shares, 1500.0, 1000.0)[0],
        observation(1, 50700.5, shares, 1500.0, 1000.0, responses=False)[0],
        observation(2, 50700.5, shares, 1500.0, 1000.0, background=False)[0],
    ]
    sums = sum_spectra(sets, "x")
    assert {name for name in sums.summary if "src" in name} == {
        "x_pca_e3_p2_src.pha", "x_pca_e3_p2_norsp_src.pha", "x_pca_e3_p2_nobkg_src.pha",
    }  # fmt: skip
    made = spectra(sums)
    assert made["x_pca_e3_p2_norsp_src.pha"].text("RESPFILE") == "NONE"
    assert made["x_pca_e3_p2_nobkg_src.pha"].text("BACKFILE") == "NONE"
    assert [caveat.code for caveat in sums.caveats] == ["spectra_apart"]


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        (lambda one: SpectrumSet(one.obsid, one.files, responses=one.responses[:1]), "not among the products"),
        (lambda _: observation(1, 51255.5, ((2, 200),), 1500.0, 100.0, crossing=True)[0], "gain epoch 3 into 4"),
    ],
)
def test_what_does_not_belong_is_left_out_and_told(spoiled, sentence):
    good = observation(0, 50700.5, ((2, 200),), 1500.0, 1000.0)[0]
    bad = spoiled(observation(1, 50701.5, ((2, 200),), 1500.0, 1000.0)[0])
    sums = sum_spectra([good, bad], "x")
    assert {one["observations"] for one in sums.summary.values()} == {1}
    assert [caveat.code for caveat in sums.caveats] == ["spectra_left_out"]
    assert sentence in sums.caveats[0].message
