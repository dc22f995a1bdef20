"""Spectra with what fits begin with: systematic errors, groups, quality, names of files."""

import re
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_fits
from rossi.spectra.pha import Spectrum, read_pha
from rossi.spectra.ready import (
    FitSettings,
    flagged,
    in_file,
    ready_to_fit,
    with_files,
    with_groups,
    with_quality,
    with_range,
    with_systematic,
)

COUNTS = np.array([3.0, 40, 30, 1, 1, 50, 9, 12, 2, 3])
EDGES = np.array([1.0, 2.5, 3.5, 5, 8, 12, 18, 24, 26, 30, 40])
CARDS = {"INSTRUME": "PCA", "EXPOSURE": 100.0, "SYS_ERR": 0, "QUALITY": 0, "GROUPING": 0, "RESPFILE": "NONE"}


@pytest.fixture
def spectrum():
    n = len(COUNTS)
    return Spectrum(
        *("a.pha", np.arange(n), COUNTS, None, np.zeros(n), np.zeros(n, np.int64), 100.0, 1.0, "COUNTS", None),
        *(Header(list(CARDS.items())), Header()),
    )


def written(spectrum):
    """Return the extension that a file of it has, read by somebody else, and the spectrum read again."""
    data = spectrum.to_bytes()
    with fits.HDUList.fromstring(data) as hdus:
        return hdus["SPECTRUM"].copy(), read_pha(open_fits(data, "b.pha"))


def test_systematic_errors(spectrum):
    hdu, again = written(with_systematic(with_systematic(spectrum, 0.005), 0.02, 8))
    np.testing.assert_allclose(hdu.data["SYS_ERR"], [0.005] * 8 + [0.02] * 2)
    assert "SYS_ERR" not in hdu.header
    np.testing.assert_allclose(again.systematic, hdu.data["SYS_ERR"])
    assert spectrum.systematic.max() == 0
    of_all = replace(spectrum, systematic=np.full(10, 0.01), header=Header([*CARDS.items(), ("SYS_ERR", 0.01)]))
    hdu, again = written(with_systematic(of_all, 0.0))
    assert (again.systematic.max(), hdu.header["SYS_ERR"]) == (0, 0)
    for wrong in (-0.1, np.nan):
        with pytest.raises(ConfigError, match="a fraction from 0 on was expected"):
            with_systematic(spectrum, wrong)


def test_groups_of_counts(spectrum):
    """As grppha's group min: bad channels inside a group don't count, those at the end are spare."""
    hdu, again = written(with_groups(with_quality(spectrum, 5, 2, 2), 40))
    np.testing.assert_array_equal(hdu.data["GROUPING"], [1, -1, 1, 1, -1, -1, 1, 1, 1, 1])
    np.testing.assert_array_equal(hdu.data["QUALITY"], [0, 0, 5, 0, 0, 0, 2, 2, 2, 2])
    assert "GROUPING" not in hdu.header
    np.testing.assert_array_equal(again.grouping, hdu.data["GROUPING"])
    np.testing.assert_array_equal(hdu.data["COUNTS"], COUNTS)
    assert written(spectrum)[1].grouping is None


def test_channels_outside_a_range_are_bad(spectrum):
    """Whole channels have to lie inside; what was bad before keeps its reason."""
    made = with_range(with_quality(spectrum, 2, 0, 0), EDGES[:-1], EDGES[1:], 3.0, 25.0)
    np.testing.assert_array_equal(made.quality, [2, 5, 0, 0, 0, 0, 0, 5, 5, 5])
    with pytest.raises(DataError, match=r"a\.pha: 10 channels, but its response has 9"):
        with_range(spectrum, EDGES[:-2], EDGES[1:-1], 3.0, 25.0)


def test_files_that_belong_to_it(spectrum):
    hdu, _ = written(with_files(spectrum, respfile="a.rsp", ancrfile="NONE"))
    assert (hdu.header["RESPFILE"], hdu.header["ANCRFILE"]) == ("a.rsp", "NONE")
    assert "BACKFILE" not in hdu.header
    hdu, _ = written(with_files(with_files(spectrum, respfile="a.rsp"), backfile="b.pha"))
    assert (hdu.header["RESPFILE"], hdu.header["BACKFILE"]) == ("a.rsp", "b.pha")


def test_ready_to_fit(spectrum):
    """PCA: 3-25 keV and 0.5 %; HEXTE: 15-250 keV, no systematic error."""
    made = ready_to_fit(spectrum, EDGES[:-1], EDGES[1:], group_min=20)
    np.testing.assert_array_equal(made.quality[[0, 1, 2, 6, 7]], [5, 5, 0, 2, 5])
    np.testing.assert_array_equal(made.systematic, 0.005)
    assert made.grouping[2] == 1
    hexte = replace(spectrum, header=Header([("INSTRUME", "HEXTE")]))
    made = ready_to_fit(hexte, EDGES[:-1], EDGES[1:])
    np.testing.assert_array_equal(made.quality, [5] * 6 + [0] * 4)
    assert (made.systematic.max(), made.grouping) == (0, None)
    assert ready_to_fit(hexte, EDGES[:-1], EDGES[1:], systematic=0.01).systematic.min() == 0.01
    with pytest.raises(DataError, match="INSTRUME is 'ASM'; a spectrum of PCA or HEXTE was expected"):
        ready_to_fit(replace(spectrum, header=Header([("INSTRUME", "ASM")])), EDGES[:-1], EDGES[1:])


@pytest.mark.parametrize(
    ("instrument", "emin", "emax", "systematic"), [("PCA", 3.0, 25.0, 0.005), ("HEXTE", 15.0, 250.0, 0.0)]
)
def test_the_range_of_an_instrument(spectrum, instrument, emin, emax, systematic):
    """Channels that end just outside are bad, those that end at its edges are not."""
    edges = np.array([emin - 0.2, emin - 0.1, emin, emin + 0.1, 16, 17, 18, emax - 0.1, emax, emax + 0.1, emax + 0.2])
    one = replace(spectrum, header=Header([("INSTRUME", instrument)]))
    made = ready_to_fit(one, edges[:-1], edges[1:])
    np.testing.assert_array_equal(made.quality, [5, 5, 0, 0, 0, 0, 0, 0, 5, 5])
    assert set(made.systematic) == {systematic}


@pytest.mark.parametrize("instrument", ["PCA", "HEXTE", "ASM"])
def test_flags_without_a_response(spectrum, instrument):
    one = replace(spectrum, header=Header([*{**CARDS, "INSTRUME": instrument}.items()]))
    made = [flagged(one, settings, None) for settings in (FitSettings(), FitSettings(0.02), FitSettings(0.0, 40.0))]
    assert [set(each.systematic) for each in made] == [{0.005 if instrument == "PCA" else 0.0}, {0.02}, {0.0}]
    assert [each.grouping is None for each in made] == [True, True, False]
    assert not any((each.quality == 5).any() for each in made)


def test_columns_that_come_to_a_file_stand_among_columns(spectrum, tmp_path):
    """A reader in C finds TFIELDS before them, and nothing between them."""
    file = read_fits(spectrum.write(tmp_path / "a.pha"))
    made = in_file(file, with_groups(with_quality(with_systematic(read_pha(file), 0.02), 5, 2, 2), 40))
    keywords = [keyword for keyword, _ in open_fits(made, "a.pha").table("SPECTRUM").header.images()]
    mandatory = ["XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "TFIELDS"]
    assert keywords[: len(mandatory)] == mandatory
    of_columns = [at for at, keyword in enumerate(keywords) if re.fullmatch(r"T(TYPE|FORM|UNIT)[1-5]", keyword)]
    assert of_columns == list(range(8, 8 + len(of_columns)))
    with fits.HDUList.fromstring(made) as hdus:
        assert hdus["SPECTRUM"].columns.names == ["CHANNEL", "COUNTS", "SYS_ERR", "QUALITY", "GROUPING"]
        assert [hdus["SPECTRUM"].header[f"TFORM{n}"] for n in (3, 4, 5)] == ["E", "I", "I"]
        np.testing.assert_array_equal(hdus["SPECTRUM"].data["GROUPING"], [1, -1, 1, 1, -1, -1, 1, 1, 1, 1])
        np.testing.assert_array_equal(hdus["SPECTRUM"].data["COUNTS"], COUNTS)


def test_without_a_response_a_spectrum_stays_as_it_is_where_nothing_is_asked_for():
    asked = [FitSettings(), FitSettings(0.0), FitSettings(0.01), FitSettings(0.0, 20.0), FitSettings(None, 20.0)]
    assert [one.leave("PCA") for one in asked] == [False, True, False, False, False]
    assert [one.leave("HEXTE") for one in asked] == [True, True, False, False, False]
