"""Real responses and spectra of GRS 1915+105 (PCU 2, 1996 and 1997) beside those that rossi makes, and the same fits.

    python docs/figures/real_responses.py FOLDER TABLE [--figure FILE]

FOLDER holds spectra, backgrounds and responses as users of the archive made them in 2020 (``spectra_<obsid>.grp``,
``background_<obsid>.pha``, ``response_<obsid>.rsp``), TABLE is the energy-to-channel table that was recovered from the
responses. Fits need sherpa (``make test-fit`` installs it into ``.venv-fit``; ``PYTHONPATH=.venv-fit``).
"""

from __future__ import annotations

import argparse
import logging
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rossi
from rossi.calibration import calendar_mjd
from rossi.energy.bands import STANDARD2_STARTS
from rossi.energy.built_in import built_in_table
from rossi.energy.channel_table import Extension, read_channel_table
from rossi.energy.folding import absorption
from rossi.energy.layers import ALL_XENON
from rossi.energy.pca_matrix import pca_matrix
from rossi.fits.header import Header
from rossi.fits.reader import read_bytes, read_fits
from rossi.spectra.channels import ChannelGroup
from rossi.spectra.ready import with_files
from rossi.spectra.response import Response, rebin_response
from rossi.spectra.response_file import read_response, response_bytes

DATES = {"10408-01-10-00": "1996-05-26", "10408-01-38-00": "1996-10-07", "20402-01-45-03": "1997-09-09"}
#: Geometric area of PCU 2 times what the collimator lets through on axis [cm2]: in the real responses, and recovered.
AREA = 1558.548
BAND = (3.0, 25.0)
COLOURS = {"recovered table": "tab:blue", "e05v03": "tab:orange"}


def made(table: Extension, date: str) -> Response:
    """Return rossi's response of PCU 2, all layers, Standard2."""
    groups = [ChannelGroup(first, beyond - 1, beyond - first) for first, beyond in pairwise(STANDARD2_STARTS)]
    full = rebin_response(pca_matrix(table, ALL_XENON, calendar_mjd(date, "00:00:00", "")), groups, 0)
    full.matrix[:] *= np.float32(AREA)
    return full


def compare(real: Response, ours: Response) -> None:
    """Print how far edges and area are apart."""
    for low, high in (BAND, (25.0, 60.0)):
        some = (real.e_min >= low) & (real.e_max <= high)
        edges = np.abs(ours.e_max - real.e_max)[some].max()
        energies = (real.energ_lo >= low) & (real.energ_hi <= high)
        area = ours.matrix.astype(float).sum(1)[energies] / real.matrix.astype(float).sum(1)[energies] - 1
        print(f"    {low:g}-{high:g} keV: edges to {edges:.2g} keV, area to {np.abs(area).max():.2g}")


def _cut_off(parameters: list[float], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return gas and exponential cut-off, a factor of sherpa's power law."""
    nh, folding = parameters
    energy = (np.asarray(low) + np.asarray(high)) / 2
    return np.exp(-nh * 1e22 * absorption(energy) - energy / folding)


def fit(name: Path) -> dict[str, object]:
    """Fit a power law with gas and cut-off to a spectrum that names its response and background."""
    from sherpa.astro import ui

    ui.clean()
    ui.load_user_model(_cut_off, "cut_off")
    ui.add_user_pars("cut_off", ["nh", "folding"], [5.0, 20.0], [0.0, 1.0], [50.0, 500.0])
    power_law = ui.powlaw1d.power_law
    power_law.ref, power_law.gamma, power_law.ampl = 7.0, 2.0, 0.1
    ui.load_pha(str(name), use_errors=True)
    ui.set_stat("chi2")
    ui.set_analysis("energy")
    ui.notice(*BAND)
    ui.subtract()
    ui.set_source(power_law * ui.get_model_component("cut_off"))
    ui.fit()
    ui.covar()
    found, errors = ui.get_fit_results(), ui.get_covar_results()
    data = ui.get_data_plot()
    return {
        "values": dict(zip(errors.parnames, errors.parvals, strict=True)),
        "errors": dict(zip(errors.parnames, errors.parmaxes, strict=True)),
        "chi2": found.statval,
        "dof": found.dof,
        "flux": ui.calc_energy_flux(*BAND),
        "residuals": (data.x, ui.get_delchi_plot().y),
    }


def with_response(folder: Path, obsid: str, response: Response | None, out: Path) -> Path:
    """Put a real spectrum, its background and a response, the real one where none is given, into a folder."""
    out.mkdir()
    shutil.copy(folder / f"background_{obsid}.pha", out / "background.pha")
    if response is None:
        shutil.copy(folder / f"response_{obsid}.rsp", out / "response.rsp")
    else:
        same = {"TELESCOP": "XTE", "INSTRUME": "PCA", "FILTER": "NONE", "CHANTYPE": "PHA", "HDUCLASS": "OGIP"}
        matrix = {"HDUCLAS1": "RESPONSE", "HDUCLAS2": "RSP_MATRIX", "HDUCLAS3": "FULL", "LO_THRES": 1e-6}
        nominal = {"HDUCLAS1": "RESPONSE", "HDUCLAS2": "EBOUNDS"}
        headers = [Header(list((same | own).items())) for own in (matrix, nominal)]
        (out / "response.rsp").write_bytes(response_bytes(response, *headers))
    spectrum = rossi.read(folder / f"spectra_{obsid}.grp")
    with_files(spectrum, respfile="response.rsp", backfile="background.pha").write(out / "spectrum.pha")
    return out / "spectrum.pha"


def told(name: str, found: dict[str, object]) -> str:
    """Return a line of the table of fits."""
    values, errors = found["values"], found["errors"]
    columns = ("power_law.gamma", "power_law.ampl", "cut_off.nh", "cut_off.folding")
    cells = [f"{values[key]:.4g} +- {errors[key]:.2g}" for key in columns]
    return (
        f"    {name:16} "
        + "  ".join(f"{cell:18}" for cell in cells)
        + (f"  {found['flux']:.5g}  {found['chi2']:.1f}/{found['dof']}")
    )


def draw(pairs: dict[str, tuple[Response, dict[str, Response]]], fits: dict[str, dict[str, dict]], file: Path) -> None:
    """Draw edges, areas and what the fits leave, of the first observation."""
    obsid, (real, ours) = next(iter(pairs.items()))
    figure, (edges, area, left) = plt.subplots(3, 1, figsize=(8, 9), constrained_layout=True)
    for name, response in ours.items():
        edges.plot(real.e_max, (response.e_max - real.e_max) * 1000, color=COLOURS[name], label=name)
        ratio = response.matrix.astype(float).sum(1) / real.matrix.astype(float).sum(1)
        area.plot(real.energ_lo, (ratio - 1) * 100, color=COLOURS[name], drawstyle="steps-post")
    edges.set(xlim=(2, 60), ylim=(-400, 400), xlabel="upper edge of the channel [keV]", ylabel="rossi - real [eV]")
    edges.legend(title="energy-to-channel table")
    area.set(xlim=(2, 60), ylim=(-2, 2), xlabel="energy of the photon [keV]", ylabel="area, rossi / real - 1 [%]")
    for name, marker in (("real", "s"), *((name, "o") for name in ours)):
        energy, residual = fits[obsid][name]["residuals"]
        left.plot(energy, residual, marker, color=COLOURS.get(name, "0.6"), ms=8 if name == "real" else 4, label=name)
    left.axhline(0, color="0.8", lw=1)
    left.set(xlabel="energy [keV]", ylabel="data - model [errors]", xlim=(2, 26))
    left.legend(title="fit with the response")
    figure.suptitle(f"GRS 1915+105, {obsid}, PCU 2, all layers")
    figure.savefig(file, dpi=110)


def main() -> None:
    """Compare, fit and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--figure", type=Path)
    chosen = parser.parse_args()
    logging.getLogger("sherpa").setLevel(logging.ERROR)
    recovered = read_channel_table(read_fits(chosen.table)).extensions[0]
    pairs, fits = {}, {}
    for obsid, date in DATES.items():
        path = chosen.folder / f"response_{obsid}.rsp"
        real, _ = read_response(read_bytes(path), path.name)
        older = built_in_table().extension(pcu=2, mjd=calendar_mjd(date, "00:00:00", ""))
        ours = {"recovered table": made(recovered, date), "e05v03": made(older, date)}
        pairs[obsid], fits[obsid] = (real, ours), {}
        print(f"{obsid} {date}")
        for name, response in ours.items():
            print(f"  {name}")
            compare(real, response)
        print(
            "  fits: index, photon / cm2 / s / keV at 7 keV, N_H [1e22 / cm2], folding energy [keV], "
            "erg / cm2 / s in 3-25 keV, chi2"
        )
        with tempfile.TemporaryDirectory() as scratch:
            for number, (name, response) in enumerate({"real": None, **ours}.items()):
                spectrum = with_response(chosen.folder, obsid, response, Path(scratch, str(number)))
                fits[obsid][name] = fit(spectrum)
                print(told(name, fits[obsid][name]))
    if chosen.figure:
        draw(pairs, fits, chosen.figure)


if __name__ == "__main__":
    main()
