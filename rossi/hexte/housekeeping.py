"""HEXTE's 16-s housekeeping (FH53, FH59): rates of the discriminators, and how the cluster rocks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.facts import some_of
from rossi.fits.dated import dated
from rossi.fits.elements import undefined
from rossi.fits.structure import Structure
from rossi.fits.table import Table
from rossi.hexte.science import DETECTORS, HOUSEKEEPING_APIDS, Cluster, frame_number
from rossi.remarks import Remark

#: Dwell [s] by code: cmdDwellApMod as commanded, DwellPdApMod as it was. 0 stares.
DWELLS = (0, 16, 32, 64, 128)
#: Pattern by code of cmdPosApMod is not documented; angles come from the positions of the science data.
_MISSING = -1.0
#: Rates of all detectors, in the order of columns.
_RATES = tuple(f"ct{kind}D{detector}" for kind in ("Arm", "Trig", "HwVeto", "Uld", "Xuld") for detector in DETECTORS)


@dataclass(frozen=True, slots=True, eq=False)  # arrays can't be compared by ==
class Housekeeping:
    """Housekeeping on a gapless grid of frames.

    Parameters
    ----------
    name : str
        For messages.
    first : int
        Number of the first frame.
    time : tuple of float
        First and last Time [s]; chooses the coefficients.
    span : tuple of float
        TSTART and TSTOP [s].
    uld, xuld, arm, trigger, veto : ndarray (n_frame, 4) [count / s]
        Upper and extra upper level discriminators are interpolated over missing frames, the others are -1 there.
    dwell : ndarray (n_frame,) of int
        Code of the dwell; the one before it in missing frames.
    missing : ndarray (n_frame,) of bool
    """

    name: str
    first: int
    time: tuple[float, float]
    span: tuple[float, float]
    uld: Floats
    xuld: Floats
    arm: Floats
    trigger: Floats
    veto: Floats
    dwell: NDArray[np.int64]
    missing: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.dwell)

    @classmethod
    def from_table(cls, table: Table, cluster: Cluster | None = None) -> Housekeeping:
        """Read HDU 1 of a housekeeping file.

        Parameters
        ----------
        table : Table
        cluster : Cluster, optional
            Whose housekeeping is expected.

        Raises
        ------
        DataError
            If it is empty, lacks a column, or is the other cluster's.
        """
        check_cluster(table, cluster)
        table, _ = dated(table)  # frames without a row are interpolated, and remarked on
        if not len(table):
            raise DataError(f"{table.where}: the housekeeping has no rows; fetch the file again.")
        time = table.numbers("Time")
        frames = frame_number(time)
        first, number = int(frames[0]), int(frames[-1] - frames[0]) + 1
        if number < 1 or (frames < first).any() or (frames > frames[-1]).any():
            raise DataError(f"{table.where}: Time does not run forward; the housekeeping is damaged.")
        at = frames - first
        arm, trigger, veto, uld, xuld = _gridded(table, at, number)
        code = np.full(number, -1, np.int64)
        code[at] = table.integers("DwellPdApMod")
        missing = code < 0
        last_there = np.maximum.accumulate(np.where(missing, 0, np.arange(number)))
        header = table.header
        span = header.number("TSTART", table.where), header.number("TSTOP", table.where)
        uld, xuld = (_interpolated(rates, missing) for rates in (uld, xuld))
        edges = (float(time[0]), float(time[-1]))
        return cls(table.where, first, edges, span, uld, xuld, arm, trigger, veto, code[last_there], missing)

    def remarks(self) -> list[Remark]:
        """Return what to know of it: interpolated frames, codes that are not documented."""
        found = []
        if self.missing.any():
            found.append(
                Remark(
                    "housekeeping_interpolated",
                    f"{self.name}: {int(self.missing.sum())} of {len(self)} frames have no row (apModPeriod, ULD and "
                    f"XULD undefined): {_runs(np.flatnonzero(self.missing) + self.first)}; ULD and XULD are "
                    "interpolated.",
                )
            )
        unknown = sorted({int(code) for code in self.dwell if code >= len(DWELLS)})
        if unknown:
            found.append(
                Remark(
                    "unknown_dwell",
                    f"{self.name}: DwellPdApMod holds the code {unknown[0]}; 0 to {len(DWELLS) - 1} are known. Dead "
                    "time takes those frames as fully exposed off source.",
                )
            )
        return found


def check_cluster(table: Table, cluster: Cluster | None) -> None:
    """Check that housekeeping is a cluster's own.

    Parameters
    ----------
    table : Table
    cluster : Cluster or None
        None: any will do.

    Raises
    ------
    DataError
        If APPID says that it is another file's.
    """
    apid = table.header.get("APPID")
    if cluster is None or apid is None or apid == HOUSEKEEPING_APIDS[cluster]:
        return
    letter = cluster.name
    raise DataError(
        f"{table.where}: APPID is {apid}; the housekeeping of cluster {letter} (APPID {HOUSEKEEPING_APIDS[cluster]}, "
        f"{'FH53' if letter == 'A' else 'FH59'}) was expected, as the science file is cluster {letter}'s."
    )


@lru_cache(maxsize=2)  # who splits an observation and who reduces it ask the same table
def commanded_dwell(table: Table) -> int | None:
    """Return the dwell that was commanded most of the time [s], None where no row tells.

    0 is staring. Source: CmdDwellApMod; DwellPdApMod where that is missing.

    Parameters
    ----------
    table : Table

    Raises
    ------
    DataError
        If its code is not known.
    """
    name = next((n for n in ("CmdDwellApMod", "DwellPdApMod") if n in table), None)
    if name is None or not len(table):
        return None
    counts = Counter(table.integers(name)[~table.null(name)].tolist())
    if not counts:
        return None
    code = min(counts, key=lambda one: (-counts[one], one))
    if code >= len(DWELLS):
        raise DataError(
            f"{table.where}: {name} is {code}; a code of the dwell, 0 to {len(DWELLS) - 1}, was expected. Give the "
            "dwell in the configuration."
        )
    return DWELLS[code]


def _gridded(table: Table, at: NDArray[np.int64], number: int) -> list[Floats]:
    """Return the rates on the grid of frames, in the order of `_RATES` (n_frame, 4) each."""
    rates = table.side_by_side(_RATES)
    rates[_null(table, _RATES)] = 0
    grid = np.full((number, len(_RATES)), _MISSING)
    grid[at] = rates
    return [grid[:, first : first + len(DETECTORS)] for first in range(0, len(_RATES), len(DETECTORS))]


def _null(table: Table, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return where columns are undefined (n_row, n_name); those that lie side by side are looked at together."""
    side = table.adjacent(names)
    if side is None or not _is_alike(table.structure, names) or side[0].shape[1] != len(names):
        return np.column_stack([table.null(name) for name in names])
    return undefined(table.info(names[0]), side[0])


@lru_cache(maxsize=16)
def _is_alike(columns: Structure, names: tuple[str, ...]) -> bool:
    """Return whether columns that are there come in this order, and are undefined where they have the same value."""
    infos = [columns.infos[name.upper()] for name in names]
    numbers = [info.number for info in infos]
    return numbers == sorted(numbers) and len({info.null for info in infos}) == 1


def _interpolated(rates: Floats, missing: NDArray[np.bool_]) -> Floats:
    """Fill missing frames linearly, with the operations in the order of the reference."""
    (at,) = missing.nonzero()
    if not len(at):
        return rates
    index = np.arange(len(missing))
    before = np.maximum.accumulate(np.where(missing, 0, index))[at]
    after = np.minimum.accumulate(np.where(missing, len(missing) - 1, index)[::-1])[::-1][at]
    step = (rates[after] - rates[before]) / (after - before)[:, None]
    filled = rates.copy()
    filled[at] = rates[before] + (at - before)[:, None] * step
    return filled


def _runs(frames: NDArray[np.int64]) -> str:
    breaks = np.flatnonzero(np.diff(frames) > 1)
    first, last = frames[np.r_[0, breaks + 1]], frames[np.r_[breaks, len(frames) - 1]]
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    return some_of(texts, 5)
