"""What an astronomer does with a spectrum: look at it, take its numbers, write it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u

from rossi.errors import ConfigError, DataError
from rossi.fits.cards import card_value
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.spectra.pha import OF_ONE_PCU, PCU_SECONDS, Spectrum, find_spectrum, read_pha
from rossi.spectra.summing import sum_tables

KEYWORDS = {"TELESCOP": "XTE", "INSTRUME": "HEXTE", "DETNAM": "PWA", "OBJECT": "Cyg X-1", "OBS_ID": "20402-01-45-03"}
KEYWORDS |= {"HDUCLASS": "OGIP", "HDUCLAS1": "SPECTRUM", "HDUCLAS2": "BKG", "EXPOSURE": 200.0, "CHANTYPE": "PHA"}
KEYWORDS |= {"TTYPE1": "CHANNEL", "TLMIN1": 0, "TLMAX1": 255, "TUNIT2": "counts", "BACKFILE": "b.pha", "AREASCAL": 1.0}
KEYWORDS |= {"QUALITY": 0, "SYS_ERR": 0}


@pytest.fixture
def spectrum() -> Spectrum:
    return Spectrum(
        name="a.pha",
        channel=np.arange(5, 8),
        value=np.array([100.0, 400, 0]),
        error=None,
        systematic=np.zeros(3),
        quality=np.zeros(3, np.int64),
        exposure=200.0,
        areascal=1.0,
        quantity="COUNTS",
        intervals=np.array([[10.0, 210]]),
        header=Header(list(KEYWORDS.items())),
        gti_header=Header(),
    )


def test_rates_and_errors(spectrum: Spectrum) -> None:
    assert spectrum.rate.tolist() == [0.5, 2, 0]
    assert spectrum.sigma.tolist() == [10, 20, 0]
    assert spectrum.rate_error.tolist() == [0.05, 0.1, 0]
    rates = replace(spectrum, value=spectrum.rate, quantity="RATE")
    assert rates.sigma.tolist() == rates.rate_error.tolist() == [0.05, 0.1, 0]
    for none in (0.0, -1.0, np.nan):
        assert np.isnan(replace(spectrum, exposure=none).rate).all()
    assert spectrum.gti is not None
    assert spectrum.gti.total == 200


def test_it_shows_itself(spectrum: Spectrum) -> None:
    assert repr(spectrum) == (
        "<Spectrum Cyg X-1, 20402-01-45-03 PWA background, 3 channels, 5 to 7, 200 s, 500 counts>"
    )
    assert "background" in spectrum._repr_html_()
    table = spectrum.to_table()
    assert (table["counts"].unit, table["error"].unit, table.meta["OBJECT"]) == (u.ct, u.ct, "Cyg X-1")
    rates = replace(spectrum, value=spectrum.rate, quantity="RATE").to_table()
    assert (rates["rate"].unit, rates["error"].unit) == (u.ct / u.s, u.ct / u.s)
    assert rates["rate"].value.tolist() == [0.5, 2, 0]


@pytest.mark.parametrize(
    ("cards", "unit"),
    [
        ([("EXPOSURE", 200.0, PCU_SECONDS)], "PCU s"),
        ([("EXPOSURE", 200.0, "Exposure time"), ("PCU_WT0", 0.5)], "PCU s"),  # as pcaextspect2 writes it
        ([("EXPOSURE", 200.0, OF_ONE_PCU), ("PCU_WT0", 0.5)], "s"),
        ([("EXPOSURE", 200.0, "[s]")], "s"),
    ],
)
def test_an_exposure_says_what_it_is_counted_in(cards: list[tuple[Any, ...]], unit: str, spectrum: Spectrum) -> None:
    assert f", 200 {unit}, 500 counts>" in repr(replace(spectrum, header=Header(cards)))


def test_a_sum_keeps_the_unit_of_exposures_and_names_what_is_in_it(spectrum: Spectrum) -> None:
    with_unit = replace(spectrum, header=Header([("EXPOSURE", 200.0, PCU_SECONDS), ("INSTRUME", "PCA")]))
    _, (table, _) = sum_tables([replace(with_unit, name=name) for name in ("a.pha", "b.pha")])
    assert table.header.comment("EXPOSURE") == PCU_SECONDS
    remarks = [card_value(image) for keyword, image in table.header.images() if keyword == "COMMENT"]
    assert remarks == ["Sum of a.pha", "Sum of b.pha"]


def test_a_spectrum_is_the_table_with_channels_and_counts() -> None:
    tables = [table_hdu(name, [(Column(column, "D"), np.ones(2)) for column in columns]) for name, columns in (
        ("CURVE", ("TIME", "COUNTS")), ("LIST", ("CHANNEL", "ENERGY")), ("RATES", ("CHANNEL", "RATE"))
    )]  # fmt: skip
    assert find_spectrum(open_fits(fits_bytes(primary_hdu(), tables), "x")).name == "RATES"
    with pytest.raises(
        DataError, match=r"x: no extension has the columns CHANNEL and COUNTS or RATE; .* CURVE, LIST\."
    ):
        find_spectrum(open_fits(fits_bytes(primary_hdu(), tables[:2]), "x"))


def test_figures_share_axes(spectrum: Spectrum) -> None:
    from matplotlib.figure import Figure

    spectrum = replace(spectrum, value=np.array([100.0, 400, -5]))
    axes = Figure().subplots()
    assert spectrum.plot(axes, label="one") is axes
    replace(spectrum, header=Header()).plot(axes, label="other")
    assert axes.get_title(loc="left") == "Cyg X-1  20402-01-45-03 PWA background"
    assert (axes.get_xlabel(), axes.get_yscale()) == ("Channel (PHA)", "log")
    assert axes.get_ylabel() == "count s$^{-1}$ channel$^{-1}$"
    shown = axes.containers[0].lines[0].get_ydata()
    assert shown[:2].tolist() == [0.5, 2]
    assert np.isnan(shown[2])


@pytest.mark.parametrize("with_columns", [False, True])
def test_what_is_written_is_read_back(with_columns: bool, spectrum: Spectrum, tmp_path: Path) -> None:
    if with_columns:
        more = {"error": np.array([1.0, 2, 3]), "quality": np.array([0, 5, 0]), "systematic": np.full(3, 0.01)}
        spectrum = replace(spectrum, **more)
    again = read_pha(read_fits(spectrum.write(tmp_path / "a.pha")))
    for name in ("channel", "value", "systematic", "quality", "exposure", "intervals", "error"):
        assert np.array_equal(getattr(again, name), getattr(spectrum, name)), name
    kept = ("TLMIN1", "TLMAX1", "BACKFILE", "OBJECT", "DETNAM", "EXPOSURE", "TUNIT2")
    assert [again.header[keyword] for keyword in kept] == [0, 255, "b.pha", "Cyg X-1", "PWA", 200.0, "count"]
    assert again.header["POISSERR"] is not with_columns
    with pytest.raises(ConfigError, match="there is such a file already"):
        spectrum.write(tmp_path / "a.pha")
