"""``pcarsp`` and its sisters where they don't follow the original, and what their products say."""

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.energy.collimator import read_cube, transmission
from rossi.energy.layers import CODES
from rossi.energy.pca_response import PcaResponseRequest
from rossi.errors import ConfigError
from rossi.fits.reader import read_bytes, read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.spectra.response_file import read_response

#: The cubes of the golden cases, by PCU.
CUBES = ",".join(f"input/coll/sim_p{pcu}coll.fits" for pcu in (0, 1, 2))
COMMON = {"attfile": "NONE", "e2cfile": "e05v03", "collcube": CUBES}


@pytest.fixture(autouse=True)
def inputs(golden, tmp_path, monkeypatch):
    """The golden cases' spectra, attitudes and collimators, unpacked."""
    for packed in (golden.parent / "response/input").rglob("*.gz"):
        to = tmp_path / packed.relative_to(golden.parent / "response").with_suffix("")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(gzip.decompress(packed.read_bytes()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALDB", raising=False)
    return tmp_path


def made(task, **parameters):
    result = getattr(ftools, task)(**parameters)
    assert result.returncode == 0, result.stdout
    return result


def rsp(name="x.rsp", spectrum="input/pha/e3_p2.pha", **more):
    result = made("pcarsp", **COMMON | {"phafil": spectrum, "name": name, "pcus": "2", "layers": "LR1"} | more)
    return read_response(read_bytes(name), name)[0], result


def test_weights_count_for_a_single_layer_too():
    """The original takes 1, so that a mean over two PCUs comes out twice too large."""
    weights = "0,0,0.5,0,0"
    (one, _), (half, _), (theirs, _) = rsp(), rsp(weights=weights), rsp(weights=weights, compat=True)
    np.testing.assert_allclose(half.matrix, one.matrix / 2, rtol=1e-6)
    np.testing.assert_array_equal(theirs.matrix, one.matrix)
    both, _ = rsp(weights="0,0,1,0,0", pcus="2,4")  # nobody asks for the collimator of a PCU that does not count
    np.testing.assert_array_equal(both.matrix, one.matrix)


def test_products_say_which_table_was_used():
    kept = [f"p2_LR1_1998-03-01{end}" for end in ("_256.rmf", ".rmf")] + ["p2_xe_1998-03-01.arf"]
    assert {*rsp("p2.rsp", keep=True)[1].files} == {*kept, "p2.rsp", "input/pha/e3_p2.pha"}
    kinds = [str(read_fits(name).tables[0].header["HDUCLAS3"]).strip() for name in (*kept[:2], "p2.rsp")]
    assert kinds == ["DETECTOR", "DETECTOR", "FULL"]  # without the area, which has a file of its own, and with it
    assert "p0_LR1_1998-03-01.rsp" in rsp("p02.rsp", pcus="0,2", keep=True)[1].files
    for name in ("p2.rsp", "p2_LR1_1998-03-01_256.rmf", "p2_LR1_1998-03-01.rmf"):
        with fits.open(name, checksum=True) as hdus:
            for hdu in hdus[1:]:
                assert hdu.header["E2CFILE"] == "e05v03 (built in)"
                assert (hdu.header["E2CHDU"], hdu.header["E2CSTART"]) == (13, pytest.approx(50188.9625))
                assert hdu.header["E2CDESC"].endswith("(method-3; e03v08)")
                assert "LLD 3, PARM1 -0.5024" in "".join(hdu.header["HISTORY"])
    with fits.open("p2.rsp") as hdus:
        matrix = hdus["SPECRESP MATRIX"].header
        assert (matrix["HDUCLAS3"], matrix["DETNAM"], matrix["TLMIN4"]) == ("FULL", "PCU2", 0)
        assert "collimator sim_p2coll.fits" in "".join(matrix["HISTORY"])
    with fits.open("p2_xe_1998-03-01.arf", checksum=True) as hdus:
        header = hdus["SPECRESP"].header
        assert (header["BETA"], header["GEOMAREA"], header["PHAFILE"]) == (0.0007, 1563.16, "e3_p2.pha")


def test_the_spectrum_names_its_response_and_keeps_its_date():
    before = fits.getheader("input/pha/e3_p2.pha", 1)["DATE-OBS"]
    rsp("other.rsp", date="2003-03-03")
    with fits.open("input/pha/e3_p2.pha", checksum=True) as hdus:
        assert (hdus[1].header["RESPFILE"], hdus[1].header["DATE-OBS"]) == ("other.rsp", before)
    response, _ = read_response(read_bytes("other.rsp"), "other.rsp")
    ours, _ = rsp("this.rsp")
    assert not np.allclose(response.e_min, ours.e_min, rtol=1e-3)  # epoch 5, not 3
    rsp("other.rsp", date="2003-03-03", compat=True)
    assert fits.getheader("input/pha/e3_p2.pha", 1)["DATE-OBS"] == "2003-03-03"
    for old, compat, new in (("x.arf", True, "x.arf"), ("x.arf", False, "NONE"), ("none", False, "none")):
        fits.setval("input/pha/e3_p2.pha", "ANCRFILE", value=old, ext=1)
        rsp("other.rsp", compat=compat)
        assert fits.getheader("input/pha/e3_p2.pha", 1)["ANCRFILE"] == new  # or the area would count twice


def test_days_of_a_change_of_gain_go_by_the_time():
    """1996-03-21: epoch 1 until 18:33:40. The original makes nothing."""
    (early, _), (late, _) = (rsp(date=f"1996-03-21T{clock}:00:00") for clock in ("18", "19"))
    assert late.e_max[100] / early.e_max[100] == pytest.approx(3.79 / 3.31, abs=0.01)
    result = made("pcarsp", **COMMON, phafil="input/pha/e3_p2.pha", name="none.rsp", date="1996-03-21", compat=True)
    assert result.files == ()
    assert "the gain changed on MJD 50163" in result.stdout


def test_an_unknown_attitude_is_an_error():
    """The original takes the source as standing at 0, 0."""
    parameters = COMMON | {
        "phafil": "input/pha/e3_p2.pha",
        "pcus": "2",
        "attfile": "input/att/e3_null.xfl",
        "name": "n.rsp",
    }
    result = ftools.pcarsp(**parameters)
    assert (result.returncode, result.files) == (1, ())
    assert "no row of columns Time and ACSESTQ1 lies in the good time" in result.stdout


def test_the_area_without_collimator_is_the_geometric_one():
    rsp("with.rsp", keep=True)
    cube = read_cube(read_fits("input/coll/sim_p2coll.fits").table(hdu=1))
    through = transmission(cube, 0.0, 0.0007)
    low, high = through.min() * 1563.16, through.max() * 1563.16
    with_collimator = read_fits("p2_xe_1998-03-01.arf").table("SPECRESP").column("SPECRESP")
    assert low * (1 - 1e-6) <= with_collimator.min() <= with_collimator.max() <= high * (1 + 1e-6)
    _, result = rsp("without.rsp", keep=True, collcube="NONE")
    assert "no collimator is taken into account" in result.stdout
    area = read_fits("p2_xe_1998-03-01.arf").table("SPECRESP").column("SPECRESP")
    np.testing.assert_array_equal(area, np.float32(1563.16))


def test_several_responses_of_a_spectrum_of_one_row():
    """Layers apart: three responses, none of which is named."""
    result = made("pcarsp", **COMMON, phafil="input/pha/e3_p2.pha", pcus="2", layers="LR1,LR2,LR3", addlayers="n")
    assert result.files == tuple(f"p2_LR{n}_1998-03-01.rsp" for n in (1, 2, 3))
    assert "there are 3 responses, so none is named" in result.stdout
    assert fits.getheader("input/pha/e3_p2.pha", 1)["RESPFILE"] == "NONE"


def test_a_spectrum_of_several_rows_names_each():
    header = read_fits("input/pha/e3_p2.pha").tables[0].header
    cards = [(key, header[key]) for key in ("CPIX1", "DATE-OBS", "TIME-OBS", "RA_OBJ", "DEC_OBJ")]
    columns = [
        (Column("CHANNEL", "129I"), np.tile(np.arange(129), (2, 1))),
        (Column("COUNTS", "129D"), np.ones((2, 129))),
    ]
    Path("two.pha").write_bytes(fits_bytes(primary_hdu(), [table_hdu("SPECTRUM", columns, cards)]))
    three = made("pcarsp", **COMMON, phafil="two.pha", pcus="0,1,2", layers="LR1", addpcus="n")
    assert "there are 3 responses, so none is named (RESPFILE)" in three.stdout
    made("pcarsp", **COMMON, phafil="two.pha", pcus="0,2", layers="LR1", addpcus="n")
    named = fits.getdata("two.pha", 1)["RESPFILE"].tolist()
    assert named == ["p0_LR1_1998-03-01.rsp", "p2_LR1_1998-03-01.rsp"]


def test_the_table_of_2003_is_told():
    _, result = rsp()
    assert "e05v03 is the table of 2003" in result.stdout


def test_default_names():
    result = made("pcarsp", **COMMON, phafil="input/pha/e3_p2.pha", pcus="2,0")
    assert result.files == ("p02_xe_1998-03-01.rsp", "input/pha/e3_p2.pha")
    assert fits.getheader("p02_xe_1998-03-01.rsp", "SPECRESP MATRIX")["DETNAM"] == "PCU0,PCU2"


def test_good_time_of_two_epochs_is_told():
    with fits.open("input/pha/e3_p2.pha", mode="update") as hdus:
        hdus[1].header["DATE-OBS"] = "1996-04-15T22:00:00"
        hdus[2].data["START"], hdus[2].data["STOP"] = 72227161.0 - 3600, 72227161.0 + 3600
    _, result = rsp()
    assert "reaches from gain epoch 2 into 3; the response is that of epoch 2" in result.stdout


def test_epochs_begin_in_utc():
    """The gain changed on 2000-05-13, 00:00 UTC, MET 200793604; 64 s earlier that is the time in TT."""
    with fits.open("input/pha/e3_p2.pha", mode="update") as hdus:
        hdus[1].header["DATE-OBS"] = "2000-05-12T23:00:00"
        hdus[2].header["TIMEZERO"] = 0.0
        hdus[2].data["START"], hdus[2].data["STOP"] = 200793604.0 - 600, 200793604.0 - 10
    assert "reaches from gain epoch" not in rsp()[1].stdout
    with fits.open("input/pha/e3_p2.pha", mode="update") as hdus:
        hdus[2].data["STOP"] = 200793604.0 + 10
    assert "reaches from gain epoch 4 into 5" in rsp()[1].stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": "1,1"}, "weights is '1,1'; five numbers from 0 to 1"),
        ({"weights": "0,0,0,0,0"}, "the weights of the PCUs are"),
        ({"layers": "LR4"}, "'LR4' is no group of anodes"),
        ({"pcus": "7"}, "'7' is no PCU"),
        ({"addpcus": "maybe"}, "addpcus is 'maybe'; y or n"),
        ({"e2cfile": "input/e3.fits"}, "input/e3.fits: can't be read"),
        ({"e2cfile": "CALDB"}, "e2cfile=CALDB, but the environment variable CALDB is ''"),
        ({"collcube": "input/coll/sim_p0coll.fits"}, "has no collimator of PCU 2, DETNAM is PCU0"),
        ({"date": "soon"}, "date: 'soon' '00:00:00' is no date"),
        ({"date": "1995-12-31"}, "no law of PCU 2 for MJD 50082"),
        ({"ra": 90.0, "attfile": "input/att/e3_null.xfl"}, "no row of columns Time and ACSESTQ1"),
        ({"smart": True, "phafil": "input/hexte/hx64.pha"}, "no keyword ROWIDn names an anode"),
    ],
)
def test_mistakes_give_one_sentence_and_no_product(inputs, change, words):
    before = sorted(inputs.iterdir())
    result = ftools.pcarsp(**COMMON | {"phafil": "input/pha/e3_p2.pha", "pcus": "2", "name": "x.rsp"} | change)
    assert result.returncode == 1
    assert words in result.stdout
    assert sorted(inputs.iterdir()) == before


def test_single_tasks_refuse_what_they_cannot_do():
    for parameters, words in (
        ({"pcuid": 5}, "pcuid is 5; a PCU from 0 to 4"),
        ({"scale_hack": 1}, "scale_hack is 1; leave it 0"),
        ({"cdate": "1995-12-31"}, "no law of PCU 2 for MJD 50082"),
        ({"lld_code": "64", "pcuid": 0, "cdate": "2001-01-15"}, "PCU 0 lost its propane"),
    ):
        known = {"outfile": "m.rmf", "pcuid": 2, "e2cfile": "e05v03", "cdate": "2001-01-15"}
        result = ftools.pcarmf(**known | parameters)
        assert result.returncode == 1
        assert words in result.stdout


def test_matrices_are_added_alike_only():
    made("pcarmf", outfile="a.rmf", pcuid=2, e2cfile="e05v03", cdate="1998-03-01")
    shutil.copyfile("a.rmf", "b.rmf")
    made("addrmf", list="a.rmf,b.rmf", weights="0.25,0.75", rmffile="mean.rmf")
    (a, _), (mean, _) = (read_response(read_bytes(name), name) for name in ("a.rmf", "mean.rmf"))
    stored = mean.matrix > 0
    np.testing.assert_allclose(mean.matrix[stored], a.matrix[stored], rtol=1e-6)
    Path("list.txt").write_text("a.rmf 0.5\nb.rmf 0.5\n")
    made("addrmf", list="@list.txt", rmffile="again.rmf")
    rsp("full.rsp")
    for parameters, words in (
        ({"list": "a.rmf,b.rmf", "weights": "1"}, "there are 2 matrices, but 1 weights"),
        ({"list": "a.rmf", "weights": "x"}, "the weights are x; numbers were expected"),
        ({"list": "a.rmf,full.rsp"}, "full.rsp: HDUCLAS3 is 'FULL', but a.rmf has 'DETECTOR'"),
    ):
        result = ftools.addrmf(**parameters, rmffile="no.rmf")
        assert result.returncode == 1
        assert words in result.stdout


def test_requests_that_make_no_sense():
    with pytest.raises(ConfigError, match="no layer is chosen"):
        PcaResponseRequest(51000.0, (), {2: 1.0})
    for weights in ({7: 1.0}, {2: -0.1, 3: 1.0}, {2: float("inf")}, {2: float("nan")}, {2: 0.0}, {}):
        with pytest.raises(ConfigError, match=re.escape(f"the weights of the PCUs are {weights}; numbers from 0 on")):
            PcaResponseRequest(51000.0, (CODES["LR1"],), weights)
    assert PcaResponseRequest(51000.0, (CODES["LR1"],), {3: 0.0, 4: 2.0, 0: 1.0}).used == {0: 1.0, 4: 2.0}
