"""Housekeeping: the voltages of the PCUs, what the attitude control system reports, the orbit file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.pca.filter.attitude import EARTH_RADIUS
from rossi.simulate import attitude, detector, orbit
from rossi.simulate.keywords import (
    CREATOR,
    FIRST,
    ORIGIN,
    TIME,
    archive_order,
    class_cards,
    data_file,
    dates,
    time_system,
)
from rossi.simulate.spec import PCUS, ObservationSpec

#: Commanded high voltage level of a PCU that is on, and the setting of one that is off.
HIGH_VOLTAGE = 76
#: Rows of an orbit file: 34 hours, one a minute.
_ORBIT_ROWS = 2041


@dataclass(frozen=True, slots=True)
class Samples:
    """A housekeeping file before it is written: what the filter file interpolates.

    Parameters
    ----------
    apid : int
    time : ndarray (n,) [s]
    columns : tuple of (Column, array (n,))
        Without Time.
    """

    apid: int
    time: NDArray[np.float64]
    columns: tuple[tuple[Column, NDArray[np.float64]], ...]


def _columns(*columns: tuple[str, str, str, ArrayLike]) -> tuple[tuple[Column, NDArray[np.float64]], ...]:
    """Return declarations and values, the latter with the precision of the file."""
    kinds = {"B": np.uint8, "J": np.int32, "E": np.float32, "D": np.float64}
    return tuple(
        (Column(name, form, unit, keywords=(("TDDES", f"H[{name}]"),)), np.asarray(values).astype(kinds[form]))
        for name, form, unit, values in columns
    )


def _cadence(spec: ObservationSpec, step: int, phase: int = 0) -> NDArray[np.float64]:
    """Return sample times that reach beyond the observation on both sides."""
    start, stop = spec.span
    return np.arange(start // step * step - step + phase, stop + 2 * step, step, dtype=np.float64)


def pcu_samples(spec: ObservationSpec) -> list[Samples]:
    """Return the housekeeping of PCU 0 to 4, every 8 s.

    Parameters
    ----------
    spec : ObservationSpec
    """
    time = _cadence(spec, 8)
    on = detector.pcu_on(spec, time)
    vle = np.full(len(time), detector.VLE_SETTING)
    return [
        Samples(
            0x5A + pcu,
            time,
            _columns(
                ("cmdhvXE", "B", "", on[:, pcu] * HIGH_VOLTAGE),
                ("hvXErly", "B", "", on[:, pcu]),
                ("hvXEon", "B", "", on[:, pcu]),
                ("evXEgood", "J", "", on[:, pcu] * 1500),
                ("dsVle", "B", "", vle),
            ),
        )
        for pcu in range(PCUS)
    ]


def acs_samples(spec: ObservationSpec) -> list[Samples]:
    """Return the housekeeping of the attitude control system that a filter file is made from.

    Parameters
    ----------
    spec : ObservationSpec
    """
    fast, slow, rare = _cadence(spec, 8, 4), _cadence(spec, 32, 4), _cadence(spec, 64, 4)
    q = attitude.quaternion(attitude.body_axes(spec, fast))
    pos, vel = orbit.position(fast), orbit.velocity(fast)
    latitude, longitude = orbit.ground(fast)
    axes = attitude.body_axes(spec, slow)
    earth, sun, moon = (
        np.einsum("nij,nj->ni", axes, v)
        for v in (-orbit.position(slow) / orbit.SEMI_MAJOR_AXIS, orbit.sun(slow), orbit.moon(slow))
    )
    settled = np.where(attitude.offset(spec, fast) > 0, 2, 3)
    height = np.full(len(rare), orbit.SEMI_MAJOR_AXIS - EARTH_RADIUS)
    return [
        Samples(0x0E, fast, _columns(*((f"ACSESTQ{i + 1}", "D", "", q[:, i]) for i in range(4)))),
        Samples(0x0F, fast, _columns(("ACSMODESTAT", "B", "", settled))),
        Samples(
            0x10,
            fast,
            _columns(
                *((f"ACSSCPOS{c}", "E", "km", pos[:, i]) for i, c in enumerate("XYZ")),
                *((f"ACSSCVEL{c}", "E", "km/s", vel[:, i]) for i, c in enumerate("XYZ")),
            ),
        ),
        Samples(0x11, fast, _columns(("ACSEARTHLAT", "E", "deg", latitude), ("ACSEARTHLON", "E", "deg", longitude))),
        Samples(0x14, slow, _columns(*((f"ACSLUNAR{c}", "E", "", moon[:, i]) for i, c in enumerate("XYZ")))),
        Samples(0x15, rare, _columns(("ACSALTITUDE", "E", "km", height))),
        Samples(
            0x18,
            slow,
            _columns(
                ("ACSEARTHX", "E", "", earth[:, 0]), *((f"ACSSUN{c}", "E", "", sun[:, i]) for i, c in enumerate("XYZ"))
            ),
        ),
    ]


def housekeeping_file(spec: ObservationSpec, samples: Samples) -> tuple[str, bytes]:
    """Return path and content of a housekeeping file; some are not gzipped, as in the archive.

    Parameters
    ----------
    spec : ObservationSpec
    samples : Samples
    """
    pca = samples.apid >= 0x5A
    folder = "pca" if pca else "acs"
    descriptor = f"O[XTE] & I[PCA] & D[{samples.apid - 0x5A}]" if pca else "O[XTE] & I[ACS]"
    cards: list[CardTuple] = [
        *class_cards("TEMPORALDATA", "HOUSEKEEPING"),
        ("INSTRUME", folder.upper()),
        ("APPID", samples.apid, "application id"),
        ("TDDES", descriptor),
    ]
    start, stop = spec.span
    path = f"{folder}/FH{samples.apid:02x}_{start:x}-{stop:x}"
    columns = [(TIME, samples.time), *samples.columns]
    compress = spec.compress and samples.apid not in {0x0F, 0x15}
    return path, data_file(spec, (samples.time[0], samples.time[-1]), "XTE_HK", columns, cards, compress=compress)


def orbit_file(spec: ObservationSpec) -> tuple[str, bytes]:
    """Return path and content of the day's orbit file, which is never gzipped: position and velocity each minute.

    Parameters
    ----------
    spec : ObservationSpec
    """
    day = spec.start // 86400
    time = day * 86400.0 + 60.0 * np.arange(_ORBIT_ROWS)
    state = 1000.0 * np.hstack([orbit.position(time), orbit.velocity(time)])
    names = [("X", "m"), ("Y", "m"), ("Z", "m"), ("Vx", "m/s"), ("Vy", "m/s"), ("Vz", "m/s")]
    columns = [(Column(n, "D", u, keywords=(("TDDES", f"H[{n}]"),)), state[:, i]) for i, (n, u) in enumerate(names)]
    shared: list[CardTuple] = [
        ("ORIGIN", ORIGIN, "simulated, not observed"),
        ("CREATOR", CREATOR),
        *dates(time[0], time[-1]),
        *time_system(0.0, "GSFC"),
        ("TSTART", float(time[0])),
        ("TSTOP", float(time[-1])),
    ]
    own: list[CardTuple] = [
        ("INSTRUME", "Orbit"),
        ("DELTAT", 60),
        ("TIMEDEL", 60),
        ("TDDESC", "O[XTE] & I[ORBIT]"),
    ]
    table = table_hdu("XTE_PE", [(TIME, time), *columns], [*shared, *class_cards("TEMPORALDATA", "EPHEM"), *own])
    return f"orbit/FPorbit_Day{day}", fits_bytes(
        primary_hdu(shared), [archive_order(table, ["TIMEPIXR", "EXTNAME", *FIRST[2:]])]
    )
