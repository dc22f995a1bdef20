"""Light curves and spectra of a prepared observation: rates of the truth, and what the files say they hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rossi.calibration_roles import Role
from rossi.errors import DataError, NoGoodTime
from rossi.extract.energies import energies_of
from rossi.fits.table import Table
from rossi.product import About, Content, Kind
from services.contract import Caveat, File, Outcome, Outputs
from services.engines.native.files import opened
from services.engines.native.pca_extract import pca_extract
from services.engines.native.pca_prep import pca_prep
from services.pca_extract.stage import STAGE, PcaExtractConfig
from services.pca_prep.stage import STAGE as PREP
from services.pca_prep.stage import PcaPrepConfig
from tests.services.engines.native.conftest import Observation

OBSID = "20402-01-45-03"
ALL = (0, 1, 2, 3, 4)
#: Seconds of the rows that count.
EXPOSED = 49 * 16


@pytest.fixture(scope="module")
def prepared(observation: Observation) -> Outputs:
    """With a background."""
    return pca_prep(PcaPrepConfig(), observation.inputs(PREP, PcaPrepConfig()))


def extracted(observation: Observation, before: Outputs, **asked: Any) -> Outputs:
    config = PcaExtractConfig(**asked)
    return pca_extract(config, observation.inputs(STAGE, config, before))


def tables(outputs: Outputs, name: str) -> dict[str, Table]:
    return {file.about.label: opened(file).table(hdu=1) for file in outputs.files[name]}


def test_products_say_what_they_are(observation: Observation, prepared: Outputs) -> None:
    made = extracted(observation, prepared)
    (matrix,) = made.files["response"]
    assert {(output, file.name): file.about for output, group in made.files.items() for file in group} == {
        ("light_curve", f"{OBSID}_ch5-10.lc"): About(
            Kind.LIGHT_CURVE, "ch5-10", "PCA", Content.NET, (5, 10), 16.0, pcus=ALL
        ),
        ("spectrum", f"{OBSID}_src.pha"): About(Kind.SPECTRUM, "src", "PCA", Content.TOTAL, pcus=ALL),
        ("spectrum", f"{OBSID}_bkg.pha"): About(Kind.SPECTRUM, "bkg", "PCA", Content.BACKGROUND, pcus=ALL),
        ("response", matrix.name): About(Kind.RESPONSE, "rmf", "PCA", pcus=ALL),
        ("ancillary", f"{OBSID}_src.arf"): About(Kind.ANCILLARY, "arf", "PCA", pcus=ALL),
        ("gti", f"{OBSID}.gti"): About(Kind.GOOD_TIME, "pca", "PCA"),
    }
    assert (made.outcome, made.caveats) == (Outcome.SUCCEEDED, ())


def test_a_long_observation_is_not_in_memory_as_a_whole(
    observation: Observation, prepared: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = extracted(observation, prepared, per_pcu=True)
    monkeypatch.setattr("services.engines.native.files.WHOLE", 0)
    monkeypatch.setattr(sys.modules[pca_prep.__module__], "HELD", 0)
    before = pca_prep(PcaPrepConfig(), observation.inputs(PREP, PcaPrepConfig()))
    assert not any(file.fits for name in ("std2_dt", "std2_dtbkg") for file in before.files[name])
    parts = extracted(observation, before, per_pcu=True)
    for name in ("light_curve", "spectrum"):
        mine, other = tables(whole, name), tables(parts, name)
        assert mine.keys() == other.keys()
        assert all(mine[label].rows.tobytes() == other[label].rows.tobytes() for label in mine)


def test_spectra_name_what_is_beside_them_as_asked(observation: Observation, prepared: Outputs) -> None:
    made = extracted(observation, prepared, group_min=100_000, systematic=0.02, pcus="0,2", layers="1")
    names = {file.name for group in made.files.values() for file in group}
    source = tables(made, "spectrum")["src"]
    assert {source.header[name] for name in ("RESPFILE", "ANCRFILE", "BACKFILE")} <= names
    assert source.header["RESPFILE"].startswith("pca_p02_50514_lr1_129ch_")
    np.testing.assert_array_equal(source.column("SYS_ERR"), np.float32(0.02))
    assert -1 in source.column("GROUPING")
    assert made.files["response"][0].shared


def test_spectra_without_responses_are_left_as_they_are_when_nothing_is_asked(
    observation: Observation, prepared: Outputs
) -> None:
    made = extracted(observation, prepared, responses=False, systematic=0)
    source = tables(made, "spectrum")["src"]
    assert (made.files["response"], made.files["ancillary"]) == ((), ())
    assert (source.header["RESPFILE"], source.header["ANCRFILE"]) == ("NONE", "NONE")
    assert "SYS_ERR" not in source
    config = PcaExtractConfig(responses=False)
    assert not {"energy_to_channel", "collimators"} & {declared.name for declared in STAGE.inputs_for(config)}


def test_exposure_in_seconds_gives_the_rate_of_all_pcus(observation: Observation, prepared: Outputs) -> None:
    made = [
        extracted(observation, prepared, spectrum_exposure=asked, pcus="0,2") for asked in ("pcu_seconds", "seconds")
    ]
    sources = [tables(one, "spectrum")["src"] for one in made]
    exposure = [one.header["EXPOSURE"] for one in sources]
    assert exposure[0] == pytest.approx(2 * exposure[1], rel=1e-3)
    np.testing.assert_array_equal(sources[0].column("COUNTS"), sources[1].column("COUNTS"))
    areas = [opened(one.files["ancillary"][0]).table(hdu=1).column("SPECRESP") for one in made]
    np.testing.assert_allclose(areas[0] * exposure[0], areas[1] * exposure[1], rtol=1e-6)


def test_rates_are_those_of_the_source_in_the_good_time(observation: Observation, prepared: Outputs) -> None:
    made = extracted(observation, prepared)
    found, truth = made.summary["bands"]["ch5-10"], observation.truth
    assert found["rate"] == pytest.approx(np.mean(truth.band.source), abs=5 * found["error"])
    # The first row begins before the good time; the last one, beside the end of a file, has no rate.
    assert made.summary["ontime"] == pytest.approx(truth.good_time - 16)
    assert (made.summary["target"], found["rows"]) == ("SIM X-1", 50)
    curve = tables(made, "light_curve")["ch5-10"]
    assert np.flatnonzero(np.isnan(curve.column("RATE"))).tolist() == [49]
    assert curve.column("RATE")[:-1].mean() == pytest.approx(found["rate"], rel=1e-4)
    (gti,) = tables(made, "gti").values()
    np.testing.assert_array_equal(gti.column("START"), [truth.start + 156])
    np.testing.assert_array_equal(gti.column("STOP"), [truth.stop + 4])


def test_bands_bins_and_pcus_are_those_that_are_asked_for(observation: Observation, prepared: Outputs) -> None:
    bands = [{"chmin": 5, "chmax": 10}, {"chmin": 0, "chmax": 255, "binsz": 32}]
    made = extracted(observation, prepared, bands=bands, pcus="0,2", per_pcu=True)
    asked = {
        file.about.label: (file.about.channels, file.about.binsz, file.about.pcus) for file in made.files["light_curve"]
    }
    assert asked == {
        "ch5-10": ((5, 10), 16.0, (0, 2)),
        "ch5-10_pcu0": ((5, 10), 16.0, (0,)),
        "ch5-10_pcu2": ((5, 10), 16.0, (2,)),
        "ch0-255_32s": ((0, 255), 32.0, (0, 2)),
        "ch0-255_32s_pcu0": ((0, 255), 32.0, (0,)),
        "ch0-255_32s_pcu2": ((0, 255), 32.0, (2,)),
    }
    assert {name: one.header["TIMEDEL"] for name, one in tables(made, "light_curve").items()} == {
        name: binsz for name, (_, binsz, _) in asked.items()
    }
    found, truth = made.summary["bands"], observation.truth
    for pcu in (0, 2):
        for name, rates in ((f"ch5-10_pcu{pcu}", truth.band), (f"ch0-255_32s_pcu{pcu}", truth.whole)):
            assert found[name]["rate"] == pytest.approx(rates.source[pcu], abs=5 * found[name]["error"]), name
    assert found["ch5-10_pcu0"]["exposure"] + found["ch5-10_pcu2"]["exposure"] == pytest.approx(
        found["ch5-10"]["exposure"]
    )


def test_spectra_are_what_light_curves_are(observation: Observation, prepared: Outputs) -> None:
    made = extracted(observation, prepared, bands=[{"chmin": 0, "chmax": 255}], layers="1")
    spectra = tables(made, "spectrum")
    assert spectra["src"].header["BACKFILE"] == f"{OBSID}_bkg.pha"
    rates = {name: one.column("COUNTS").sum() / one.header["EXPOSURE"] for name, one in spectra.items()}
    band = made.summary["bands"]["ch0-255"]
    assert rates["src"] - rates["bkg"] == pytest.approx(band["rate"], rel=1e-6)
    # The first of three layers has some of it.
    assert 0.5 < band["rate"] / np.mean(observation.truth.whole.source) < 1
    assert "spectrum" not in {
        name for name, files in extracted(observation, prepared, spectra=False).files.items() if files
    }


def test_dead_time_is_taken_off_as_it_is_asked_for(observation: Observation, prepared: Outputs) -> None:
    made = {kind: extracted(observation, prepared, dead_time=kind) for kind in ("LIVE", "ON", "NONE")}
    exposures = {kind: one.summary["bands"]["ch5-10"]["exposure"] for kind, one in made.items()}
    assert exposures["ON"] == pytest.approx(5 * EXPOSED)
    live = sum(opened(prepared.files["std2_dt"][0]).table(hdu=1).column(f"LiveTimePcu{n}")[10:].sum() for n in ALL)
    assert exposures["LIVE"] == pytest.approx(live, rel=1e-6)
    spectra = {kind: tables(one, "spectrum")["src"].header["EXPOSURE"] for kind, one in made.items()}
    assert spectra["ON"] == pytest.approx(5 * EXPOSED, rel=1e-6)
    assert spectra["LIVE"] == spectra["NONE"] == pytest.approx(live, rel=1e-6)


def test_rates_that_hold_the_background_say_so(observation: Observation, prepared: Outputs) -> None:
    config = PcaPrepConfig(background="none")
    made = extracted(observation, pca_prep(config, observation.inputs(PREP, config)))
    assert made.caveats == (Caveat(code="no_background", message="Rates include the background."),)
    truth, found = observation.truth.band, made.summary["bands"]["ch5-10"]
    both = np.mean(truth.source) + np.mean(truth.background)
    assert found["rate"] == pytest.approx(both, abs=5 * found["error"])
    (curve,) = made.files["light_curve"]
    assert curve.about.content is Content.TOTAL
    assert [file.about.label for file in made.files["spectrum"]] == ["src"]
    # The same where one was estimated and it is to stay.
    kept = extracted(observation, prepared, subtract=False)
    assert kept.files["light_curve"][0].about.content is Content.TOTAL
    assert kept.summary["bands"]["ch5-10"]["rate"] == pytest.approx(found["rate"])


def test_nothing_good_is_said_with_the_reason(observation: Observation, prepared: Outputs) -> None:
    with pytest.raises(NoGoodTime) as error:
        extracted(observation, prepared, expression="ELV > 900")
    name = prepared.files["filter_file"][0].name
    assert str(error.value) == f"No row of the filter file {name} fulfils 'ELV > 900'."
    config = PcaPrepConfig(filter_file="archive", background="none")
    inputs = observation.inputs(PREP, config)
    inputs["housekeeping"] = tuple(item for item in inputs["housekeeping"] if "FH5c" not in item.name)
    with pytest.raises(NoGoodTime) as error:
        extracted(observation, pca_prep(config, inputs), pcus="2")
    assert str(error.value) == "The PCUs asked for (2) were off, or their rows bad, throughout the good time."


def test_good_time_goes_as_far_beyond_good_rows_as_is_asked_for(observation: Observation, prepared: Outputs) -> None:
    """The first row of the filter file with the target in view is at 164 s, 16 s after the one before."""
    starts = {}
    for prefr, postfr in ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0)):
        (gti,) = tables(extracted(observation, prepared, prefr=prefr, postfr=postfr), "gti").values()
        starts[prefr] = float(gti.column("START")[0]) - observation.truth.start
    assert starts == {0.0: 164, 0.5: 156, 1.0: 148}


def test_a_band_in_kev_counts_other_channels_in_each_pcu(observation: Observation, prepared: Outputs) -> None:
    """Its curve is that of the PCUs' own channels together; PCU 2 of 1997-03-06 has 2-9 keV in channels 6 to 24."""
    made = extracted(observation, prepared, bands=["2-9keV", "ch6-24"], per_pcu=True)
    curves, abouts = tables(made, "light_curve"), {file.about.label: file.about for file in made.files["light_curve"]}
    energies = abouts["2-9keV"].energies
    assert energies is not None
    assert (abouts["2-9keV"].channels, energies.emin, energies.emax) == (None, 2.0, 9.0)
    ranges = {edge.detector: (edge.first, edge.last) for edge in energies.edges}
    assert ranges == {"PCU0": (5, 24), "PCU1": (6, 25), "PCU2": (6, 24), "PCU3": (6, 26), "PCU4": (5, 23)}
    assert {edge.epoch for edge in energies.edges} == {3}
    np.testing.assert_array_equal(curves["2-9keV_pcu2"].column("RATE"), curves["ch6-24_pcu2"].column("RATE"))
    singly = [curves[f"2-9keV_pcu{n}"] for n in ALL]
    counts = sum(_total(one) * one.column("LiveTime")[:-1] for one in singly)
    live = sum(one.column("LiveTime")[:-1] for one in singly)
    np.testing.assert_allclose(_total(curves["2-9keV"]), counts / live, rtol=1e-12)
    each = [curves["2-9keV"].column(f"ExposurePcu{n}")[:-1] for n in ALL]
    np.testing.assert_allclose(each, [one.column("LiveTime")[:-1] for one in singly], rtol=1e-6)
    assert "ExposurePcu0" not in curves["ch6-24"]
    header = curves["2-9keV"].header
    keywords = ("MINCHAN", "MAXCHAN", "E_MIN", "E_MAX", "EUNIT", "E2CFILE")
    assert [header[name] for name in keywords] == [5, 26, 2.0, 9.0, "keV", "e05v03 (built in)"]
    file = next(file for file in made.files["light_curve"] if file.about.label == "2-9keV")
    assert energies_of(opened(file)) == energies


def _total(curve: Table) -> Any:
    """Return the rates with their background, but for the last row, which has none."""
    return curve.column("RATE")[:-1] + curve.column("BACKV")[:-1]


def test_two_pcus_of_other_channels_are_both_counted(observation: Observation, prepared: Outputs) -> None:
    made = tables(extracted(observation, prepared, bands=["2-9keV"], pcus="0,2", per_pcu=True), "light_curve")
    singly = [made["2-9keV_pcu0"], made["2-9keV_pcu2"]]
    counts = sum(_total(one) * one.column("LiveTime")[:-1] for one in singly)
    live = sum(one.column("LiveTime")[:-1] for one in singly)
    np.testing.assert_allclose(_total(made["2-9keV"]), counts / live, rtol=1e-12)


def test_a_band_in_kev_by_a_table_of_ones_own(observation: Observation, prepared: Outputs, shared: Path) -> None:
    table = shared / "data/real/calibration/pca_e2c_e05v03.fits"
    config = PcaExtractConfig(bands=("2-9keV",), pcus="2")  # type: ignore[arg-type]
    given = {Role.ENERGY_TO_CHANNEL: (File(table.name, table.read_bytes()),)}
    made = pca_extract(config, observation.inputs(STAGE, config, prepared) | given)
    header = tables(made, "light_curve")["2-9keV"].header
    assert [header[name] for name in ("MINCHAN", "MAXCHAN", "E2CFILE")] == [6, 24, "pca_e2c_e05v03.fits"]


def test_a_band_that_the_channels_do_not_hold_is_told(observation: Observation, prepared: Outputs) -> None:
    """Between 2.0 and 2.1 keV there is no edge of a bin in epoch 3; its channels end at 99.8 keV."""
    made = extracted(observation, prepared, bands=["2-2.1keV", "2-150keV"], pcus="2")
    assert list(tables(made, "light_curve")) == ["2-150keV"]
    assert [caveat.code for caveat in made.caveats] == ["band_not_held", "band_cut"]
    assert "of PCU2 what is counted is 2.15 to 99.76 keV" in made.caveats[1].message
    with pytest.raises(DataError, match=r"No band is left to extract. 2-2.1keV: narrower than half a bin of PCU 2"):
        extracted(observation, prepared, bands=["2-2.1keV"], pcus="2")
