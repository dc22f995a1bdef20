"""Background of cluster A estimated from cluster B."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import DataError
from rossi.hexte.backest import (
    ARCHIVE_CPIX,
    ARCHIVE_FACTORS,
    Correction,
    archive_form,
    estimate_background,
    estimate_counts,
    join_for_archive,
    read_correction,
)
from tests.rossi.hexte.material import correction, opened, spectrum

PLAIN = opened(correction(np.zeros(256), np.ones(256)), "c.fits")


def test_counts_by_hand():
    counts, error = np.array([10.9, 7.0, 1.0, 0.0]), np.array([3.0, 2.5, 1.0, 0.1])
    coefficients = Correction(np.array([0.5, -0.25, -0.5, 0.0]), np.array([1.25, 1.0, 1.5, 2.0]))
    made, scaled = estimate_counts(counts, error, 10.0, coefficients)
    np.testing.assert_array_equal(made, [17, 4, -3, 0])
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, [3.75, 2.5, 1.5, np.float32(2 * np.float64(np.float32(0.1)))])


def test_undefined_coefficients_are_zero():
    offset, slope = np.ones(256), np.full(256, 2.0)
    offset[3], slope[4] = np.nan, np.nan
    made = read_correction(opened(correction(offset, slope, "D")))
    assert (made.offset[3], made.slope[4]) == (0, 0)
    assert (made.offset[4], made.slope[3]) == (1, 2)


@given(st.integers(0, 2**32 - 1))
def test_joining_conserves_counts(seed):
    random = np.random.default_rng(seed)
    counts, error = random.integers(-50, 5000, 256), random.uniform(0, 70, 256).astype(np.float32)
    joined, joined_error = join_for_archive(counts, error)
    assert joined.sum() == counts.sum()
    parts = (counts[:2], counts[62:64], counts[64:68], counts[248:])
    np.testing.assert_array_equal(joined[[0, 31, 32, 63]], [part.sum() for part in parts])
    expected = [np.sqrt((part.astype(float) ** 2).sum()) for part in np.split(error, np.cumsum(ARCHIVE_FACTORS)[:-1])]
    np.testing.assert_allclose(joined_error, expected, rtol=1e-6)


def test_squares_add_up_in_single_precision_one_by_one():
    error = np.zeros(256, np.float32)
    error[-8:] = np.float32([4096.3, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1])
    total = np.float32(0)
    for value in error[-8:]:
        total = np.float32(total + np.float32(value * value))
    assert join_for_archive(np.zeros(256, int), error)[1][-1] == np.sqrt(total)


def test_a_spectrum_keeps_its_keywords_and_types():
    made = estimate_background(opened(spectrum(np.arange(256), INSTRUME="hexte", BACKSCAL=2.0)), PLAIN)
    assert [made.header[k] for k in ("INSTRUME", "DETNAM", "EXPOSURE", "BACKSCAL")] == ["HEXTE", "PWB013", 104.229, 2]
    assert (made.info("COUNTS").code, made.info("STAT_ERR").code) == ("D", "D")
    np.testing.assert_array_equal(made.column("COUNTS"), np.arange(256))
    np.testing.assert_array_equal(made.column("STAT_ERR"), np.sqrt(np.arange(256)).astype(np.float32))


def test_the_archive_form():
    quality = np.zeros(256, int)
    quality[[1, 255]] = 1, 5
    estimate = estimate_background(opened(spectrum(np.ones(256), quality=quality)), PLAIN)
    made = archive_form(estimate)
    np.testing.assert_array_equal(made.column("COUNTS"), ARCHIVE_FACTORS)
    np.testing.assert_array_equal(made.column("CHANNEL"), np.arange(64))
    np.testing.assert_array_equal(np.flatnonzero(made.column("QUALITY")), [0, 63])
    keywords = ("NAXIS2", "DETCHANS", "TLMAX1", "CPIX1")
    assert [made.header[k] for k in keywords] == [64, 64, 63, ARCHIVE_CPIX]
    as_it_was = archive_form(estimate, compat="heasoft")
    assert as_it_was.header["CPIX1"] == "(0:255)"
    np.testing.assert_array_equal(np.flatnonzero(as_it_was.column("QUALITY")), [1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantity": "RATE"}, r"b.pha\[SPECTRUM\]: column RATE found, COUNTS expected"),
        ({"counts": np.ones(64)}, "column COUNTS has 64 channels, 256 expected; extract .* from event data"),
        ({"DETNAM": "PWA"}, r"DETNAM is 'PWA', PWB \(cluster B\) expected"),
        ({"DETNAM": None}, "DETNAM is ''.* corrected by hxtdead"),
        ({"EXPOSURE": None}, "keyword EXPOSURE is missing"),
        ({"counts": np.full(256, np.nan)}, "row 1 of column COUNTS is nan"),
    ],
)
def test_other_spectra_are_refused(change, words):
    hdu = spectrum(**{"counts": np.ones(256)} | change)
    with pytest.raises(DataError, match=words):
        estimate_background(opened(hdu), PLAIN)


def test_a_correction_of_more_channels_is_read_as_far_as_there_are_channels():
    read = read_correction(opened(correction(np.arange(300.0), np.ones(300))))
    assert read.offset.tolist() == list(range(256)) and len(read.slope) == 256


def test_corrections_that_are_none():
    with pytest.raises(DataError, match="column YOFFSET is missing"):
        read_correction(opened(spectrum(np.ones(256))))
    with pytest.raises(DataError, match="64 rows found, expected 256"):
        read_correction(opened(correction(np.ones(64), np.ones(64))))


def test_counts_that_do_not_fit_into_their_column():
    big = opened(correction(np.zeros(256), np.full(256, 1000.0)), "c.fits")
    with pytest.raises(DataError, match="column COUNTS is of type I and can't hold"):
        estimate_background(opened(spectrum(np.arange(256), form="I")), big)
