"""Numbers that others measured of archive data (``reference.csv`` names them), and the same by rossi."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from rossi.arrays import Floats
from rossi.spectra.pha import Spectrum
from rossi.validate.verdict import MOST_OF_SUM, ROUNDING, Comparison, Verdict

#: Band of the PCA's rates [keV].
PCA_BAND = (5.0, 25.0)
HEXTE_BANDS = {"net_rate_25-40keV": (25.0, 40.0), "net_rate_40-60keV": (40.0, 60.0)}
#: PCUs and layers of the PCA's numbers.
PCUS, LAYERS = "2", "1"
#: The last epoch in which the minutes after the SAA are left out.
_LATER = 2
#: What times may differ by [s]: a row of Standard2.
_ROW = 16.0


@dataclass(frozen=True, slots=True)
class Reference:
    """A published number.

    Parameters
    ----------
    obsid, target : str
    instrument : str
        PCA or HEXTE.
    epoch : int
        Gain epoch of the PCA's; 0 for HEXTE.
    quantity : str
    value : float
    error : float
        NaN where none is published.
    unit : str
    source : str
        By which name the file's head tells who measured it.
    """

    obsid: str
    target: str
    instrument: str
    epoch: int
    quantity: str
    value: float
    error: float
    unit: str
    source: str


@lru_cache(maxsize=1)
def references() -> tuple[Reference, ...]:
    """Return the published numbers that come with rossi: five observations of the PCA, eight of HEXTE's cluster B."""
    text = files("rossi.validate").joinpath("reference.csv").read_text(encoding="utf-8")
    return read_references(text)


def read_references(text: str) -> tuple[Reference, ...]:
    """Read a table of numbers.

    Parameters
    ----------
    text : str
        CSV with the columns of `Reference`; lines that begin with # say where they are from.
    """
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Reference(
            row["obsid"],
            row["target"],
            row["instrument"],
            int(row["epoch"] or 0),
            row["quantity"],
            float(row["value"]),
            float(row["error"] or "nan"),
            row["unit"],
            row["source"],
        )
        for row in rows
    )


def pca_expression(epoch: int) -> str:
    """Return the good time of the PCA's numbers.

    Parameters
    ----------
    epoch : int
    """
    usual = "(ELV > 10) && (OFFSET < 0.02) && (PCU2_ON == 1) && (ELECTRON2 < 0.1)"
    return usual + " && (TIME_SINCE_SAA > 30 || TIME_SINCE_SAA < 0)" * (epoch <= _LATER)


def in_band(spectrum: Spectrum, low: Floats, high: Floats, band: tuple[float, float]) -> tuple[float, float]:
    """Return rate and error in a band; channels across its edges count by the part that is inside.

    Parameters
    ----------
    spectrum : Spectrum
    low, high : ndarray (n,) [keV]
        Nominal energies of the channels (EBOUNDS).
    band : (float, float) [keV]

    Returns
    -------
    float, float [count / s]
    """
    part = np.clip((np.minimum(high, band[1]) - np.maximum(low, band[0])) / (high - low), 0.0, 1.0)
    return float(part @ spectrum.rate), float(np.sqrt(part**2 @ spectrum.rate_error**2))


def measured(
    source: Spectrum,
    background: Spectrum,
    energies: tuple[Floats, Floats] | None,
    bands: Mapping[str, tuple[float, float]],
) -> dict[str, tuple[float, float]]:
    """Return exposures and rates of spectra, each with its error.

    Parameters
    ----------
    source, background : Spectrum
    energies : tuple of ndarray (n,) [keV] or None
        Lower and upper energies of channels; None where they are not known: there are no rates then.
    bands : mapping of str to (float, float) [keV]
        Of net rates, by quantity; that called ``net_rate`` has those of source and background beside it.
    """
    found = {
        "exposure": (source.exposure, 0.0),
        "background_exposure": (background.exposure, 0.0),
        "ontime": (source.header.known("ONTIME") or float("nan"), 0.0),
    }
    for name, band in bands.items():
        if energies is None:
            break
        sides = [in_band(side, energies[0], energies[1], band) for side in (source, background)]
        found[name] = (sides[0][0] - sides[1][0], float(np.hypot(sides[0][1], sides[1][1])))
        if name == "net_rate":
            found |= {"source_rate": sides[0], "background_rate": sides[1]}
    return found


def compare_numbers(
    expected: Iterable[Reference], own: Mapping[str, tuple[float, float]], why_not: str = ""
) -> list[Comparison]:
    """Compare published numbers with rossi's.

    Parameters
    ----------
    expected : iterable of Reference
        Of one observation and instrument.
    own : mapping of str to (float, float)
        Value and error by quantity.
    why_not : str
        What is said of those that are missing.
    """
    return [_compared(one, own.get(one.quantity, (np.nan, np.nan)), why_not) for one in expected]


def _compared(one: Reference, own: tuple[float, float], why_not: str) -> Comparison:
    value, error = own
    product = f"{one.instrument} ({one.source})"
    if not np.isfinite(value):
        reasons = (why_not or "rossi has no such number.",)
        return Comparison(product, "number", Verdict.NOT_COMPARED, column=one.quantity, unit=one.unit, reasons=reasons)
    difference = value - one.value
    size = _ROW if one.unit == "s" else float(np.hypot(error, np.nan_to_num(one.error)))
    away = difference / size if size else np.inf
    limit = 1.0 if one.unit == "s" else MOST_OF_SUM
    same = abs(difference) <= ROUNDING * max(abs(value), abs(one.value))
    verdict = Verdict.SAME if same else Verdict.WITHIN if abs(away) <= limit else Verdict.DIFFERS
    said = [f"{one.value:g} {one.unit} published, {value:g} by rossi."]
    chosen = one.instrument == "HEXTE" and one.unit == "s"
    if chosen and verdict is Verdict.DIFFERS:
        said.append("Another filter: the published exposure is that of the archive's good time.")
    return Comparison(
        product,
        "number",
        verdict,
        column=one.quantity,
        unit=one.unit,
        compared=1,
        ratio=value / one.value if one.value else float("nan"),
        significance=float(away),
        largest=difference,
        reasons=tuple(said),
        explained=chosen,
    )
