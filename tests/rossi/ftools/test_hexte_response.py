"""HEXTE backgrounds and responses under their FTOOLS names."""

import numpy as np
import pytest

from rossi import ftools
from rossi.fits.reader import read_fits
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.hexte.backest import ARCHIVE_CPIX
from tests.golden.comparison import differences
from tests.rossi.ftools.hexte import replayed
from tests.rossi.hexte.material import correction, spectrum


def test_the_estimated_background_is_equal_to_the_last_bit(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compared = [
        differences(read_fits(e), read_fits(m)) for e, m in replayed(shared, "e_staring_a", "hextebackest", tmp_path)
    ]
    assert compared == [[], []]


@pytest.fixture
def staring(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    coefficients = correction(np.zeros(256), np.ones(256))
    for name, hdu in (("b.pha", spectrum(np.arange(256))), ("c.fits", coefficients)):
        (tmp_path / name).write_bytes(fits_bytes(primary_hdu(), [hdu]))
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
