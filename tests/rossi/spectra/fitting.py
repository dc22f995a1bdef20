"""Spectra of a simulated source with their responses, made as a user makes them, for programs that fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

import rossi
import rossi.ftools as tasks
from rossi.archive import ObsID
from rossi.energy.folding import absorption
from rossi.simulate import (
    AREA_FILES,
    BREAKDOWN_FILE,
    COLLIMATOR_FILES,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    MATRIX_FILES,
    MODEL_FILE,
    PCA_COLLIMATOR_FILES,
    ObservationSpec,
    simulate_observation,
)
from rossi.simulate.calibration import calibration_files
from rossi.spectra.ready import ready_to_fit, with_files
from rossi.spectra.response_file import read_response

#: What shall be found again.
INDEX, NH, NORM = 1.9, 3.0, 3.0
#: Energy at which the flux density is fitted, about where index and norm are independent [keV].
PIVOT = {"pca": 7.0, "hexte": 35.0, "both": 7.0}
CLUSTERS = ("a", "b")


def reduced(folder: Path, number: int, *, pcus: tuple[int, ...] = (2,), systematic: float | None = 0.0) -> Path:
    """Simulate one observation of 3200 s, reduce it, and return the folder of its spectra, which are ready to fit.

    The simulation has no systematic errors, so by default the spectra have none either.
    """
    spec = ObservationSpec(
        ObsID("20101-01-01-00"), 110_145_600, 3200, NORM, INDEX, NH, dec=85.0, slew=0, entropy=(18, 100 + number)
    )
    calibration, out = folder / "calibration", folder / f"out{number}"
    _write(calibration, calibration_files())
    _write(folder / str(number) / spec.obsid.path, simulate_observation(spec))
    names = {"model": [MODEL_FILE], "breakdown": BREAKDOWN_FILE}
    names |= {"dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B}
    own = {
        name: [str(calibration / one) for one in file] if isinstance(file, list) else str(calibration / file)
        for name, file in names.items()
    }
    place = folder / str(number) / spec.obsid.path
    made = rossi.reduce(place, pcus=list(pcus), calibration={"saa": "NONE", **own})
    made.write(out)
    attitude = str(next(place.glob("stdprod/x*.xfl*")))
    _pca(out, f"{spec.obsid}_src.pha", attitude, calibration, systematic)
    for n, cluster in enumerate(CLUSTERS):
        _hexte(out, f"{spec.obsid}_pw{cluster}_src.pha", n, attitude, calibration)
    return out


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _pca(out: Path, name: str, attitude: str, calibration: Path, systematic: float | None) -> None:
    # The model follows VLE counts, which the simulation lets miss what the spectrum misses: what it predicts has the
    # spectrum's dead time. Its own, of its own counts, is 1.4 % less, which a million counts tell.
    exposure, background = (fits.getval(out / name, key, 1) for key in ("EXPOSURE", "BACKFILE"))
    fits.setval(out / background, "EXPOSURE", value=exposure, ext=1)
    cubes = ",".join(str(calibration / cube) for cube in PCA_COLLIMATOR_FILES)
    tasks.pcarsp(
        phafil=str(out / name),
        attfile=attitude,
        e2cfile="e05v03",
        collcube=cubes,
        weights="@INFILE",
        name=str(out / "pca.rsp"),
    )
    _ready(out, name, "pca.rsp", "pca.pha", 20, systematic)


def _hexte(out: Path, name: str, n: int, attitude: str, calibration: Path) -> None:
    files = zip(("inrmf", "inarf", "collcube"), (MATRIX_FILES, AREA_FILES, COLLIMATOR_FILES), strict=True)
    tasks.hxtrsp(infile=str(out / name), attfile=attitude, **{key: str(calibration / file[n]) for key, file in files})
    _ready(out, name, Path(name).with_suffix(".rsp").name, f"hexte{CLUSTERS[n]}.pha", 200, None)


def _ready(out: Path, name: str, respfile: str, made: str, group_min: float, systematic: float | None) -> None:
    response, _ = read_response((out / respfile).read_bytes(), respfile)
    spectrum = with_files(rossi.read(out / name), respfile=respfile, ancrfile="NONE")
    ready_to_fit(spectrum, response.e_min, response.e_max, group_min=group_min, systematic=systematic).write(out / made)


def gas(parameters: list[float], low: np.ndarray, high: np.ndarray | None = None) -> np.ndarray:
    """Return what interstellar gas lets through, a model of sherpa's: hydrogen [1e22 / cm2]."""
    energy = low if high is None else (np.asarray(low) + high) / 2
    return np.exp(-parameters[0] * 1e22 * absorption(np.asarray(energy, float)))


def fitted(names: list[Path], pivot: float, *, free_nh: bool) -> dict[str, tuple[float, float]]:
    """Fit spectra with sherpa, each loaded by its name alone.

    Returns value and error of `index`, `flux` (photon / cm2 / s / keV at the pivot, without absorption) and, where it
    is free, `nh`; and the reduced chi2 with the number of points.
    """
    from sherpa.astro import ui

    ui.clean()
    ui.load_user_model(gas, "gas")
    ui.add_user_pars("gas", ["nh"], [NH], [0.0], [100.0], parfrozen=[not free_nh])
    power_law = ui.powlaw1d.power_law
    power_law.ref, power_law.gamma, power_law.ampl = pivot, 2.0, 0.01
    ui.set_stat("chi2")
    for number, name in enumerate(names, 1):
        ui.load_pha(number, str(name), use_errors=True)
        ui.ignore_bad(number)
        ui.subtract(number)
        ui.set_source(number, power_law * ui.get_model_component("gas"))
    ui.fit()
    ui.covar()
    found, errors = ui.get_fit_results(), ui.get_covar_results()
    called = {"power_law.gamma": "index", "power_law.ampl": "flux", "gas.nh": "nh"}
    made = {
        called[name]: (value, error)
        for name, value, error in zip(errors.parnames, errors.parvals, errors.parmaxes, strict=True)
    }
    return made | {"chi2": (found.rstat, found.numpoints)}
