"""The recipe of an observation on a simulated one, whose truth is known: without stages, stores or settings."""

import numpy as np
import pytest

from rossi.errors import DataError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.fits.reader import open_fits, read_fits
from rossi.maketime import find_good_time
from rossi.pca.background.model import read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping, missing_pcus, require_each_pcu
from rossi.pca.lightcurve import Request
from rossi.pca.observation import Calibration, extract, prepare_observation, with_each_pcu
from rossi.pca.spectrum import SpectrumRequest
from rossi.pca.standard2 import parse_layers, parse_pcus
from rossi.product import About, Content, Kind
from rossi.simulate import BREAKDOWN_FILE, MODEL_FILE
from tests.once import simulated

PCUS, ANODES = parse_pcus("ALL"), parse_layers("ALL")
REQUESTS = {"ch5-10": Request(PCUS, ANODES, ChannelSelection(chmin=5, chmax=10))}


@pytest.fixture(scope="module")
def observation(tmp_path_factory):
    folder, archive = simulated(tmp_path_factory, 6, seed=3)
    truth = archive.observations[0]
    return truth, folder / truth.path, folder / "calibration"


def housekeeping(folder):
    return [Housekeeping.from_file(read_fits(path)) for path in sorted(folder.glob("pca/FH5?_*"))]


def reduced(observation, expression, *, modelled=True, states=slice(None)):
    _, folder, calibration = observation
    path = calibration / MODEL_FILE
    models = [read_model(path.read_bytes(), path.name)] if modelled else None
    given = Calibration(models, None, read_fits(calibration / BREAKDOWN_FILE))
    rows = read_fits(next(folder.glob("stdprod/x*.xfl*")))
    standard2 = [read_fits(path) for path in sorted(folder.glob("pca/FS4a_*"))]
    remarks = []
    files = dict(prepare_observation(standard2, rows, housekeeping(folder)[states], given, BadRowRules(), remarks))
    data = [ScienceArray.from_file(open_fits(one.data.to_bytes(), name)) for name, one in files.items()]
    background = [
        ScienceArray.from_file(open_fits(one.background.to_bytes(), name))
        for name, one in files.items()
        if one.background is not None
    ]
    good = find_good_time(rows, expression, 0.5, 0.5)
    made = extract(data, background, good, with_each_pcu(REQUESTS), SpectrumRequest(PCUS, ANODES))
    return made, [*remarks, *made.remarks]


def test_an_observation_from_files_to_products(observation):
    truth = observation[0]
    made, remarks = reduced(observation, "ELV > 4 && OFFSET < 0.1 && NUM_PCU_ON > 0")
    assert not remarks
    summary = made.summary()
    assert made.obsid == truth.obsid
    assert summary["ontime"] == pytest.approx(truth.good_time, abs=80)
    for pcu in PCUS:
        found = summary["bands"][f"ch5-10_pcu{pcu}"]
        assert found["rate"] == pytest.approx(truth.band.source[pcu], abs=5 * found["error"])
    curves = made.light_curve_files()
    assert [file.name for file in curves] == [f"{truth.obsid}_{name}.lc" for name in with_each_pcu(REQUESTS)]
    about = About(Kind.LIGHT_CURVE, "ch5-10_pcu2", "PCA", Content.NET, (5, 10), 16.0, pcus=(2,))
    assert about in [file.about for file in curves]
    names = [f"{truth.obsid}_{kind}.pha" for kind in ("src", "bkg")]
    spectra = made.spectrum_files()
    source, background = (open_fits(file.data, file.name).table() for file in spectra)
    assert [file.name for file in spectra] == names and source.header["BACKFILE"] == names[1]
    assert [(f.about.label, f.about.content) for f in spectra] == [("src", Content.TOTAL), ("bkg", Content.BACKGROUND)]
    assert source.column("COUNTS").sum() > background.column("COUNTS").sum() > 0


def test_without_a_model_rates_hold_the_background_and_say_so(observation):
    truth = observation[0]
    made, remarks = reduced(observation, "ELV > 4 && NUM_PCU_ON > 0", modelled=False)
    assert [remark.code for remark in remarks] == ["no_background", "no_background"]
    both = np.add(truth.band.source, truth.band.background)
    assert made.summary()["bands"]["ch5-10_pcu2"]["rate"] == pytest.approx(both[2], rel=0.02)
    assert [file.about.label for file in made.spectrum_files()] == ["src"]


def test_a_pcu_without_housekeeping_counts_as_off(observation):
    made, remarks = reduced(observation, "ELV > 4 && NUM_PCU_ON > 0", states=slice(4))
    assert [remark.message for remark in remarks] == ["PCU 4 has no housekeeping file and counts as off."]
    assert "ch5-10_pcu4" not in made.curves and "ch5-10_pcu3" in made.curves
    with pytest.raises(NoGoodTime, match=r"The PCUs asked for \(ALL\) were off"):
        reduced(observation, "ELV > 4 && NUM_PCU_ON > 0", states=slice(0))


def test_housekeeping_of_each_pcu_is_asked_for_in_one_place(observation):
    states = housekeeping(observation[1])
    assert missing_pcus(states) == []
    require_each_pcu(states, "here")
    for some, found in ((states[1:4], "1, 2, 3"), ([*states, states[0]], "0, 0, 1, 2, 3, 4"), ([], "none")):
        with pytest.raises(DataError, match=rf"here: .* found those of PCU {found}; fetch them again\."):
            require_each_pcu(some, "here")
