"""Spectra from an archive with known truth, to what fits them: one file is loaded, and index and flux come back.

`make test-fit` installs sherpa, which is another project's, and runs these tests in their long form: 20 realisations.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

import rossi
from rossi.energy.folding import AbsorbedPowerLaw, fold
from rossi.spectra.response_file import read_response
from tests.rossi.spectra.fitting import INDEX, NH, NORM, PIVOT, fitted, reduced

SPECTRA = {"pca": ("pca",), "hexte": ("hextea", "hexteb"), "both": ("pca", "hextea", "hexteb")}
#: Realisations of the long form.
MANY = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reduced(tmp_path_factory.mktemp("fit"), 0)


@pytest.fixture(scope="module")
def sherpa():
    """Sherpa's functions; tests are skipped where it is absent."""
    pytest.importorskip("sherpa", reason="sherpa is not installed; make test-fit installs it and runs these tests")
    logging.getLogger("sherpa").setLevel(logging.ERROR)
    from sherpa.astro import ui

    return ui


def pulls(folder: Path, kind: str) -> tuple[dict[str, float], float]:
    """Return how many errors each parameter is off the truth, and the reduced chi2."""
    pivot = PIVOT[kind]
    found = fitted([folder / f"{name}.pha" for name in SPECTRA[kind]], pivot, free_nh=kind != "hexte")
    true = {"index": INDEX, "flux": NORM * pivot**-INDEX, "nh": NH}
    chi2, _ = found.pop("chi2")
    return {name: (value - true[name]) / error for name, (value, error) in found.items()}, chi2


@pytest.mark.parametrize("name", ["pca", "hextea", "hexteb"])
def test_net_counts_are_those_of_the_true_spectrum(folder: Path, name: str) -> None:
    """Without a program that fits: the truth, folded, and the spectrum less its background, channel by channel."""
    spectrum = rossi.read(folder / f"{name}.pha")
    background = rossi.read(folder / spectrum.text("BACKFILE"))
    response, _ = read_response((folder / spectrum.text("RESPFILE")).read_bytes(), "rsp")
    photons = AbsorbedPowerLaw(INDEX, NORM, NH).photons(response.energ_lo, response.energ_hi)
    scale = spectrum.exposure / background.exposure
    net = spectrum.value - background.value * scale
    sigma = np.hypot(spectrum.sigma, background.sigma * scale)
    good = spectrum.quality == 0
    off = ((net - fold(response, photons, spectrum.exposure))[good]) / sigma[good]
    assert good.sum() > 40
    assert (off**2).mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / good.sum()))
    assert off.sum() / np.sqrt(good.sum()) == pytest.approx(0.0, abs=4)


@pytest.mark.parametrize(("name", "emin", "emax"), [("pca", 3, 25), ("hextea", 15, 250), ("hexteb", 15, 250)])
def test_one_load_brings_all_that_belongs_to_a_spectrum(folder: Path, sherpa, name: str, emin: int, emax: int) -> None:
    ours = rossi.read(folder / f"{name}.pha")
    response, _ = read_response((folder / ours.text("RESPFILE")).read_bytes(), "rsp")
    sherpa.clean()
    sherpa.load_pha(str(folder / f"{name}.pha"), use_errors=True)
    data, matrix = sherpa.get_data(), sherpa.get_rmf()
    assert Path(matrix.name).name == ours.text("RESPFILE")
    assert data.exposure == pytest.approx(ours.exposure) and np.array_equal(data.counts, ours.value)
    background = rossi.read(folder / ours.text("BACKFILE"))
    np.testing.assert_allclose(sherpa.get_bkg().counts, background.value)
    assert sherpa.get_bkg().exposure == pytest.approx(background.exposure)
    np.testing.assert_allclose(matrix.e_min, response.e_min)
    photons = np.linspace(1.0, 2.0, len(response.energ_lo))
    np.testing.assert_allclose(matrix.apply_rmf(photons), fold(response, photons), rtol=1e-5)
    sherpa.ignore_bad()
    low, high = data.get_noticed_channels()[[0, -1]].astype(int) - response.first_channel
    assert emin <= response.e_min[low] < emin + 4 and response.e_max[high] <= emax


@pytest.mark.parametrize("kind", SPECTRA)
def test_a_fit_gives_index_and_flux_back(folder: Path, sherpa, kind: str) -> None:
    off, chi2 = pulls(folder, kind)
    assert set(off) >= {"index", "flux"}
    assert list(off.values()) == pytest.approx([0.0] * len(off), abs=3)
    assert chi2 == pytest.approx(1.0, abs=0.5)


@pytest.mark.long
def test_twenty_realisations(tmp_path: Path, sherpa) -> None:
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in SPECTRA}
    for number in range(MANY):
        made = reduced(tmp_path, number)
        for kind in SPECTRA:
            found[kind].append(pulls(made, kind)[0])
    print()
    for kind, rows in found.items():
        for name in rows[0]:
            values = np.array([row[name] for row in rows])
            mean, width = values.mean(), values.std(ddof=1)
            print(f"{kind:6} {name:6} {mean:+.2f} {width:.2f}")
            assert abs(mean) < 0.3 and abs(width - 1) < 0.3, (kind, name)
