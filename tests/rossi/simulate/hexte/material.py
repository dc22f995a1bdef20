"""Simulated HEXTE observations, read back by the letter of the formats and of the dead-time formula."""

from __future__ import annotations

import io

import numpy as np
from astropy.io import fits

from rossi.archive import ObsID
from rossi.simulate import (
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    ObservationSpec,
)
from rossi.simulate.hexte import hexte_calibration_files, hexte_files
from rossi.simulate.hexte.cluster import Cluster

#: Early 1996 (detector 2 of B works), 1997 (16 s), 1999 (32 s), 2007 (A stares), 2010 (B is parked).
YEARS = {1996: 67_724_608, 1997: 110_145_600, 1999: 186_017_920, 2007: 410_000_000, 2010: 520_000_000}
TICK = 2.0**-19
COEFFICIENTS = {"A": DEAD_TIME_FILE_A, "B": DEAD_TIME_FILE_B}
FIRST = [*range(0, 64, 2), *range(64, 128, 4), *range(128, 256, 8)]


def spec(year: int = 1997, **changes: object) -> ObservationSpec:
    """Return an observation of 1600 s, of a target that the Earth never hides, without slew; with event lists."""
    start = YEARS[year]
    plain = {"obsid": ObsID("20101-01-01-00"), "start": start, "duration": 1600, "compress": False, "slew": 0}
    plain |= {"hexte_events": True, "dec": 85.0}
    return ObservationSpec(**(plain | changes))  # type: ignore[arg-type]


def table(content: bytes) -> fits.FITS_rec:
    """Return the rows of a file's first table as astropy reads them."""
    with fits.open(io.BytesIO(content), checksum=True) as file:
        file.verify("exception")
        return file[1].data.copy()


def header(content: bytes) -> fits.Header:
    """Return the header of a file's first table."""
    return fits.getheader(io.BytesIO(content), 1)


def files_of(wanted: ObservationSpec, cluster: Cluster) -> tuple[bytes, bytes, bytes]:
    """Return the only archive file, event list and housekeeping file of a cluster."""
    files = dict(hexte_files(wanted))
    prefixes = (f"FS{cluster.archive:02x}", f"FS{cluster.events:02x}", f"FH{cluster.housekeeping:02x}")
    found = [[content for path, content in files.items() if path.startswith(f"hexte/{p}")] for p in prefixes]
    assert [len(f) for f in found] == [1, 1, 1]
    return tuple(f[0] for f in found)  # type: ignore[return-value]


def on_source(code: np.ndarray, *, archive: bool) -> np.ndarray:
    """Return where codes of the position say on source."""
    return np.isin(code, (0, 3)) if archive else (code & 9) != 0


def housekeeping_term(cluster: str, content: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frame numbers, D (n, 4) [s] and the unblanked seconds of frames off source, from housekeeping."""
    rows = table(content)
    co = table(hexte_calibration_files()[COEFFICIENTS[cluster]])[0]
    term = np.empty((len(rows), 4))
    for d in range(4):
        alpha, gamma = (16 * float(np.float32(co[f"pw{cluster.lower()}{d}co{i}"])) for i in range(2))
        uld, xuld, arm, trigger, veto = (
            rows[f"{name}D{d}"].astype(float) for name in ("ctUld", "ctXuld", "ctArm", "ctTrig", "ctHwVeto")
        )
        xa = np.maximum(arm - trigger, 0)
        xv = np.maximum(veto - xa - xuld, 0)
        term[:, d] = ((alpha * xuld + gamma * uld) + -4.00e-6 * xa) + -4.80e-5 * xv
    unblanked = np.array([16, 12, 14, 16, 16])[rows["DwellPdApMod"]]
    return (rows["Time"] // 16).astype(int), term, unblanked


def archive_dead(cluster: str, science: bytes, housekeeping: bytes) -> np.ndarray:
    """Return the corrected dead time of the rows of an archive file (n, 4) [s], as the specification has it."""
    rows = table(science)
    idf, term, unblanked = housekeeping_term(cluster, housekeeping)
    k = (rows["Time"] // 16).astype(int) - 1 - idf[0]
    assert (k >= 0).all() and (k < len(idf)).all()
    share = np.where(on_source(rows["ClstrPosition"], archive=True), 1.0, unblanked[k] / 16)
    raw = np.column_stack([rows[f"LiveTimeDet{d}"] for d in range(4)]).astype(float)
    assert (raw > 0).all() and (raw < 2**23).all() and (raw[:, 0] < raw[:, 1:].sum(1)).all()
    return raw * TICK - 3.75e-6 * rows["GoodCnt"][:, None] / 4 + share[:, None] * term[k]


def detectors_and_channels(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the detector and the channel of each event, from the bits."""
    bits = table(content)["Event"].astype(int)
    first = bits.shape[1] - 29
    return 2 * bits[:, first] + bits[:, first + 1], bits[:, -8:] @ (1 << np.arange(7, -1, -1))


def event_dead(cluster: str, science: bytes, housekeeping: bytes) -> np.ndarray:
    """Return the corrected dead time of the frames of an event list (n, 4) [s], as the specification has it."""
    rows, (detector, _) = table(science), detectors_and_channels(science)
    idf, term, unblanked = housekeeping_term(cluster, housekeeping)
    number = (rows["Time"] // 16).astype(int)
    dead = []
    for frame in np.unique(number):
        here = np.flatnonzero(number == frame)
        k = frame - idf[0]
        share = 1.0 if on_source(rows["ClstrPosition"][here[:1]], archive=False)[0] else unblanked[k] / 16
        each = []
        for d in range(4):
            valid = here[(detector[here] == d) & (rows["LiveTime"][here] != -1)]
            raw = rows["LiveTime"][valid[-1]] * TICK
            each.append(raw - 3.75e-6 * len(valid) + share * term[k, d])
        dead.append(each)
    return np.array(dead)
