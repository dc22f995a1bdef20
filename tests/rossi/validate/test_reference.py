"""Published numbers, and how rossi's compare with them."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.fits.header import Header
from rossi.spectra.pha import Spectrum
from rossi.validate.reference import (
    HEXTE_BANDS,
    Reference,
    compare_numbers,
    in_band,
    measured,
    pca_expression,
    references,
)
from rossi.validate.verdict import Verdict


def spectrum(counts: list[float], exposure: float) -> Spectrum:
    n = len(counts)
    return Spectrum(
        name="s",
        channel=np.arange(n),
        value=np.array(counts),
        error=None,
        systematic=np.zeros(n),
        quality=np.zeros(n, np.int64),
        exposure=exposure,
        areascal=1.0,
        quantity="COUNTS",
        intervals=None,
        header=Header([("ONTIME", 104.0)]),
        gti_header=Header(),
    )


def test_the_published_numbers() -> None:
    known = references()
    assert len({one.obsid for one in known if one.instrument == "PCA"}) == 5
    assert len({one.obsid for one in known if one.instrument == "HEXTE"}) == 8
    by = {(one.obsid, one.quantity): one for one in known}
    assert len(by) == len(known) == 5 * 8 + 8 * 4
    assert by["20053-04-01-01", "exposure"].value == 4292.51591
    assert by["60701-01-13-03", "net_rate_25-40keV"].error == 0.20708359
    assert {f"net_rate_{low}-{high}keV": (low, high) for low, high in ((25, 40), (40, 60))} == HEXTE_BANDS
    for obsid in {one.obsid for one in known if one.instrument == "PCA"}:
        net, source, background = (by[obsid, f"{name}_rate"].value for name in ("net", "source", "background"))
        assert net == pytest.approx(source - background, rel=1e-6)


def test_a_band_takes_parts_of_channels() -> None:
    low, high = np.array([0.0, 2.0, 4.0, 6.0]), np.array([2.0, 4.0, 6.0, 8.0])
    rate, error = in_band(spectrum([100, 200, 300, 400], 10.0), low, high, (3.0, 7.0))
    assert rate == pytest.approx(0.5 * 20 + 30 + 0.5 * 40)
    assert error == pytest.approx(np.sqrt(0.25 * 200 + 300 + 0.25 * 400) / 10)
    own = measured(
        spectrum([100, 200, 300, 400], 10), spectrum([10, 20, 30, 40], 20), (low, high), {"net_rate": (3, 7)}
    )
    assert own["net_rate"][0] == pytest.approx(60 - 3)
    assert (own["exposure"][0], own["background_exposure"][0], own["ontime"][0]) == (10, 20, 104)
    assert set(measured(spectrum([1], 1), spectrum([1], 1), None, {"net_rate": (3, 7)})) == {
        *("exposure", "background_exposure", "ontime")
    }


@pytest.mark.parametrize(
    ("value", "verdict"), [(100.0, Verdict.SAME), (102.0, Verdict.WITHIN), (104.5, Verdict.DIFFERS)]
)
def test_numbers_are_compared_in_their_errors(value: float, verdict: Verdict) -> None:
    expected = Reference("20053-04-01-01", "Cyg X-2", "PCA", 3, "net_rate", 100.0, np.nan, "count/s", "bhns")
    (found,) = compare_numbers([expected], {"net_rate": (value, 1.0)})
    assert (found.verdict, found.is_fine) == (verdict, verdict is not Verdict.DIFFERS)
    assert (found.significance, found.compared) == (pytest.approx(value - 100), 1)
    (missing,) = compare_numbers([expected], {}, "No data.")
    assert (missing.verdict, missing.reasons) == (Verdict.NOT_COMPARED, ("No data.",))


def test_exposures_of_hexte_depend_on_the_filter() -> None:
    expected = Reference("60701-01-13-03", "GRS1915+105", "HEXTE", 0, "exposure", 632.0, np.nan, "s", "xrbpilot")
    (found,) = compare_numbers([expected], {"exposure": (700.0, 0.0)})
    assert (found.verdict, found.is_fine) == (Verdict.DIFFERS, True)


def test_the_saa_is_left_out_in_the_early_epochs() -> None:
    assert "TIME_SINCE_SAA" in pca_expression(2)
    assert "TIME_SINCE_SAA" not in pca_expression(3)
