"""Spectra that are ready to fit: what they name is made, agrees with the tasks, and is left out where it is unknown."""

import gzip
import re
from dataclasses import replace

import numpy as np
import pytest

from rossi.energy.collimator import read_cube
from rossi.energy.hexte_observed import HexteCalibration, KnownMatrix
from rossi.energy.hexte_observed import make_ready as make_hexte
from rossi.energy.observed_files import PcaWanted, make_ready
from rossi.energy.response_calibration import PcaCalibration, area_on_axis, known_built_in, pcu_cubes
from rossi.energy.shared_matrix import spell_of
from rossi.errors import DataError
from rossi.fits.edit import with_keywords
from rossi.fits.reader import open_fits
from rossi.product import About, Content, File, Kind
from rossi.spectra.area import with_area
from rossi.spectra.mean_response import area_in
from rossi.spectra.pha import OF_ONE_PCU, read_pha
from rossi.spectra.ready import FitSettings
from rossi.spectra.response_file import read_response

ANODES = ("X1L", "X1R", "X2L", "X2R", "X3L", "X3R")


@pytest.fixture
def response_data(golden):
    folder = golden.parent / "response"
    return lambda path: gzip.decompress((folder / path).read_bytes())


@pytest.fixture
def cubes(response_data):
    names = [f"sim_p{pcu}coll.fits" for pcu in (0, 1, 2)]
    return pcu_cubes({name: open_fits(response_data(f"input/coll/{name}.gz"), name) for name in names})


@pytest.fixture
def calibration(cubes):
    return PcaCalibration(known_built_in(), cubes)


def source_of(data, *, content=Content.TOTAL, name="o_src.pha", **keywords):
    cards = list(({f"PCU_WT{n}": 0.0 for n in range(5)} | {"PCU_WT2": 1.0} | keywords).items())
    return File(name, with_keywords(data, name, 1, cards), about=About(Kind.SPECTRUM, "src", "PCA", content))


def attitude(response_data, name):
    return open_fits(response_data(f"input/att/{name}.xfl.gz"), name).table(hdu=1)


def spectrum(file):
    return read_pha(open_fits(file.data, file.name))


def product(ready):
    """Matrix times area, as a fit takes it."""
    matrix, _ = read_response(ready.responses[0].data, ready.responses[0].name)
    return with_area(matrix, area_in(ready.ancillary[0].data, ready.ancillary[0].name))


def test_off_axis_it_is_what_pcarsp_made(response_data, calibration):
    """The golden response is that of 2010-10-10, eight days from the middle of its spell at most; weights are 1."""
    weights = {"PCU_WT0": 1 / 3, "PCU_WT1": 1 / 3, "PCU_WT2": 1 / 3}
    data = response_data("input/pha/e5b.pha.gz")
    ready = make_ready(source_of(data, **weights), None, PcaWanted(ANODES), attitude(response_data, "e5b"), calibration)
    theirs, _ = read_response(response_data("expected/chain_e5b_p012_off/e5b_p012.rsp.gz"), "theirs")
    mine = product(ready)
    assert ready.remarks == ()
    np.testing.assert_array_equal(mine.energ_lo, theirs.energ_lo)
    area, expected = mine.matrix.sum(1), theirs.matrix.sum(1) / 3
    whole = expected > 1
    np.testing.assert_allclose(area[whole], expected[whole], rtol=2e-3)
    used = (theirs.e_min > 3) & (theirs.e_max < 25)
    np.testing.assert_allclose(mine.e_max[used], theirs.e_max[used], atol=0.005)


def test_everything_that_a_spectrum_names_is_beside_it(response_data, calibration):
    data = response_data("input/pha/e3_p2.pha.gz")
    background = source_of(data, content=Content.BACKGROUND, name="o_bkg.pha")
    wanted = PcaWanted(ANODES, FitSettings(0.01, 50))
    ready = make_ready(source_of(data, BACKFILE="o_bkg.pha"), background, wanted, None, calibration)
    made = spectrum(ready.spectra[0])
    names = {file.name for file in (*ready.spectra, *ready.responses, *ready.ancillary)}
    assert {made.text(keyword) for keyword in ("RESPFILE", "ANCRFILE", "BACKFILE")} < names
    matrix, file = read_response(ready.responses[0].data, "")
    outside = (matrix.e_min < 3) | (matrix.e_max > 25)
    np.testing.assert_array_equal(made.quality[outside], 5)
    assert set(made.quality[~outside]) <= {0, 2}
    np.testing.assert_array_equal(made.systematic, np.float32(0.01))
    assert made.grouping is not None
    before = spectrum(source_of(data))
    np.testing.assert_array_equal(made.value, before.value)
    np.testing.assert_array_equal(spectrum(ready.spectra[1]).value, before.value)
    classes = [[table.header.get(f"HDUCLAS{n}") for n in (1, 2, 3)] for table in file.tables]
    assert [one[:2] for one in classes] == [["RESPONSE", "RSP_MATRIX"], ["RESPONSE", "EBOUNDS"]]
    assert classes[0][2] == "DETECTOR"
    area = open_fits(ready.ancillary[0].data, "").table("SPECRESP").header
    assert area["GEOMAREA"] == pytest.approx(1563.16, rel=1e-12)
    assert (area["HDUCLAS2"], area["RESPFILE"], area["PHAFILE"]) == ("SPECRESP", ready.responses[0].name, "o_src.pha")
    tables = {table.header["E2CFILE"] for table in file.tables} | {made.text("E2CFILE")}
    assert tables == {"e05v03 (built in)"}
    assert (ready.responses[0].shared, ready.ancillary[0].shared) == (True, False)
    assert re.fullmatch(r"pca_p2_\d{5}_129ch_[0-9a-f]{8}\.rmf", ready.responses[0].name)
    for table in file.tables:
        of_all = {"TELESCOP": "XTE", "INSTRUME": "PCA", "DETNAM": "PCU2", "FILTER": "NONE", "EFFAREA": 1.0}
        assert {keyword: table.header[keyword] for keyword in of_all} == of_all


def test_exposure_in_seconds_goes_with_the_sum_of_the_areas(response_data, calibration):
    data = response_data("input/pha/e5b.pha.gz")
    source = source_of(data, PCU_WT0=0.5, PCU_WT1=0.25, PCU_WT2=0.25, EXPOSURE=1000.0)
    background = replace(source, name="o_bkg.pha", about=About(Kind.SPECTRUM, "bkg", "PCA", Content.BACKGROUND))
    made = [
        make_ready(source, background, PcaWanted(ANODES, in_seconds=seconds), None, calibration)
        for seconds in (False, True)
    ]
    exposure = [[spectrum(file).exposure for file in one.spectra] for one in made]
    assert exposure == [[1000.0, 1000.0], [500.0, 500.0]]  # PCU 0 was on for 500 s, the others half as long
    told = [[spectrum(file).header.comment("EXPOSURE") for file in one.spectra] for one in made]
    assert told == [[spectrum(source).header.comment("EXPOSURE")] * 2, [OF_ONE_PCU] * 2]
    areas = [area_in(one.ancillary[0].data, "").area for one in made]
    np.testing.assert_allclose(areas[1], 2 * areas[0], rtol=1e-6)
    told = [open_fits(one.ancillary[0].data, "").table("SPECRESP").header["GEOMAREA"] for one in made]
    mean = 0.5 * 1545.32 + 0.25 * 1533.94 + 0.25 * 1563.16
    assert told == pytest.approx([mean, 2 * mean], rel=0.005)  # shares are rounded, and weighted by area
    assert made[0].responses == made[1].responses
    of_none = make_ready(
        source_of(data, PCU_WT2=0.0, EXPOSURE=1000.0), None, PcaWanted(ANODES, in_seconds=True), None, None
    )
    assert spectrum(of_none.spectra[0]).exposure == 1000.0


def test_without_attitude_a_source_has_no_response(response_data, calibration):
    data = response_data("input/pha/e3_p2.pha.gz")
    unknown = attitude(response_data, "e3_null")
    ready = make_ready(source_of(data), None, PcaWanted(ANODES), unknown, calibration)
    assert (ready.responses, ready.ancillary) == ((), ())
    (remark,) = ready.remarks
    assert remark.code == "no_response"
    assert "no row of columns Time and ACSESTQ1 lies in the good time" in remark.message
    made = spectrum(ready.spectra[0])
    assert (made.text("RESPFILE"), made.systematic[0]) == ("NONE", np.float32(0.005))
    # Without collimators it does not matter where the source stood.
    open_ = make_ready(source_of(data), None, PcaWanted(ANODES), unknown, PcaCalibration(known_built_in()))
    assert open_.remarks == ()
    np.testing.assert_allclose(area_in(open_.ancillary[0].data, "").area, 1563.16, rtol=1e-6)


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        ({"PCU_WT2": 0.0}, "no PCU has exposure"),
        ({"PCU_WT2": 0.0, "PCU_WT3": 1.0}, "There is no collimator of PCU 3"),
        ({"CPIX1": "0~127,128~255"}, "129 channels, but CPIX1 makes 2"),
        ({"CPIX1": "0:255"}, "129 channels, but CPIX1 makes 256"),
        ({"DATE-OBS": "1993-01-01"}, "its laws begin on MJD 50083"),
        ({"RA_OBJ": 10.0, "DEC_OBJ": -80.0}, "outside the collimator's grid"),
    ],
)
def test_what_can_not_be_known_is_told(response_data, calibration, keywords, sentence):
    data = response_data("input/pha/e4_l1.pha.gz")
    ready = make_ready(
        source_of(data, **keywords), None, PcaWanted(("X1L", "X1R")), attitude(response_data, "e4"), calibration
    )
    (remark,) = ready.remarks
    assert sentence in remark.message
    assert spectrum(ready.spectra[0]).text("RESPFILE") == "NONE"


def test_a_boundary_day_goes_by_the_time_of_day(response_data, calibration):
    data = response_data("input/pha/e3_p2.pha.gz")
    made = [
        make_ready(source_of(data, **{"DATE-OBS": f"1999-03-22T{at}", "TIME-OBS": at}), None, wanted, None, calibration)
        for at in ("17:00:00", "18:00:00")
        for wanted in (PcaWanted(ANODES),)
    ]
    edges = [read_response(one.responses[0].data, "")[0].e_max[20] for one in made]
    assert edges[1] - edges[0] > 1.0  # the gain was lowered at 17:38:03
    assert spell_of(51259.70, known_built_in()) < 51259.7347 < spell_of(51259.75, known_built_in())


def test_good_time_over_a_change_of_gain_is_told(response_data, calibration):
    data = bytearray(response_data("input/pha/e3_p2.pha.gz"))
    file = open_fits(bytes(data), "o")
    table = file.tables[1]
    spans = np.array([[164_000_000.0, 164_000_100.0], [164_900_000.0, 165_000_000.0]])  # 1999-03-12 to 1999-03-23
    changed = data.replace(table.rows.tobytes(), _rows(table, spans))
    ready = make_ready(source_of(bytes(changed)), None, PcaWanted(ANODES), None, PcaCalibration(known_built_in()))
    assert [remark.code for remark in ready.remarks] == ["gain_changed"]
    assert len(ready.responses) == 1


def _rows(table, spans):
    rows = table.rows.copy()
    for name, values in zip(("START", "STOP"), spans.T, strict=True):
        rows[f"f{table.info(name).number}"] = values.reshape(rows[f"f{table.info(name).number}"].shape)
    return rows.tobytes()


@pytest.fixture
def hexte(response_data):
    rmf, arf, cube = (
        response_data(f"input/{name}.gz")
        for name in ("hexte/sim_pwa.rmf", "hexte/sim_pwa.arf", "coll/sim_pwa_coll.fits")
    )
    response, source = read_response(rmf, "sim_pwa.rmf")
    cubes = {"PWA": read_cube(open_fits(cube, "coll").table("COLLRESP"))}
    return HexteCalibration(
        {"PWA": KnownMatrix("sim", response, source)}, {"PWA": (area_on_axis(open_fits(arf, "arf")),)}, cubes
    )


def cluster_spectrum(data, **keywords):
    about = About(Kind.SPECTRUM, "pwa_src", "HEXTE", Content.TOTAL, cluster="A", position="src")
    return File("o_pwa_src.pha", with_keywords(data, "x", 1, list(keywords.items())), about=about)


def test_hexte_is_what_hxtrsp_made(response_data, hexte):
    data = response_data("input/hexte/hx64.pha.gz")
    off = open_fits(response_data("input/hexte/off.xfl.gz"), "off").table(hdu=1)
    ready = make_hexte([cluster_spectrum(data)], FitSettings(), off, hexte)
    theirs, _ = read_response(response_data("expected/hexte/hexte_hx64.rsp.gz"), "theirs")
    np.testing.assert_array_equal(product(ready).matrix, theirs.matrix)
    made = spectrum(ready.spectra[0])
    assert {made.text("RESPFILE"), made.text("ANCRFILE")} == {ready.responses[0].name, ready.ancillary[0].name}
    outside = (theirs.e_min < 15) | (theirs.e_max > 250)
    np.testing.assert_array_equal(made.quality, np.where(outside, 5, 0))
    assert not made.systematic.any()
    assert ready.responses[0].shared


@pytest.mark.parametrize(("groups", "number"), [("0~255", 1), ("0:255", 256)])
def test_hexte_channels_that_are_not_those_of_the_spectrum(response_data, hexte, groups, number):
    data = response_data("input/hexte/hx64.pha.gz")
    ready = make_hexte([cluster_spectrum(data, CPIX1=groups)], FitSettings(), None, hexte)
    assert (ready.responses, len(ready.remarks)) == ((), 1)
    assert f"64 channels, but CPIX1 makes {number} of the 256 of sim_pwa.rmf" in ready.remarks[0].message


def test_what_is_known_by_a_name_is_equal_and_short(hexte):
    known, table = hexte.matrices["PWA"], known_built_in()
    assert replace(known, response=None) == known != replace(known, identity="other")
    assert replace(table, table=None) == table != replace(table, identity="other")
    assert (repr(known), repr(table)) == ("KnownMatrix(identity='sim')", "KnownTable(identity='e05v03')")


@pytest.mark.parametrize("detector", ["PCU7", "PWA", "PCU", "HEX2"])
def test_collimators_of_no_pcu(response_data, detector):
    data = with_keywords(response_data("input/coll/sim_p2coll.fits.gz"), "c.fits", 1, [("DETNAM", detector)])
    with pytest.raises(DataError, match=f"DETNAM is '{detector}'; PCU0 to PCU4 were expected"):
        pcu_cubes({"c.fits": open_fits(data, "c.fits")})


def test_hexte_detectors_without_an_area_have_no_response(response_data, hexte):
    data = response_data("input/hexte/hx64.pha.gz")
    ready = make_hexte([cluster_spectrum(data, DETNAM="PWA012")], FitSettings(), None, hexte)
    assert ready.responses == ()
    assert "there is no effective area of these detectors then, only of PWA" in ready.remarks[0].message


def test_the_area_of_cluster_b_without_its_lost_detector(response_data, hexte):
    """An area that begins to hold when the detector was lost is without it."""
    data = response_data("input/hexte/hx64.pha.gz")
    whole = hexte.areas["PWA"][0]
    since = whole.with_rows(whole.rows, whole.header.copy())
    early = whole.with_rows(whole.rows, whole.header.copy())
    since.header.set("CVSD0001", "1996-03-06")
    early.header.set("CVSD0001", "1996-03-05")
    of_b = {"PWB": (since, early)}
    matrices = {"PWB": hexte.matrices["PWA"]}
    for detector, areas, expected in (
        ("PWB013", of_b, 1),
        ("PWB", of_b, 1),
        ("PWB013", {"PWB": (early,)}, 0),
    ):
        one = HexteCalibration(matrices, areas)
        ready = make_hexte([cluster_spectrum(data, DETNAM=detector)], FitSettings(), None, one)
        assert len(ready.ancillary) == expected, (detector, ready.remarks)
