"""Dead time and bad samples of Standard1 data (the FTOOLS task ``pcadeadcalc1``).

Standard1 has 0.125 s samples, but counts very large events (VLE), propane and remaining events only for all PCUs
together; they are shared out among the PCUs that are on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.met import timezero
from rossi.pca.breakdown import read_breakdowns
from rossi.pca.deadtime import EVENT_DEAD_TIME, PROPANE_LOSS, VLE_DEAD_TIME, BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.standard2 import PCUS

Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: How long before and after a switching of any PCU's high voltage all PCUs count as bad [s]; ends are inside.
TRANSITION = 24.0
#: VLE rate of each PCU relative to PCU 1 with propane; shares of the VLE dead time follow it.
VLE_WEIGHT = {0: 0.95, 1: 1.0, 2: 1.0001, 3: 0.93, 4: 1.02}
#: The same for PCUs that have lost their propane layer, which then counts no longer as shield.
VLE_WEIGHT_WITHOUT_PROPANE = {0: 1.27, 1: 1.17}


@dataclass(frozen=True)
class Standard1Pcu:
    """What the samples of a Standard1 file mean for one PCU; arrays are (n_row, n_sample).

    Counts and dead times are single precision, as the columns that the reference keeps them in.

    Parameters
    ----------
    on, on_unknown, transition, bad : ndarray (n_row, n_sample) of bool
        `transition`: near a switching of this PCU.
    breakdown : ndarray (n_row,) of bool or None
        None without breakdown history.
    good_propane : ndarray (n_row,) of bool
    vle_weight : ndarray (n_row,)
    vle_setting : ndarray (n_row, n_sample) of int
    vle_counts, propane_counts, remaining_counts : ndarray (n_row, n_sample) of float32 [count]
        This PCU's share; 0 where bad.
    xenon_counts : ndarray (n_row, n_sample) of int [count]
        Bad samples are 0 if they are set to zero.
    sample : float
        Length of a sample [s].
    """

    on: Flags
    on_unknown: Flags
    transition: Flags
    bad: Flags
    breakdown: Flags | None
    good_propane: Flags
    vle_weight: Floats
    vle_setting: NDArray[np.int64]
    vle_counts: Singles
    propane_counts: Singles
    remaining_counts: Singles
    xenon_counts: NDArray[np.int64]
    sample: float

    @cached_property
    def vle_event_dead_time(self) -> Singles:
        """Dead time of one VLE [s]."""
        known = (self.vle_setting >= 0) & (self.vle_setting <= 2)
        return np.asarray(VLE_DEAD_TIME, np.float32)[np.where(known, self.vle_setting, 3)]

    @cached_property
    def xenon_dead_time(self) -> Singles:
        """Dead time of xenon events [s]."""
        return _single(self.xenon_counts * EVENT_DEAD_TIME)

    @cached_property
    def vle_dead_time(self) -> Singles:
        """Dead time of VLEs [s]."""
        return _single(self.vle_counts.astype(np.float64) * self.vle_event_dead_time)

    @cached_property
    def propane_dead_time(self) -> Singles:
        """Dead time of propane events [s]."""
        return _single(self.propane_counts.astype(np.float64) * EVENT_DEAD_TIME)

    @cached_property
    def remaining_dead_time(self) -> Singles:
        """Dead time of the remaining events [s]."""
        return _single(self.remaining_counts.astype(np.float64) * EVENT_DEAD_TIME)

    @cached_property
    def on_time(self) -> Singles:
        """Length of the sample, 0 for bad ones [s]."""
        return _single(np.where(self.bad, 0.0, self.sample))

    @cached_property
    def count_dead_time(self) -> Singles:
        """Dead time of all events [s]."""
        total = self.xenon_dead_time.astype(np.float64) + self.vle_dead_time
        return _single(total + self.propane_dead_time + self.remaining_dead_time)

    @cached_property
    def dead_time(self) -> Singles:
        """Dead time of the samples that are not bad [s]."""
        return np.where(self.on_time > 0, self.count_dead_time, np.float32(0))

    @cached_property
    def live_time(self) -> Singles:
        """Time in which the PCU could see an event [s]."""
        return _single(self.on_time.astype(np.float64) - self.dead_time)

    @cached_property
    def live_fraction(self) -> Singles:
        """Live time over on time, 0 for bad samples."""
        on = self.on_time
        return np.divide(self.live_time, on, out=np.zeros_like(on), where=on > 0)


@dataclass(frozen=True, slots=True)
class Standard1Samples:
    """A Standard1 file, sample by sample.

    Parameters
    ----------
    time : ndarray (n_row, n_sample) [s]
        Start of each sample, raw clock.
    any_transition : ndarray (n_row, n_sample) of bool
        Near a switching of any PCU.
    number_on, number_with_propane : ndarray (n_row, n_sample) of int
        PCUs that are on, and those of them that have propane.
    vle_detectors, vle_per_pcu : ndarray (n_row, n_sample) of float32
        Sum of the VLE weights of PCUs that are on; VLE counts for a weight of 1.
    pcus : dict of int to Standard1Pcu
    """

    time: Floats
    any_transition: Flags
    number_on: NDArray[np.int64]
    number_with_propane: NDArray[np.int64]
    vle_detectors: Singles
    vle_per_pcu: Singles
    pcus: dict[int, Standard1Pcu]


def standard1_samples(
    table: Table, housekeeping: Sequence[Housekeeping], breakdowns: Mapping[int, gti.Gti] | None, rules: BadRowRules
) -> Standard1Samples:
    """Work out bad samples and dead time of Standard1 data.

    Parameters
    ----------
    table : Table
        XTE_SA of a Standard1 file.
    housekeeping : sequence of Housekeeping
        A PCU without housekeeping counts as off.
    breakdowns : mapping of int to ndarray (m, 2) [s], or None
        By PCU: time without breakdown, in the raw clock of the data; ends belong to it. None: no breakdown is known.
    rules : BadRowRules
    """
    start = table.numbers("Time")
    sample, shape = sample_length(table), (len(table), table.info("XeCntPcu0").repeat)
    time = start[:, None] + np.arange(shape[1]) * sample
    by_pcu = {h.pcu: h for h in housekeeping}
    states = {pcu: _hold(by_pcu.get(pcu), time) for pcu in PCUS}
    near = {pcu: near_transition(by_pcu.get(pcu), time) for pcu in PCUS}
    any_near = np.logical_or.reduce(list(near.values()))
    propane = {pcu: start < PROPANE_LOSS.get(pcu, np.inf) for pcu in PCUS}
    weights = {
        pcu: np.where(propane[pcu], VLE_WEIGHT[pcu], VLE_WEIGHT_WITHOUT_PROPANE.get(pcu, VLE_WEIGHT[pcu]))
        for pcu in PCUS
    }
    working = {pcu: on & ~unknown for pcu, (on, unknown, _) in states.items()}
    number_on = np.sum(list(working.values()), axis=0)
    with_propane = np.sum([working[pcu] & propane[pcu][:, None] for pcu in PCUS], axis=0)
    total = np.zeros(shape)
    for pcu in PCUS:
        total = total + weights[pcu][:, None] * working[pcu]
    detectors = _single(total)
    per_pcu = _share(table, "VLECnt", detectors)
    shares = (per_pcu, _share(table, "VpCnt", with_propane), _share(table, "RemainingCnt", number_on))
    pcus = {}
    for pcu, (on, unknown, setting) in states.items():
        broken = None if breakdowns is None else ~gti.contains(breakdowns[pcu], start, closed=True)
        bad = ~on | unknown
        bad |= any_near if rules.transition else False
        bad |= broken[:, None] if broken is not None else False
        bad |= ~propane[pcu][:, None] if rules.propane and pcu in PROPANE_LOSS else False
        xenon = table.integers(f"XeCntPcu{pcu}", shape[1]).reshape(shape)
        vle, vp, remaining = (np.where(bad, np.float32(0), share) for share in shares)
        vle = _single(vle.astype(np.float64) * weights[pcu][:, None])
        pcus[pcu] = Standard1Pcu(
            on,
            unknown,
            near[pcu],
            bad,
            broken,
            propane[pcu],
            weights[pcu],
            setting,
            vle,
            vp,
            remaining,
            np.where(bad, 0, xenon) if rules.zero else xenon,
            sample,
        )
    return Standard1Samples(time, any_near, number_on, with_propane, detectors, per_pcu, pcus)


def sample_length(table: Table) -> float:
    """Return the length of a sample: 1CDLTn of the xenon columns, or TIMEDEL over the samples of a row.

    Parameters
    ----------
    table : Table
        XTE_SA of a Standard1 file.

    Returns
    -------
    float [s]
    """
    info = table.info("XeCntPcu0")
    step = table.structure.header.finite(f"1CDLT{info.number}", table.where, 0.0)
    return step or table.header.finite("TIMEDEL", table.where) / max(info.repeat, 1)


def near_transition(state: Housekeeping | None, time: Floats) -> Flags:
    """Return which times lie within 24 s of a switching of the PCU's high voltage.

    Parameters
    ----------
    state : Housekeeping or None
        None: the PCU never switches.
    time : ndarray (n_row, n_sample) [s]
        Raw spacecraft clock.

    Returns
    -------
    ndarray (n_row, n_sample) of bool
    """
    if state is None:
        return np.zeros(time.shape, bool)
    switched = state.time[1:][state.on[1:] != state.on[:-1]]
    return gti.contains(gti.make(np.column_stack((switched - TRANSITION, switched + TRANSITION))), time, closed=True)


def _hold(state: Housekeeping | None, time: Floats) -> tuple[Flags, Flags, NDArray[np.int64]]:
    """Return whether the PCU is on, where that is unknown, and its VLE setting, at each time."""
    if state is None:
        return np.zeros(time.shape, bool), np.zeros(time.shape, bool), np.zeros(time.shape, np.int64)
    on, unknown = state.hold_on(time.ravel())
    return on.reshape(time.shape), unknown.reshape(time.shape), state.hold_vle_setting(time)


def _share(table: Table, column: str, detectors: NDArray[np.generic]) -> Singles:
    """Return counts of all PCUs over the number of detectors, 0 where there is none."""
    number = detectors.astype(np.float64)
    counts = table.numbers(column, number.shape[1]).reshape(number.shape)
    return _single(np.divide(counts, number, out=np.zeros(number.shape), where=number > 0))


def _single(values: NDArray[np.generic]) -> Singles:
    return values.astype(np.float32)


@dataclass(frozen=True, slots=True)
class PreparedStandard1:
    """A Standard1 file whose samples are judged.

    Parameters
    ----------
    file : FitsFile
    table : Table
        Its data, as they were.
    samples : Standard1Samples
    zero : bool
        Whether the counts of bad samples count as 0.
    """

    file: FitsFile
    table: Table
    samples: Standard1Samples
    zero: bool

    @property
    def rows(self) -> dict[int, Standard1Pcu]:
        """What the samples mean for each PCU."""
        return self.samples.pcus


def prepare_standard1(
    file: FitsFile, housekeeping: Sequence[Housekeeping], breakdown: FitsFile | None, rules: BadRowRules
) -> PreparedStandard1:
    """Find bad samples and work out dead time of Standard1 data.

    Parameters
    ----------
    file : FitsFile
    housekeeping : sequence of Housekeeping
        One for each PCU; a PCU without counts as off.
    breakdown : FitsFile or None
        See `read_breakdowns`.
    rules : BadRowRules

    Raises
    ------
    DataError
        If the file is no Standard1 data.
    """
    table = file.table(hdu=1)
    mode, kind = str(table.header.get("DATAMODE", "")), str(table.header.get("HDUCLAS2", "")).strip()
    if not mode.startswith("Standard1") or kind != "TOTAL":
        raise DataError(
            f"{table.where}: DATAMODE is {mode!r} and HDUCLAS2 {kind!r}; Standard1 and TOTAL were expected."
        )
    breakdowns = None if breakdown is None else read_breakdowns(breakdown, timezero(table.header, table.where))
    return PreparedStandard1(file, table, standard1_samples(table, housekeeping, breakdowns, rules), rules.zero)
