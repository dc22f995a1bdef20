"""What the windows and gas layers of a PCU absorb."""

from __future__ import annotations

import math

import numpy as np

from rossi.arrays import Floats
from rossi.energy.detectors import ALUMINIUM, METHANE, PROPANE, Pcu
from rossi.energy.layers import HALVES, NUMBER
from rossi.energy.layers import PROPANE as PROPANE_CODE
from rossi.errors import DataError
from rossi.spectra.algebra import Compat

#: Segments of ln(mu) as polynomials in ln(E / eV): from which energy [eV] on, and the coefficients; then the energy
#: [eV] above which mu is 0, so that light elements are transparent above 20 keV, aluminium above 30 (pcarmf 11.7).
_POLYNOMIALS: dict[str, tuple[tuple[tuple[float, tuple[float, ...]], ...], float]] = {
    "H": (((30, (23.002, -2.7824, -0.03899)),), 20000.5),
    "C": (((70, (14.703, -0.00272, -0.2185)), (283.8, (21.062, -1.111, -0.1193))), 20000),
    "O": (((100, (18.51, -1.0226, -0.1279)), (531.7, (20.108, -0.7673, -0.13365))), 20000.5),
    "Al": (((100, (10.837, 1.819, -0.3418)), (1599.9, (29.035, -2.799))), 30000.5),
    "Xe": (
        (
            (1012, (12.9, 0.94, -0.214)),
            *(
                (4782.2, (28.85, -2.623)),
                (5103.7, (29.16, -2.623)),
                (5452.8, (30.25, -2.728)),
                (34560, (32.84, -2.803)),
            ),
        ),
        100000,
    ),
}
#: Compounds: mass of each element in it (Mylar C10 H8 O4).
_COMPOUNDS = {
    "Mylar": {"C": 120.1, "O": 64.0, "H": 8.064},
    "propane": {"C": 36.03, "H": 8.064},
    "CH4": {"C": 12.01, "H": 4.032},
}
#: Xenon in the layers: energy [keV] and cross section [cm**2 / g] between which it is linear (LBL_sigma = 11).
_XENON = np.array(
    [
        *((1, 7.1), (2, 2165.9), (3, 805.9), (4, 400.8), (4.78, 260.6), (4.782, 739.5), (5, 659.3), (5.098, 627.2)),
        *((5.1, 881.3), (5.45, 742.1), (5.453, 858.9), (6, 669.7), (7, 447.1), (8, 314.2), (9, 229.7), (10, 173.3)),
        *((11, 134.1), (12, 106.1), (13, 85.4), (14, 69.8), (15, 57.9), (16, 48.5), (17, 41.1), (18, 35.2)),
        *((19, 30.3), (20, 26.3), (21, 23), (22, 20.3), (23, 17.9), (24, 16), (25, 14.3), (26, 12.8), (27, 11.5)),
        *((28, 10.4), (29, 9.5), (30, 8.6), (31, 7.9), (32, 7.2), (33, 6.7), (34, 6.1), (34.58, 5.9), (34.583, 32.1)),
        *((35, 31.2), (36, 29.1), (37, 27.2), (38, 25.4), (39, 23.8), (40, 22.3), (41, 21), (42, 19.7), (43, 18.6)),
        *((44, 17.5), (45, 16.5), (46, 15.6), (47, 14.8), (48, 14), (49, 13.2), (50, 12.6), (51, 11.9), (52, 11.3)),
        *((53, 10.8), (54, 10.3), (55, 9.8), (56, 9.3), (57, 8.9), (58, 8.5), (59, 8.1), (60, 7.8), (61, 7.4)),
        *((62, 7.1), (63, 6.8), (64, 6.5), (65, 6.3), (66, 6), (67, 5.8), (68, 5.6), (69, 5.3), (70, 5.1), (71, 4.9)),
        *((72, 4.8), (73, 4.6), (74, 4.4), (75, 4.3), (76, 4.1), (77, 4), (78, 3.8), (79, 3.7), (80, 3.6), (81, 3.5)),
        *((82, 3.4), (83, 3.3), (84, 3.2), (85, 3.1), (86, 3), (87, 2.9), (88, 2.8), (89, 2.7), (90, 2.6), (91, 2.5)),
        *((92, 2.5), (93, 2.4), (94, 2.3), (95, 2.3), (96, 2.2), (97, 2.1), (98, 2.1), (99, 2), (100, 2)),
    ]
).T


def cross_section(material: str, energy: Floats) -> Floats:
    """Return the mass attenuation of an element, or of Mylar, propane or CH4, from its polynomials.

    Parameters
    ----------
    material : str
        H, C, O, Al, Xe, Mylar, propane or CH4.
    energy : ndarray (n,) [keV]

    Returns
    -------
    ndarray (n,) [cm**2 / g]
    """
    if material in _COMPOUNDS:
        parts = _COMPOUNDS[material]
        weighted = [mass * cross_section(element, energy) for element, mass in parts.items()]
        return np.asarray(sum(weighted) / sum(parts.values()))
    segments, highest = _POLYNOMIALS[material]
    ev = np.asarray(energy, np.float64) * 1000
    value = np.zeros(ev.shape)
    for lowest, coefficients in segments:
        value = np.where(ev > lowest, np.exp(np.polynomial.polynomial.polyval(np.log(ev), coefficients)), value)
    return np.where(ev > highest, 0.0, value)


def xenon_cross_section(energy: Floats) -> Floats:
    """Return the mass attenuation of xenon in the layers.

    Parameters
    ----------
    energy : ndarray (n,) [keV]
        Known from 1 to 100; beyond, it stays as it is there.

    Returns
    -------
    ndarray (n,) [cm**2 / g]
    """
    return np.asarray(np.interp(energy, *_XENON))


def has_propane(pcu: Pcu, mjd: float, *, compat: Compat = None) -> bool:
    """Return whether a PCU has its propane at a moment.

    Parameters
    ----------
    pcu : Pcu
    mjd : float [MJD]
        UTC.
    compat : {"heasoft"}, optional
        By the original's rule: it is gone from the day *after* that of the loss on.
    """
    lost = pcu.propane_lost
    return math.floor(mjd) <= math.floor(lost) if compat and math.isfinite(lost) else mjd < lost


def efficiency(pcu: Pcu, code: int, mjd: float, energy: Floats, *, compat: Compat = None) -> Floats:
    """Return which fraction of photons a layer (or half of it) absorbs, those that the windows take counted.

    Parameters
    ----------
    pcu : Pcu
    code : int
        A group of anodes in one layer; see `rossi.energy.layers`.
    mjd : float [MJD]
        UTC; xenon in the propane grows with the days.
    energy : ndarray (n,) [keV]
    compat : {"heasoft"}, optional
        See `has_propane`.

    Returns
    -------
    ndarray (n,)
        Per photon on the geometric area.

    Raises
    ------
    DataError
        For the propane of a PCU that has lost it.
    """
    day = math.floor(mjd)
    filled = has_propane(pcu, mjd, compat=compat)
    if code == PROPANE_CODE and not filled:
        raise DataError(
            f"PCU {pcu.number} lost its propane on MJD {pcu.propane_lost:.2f}, so layer P has no response on MJD "
            f"{mjd:.2f}; ask for a xenon layer, or an earlier date."
        )
    in_propane = (pcu.in_propane if filled else pcu.after_loss).on(day)
    xenon, methane = xenon_cross_section(energy), cross_section("CH4", energy)
    window = np.exp(-cross_section("Al", energy) * ALUMINIUM / 2 - cross_section("Mylar", energy) * pcu.mylar / 2)
    gas = cross_section("propane", energy) * (PROPANE if filled else 0.0) + xenon * in_propane
    through = window * np.exp(-gas)
    if code == PROPANE_CODE:
        return np.asarray(window - through)
    through = through * window
    for number, amount in enumerate(pcu.xenon, 1):
        behind = through * np.exp(-xenon * amount - methane * METHANE * amount)
        if number == NUMBER[code]:
            return np.asarray((through - behind) * (0.5 if code in HALVES else 1.0))
        through = behind * np.exp(-xenon * pcu.dead_layer)
    raise AssertionError(code)  # every code has a layer
