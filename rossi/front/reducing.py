"""``rossi.reduce``: both instruments of an observation, in memory."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Never

import numpy as np

from rossi.archive import ObsID
from rossi.errors import ConfigError, did_you_mean
from rossi.front.door import services
from rossi.front.observation import Observation, open_observation
from rossi.front.progress import OnStage, told
from rossi.front.reduction import Reduction
from rossi.given import path_text

Instrument = Literal["pca", "hexte"]
#: Energies, "2-9keV"; or first and last absolute channel, of the PCA with the length of its bins behind them, if it is
#: another [s].
Band = str | tuple[int, int] | tuple[int, int, float]
INSTRUMENTS: tuple[Instrument, ...] = ("pca", "hexte")
#: What may be made: of both instruments, and of the PCA's fast data.
USUAL_PRODUCTS = ("lightcurves", "spectra")
FAST_PRODUCTS = ("fast", "events", "power", "bursts")
#: Keywords of `reduce` that are no settings of stages.
_OTHERS = ("observation", "archive", "instruments", "products", "calibration", "progress", "unknown")


def reduce(
    observation: Observation | str | ObsID,
    *,
    archive: str | os.PathLike[str] | None = None,
    instruments: Sequence[Instrument] | Instrument = INSTRUMENTS,
    products: Sequence[str] | str = USUAL_PRODUCTS,
    calibration: str | os.PathLike[str] | Mapping[str, Any] = "$CALDB",
    bands: Sequence[Band] | Band | None = None,
    hexte_bands: Sequence[Band] | Band | None = None,
    expression: str | None = None,
    hexte_expression: str | None = None,
    prefr: float | None = None,
    postfr: float | None = None,
    barycentre: Literal["column", "replace", "off"] | Mapping[str, Any] | None = None,
    spectra: bool | None = None,
    responses: bool | None = None,
    group_min: int | None = None,
    systematic: float | None = None,
    hexte_systematic: float | None = None,
    spectrum_exposure: Literal["pcu_seconds", "seconds"] | None = None,
    filter_file: Literal["rebuild", "archive"] | None = None,
    engine: Literal["native", "heasoft"] | None = None,
    background: Literal["model", "none"] | None = None,
    transition_bad: bool | None = None,
    propane_bad: bool | None = None,
    zero_bad: bool | None = None,
    pcus: str | Sequence[int] | None = None,
    layers: str | Sequence[str] | None = None,
    binsz: float | None = None,
    subtract: bool | None = None,
    per_pcu: bool | None = None,
    dead_time: Literal["LIVE", "ON", "NONE"] | None = None,
    hexte_data: Literal["archive", "events"] | None = None,
    detectors: str | Sequence[int] | None = None,
    hexte_background: Literal["cycle", "interpolated"] | None = None,
    cycles: int | None = None,
    hexte_binsz: float | None = None,
    dwell: Literal["auto", "16", "32", "64", "128"] | None = None,
    fast_bands: Sequence[tuple[int, int]] | tuple[int, int] | None = None,
    fast_binsz: float | None = None,
    energies: bool | None = None,
    power_binsz: float | None = None,
    segment: float | None = None,
    rebin: float | None = None,
    rms_bands: Sequence[tuple[float, float]] | None = None,
    noise_above: float | None = None,
    false_alarm: float | None = None,
    burst_sigma: float | None = None,
    progress: bool | OnStage = True,
    **unknown: Never,
) -> Reduction:
    """Reduce an observation: light curves and spectra of PCA and HEXTE, in memory.

    The numbers are those of the command ``rossi reduce`` with the same settings. Settings that are None are those of
    ``rossi config``, which HEASARC's recipes use.

    Parameters
    ----------
    observation : Observation or str
        What `rossi.open` returned; or an ObsID with `archive`, or the path of an observation's directory.
    archive : str or path-like, optional
        Where the observation lies, unless it is open already.
    instruments : sequence of {"pca", "hexte"}
        What is reduced; by default both.
    products : sequence of str
        What is made: ``"lightcurves"`` and ``"spectra"`` (the default); of the PCA's fast data ``"fast"`` light curves,
        ``"events"``, ``"power"`` spectra, ``"bursts"``.
    calibration : str, path-like or mapping
        Root of a CALDB (folder or URL), by default what the environment's CALDB says; or files by what they are for, as
        in section [calibration] of ``rossi.toml``: model, saa, breakdown, dead_time_a, dead_time_b, background_a,
        and for responses and energies energy_to_channel, collimators, hexte_matrix, hexte_area, hexte_collimators.
    bands : sequence of str, (int, int) or (int, int, float), optional
        PCA: the band of each light curve: energies, ``"2-9keV"``, or first and last absolute channel (0 to 255), and
        length of its bins [s] if it is another than `binsz`; by default 5 to 10.
    hexte_bands : sequence of str or (int, int), optional
        The same of HEXTE; by default 15 to 61.
    expression, hexte_expression : str, optional
        Good time of each instrument: condition on the filter file's columns, ``"ELV > 10 && OFFSET < 0.02"``.
    prefr, postfr : float, optional
        Part of the step before, and behind, a good row of the filter file that is good; 0 to 1, by default 0.5.
    barycentre : {"column", "replace", "off"} or mapping, optional
        Light curves have a column BARYTIME (MET, TDB) beside TIME, or all times are replaced; by default they stay as
        they are. The position is that of the target in the data, or ``{"times": "column", "ra": 83.63, "dec": 22.01}``.
    spectra : bool, optional
        Whether spectra are made, too; by default they are.
    responses : bool, optional
        Whether spectra have responses, too; by default they have.
    group_min : int, optional
        Join channels of spectra to groups of so many counts at least; by default they stand alone.
    systematic, hexte_systematic : float, optional
        Systematic error of each instrument's spectra, a fraction; by default 0.005 for the PCA, 0 for HEXTE.
    spectrum_exposure : {"pcu_seconds", "seconds"}, optional
        PCA: exposure in PCU x seconds and the mean of the PCUs' areas (the default), or in seconds and their sum.
    filter_file : {"rebuild", "archive"}, optional
        Make it from housekeeping (the default), or take the archive's standard product.
    engine : {"native", "heasoft"}, optional
        Who computes: rossi (the default), or NASA's tasks where they are installed.
    background : {"model", "none"}, optional
        PCA: estimate the background with a model (the default), or not at all.
    transition_bad, propane_bad, zero_bad : bool, optional
        PCA: leave out rows beside the switching of a PCU; those of PCU 0 and 1 without their propane layer; set their
        spectra to 0. By default all three.
    pcus : str or sequence of int, optional
        PCA: ``"ALL"`` (the default), ``"0,2-3"``, ``[0, 2]``.
    layers : str or sequence of str, optional
        PCA: ``"ALL"`` (the default), ``"1"``, ``"X1L,X1R"``.
    binsz : float, optional
        PCA: length of a bin, a multiple of 16 [s]; by default 16.
    subtract : bool, optional
        PCA: take the background off, as by default.
    per_pcu : bool, optional
        PCA: a light curve of each PCU, too; by default not.
    dead_time : {"LIVE", "ON", "NONE"}, optional
        PCA: what rates are divided by; live time by default.
    hexte_data : {"archive", "events"}, optional
        HEXTE: the standard mode (the default), or event lists where there are any.
    detectors : str or sequence of int, optional
        HEXTE: detectors of each cluster; ``"0123"`` by default.
    hexte_background : {"cycle", "interpolated"}, optional
        HEXTE: bins of whole rocking cycles (the default), or of `hexte_binsz` with the background interpolated.
    cycles : int, optional
        HEXTE: rocking cycles in a bin; by default 1.
    hexte_binsz : float, optional
        HEXTE: length of a bin for ``hexte_background="interpolated"`` [s], up to 16.
    dwell : {"auto", "16", "32", "64", "128"}, optional
        HEXTE: how long a cluster stays at a position [s]; found out by default.
    fast_bands : sequence of (int, int), optional
        Fast data: absolute channels of light curves and power spectra; by default 0 to 255.
    fast_binsz : float, optional
        Fast data: bins of light curves, 2^-13 to 8 [s]; by default 0.125.
    energies : bool, optional
        Event lists: a column of energies, as by default.
    power_binsz, segment : float, optional
        Power spectra: bins (by default 2^-9) and segments (by default 16) [s].
    rebin : float, optional
        Power spectra: by which part of themselves bins grow; by default 0.02.
    rms_bands : sequence of (float, float), optional
        Power spectra: where the rms is integrated [Hz]; by default 0.1 to 10 and 10 to 100.
    noise_above : float, optional
        Power spectra: the noise level is shifted to the mean power above [Hz]; by default it is that of the model.
    false_alarm : float, optional
        Power spectra: chance that noise gives a peak that is listed; by default 0.01.
    burst_sigma : float, optional
        Bursts: standard deviations above the mean; by default 4.
    progress : bool or callable
        Show how far it is; a callable is told stage, its number and how many there are.
    **unknown
        There are no others; one that is misspelt is refused with the one that was meant.

    Returns
    -------
    Reduction
        What one instrument lacks does not concern the other: `Reduction.caveats` tell of it.

    Raises
    ------
    ConfigError
        If a setting makes no sense, or calibration is missing.
    DataError
        If the observation's data can't be reduced.
    NoGoodTime
        If no good time is left to either instrument.

    Examples
    --------
    >>> result = rossi.reduce(obs, bands=[(5, 10), (11, 20)], calibration="$CALDB")  # doctest: +SKIP
    >>> result.pca["ch5-10"].plot()  # doctest: +SKIP
    >>> rossi.reduce(obs, bands=["2-9keV"]).pca["2-9keV"].plot()  # doctest: +SKIP
    """
    given = dict(locals())
    _refuse(unknown)
    opened = observation if isinstance(observation, Observation) else open_observation(observation, archive)
    settings = {name: _plain(value) for name, value in given.items() if name not in _OTHERS and value is not None}
    for name in ("bands", "hexte_bands", "fast_bands"):
        if name in settings:
            settings[name] = _bands(settings[name], name)
    chosen = _instruments(instruments)
    made = _products(products, chosen, settings.get("engine"))
    what = (opened.obsid, opened.archive, chosen, made, settings, _calibration(calibration))
    with told(progress, f"Reducing {opened.obsid}") as on_stage:
        return Reduction(opened, *services().reduce(*what, on_stage))


def _refuse(unknown: Mapping[str, object]) -> None:
    if unknown:
        name = next(iter(unknown))
        known = [name for name in inspect.signature(reduce).parameters if name != "unknown"]
        hint = did_you_mean(name, known) or f"there are {', '.join(known)}."
        raise ConfigError(f"rossi.reduce has no keyword {name!r}; {hint}")


def _plain(value: Any) -> Any:
    """Return numpy's numbers and arrays as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _instruments(given: Any) -> tuple[str, ...]:
    chosen = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for name in chosen:
        if name not in INSTRUMENTS:
            raise ConfigError(
                f"instruments: {name!r} is none that rossi reduces; there are {' and '.join(INSTRUMENTS)}."
            )
    if not chosen:
        raise ConfigError("instruments is empty; give 'pca', 'hexte' or both.")
    return tuple(name for name in INSTRUMENTS if name in chosen)


def _products(given: Any, instruments: Sequence[str], engine: str | None) -> tuple[str, ...]:
    chosen = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    known = (*USUAL_PRODUCTS, *FAST_PRODUCTS)
    for name in chosen:
        if name not in known:
            hint = did_you_mean(str(name), known) or f"there are {', '.join(known)}."
            raise ConfigError(f"products: {name!r} is none that rossi makes; {hint}")
    if "lightcurves" not in chosen and ("spectra" in chosen or not chosen):
        raise ConfigError("products has to name lightcurves, with which spectra are made, or fast data.")
    fast = [name for name in chosen if name in FAST_PRODUCTS]
    if fast and "pca" not in instruments:
        raise ConfigError(f"products names {fast[0]}, which is made of the PCA alone; name 'pca' in instruments.")
    if fast and engine == "heasoft":
        raise ConfigError(f"products names {fast[0]}, which engine='heasoft' does not make; take engine='native'.")
    return tuple(str(name) for name in known if name in chosen)


def _calibration(given: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return {str(name): _as_text(files) for name, files in given.items()}
    root = path_text(given, "calibration")
    if root == "$CALDB" and not os.environ.get("CALDB"):
        raise ConfigError(
            "No calibration was given, and the environment has no CALDB; give calibration='/path/of/caldb' (the folder "
            "or URL that holds data/xte/pca/caldb.indx), or files by what they are for: calibration={'model': [...], "
            "'saa': ..., 'breakdown': ..., 'dead_time_a': ..., 'dead_time_b': ...}."
        )
    return {"caldb": root}


def _as_text(files: Any) -> Any:
    if isinstance(files, list | tuple):
        return [_as_text(one) for one in files]
    return path_text(files, "calibration") if isinstance(files, str | os.PathLike) else files


def _bands(given: Any, keyword: str) -> list[Any]:
    """Return bands as settings have them: (5, 10) is chmin 5, chmax 10; text as it is."""
    single = isinstance(given, str) or (isinstance(given, tuple) and all(isinstance(n, int | float) for n in given))
    try:
        bands = [given] if single else list(given)
        return [one if isinstance(one, dict | str) else dict(_named(*one)) for one in bands]
    except TypeError:
        raise ConfigError(
            f"{keyword} is {given!r}; energies or pairs of channels were expected: {keyword}=['2-9keV'] or "
            f"{keyword}=[(5, 10), (11, 20)]."
        ) from None


def _named(first: float, last: float, binsz: float | None = None) -> dict[str, float]:
    return {"chmin": first, "chmax": last} | ({} if binsz is None else {"binsz": binsz})
