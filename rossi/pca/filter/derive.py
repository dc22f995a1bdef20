"""The second half of a filter file: pointing, position and state of the PCUs, from the collected columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rossi.pca.filter import attitude, orbit, state
from rossi.pca.filter.collect import Collected, as_numbers
from rossi.pca.filter.columns import DERIVED, ELECTRON_COUNTERS, LAYER_COUNTERS, ON_FLAGS
from rossi.pca.filter.mcilwain import mcilwain_l
from rossi.pca.filter.single import Singles
from rossi.pca.standard2 import PCUS

Values: TypeAlias = dict[str, NDArray[Any]]

#: Height that ELV falls back to [km].
_HEIGHT = np.float32(573.12)
_AXES = "XYZ"
#: What else has a direction in the body frame: velocity, Sun and Moon, and what their columns' names begin with.
_OTHERS = {"ACSSCVEL": ("VEL", "RAM"), "ACSSUN": ("SUN", "SUN"), "ACSLUNAR": ("MOON", "MOON")}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The collected columns, in single precision, NaN where undefined or missing.

    Parameters
    ----------
    collected : dict
    n_row : int
    """

    collected: Collected
    n_row: int

    def __contains__(self, name: object) -> bool:
        return name in self.collected

    def __getitem__(self, name: str) -> Singles:
        if name not in self.collected:
            return np.full(self.n_row, np.nan, np.float32)
        column, values = self.collected[name]
        if column.null is None and values.dtype == np.float32:
            return values
        return as_numbers(column, values).astype(np.float32)

    def vector(self, name: str, components: Sequence[str] = _AXES) -> Singles:
        """Return columns as one array.

        Parameters
        ----------
        name : str
            What the columns' names begin with.
        components : sequence of str
            What they end with.

        Returns
        -------
        ndarray (n_component, n_row) of float32
        """
        return np.array([self[name + component] for component in components])


def derive(collected: Collected, n_row: int, target: Mapping[str, float]) -> Values:
    """Return the derived columns, NaN where undefined.

    Parameters
    ----------
    collected : dict of str to (Column, ndarray (n_row,))
        See `rossi.pca.filter.collect`.
    n_row : int
    target : mapping of str to float [deg]
        RA_OBJ and DEC_OBJ; without them OFFSET is undefined.

    Returns
    -------
    dict of str to ndarray (n_row,)
        In the order of the filter file.
    """
    inputs = Inputs(collected, n_row)
    with np.errstate(invalid="ignore"):
        found = _pointing(inputs, target) | _orbit(inputs) | _pcus(inputs)
    return {column.name: found[column.name] for column in DERIVED}


def _pointing(inputs: Inputs, target: Mapping[str, float]) -> Values:
    axes = attitude.body_axes(inputs.vector("ACSESTQ", "1234"))
    ahead = attitude.boresight(axes)
    out: Values = {}
    directions = attitude.direction(np.stack([*axes, ahead], axis=1))  # all at once: most of the time is overhead
    for name, ra, dec in zip((*_AXES, "POINT"), *directions, strict=True):
        out[f"{name}_RA"], out[f"{name}_DEC"] = ra, dec
    ra, dec = out["POINT_RA"], out["POINT_DEC"]
    out["POINT_L"], out["POINT_B"] = attitude.galactic(ra, dec)
    pointing = ra.astype(np.float64), dec.astype(np.float64)
    others = attitude.to_inertial(axes[:, :, None], np.stack([inputs.vector(name) for name in _OTHERS], axis=1))
    there = attitude.direction_of_any(others)
    angles = attitude.separation(*pointing, *there)
    for (name, short), ra, dec, angle in zip(_OTHERS.values(), *there, angles, strict=True):
        out[f"{name}_RA"], out[f"{name}_DEC"], out[f"{short}_ANGLE"] = ra, dec, angle
    sun = others[:, list(_OTHERS).index("ACSSUN")]
    for name, column in (("SUN", "ACSSUNX"), ("MOON", "ACSLUNARX")):  # where the attitude is unknown
        along = np.degrees(np.arccos(inputs[column].astype(np.float64)))
        out[f"{name}_ANGLE"] = np.where(np.isnan(out[f"{name}_RA"]), along, out[f"{name}_ANGLE"])
    missing = not all(f"ACSSUN{axis}" in inputs for axis in _AXES)
    out["ROLLBIAS"] = np.full(inputs.n_row, np.nan) if missing else attitude.roll(axes, sun)
    out["ELV"] = _elevation(inputs, ahead)
    known = {"RA_OBJ", "DEC_OBJ"} <= target.keys()
    here = (target["RA_OBJ"], target["DEC_OBJ"]) if known else (np.nan, np.nan)
    out["OFFSET"] = attitude.separation(*pointing, *here)
    return out


def _elevation(inputs: Inputs, ahead: Singles) -> Singles:
    if all(f"ACSSCPOS{axis}" in inputs for axis in _AXES):
        return attitude.elevation(inputs.vector("ACSSCPOS"), ahead)
    height = _HEIGHT
    if "ACSALTITUDE" in inputs:
        known = inputs["ACSALTITUDE"][~np.isnan(inputs["ACSALTITUDE"])]
        height = known[0] if len(known) else np.float32(np.nan)
    limb = np.degrees(np.arcsin(attitude.EARTH_RADIUS / (attitude.EARTH_RADIUS + float(height))))
    return np.asarray(np.degrees(np.arccos(inputs["ACSEARTHX"].astype(np.float64))) - limb).astype(np.float32)


def _orbit(inputs: Inputs) -> Values:
    latitude, longitude = inputs["ACSEARTHLAT"], inputs["ACSEARTHLON"]
    climb = inputs["ACSSCVELZ"] if "ACSSCVELZ" in inputs else orbit.climbing(latitude)
    theta, phi = orbit.background_coordinates(latitude, longitude, climb)
    return {
        "MCILWAIN_L": mcilwain_l(inputs.vector("ACSSCPOS")),
        "BKGD_THETA": theta,
        "BKGD_PHI": phi,
        "TIME_SINCE_SAA": orbit.time_since_saa(theta, phi),
    }


def _pcus(inputs: Inputs) -> Values:
    out: Values = {}
    pcus = "".join(map(str, PCUS))
    on = state.all_set([inputs.vector(f"{flag}_PCU", pcus) for flag in ON_FLAGS])
    electrons = state.electron_ratio(*(inputs.vector(f"{name}CntPcu", pcus) for name in ELECTRON_COUNTERS))
    for pcu in PCUS:
        out[f"PCU{pcu}_ON"], out[f"ELECTRON{pcu}"] = on[pcu], electrons[pcu]
    out["NUM_PCU_ON"] = state.total(list(on))
    out["L6CNTPCU0"] = state.total([inputs[f"{name}CntPcu0"] for name in LAYER_COUNTERS])
    return out
