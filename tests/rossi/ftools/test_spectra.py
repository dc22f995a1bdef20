"""``pcaextspect2`` under its FTOOLS name (the golden calls are in test_golden)."""

import numpy as np
import pytest

from rossi import ftools
from rossi.fits.reader import read_bytes, read_fits
from rossi.spectra.response_file import read_response


@pytest.fixture
def call(golden, tmp_path, monkeypatch):
    """Return a function that calls the task on a golden case with further parameters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALDB", raising=False)
    prep = golden / "e5_switch/expected/prep"
    data, background = (str(next(prep.glob(f"*_{kind}.gz"))) for kind in ("dt", "dtbkg"))
    common = {"src_infile": data, "bkg_infile": background, "src_phafile": "s.pha", "bkg_phafile": "b.pha"}
    return lambda **more: ftools.pcaextspect2(**common | more)


def test_source_names_its_background(call):
    assert call(ra=83.6, dec=22.0).returncode == 0
    header = read_fits("s.pha").tables[0].header
    assert (header["BACKFILE"], header["RA_OBJ"], header["DEADAPP"]) == ("b.pha", 83.6, True)
    assert read_fits("b.pha").tables[0].header["BACKFILE"] == "NONE"


def test_many(call):
    assert call(accumulate="MANY", pculist="2,3", layerlist="1").returncode == 0
    assert len(read_fits("s.pha").tables[0]) == 4
    assert "BACKFILE" in read_fits("s.pha").tables[0]
    assert "BACKFILE" not in read_fits("b.pha").tables[0]


def test_a_response_is_made_for_the_mean_of_the_pcus(call):
    """As the exposure is in PCU seconds; the weights are shares of live time."""
    files = {"respfile": "s.rsp", "e2cfile": "e05v03", "collcube": "NONE"}
    result = call(pculist="2,3", layerlist="1", **files)
    assert result.returncode == 0, result.stdout
    assert result.files == ("s.pha", "b.pha", "s.rsp")
    header = read_fits("s.pha").tables[0].header
    assert header["RESPFILE"] == "s.rsp"
    both, _ = read_response(read_bytes("s.rsp"), "s.rsp")
    each = []
    for pcu in (2, 3):
        call(pculist=str(pcu), layerlist="1", clobber=True, **files)
        each.append(read_response(read_bytes("s.rsp"), "s.rsp")[0].matrix * header[f"PCU_WT{pcu}"])
    np.testing.assert_allclose(both.matrix, np.sum(each, axis=0), rtol=1e-5, atol=3e-6)
    assert both.matrix.shape == (300, 129)


def test_without_exposure_there_is_no_response(call):
    result = call(pculist="1", respfile="s.rsp", e2cfile="e05v03", collcube="NONE")
    assert (result.returncode, result.files) == (0, ("s.pha", "b.pha"))
    assert "s.pha: there is no exposure, so no response is made" in result.stdout


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"deadcorrtype": "NONE"}, "deadcorrtype is 'NONE'; expected LIVE or ON"),
        ({"accumulate": "SOME"}, "expected ONE or MANY"),
        ({"ra": 83.6}, "ra and dec belong together"),
        ({"respfile": "my.rsp"}, "e2cfile=CALDB, but the environment variable CALDB is ''"),
        ({"respfile": "my.rsp", "accumulate": "MANY"}, "make their responses with pcarsp"),
        ({"bkg_infile": "NONE"}, "bkg_infile is missing"),
        ({"pculist": "7"}, "'7' is no PCU"),
        ({"pculist": "1", "phazeroexp": "no"}, "have no exposure"),
        ({"timemin": 1.0, "timemax": 2.0, "phazeroexp": "no"}, "have no exposure"),
    ],
)
def test_mistakes_are_explained_and_leave_nothing(call, tmp_path, more, message):
    result = call(**more)
    assert result.returncode != 0
    assert message in result.stdout
    assert list(tmp_path.iterdir()) == []
