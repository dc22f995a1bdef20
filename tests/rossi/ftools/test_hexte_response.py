"""HEXTE backgrounds and responses under their FTOOLS names."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.calibration import calendar_mjd
from rossi.fits.reader import read_fits
from rossi.ftools.caldb import hexte_dead_time_coefficients
from rossi.hexte.backest import ARCHIVE_CPIX
from tests.golden.comparison import differences
from tests.rossi.ftools.hexte import GOLDEN, replayed
from tests.rossi.hexte.material import (
    area,
    attitude,
    bytes_of,
    correction,
    cube,
    good_time_table,
    matrix_file,
    spectrum,
    write_caldb,
)


def test_the_estimated_background_is_equal_to_the_last_bit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compared = [
        differences(read_fits(e), read_fits(m)) for e, m in replayed(GOLDEN / "e_staring_a", "hextebackest", tmp_path)
    ]
    assert compared == [[], []]


@pytest.fixture
def staring(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    coefficients = correction(np.zeros(256), np.ones(256))
    for name, hdu in (("b.pha", spectrum(np.arange(256))), ("c.fits", coefficients)):
        (tmp_path / name).write_bytes(bytes_of(hdu))
    return {"infile": "b.pha", "outfile": "out/a.pha", "corrfile": "c.fits"}


def test_both_forms_are_made_or_none(staring, tmp_path):
    result = ftools.hextebackest(**staring, mkarcfil="yes", compat="no")
    assert result.output == ("out/a.pha", "out/arc_a.pha")
    archive = read_fits("out/arc_a.pha").table("SPECTRUM")
    assert (len(archive), archive.header["CPIX1"], archive.header["CREATOR"]) == (64, ARCHIVE_CPIX, "hextebackest")
    (tmp_path / "out/a.pha").unlink()
    again = ftools.hextebackest(**staring, mkarcfil="yes")
    assert (again.returncode, (tmp_path / "out/a.pha").exists()) == (1, False)
    assert "arc_a.pha exists" in again.stdout
    assert ftools.hextebackest(**staring | {"outfile": "!out/a.pha"}, mkarcfil="yes").returncode == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outfile": "STDOUT"}, "outfile is STDOUT"),
        ({"version": "1.0"}, "version is '1.0'"),
        ({"corrfile": "CALDB"}, "corrfile=CALDB, but the environment variable CALDB is ''"),
        ({"infile": "c.fits"}, r"c.fits[CORR_COEFF]: column COUNTS is missing"),
    ],
)
def test_mistakes_of_hextebackest(staring, tmp_path, monkeypatch, change, words):
    monkeypatch.delenv("CALDB", raising=False)
    result = ftools.hextebackest(**staring | change)
    assert result.returncode == 1
    assert words in result.stdout
    assert list((tmp_path / "out").iterdir()) == []


ENERGIES = np.linspace(10, 250, 61)
CHANNELS = np.arange(257)
ARCHIVE = {"CPIX1": ARCHIVE_CPIX, "DETCHANS": 64, "DETNAM": "PWA"}
#: The source stands at Y = 0.001 and Z = 0.0007 for a spacecraft turned by 0.001 rad.
TURNED = [0, np.sin(0.00035), -np.sin(0.0005), 1.0]


def collimator(**more):
    grid = np.linspace(-0.02, 0.02, 9)
    fall = np.maximum(0, 1 - np.abs(grid) / 0.0175)
    values = fall[:, None, None] * fall[None, :, None] * np.array([0.9, 1.0])
    return cube(values, grid, grid, [10, 80, 250], **more)


def calibration(**more) -> list[tuple[str, bytes]]:
    random = np.random.default_rng(5)
    matrix = matrix_file(random.uniform(0, 1, (60, 256)), ENERGIES, CHANNELS, **more)
    return [
        ("pwa.rmf", matrix),
        ("pwa.arf", bytes_of(area(ENERGIES, random.uniform(50, 250, 60), **more))),
        ("pwa.fov", bytes_of(collimator(**more))),
    ]


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """A spectrum of the archive mode, its attitude, and calibration files beside them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALDB", raising=False)
    hdus = spectrum(np.ones(64), **ARCHIVE, TLMAX1=63, RA_OBJ=0.0, DEC_OBJ=0.0), good_time_table([100, 200])
    attitude_hdu = attitude(np.arange(90, 220, 10), [TURNED] * 13)
    files = [*calibration(), ("a.pha", bytes_of(*hdus)), ("x.xfl", bytes_of(attitude_hdu))]
    for name, data in files:
        (tmp_path / name).write_bytes(data)
    return {"phafil": "a.pha", "inarf": "pwa.arf", "outarf": "out.arf", "xtefilt": "NONE", "collcube": "pwa.fov"}


def test_the_area_at_the_nominal_boresight(chain):
    result = ftools.hxtarf(**chain)
    assert (result.returncode, result.output) == (0, ("out.arf",))
    made, source = read_fits("out.arf").table("SPECRESP"), read_fits("pwa.arf").table("SPECRESP")
    keywords = ("CSYSNAME", "ALPHA", "BETA", "PHAFILE", "DETNAM", "HDUCLAS2", "TUNIT3")
    assert [made.header[k] for k in keywords] == ["XMA_CART", 0.0, 0.0007, "a.pha", "PWA", "SPECRESP", "cm**2"]
    middle = (ENERGIES[:-1] + ENERGIES[1:]) / 2
    through = np.interp(0.0007, [0, 0.005], [1, 1 - 0.005 / 0.0175]) * np.where(middle < 80, 0.9, 1.0)
    bin_at_the_edge = np.abs(middle - 80) < 2
    through[bin_at_the_edge] = np.nan
    ratio = made.column("SPECRESP") / source.column("SPECRESP")
    np.testing.assert_allclose(ratio[~bin_at_the_edge], through[~bin_at_the_edge], rtol=1e-5)
    with fits.open("out.arf", checksum=True) as hdus:
        assert hdus[1].columns.names == ["ENERG_LO", "ENERG_HI", "SPECRESP"]
        assert hdus[1].columns.formats == ["E", "E", "E"]


def test_the_area_where_the_attitude_says(chain):
    assert ftools.hxtarf(**chain | {"xtefilt": "x.xfl"}).returncode == 0
    header = read_fits("out.arf").table("SPECRESP").header
    assert (header["ALPHA"], header["BETA"]) == (0.001, 0.0007)
    chosen = {"xtefilt": "x.xfl", "ra": 0.1, "dec": 0, "start": 150, "stop": 160}
    assert ftools.hxtarf(**chain | chosen).returncode == 0
    assert read_fits("out.arf").table("SPECRESP").header["ALPHA"] == round(0.001 + np.radians(0.1), 5)


def test_warnings_of_hxtarf(chain, tmp_path):
    late = attitude([150, 160, 210], [TURNED, [0, 0, 0, 1], TURNED])
    (tmp_path / "x.xfl").write_bytes(bytes_of(late))
    done = ftools.hxtarf(**chain | {"xtefilt": "x.xfl"})
    assert done.returncode == 0
    assert "does not cover all of the good time of a.pha" in done.stdout
    assert re.search(r"varied by 103\.\d arcsec", done.stdout)
    (tmp_path / "pwa.arf").write_bytes(bytes_of(area(ENERGIES, np.ones(60), DETNAM="PWB", CSYSNAME="XMA_CART")))
    done = ftools.hxtarf(**chain)
    assert done.returncode == 0
    assert re.search("DETNAM is PWB, but a.pha.* has PWA", done.stdout)
    assert "CSYSNAME is XMA_CART, not RAW_DET" in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"xtefilt": "x.xfl", "start": 500, "stop": 600}, r"no row of columns Time and ACSESTQ1 lies in the good time"),
        ({"z_source": 0.1}, "stands at BETA 0.1, outside the collimator's grid from -0.02 to 0.02"),
        ({"inarf": "a.pha"}, "column ENERG_LO is missing"),
        ({"inarf": "none.arf"}, "none.arf: can't be read"),
        ({"inarf": "CALDB"}, "inarf=CALDB, but the environment variable CALDB is ''"),
        ({"inarf": "pca.arf"}, "INSTRUME is PCA, but a.pha"),
        ({"phafil": "no_gti.pha", "xtefilt": "x.xfl"}, "no extension with HDUCLAS1 = GTI has good time"),
        ({"phafil": "no_gti.pha"}, "keyword DETNAM is missing"),
    ],
)
def test_mistakes_of_hxtarf(chain, tmp_path, change, words):
    (tmp_path / "pca.arf").write_bytes(bytes_of(area(ENERGIES, np.ones(60), INSTRUME="PCA")))
    (tmp_path / "no_gti.pha").write_bytes(bytes_of(spectrum(np.ones(64), **ARCHIVE | {"DETNAM": None})))
    detector = {"detnam": "PWA"} if "xtefilt" in change else {}
    result = ftools.hxtarf(**chain | detector | change)
    assert result.returncode == 1
    assert words in result.stdout
    assert not (tmp_path / "out.arf").exists()


def test_matrix_times_area(chain, tmp_path):
    result = ftools.marfrmf(rmfil="pwa.rmf", arfil="pwa.arf", outfil="out.rsp")
    assert result.output == ("out.rsp",), result.stdout
    with fits.open("out.rsp", checksum=True) as made, fits.open("pwa.rmf") as rmf, fits.open("pwa.arf") as arf:
        header = made["SPECRESP MATRIX"].header
        assert (header["HDUCLAS3"], header["DETCHANS"], header["TLMIN4"]) == ("FULL", 256, 0)
        low, high = arf[1].data["ENERG_LO"], arf[1].data["ENERG_HI"]
        factor = arf[1].data["SPECRESP"] * (high - low) / (high - low)
        for row, before, times in zip(made[1].data["MATRIX"], rmf[1].data["MATRIX"], factor, strict=True):
            np.testing.assert_array_equal(row, before * times)
    again = ftools.marfrmf(rmfil="out.rsp", arfil="pwa.arf", outfil="twice.rsp")
    assert again.returncode == 1
    assert "HDUCLAS3 is FULL" in again.stdout
    (tmp_path / "pca.arf").write_bytes(bytes_of(area(ENERGIES, np.ones(60), INSTRUME="PCA")))
    other = ftools.marfrmf(rmfil="pwa.rmf", arfil="pca.arf", outfil="other.rsp")
    assert "INSTRUME is PCA, but pwa.rmf has HEXTE" in other.stdout
    assert ftools.marfrmf(rmfil="pwa.rmf", arfil="pca.arf", outfil="other.rsp", qoverride="yes").returncode == 0
    assert "qdivide=yes" in ftools.marfrmf(rmfil="pwa.rmf", arfil="pwa.arf", outfil="q.rsp", qdivide="yes").stdout


@pytest.fixture
def caldb(chain, tmp_path, monkeypatch):
    """A CALDB whose newest files hold from 2000 on; one area is of 09:00 on the day of the spectrum."""
    (_, matrix), (_, on_axis), _ = calibration()
    nine = calendar_mjd("2008-04-05", "09:00:00", "x")
    files = [
        ("pwa.rmf", "MATRIX", "PWA", 1, 51544.0, matrix),
        ("pwa.rmf", "EBOUNDS", "PWA", 2, 51544.0, matrix),
        ("pwa.arf", "EFF_AREA", "PWA", 1, 51544.0, on_axis),
        ("late.arf", "EFF_AREA", "PWA", 1, nine, bytes_of(area(ENERGIES, np.ones(60)))),
        ("pwa.fov", "COLLRESP", "PWA", 2, 51544.0, bytes_of(good_time_table([0, 1]), collimator())),
        ("corr.fits", "CORR_COEFF", "PWA", 1, 53000.0, bytes_of(correction(np.zeros(256), np.ones(256)))),
        ("dead_a.fits", "HKCONV", "PWA", 1, 50000.0, b""),
        ("dead_b.fits", "HKCONV", "PWB", 1, 50000.0, b""),
    ]
    write_caldb(tmp_path / "caldb", files)
    monkeypatch.setenv("CALDB", str(tmp_path / "caldb"))


def test_the_response_of_a_spectrum_with_a_caldb(caldb, chain):
    result = ftools.hxtrsp(infile="a.pha", attfile="x.xfl")
    assert result.output == ("a.rmf", "a.arf", "a.rsp", "a.pha"), result.stdout
    assert ftools.rddescr(phafil="a.pha", chanfil="a.bins").returncode == 0
    assert ftools.rbnrmf(infile="pwa.rmf", binfile="a.bins", outfile="steps.rmf", fchan=0).returncode == 0
    assert ftools.hxtarf(**chain | {"xtefilt": "x.xfl"}).returncode == 0
    assert ftools.marfrmf(rmfil="steps.rmf", arfil="out.arf", outfil="steps.rsp").returncode == 0
    with (
        fits.open("a.rsp", checksum=True) as made,
        fits.open("steps.rsp") as steps,
        fits.open("a.rmf") as rmf,
        fits.open("a.arf") as arf,
    ):
        assert made[1].header["DETCHANS"] == 64
        assert len(made["EBOUNDS"].data) == 64
        width = arf[1].data["ENERG_HI"] - arf[1].data["ENERG_LO"]
        factor = (arf[1].data["SPECRESP"] * width) / width
        rows = zip(made[1].data["MATRIX"], steps[1].data["MATRIX"], rmf[1].data["MATRIX"], factor, strict=True)
        for row, stepped, bare, times in rows:
            np.testing.assert_array_equal(row, stepped)
            np.testing.assert_array_equal(row, bare * times)
        assert arf[1].header["ALPHA"] == 0.001
    with fits.open("a.pha", checksum=True) as changed:
        header = changed["SPECTRUM"].header
        assert (header["RESPFILE"], header["ANCRFILE"], header["EXPOSURE"]) == ("a.rsp", "NONE", 104.229)
        assert [hdu.name for hdu in changed] == ["PRIMARY", "SPECTRUM", "STDGTI"]


def test_the_time_of_day_chooses_the_calibration(caldb, chain, tmp_path):
    hdu = spectrum(np.ones(256), DETNAM="PWA", CPIX1=None, **{"TIME-OBS": "09:00:00"})
    (tmp_path / "late.pha").write_bytes(bytes_of(hdu))
    assert ftools.hxtrsp(infile="late.pha", attfile="NONE").returncode == 0
    assert ftools.hxtrsp(infile="a.pha", attfile="NONE").returncode == 0
    late, early = (read_fits(name).table().column("SPECRESP").max() for name in ("late.arf", "a.arf"))
    assert late < 1 < early
    with fits.open("late.rsp") as made:
        assert len(made["EBOUNDS"].data) == 256


def test_a_response_without_caldb(chain):
    files = {"inrmf": "pwa.rmf", "inarf": "pwa.arf", "collcube": "pwa.fov"}
    assert ftools.hxtrsp(infile="a.pha", **files).returncode == 0
    assert read_fits("a.arf").table().header["BETA"] == 0.0007


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"DETNAM": "PWA012"},
            "has no MATRIX of PWA012 for 2008-04-05 08:01:04; update the CALDB or give inrmf",
        ),
        ({"DETNAM": None}, "keyword DETNAM is missing"),
        ({"DETCHANS": 32}, "DETCHANS is 32, but CPIX1 makes 64 channels of the 256"),
        ({"DETCHANS": 128}, "DETCHANS is 128, but CPIX1 makes 64 channels of the 256"),
        ({"CPIX1": None}, "keyword CPIX1 is missing"),
        ({"TELESCOP": "ASCA"}, "TELESCOP is XTE, but a.pha[SPECTRUM] has ASCA"),
    ],
)
def test_spectra_without_a_response(caldb, chain, tmp_path, change, words):
    data = bytes_of(spectrum(np.ones(64), **ARCHIVE | change))
    (tmp_path / "a.pha").write_bytes(data)
    result = ftools.hxtrsp(infile="a.pha", attfile="NONE")
    assert result.returncode == 1
    assert words in result.stdout
    assert (tmp_path / "a.pha").read_bytes() == data
    assert not list(tmp_path.glob("a.r*"))


def test_a_gzipped_spectrum_is_not_changed(chain, tmp_path):
    (tmp_path / "a.pha.gz").write_bytes(gzip.compress((tmp_path / "a.pha").read_bytes()))
    result = ftools.hxtrsp(infile="a.pha.gz", inrmf="pwa.rmf")
    assert "can't be changed in place" in result.stdout


def test_what_hextebackest_and_hxtdead_take_from_the_caldb(caldb, chain, tmp_path):
    (tmp_path / "b.pha").write_bytes(bytes_of(spectrum(np.arange(256))))
    assert ftools.hextebackest(infile="b.pha", outfile="est.pha").returncode == 0
    np.testing.assert_array_equal(read_fits("est.pha").table().column("COUNTS"), np.arange(256))
    files = [Path(hexte_dead_time_coefficients(detector)).name for detector in ("PWA", "PWB")]
    assert files == ["dead_a.fits", "dead_b.fits"]
