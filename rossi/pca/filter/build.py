"""The filter file: what happened during an observation, every 16 s (the FTOOLS tasks ``xtefilt`` and, for another
position, the last step of ``pcaprepobsid``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rossi.arrays import Floats
from rossi.errors import ConfigError
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.writer import fits_bytes, primary_hdu, table_hdu
from rossi.pca.filter import attitude
from rossi.pca.filter.collect import MAX_GAP, Collected, as_numbers, as_stored, collect, grid
from rossi.pca.filter.columns import COLLECTED, DERIVED, TIME, Source
from rossi.pca.filter.derive import derive
from rossi.pca.filter.indices import TIME_CARDS, Files, MasterIndex, read_indices, read_master

STEP = 16.0
EXTNAME = "XTE_MKF"


def build_filter_file(
    files: Files,
    breakdown: FitsFile | None,
    step: float = STEP,
    position: tuple[float, float] | None = None,
    *,
    sources: Sequence[Source] = COLLECTED,
    max_gap: float = MAX_GAP,
    compress: bool = False,
    said: list[str] | None = None,
    master: MasterIndex | None = None,
) -> bytes:
    """Make an observation's filter file.

    Parameters
    ----------
    files : mapping of str to bytes or FitsFile
        The observation's files by their paths relative to its directory, with or without ``.gz``; see
        `rossi.pca.filter.needed_files`. Without a file, the columns made from it are undefined.
    breakdown : FitsFile or None
        Breakdown history: table 1 with TIME_SINCE_BRK0 to 4 and TIME_SINCE_BRK. Without it those columns are left out.
    step : float [s]
        From row to row.
    position : tuple (ra, dec) [deg], optional
        ELV and OFFSET refer to this direction; otherwise ELV to the boresight and OFFSET to the observation's target.
    sources : sequence of Source
        Which columns to collect.
    max_gap : float [s]
        Samples further apart are not connected.
    compress : bool
        Gzip the result.
    said : list of str, optional
        Grows by what to know of the files: rows without a time, which are left out.
    master : MasterIndex, optional
        Saves reading it.

    Raises
    ------
    DataError
        If there is no FMI of a single observation, or a file is damaged.
    ConfigError
        If the step or the position makes no sense.
    """
    _check(step, position)
    master = master or read_master(files)
    index = read_indices(files, master)
    time = grid(master, step)
    collected = collect(time, files, index, breakdown, sources, max_gap, said)
    derived = derive(collected, len(time), index.position)
    columns = [(TIME, time), *collected.values()]
    if position is not None:
        derived |= _for_position(collected, derived, position)
    columns += [(column, as_stored(column, derived[column.name])) for column in DERIVED]
    system = _time_cards(master, time, step)
    header = system.copy()
    if position is not None:
        header.append("RA_OBJ", position[0], "[deg] J2000, of ELV and OFFSET")
        header.append("DEC_OBJ", position[1], "[deg] J2000, of ELV and OFFSET")
        header.append("R_EARTH", attitude.EARTH_RADIUS, "[km]")
    primary = primary_hdu(_about(master, index.position, system))
    return fits_bytes(primary, [table_hdu(EXTNAME, columns, header)], compress=compress)


def _check(step: float, position: tuple[float, float] | None) -> None:
    if not 0 < step < np.inf:
        raise ConfigError(f"The filter file's step is {step} s; it must be above 0.")
    if position is None:
        return
    ra, dec = position
    if not (0 <= ra <= 360 and -90 <= dec <= 90) or position == (0.0, 0.0):
        raise ConfigError(
            f"The position is ra={ra}, dec={dec}; 0 to 360 and -90 to 90 deg were expected (and not 0, 0, which "
            "stands for none)."
        )


def _for_position(
    collected: Collected, derived: Mapping[str, Floats], position: tuple[float, float]
) -> dict[str, Floats]:
    """Return ELV and OFFSET of a position."""
    there = np.full((3, len(derived["POINT_RA"])), np.nan)
    for number, axis in enumerate("XYZ"):
        if f"ACSSCPOS{axis}" in collected:
            there[number] = as_numbers(*collected[f"ACSSCPOS{axis}"])
    ra, dec = (derived[name].astype(np.float64) for name in ("POINT_RA", "POINT_DEC"))
    return {
        "ELV": attitude.elevation_of_target(there, *position),
        "OFFSET": attitude.separation_haversine(ra, dec, *position),
    }


def _time_cards(master: MasterIndex, time: Floats, step: float) -> Header:
    header = Header([("TSTART", float(time[0]), "spacecraft clock"), ("TSTOP", float(time[-1]), "of the last row")])
    header.copy_from(master.header, TIME_CARDS)
    header.append("TIMEDEL", float(step), "step")
    header.append("TIMEPIXR", 0, "times are starts")
    return header


def _about(master: MasterIndex, position: Mapping[str, float], system: Header) -> Header:
    header = Header(
        [
            ("OBSERVER", master.user),
            ("OBJECT", master.source),
            ("OBS_ID", master.obsid, "proposal-target-viewing-sequence"),
            ("DATE-OBS", master.begin[0], "start"),
            ("TIME-OBS", master.begin[1], "start"),
            ("DATE-END", master.end[0], "end"),
            ("TIME-END", master.end[1], "end"),
        ]
    )
    header.extend(system.images())
    for keyword, value in position.items():
        header.append(keyword, value)
    return header
