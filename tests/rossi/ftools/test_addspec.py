"""``addspec``: spectra, backgrounds and responses, looked at with astropy."""

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.spectra.response import Response
from rossi.spectra.response_file import read_response, response_file

N = 3


def spectrum(path, counts, exposure, **keywords):
    cards = {"EXPOSURE": exposure, "POISSERR": True, "BACKSCAL": 1.0, "AREASCAL": 1.0, "DETCHANS": N} | keywords
    columns = [(Column("CHANNEL", "J"), np.arange(N)), (Column("COUNTS", "J", "count"), counts)]
    path.write_bytes(fits_bytes(primary_hdu(), [table_hdu("SPECTRUM", columns, list(cards.items()))]))


def response(path, scale):
    """Write a matrix of two energies and three channels, whose first row has two groups."""
    edges = np.float32([1, 2, 3])
    matrix = np.float32([[1, 0, 3], [4, 5, 6]]) * np.float32(scale)
    bounds = np.float32([1, 2, 3, 4])
    made = Response(
        *("r", edges[:2], edges[1:], matrix, np.array([0, 0, 1]), np.array([0, 2, 0]), np.array([1, 1, 3])),
        *(bounds[:3], bounds[1:], 0),
    )
    columns = [(Column("ENERG_LO", "E"), edges[:2]), (Column("ENERG_HI", "E"), edges[1:])]
    columns += [(Column("N_GRP", "I"), [1, 1]), (Column("F_CHAN", "1I"), [0, 0]), (Column("N_CHAN", "1I"), [3, 3])]
    columns += [(Column("MATRIX", "3E"), matrix)]
    ebounds = [(Column("CHANNEL", "J"), np.arange(N))]
    ebounds += [(Column("E_MIN", "E"), bounds[:3]), (Column("E_MAX", "E"), bounds[1:])]
    tables = [
        table_hdu("MATRIX", columns, [("TLMIN4", 0), ("HDUCLAS3", "FULL"), ("FILTER", path.stem)]),
        table_hdu("EBOUNDS", ebounds),
    ]
    path.write_bytes(response_file(made, open_fits(fits_bytes(primary_hdu(), tables), "t")))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name, counts, exposure, back, texp, scale in (
        ("a", [10, 20, 30], 100.0, [1, 2, 3], 50.0, 1.0),
        ("b", [1, 2, 3], 300.0, [10, 0, 5], 70.0, 3.0),
    ):
        files = {"BACKFILE": f"{name}.bak", "RESPFILE": f"{name}.rsp", "ANCRFILE": "NONE"}
        spectrum(tmp_path / f"data/{name}.pha", counts, exposure, BACKSCAL=2.0 if name == "b" else 1.0, **files)
        spectrum(tmp_path / f"data/{name}.bak", back, texp)
        response(tmp_path / f"data/{name}.rsp", scale)
    (tmp_path / "list").write_text("data/a.pha\ndata/b.pha\n")
    return tmp_path


def test_everything_is_added(here):
    result = ftools.addspec(infil="list", outfil="sum")
    assert result.returncode == 0, result.stdout
    assert result.files == ("sum.pha", "sum.bak", "sum.rsp")
    with fits.open("sum.pha", checksum=True) as hdus:
        assert hdus[1].data["COUNTS"].tolist() == [11, 22, 33]
        keys = ("EXPOSURE", "BACKFILE", "RESPFILE", "AREASCAL", "POISSERR")
        assert [hdus[1].header[key] for key in keys] == [400.0, "sum.bak", "sum.rsp", 1.0, True]
    with fits.open("sum.bak", checksum=True) as hdus:
        assert hdus[1].data["COUNTS"].tolist() == [21000, 2000, 13000]  # b counts twice: its BACKSCAL is 2
        assert hdus[1].header["EXPOSURE"] == 120000.0
    made, file = read_response((here / "sum.rsp").read_bytes(), "sum.rsp")
    assert file.table("MATRIX").header.get("FILTER") == "a"
    np.testing.assert_allclose(made.matrix, np.array([[1, 0, 3], [4, 5, 6]]) * (0.25 * 1 + 0.75 * 3), rtol=1e-6)
    assert (made.row.tolist(), made.first.tolist(), made.count.tolist()) == ([0, 0, 1], [0, 2, 0], [1, 1, 3])


def test_what_is_missing_is_said(here):
    spectrum(here / "data/c.pha", [1, 1, 1], 10.0)
    (here / "list").write_text("data/c.pha\ndata/c.pha\n")
    alone = ftools.addspec(infil="list", outfil="c")
    assert alone.files == ("c.pha",)
    assert "BACKFILE is NONE in all spectra" in alone.stdout and "RESPFILE is NONE" in alone.stdout
    (here / "list").write_text("data/a.pha\ndata/c.pha\n")
    mixed = ftools.addspec(infil="@list", outfil="d")
    assert (mixed.returncode, list(here.glob("d.*"))) == (1, [])
    assert "data/c.pha: BACKFILE is NONE, but others have one" in mixed.stdout
    assert ftools.addspec(infil="list", outfil="d", qsubback="no", qaddrmf="no").files == ("d.pha",)
    again = ftools.addspec(infil="list", outfil="d", qsubback="no", qaddrmf="no")
    assert "clobber=yes" in again.stdout


def test_responses_must_be_alike(here):
    data = bytearray((here / "data/b.rsp").read_bytes())
    other, source = read_response(bytes(data), "b")
    moved = Response(**{name: getattr(other, name) for name in Response.__slots__} | {"e_min": other.e_min + 1})
    (here / "data/b.rsp").write_bytes(response_file(moved, source))
    result = ftools.addspec(infil="list", outfil="sum")
    assert (result.returncode, "E_MIN differs" in result.stdout) == (1, True)


def test_a_background_that_can_not_be_scaled(here):
    spectrum(here / "data/b.bak", [1, 2, 3], 70.0, BACKSCAL=0.0)
    result = ftools.addspec(infil="list", outfil="sum")
    assert result.returncode == 1
    assert "data/b.bak: BACKSCAL is not above 0" in result.stdout


def test_effective_areas_count(here):
    edges = np.float32([1, 2, 3])
    for name, area in (("a", [10.0, 100.0]), ("b", [20.0, 200.0])):
        columns = [(Column("ENERG_LO", "E", "keV"), edges[:2]), (Column("ENERG_HI", "E", "keV"), edges[1:])]
        arf = table_hdu("SPECRESP", [*columns, (Column("SPECRESP", "E", "cm**2"), area)])
        (here / f"data/{name}.arf").write_bytes(fits_bytes(primary_hdu(), [arf]))
        with fits.open(here / f"data/{name}.pha", mode="update") as hdus:
            hdus[1].header["ANCRFILE"] = f"{name}.arf"
    result = ftools.addspec(infil="list", outfil="sum")
    assert result.returncode == 0, result.stdout
    made, file = read_response((here / "sum.rsp").read_bytes(), "sum.rsp")
    factors = 0.25 * 1 * np.array([10, 100]) + 0.75 * 3 * np.array([20, 200])  # weights are exposures
    expected = np.array([[1, 0, 3], [4, 5, 6]]) * factors[:, None]
    np.testing.assert_allclose(made.matrix, expected, rtol=1e-6)
    assert file.tables[0].header["HDUCLAS3"] == "FULL"
