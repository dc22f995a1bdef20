"""The second half of a filter file: pointing, position and state of the PCUs, derived from the collected columns.

Source: what the FTOOLS task xtederive does. MCILWAIN_L is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.simulate import clock
from rossi.simulate.attitude import BORESIGHT
from rossi.simulate.collect import LAYERS, STEP, Floats, Grid, grid
from rossi.simulate.keywords import dates, time_system
from rossi.simulate.orbit import EARTH, unit
from rossi.simulate.spec import PCUS, ObservationSpec

#: Inclination in the definition of the orbit coordinates of the background [rad].
_INCLINATION = 0.4013
#: J2000 to galactic coordinates.
_GALACTIC = np.array(
    [
        [-0.054875539726, -0.873437108010, -0.483834985808],
        [0.494109453312, -0.444829589425, 0.746982251810],
        [-0.867666135858, -0.198076386122, 0.455983795705],
    ]
)
_ON_KEYS = ("cmdhvXE", "hvXEon", "hvXErly")


def attitude_matrix(q: Floats) -> Floats:
    """Return the body axes (n, 3, 3) of quaternions (n, 4), scalar last, not renormalised."""
    q1, q2, q3, q4 = q.T
    rows = [
        [q1**2 - q2**2 - q3**2 + q4**2, 2 * (q1 * q2 + q3 * q4), 2 * (q1 * q3 - q2 * q4)],
        [2 * (q1 * q2 - q3 * q4), -(q1**2) + q2**2 - q3**2 + q4**2, 2 * (q2 * q3 + q1 * q4)],
        [2 * (q1 * q3 + q2 * q4), 2 * (q2 * q3 - q1 * q4), -(q1**2) - q2**2 + q3**2 + q4**2],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def _ra_dec(vector: Floats) -> tuple[Floats, Floats]:
    x, y, z = vector.T / np.linalg.norm(vector, axis=1)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arcsin(z))


def _angle(a: Floats, b: Floats) -> Floats:
    cosine = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def background_coordinates(latitude: Floats, longitude: Floats, vz: Floats) -> tuple[Floats, Floats]:
    """Return BKGD_THETA and BKGD_PHI: orbit longitude and phase [deg]."""
    phase = np.arcsin(np.clip(np.radians(latitude) / _INCLINATION, -1.0, 1.0))
    phase = np.where(vz < 0, np.pi - phase, phase)
    phase = np.where(phase > np.pi, phase - 2 * np.pi, phase)
    node = np.degrees(np.arctan2(np.sin(phase) * np.cos(_INCLINATION), np.cos(phase)))
    theta = np.fmod(longitude - node + 23.617 * phase / (2 * np.pi), 360.0)
    return np.where(theta > 180.0, theta - 360.0, theta), np.degrees(phase)


def _pointing(spec: ObservationSpec, get: dict[str, Floats]) -> dict[str, Floats]:
    axes = attitude_matrix(np.column_stack([get[f"ACSESTQ{i}"] for i in range(1, 5)]))
    body = {name: np.column_stack([get[f"{name}{c}"] for c in "XYZ"]) for name in ("ACSSCVEL", "ACSSUN", "ACSLUNAR")}
    velocity, sun, moon = (np.einsum("nji,nj->ni", axes, v) for v in body.values())
    point = np.einsum("nji,j->ni", axes, BORESIGHT)
    position = np.column_stack([get[f"ACSSCPOS{c}"] for c in "XYZ"])
    radius = np.linalg.norm(position, axis=1)
    out: dict[str, Floats] = {}
    for i, name in enumerate("XYZ"):
        out[f"{name}_RA"], out[f"{name}_DEC"] = _ra_dec(axes[:, i])
    out["POINT_RA"], out["POINT_DEC"] = _ra_dec(point)
    out["POINT_L"], out["POINT_B"] = _ra_dec(point @ _GALACTIC.T)
    in_body = body["ACSSUN"]
    out["ROLLBIAS"] = np.degrees(np.arctan2(in_body[:, 1], in_body[:, 2]))
    for name, vector in (("VEL", velocity), ("SUN", sun), ("MOON", moon)):
        out[f"{name}_RA"], out[f"{name}_DEC"] = _ra_dec(vector)
    for name, vector in (("SUN", sun), ("MOON", moon), ("RAM", velocity)):
        out[f"{name}_ANGLE"] = _angle(point, vector)
    below = np.degrees(np.arccos(-(position * point).sum(1) / radius))
    out["ELV"] = below - np.degrees(np.arcsin(EARTH / radius))
    out["OFFSET"] = _angle(point, np.broadcast_to(unit(spec.ra, spec.dec), point.shape))
    return out


def _state(get: dict[str, Floats]) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    latitude, longitude = get["ACSEARTHLAT"], get["ACSEARTHLON"]
    theta, phi = background_coordinates(latitude, longitude, get["ACSSCVELZ"])
    out["BKGD_THETA"], out["BKGD_PHI"] = theta, phi
    for pcu in range(PCUS):
        values = np.array([get[f"{key}_PCU{pcu}"] for key in _ON_KEYS])
        out[f"PCU{pcu}_ON"] = np.where(np.isnan(values).any(0), np.nan, (values != 0).all(0))
    out["NUM_PCU_ON"] = np.sum([out[f"PCU{pcu}_ON"] for pcu in range(PCUS)], axis=0)
    near = (theta > -70.0) & (theta < 150.0)
    since = np.where(near, 0.272 * phi + 0.214 * theta + 15.7, 99.99999)
    out["TIME_SINCE_SAA"] = np.where(np.isnan(theta), np.nan, since)
    for pcu in range(PCUS):
        electrons = get[f"VpX1LCntPcu{pcu}"] + get[f"VpX1RCntPcu{pcu}"]
        per = get[f"Q6VxVpXeCntPcu{pcu}"]
        out[f"ELECTRON{pcu}"] = electrons / np.where(per == 0, np.nan, per)
    out["L6CNTPCU0"] = np.sum([get[f"{name}CntPcu0"] for name in LAYERS], axis=0)
    return out


def _declared(name: str) -> Column:
    if name.endswith("_ON"):
        return Column(name, "B", null=255)
    unit_of = {"TIME_SINCE_SAA": "min", "L6CNTPCU0": "count"}
    return Column(name, "E", unit_of.get(name, "" if name.startswith("ELECTRON") else "deg"))


def _stored(column: Column, values: Floats) -> NDArray[np.float64]:
    return values if column.null is None else np.where(np.isnan(values), column.null, values)


def filter_file(spec: ObservationSpec, collected: Grid) -> tuple[str, bytes]:
    """Return path and content of the observation's filter file."""
    time = grid(spec)
    get = {name: values for name, (_, values) in collected.items()}
    derived = _pointing(spec, get) | _state(get)
    columns = [(Column("Time", "D", "s", "spacecraft clock", keywords=(("TDDES", "TIME"),)), time)]
    columns += [(column, _stored(column, values)) for column, values in collected.values()]
    columns += [(_declared(name), _stored(_declared(name), values)) for name, values in derived.items()]
    zero = clock.timezero(spec.start)
    keep = {"TIMESYS", "MJDREFI", "MJDREFF", "", "TIMEZERO", "TIMEUNIT"}
    system: list[CardTuple] = [
        ("TSTART", float(time[0]), "spacecraft clock"),
        ("TSTOP", float(time[-1]), "spacecraft clock"),
        *(card for card in time_system(zero) if card[0] in keep),
        ("TIMEDEL", float(STEP)),
        ("TIMEPIXR", 0),
    ]
    start, stop = spec.span
    about: list[CardTuple] = [("OBSERVER", "SIMULATION"), ("OBJECT", spec.target), ("OBS_ID", str(spec.obsid))]
    place: list[CardTuple] = [("RA_OBJ", spec.ra), ("DEC_OBJ", spec.dec), ("EQUINOX", 2000.0)]
    primary = primary_hdu([*about, *dates(start + zero, stop + zero), *system, *place])
    table = table_hdu("XTE_MKF", columns, [*system, ("TELESCOP", "XTE"), ("INSTRUME", "PCA")])
    name = f"stdprod/x{spec.obsid.stem}.xfl"
    return name, fits_bytes(primary, [table], compress=spec.compress)
