"""The dead-time columns as they stand in a Standard1 file that ``pcadeadcalc1`` made."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.fits.cards import Value
from rossi.fits.columns import append_columns
from rossi.fits.edit import as_hdu
from rossi.fits.table import Table
from rossi.fits.writer import Column, fits_bytes
from rossi.pca.deadtime import EVENT_DEAD_TIME
from rossi.pca.standard1 import PreparedStandard1, Standard1Pcu, Standard1Samples
from rossi.pca.standard2 import PCUS

_Keywords = tuple[tuple[str, Value], ...]
_COUNT: _Keywords = (("TDISP", "I5"),)
_DURATION: _Keywords = (("TDISP", "E10.3"),)


def standard1_file(prepared: PreparedStandard1, *, compress: bool = False, compat: bool = False) -> bytes:
    """Return a FITS file: counts of bad samples zeroed, dead-time columns appended; see `standard1_table`.

    Parameters
    ----------
    prepared : PreparedStandard1
    compress : bool
        Gzip the file.
    compat : bool
        See `standard1_table`.
    """
    table = standard1_table(prepared, compat=compat)
    return fits_bytes(prepared.file.primary, [as_hdu(table), *map(as_hdu, prepared.file.tables[1:])], compress=compress)


def standard1_table(prepared: PreparedStandard1, *, compat: bool = False) -> Table:
    """Return Standard1 data with the dead-time columns appended.

    Parameters
    ----------
    prepared : PreparedStandard1
    compat : bool
        Describe the time series of each PCU as channels, and those of all PCUs as (5, n), as ``pcadeadcalc1`` does.
        Values are the same.
    """
    samples, table = prepared.samples, prepared.table
    values = _values(samples)
    known = samples.pcus[PCUS[0]].breakdown is not None
    declared = _declarations(samples.time.shape[1], samples.pcus[PCUS[0]].sample, known, compat)
    result = append_columns(table, [(column, values[column.name]) for column in declared])
    if prepared.zero:
        for pcu, of_pcu in samples.pcus.items():
            result.raw(f"XeCntPcu{pcu}")[of_pcu.bad] = -int(result.info(f"XeCntPcu{pcu}").zero)
    return result


@lru_cache(maxsize=8)
def _declarations(n: int, sample: float, breakdown: bool, compat: bool) -> tuple[Column, ...]:
    """Return the columns for rows of n samples, in the reference's order."""
    axis: _Keywords = (("1CTYP", "TIME"), ("1CUNI", "s"), ("1CRPX", 1), ("1CRVL", 0.0), ("1CDLT", sample))
    if compat:
        axis = (("1CTYP", "CHANNEL"), ("1CPIX", "0~255"))
    columns = [Column("SUBTIME", f"{n}D", "s", "start of each sample")]
    for p in PCUS:
        columns += [
            Column(f"VLEDescPcu{p}", f"{n}B", meaning=f"PCU {p} VLE discriminator setting"),
            Column(f"PCU{p}_ON", f"{n}L", meaning=f"PCU {p} high voltage is on"),
            Column(f"BadTransitionPcu{p}", f"{n}L", meaning=f"PCU {p} is near a switching"),
        ]
    columns.append(Column("BadTransitionAllPcus", f"{n}L", meaning="any PCU is near a switching"))
    columns += [Column(f"GoodPropanePcu{p}", "1L", meaning=f"PCU {p} has its propane layer") for p in PCUS]
    columns += [Column(f"VLERateWtFactPcu{p}", "1D", meaning=f"PCU {p} relative VLE rate") for p in PCUS]
    columns += [
        Column("NUM_PCU_ON", f"{n}B", meaning="number of PCUs on", keywords=(("TDISP", "I3"),)),
        Column("SUM_VLE_PCU", f"{n}E", meaning="sum of VLE weights of PCUs on", keywords=(("TDISP", "F5.2"),)),
        Column("VLECntPerPcu", f"{n}E", "count", "VLE counts for a weight of 1", keywords=_COUNT),
        Column("NUM_PROPANE_ON", f"{n}B", meaning="number of PCUs on that have propane", keywords=(("TDISP", "I3"),)),
        Column("EventDeadTime", "1D", "s", "dead time of an event", keywords=_DURATION),
    ]
    for p in PCUS:
        columns += _counter_columns(p, n, breakdown)
    columns += [_seconds(f"XeDeadTimePcu{p}", n, f"PCU {p} dead time of xenon") for p in PCUS]
    for p in PCUS:
        keywords: _Keywords = (("TDDES", f"D[{p}] & E[4096] & C[0~255]"), *axis)
        columns += [
            _seconds(f"OnTimePcu{p}", n, f"PCU {p} length of the sample if it counts", keywords),
            _seconds(f"CountDeadTimePcu{p}", n, f"PCU {p} dead time of all events", keywords),
            _seconds(f"DeadTimePcu{p}", n, f"PCU {p} dead time if the sample counts", keywords),
            _seconds(f"LiveTimePcu{p}", n, f"PCU {p} on time less dead time", keywords),
            Column(f"LiveFracPcu{p}", f"{n}E", "", f"PCU {p} live over on time", keywords=_DURATION),
        ]
    vector: _Keywords = (
        ("TDIM", f"({n},{len(PCUS)})"),  # all samples of PCU 0, then of PCU 1
        *(("1CTYP", "TIME"), ("1CUNI", "s"), ("1CDLT", sample), ("2CTYP", "CHANNEL"), ("2CPIX", "0:4")),
    )
    if compat:  # against the order in which they are stored
        vector = (
            ("TDIM", f"({len(PCUS)},{n})"),
            *(("1CTYP", "CHANNEL"), ("1CPIX", "0:4"), ("2CTYP", "TIME"), ("2CUNI", "s"), ("2CDLT", sample)),
        )
    columns.append(Column("OnTimeVect", f"{5 * n}E", "s", "OnTimePcu0 to 4", keywords=vector))
    columns.append(Column("LiveTimeVect", f"{5 * n}E", "s", "LiveTimePcu0 to 4", keywords=vector))
    return tuple(columns)


def _counter_columns(p: int, n: int, breakdown: bool) -> list[Column]:
    columns = [Column(f"BreakdownPcu{p}", "1L", meaning=f"PCU {p} is in breakdown")] if breakdown else []
    vle: _Keywords = (*_COUNT, ("TDDES", f"D[{p}] & E[(512~1023)|(1536~2047)]"))
    propane: _Keywords = (*_COUNT, ("TDDES", f"D[{p}] & E[VPR] & C[0~255]"))
    return [
        *columns,
        Column(f"BadPcu{p}", f"{n}L", meaning=f"PCU {p} sample does not count"),
        Column(f"VLECntPcu{p}", f"{n}E", "count", f"PCU {p} share of the VLE counts", keywords=vle),
        _seconds(f"VLEEventDeadTimePcu{p}", n, f"PCU {p} dead time of a VLE"),
        _seconds(f"VLEDeadTimePcu{p}", n, f"PCU {p} dead time of all VLEs"),
        Column(f"VpCntPcu{p}", f"{n}E", "count", f"PCU {p} share of the propane counts", keywords=propane),
        _seconds(f"VpDeadTimePcu{p}", n, f"PCU {p} dead time of propane"),
        Column(f"RemainingCntPcu{p}", f"{n}E", "count", f"PCU {p} share of the remaining counts", keywords=_COUNT),
        _seconds(f"RemainingDeadTimePcu{p}", n, f"PCU {p} dead time of the remaining counts"),
    ]


def _seconds(name: str, n: int, meaning: str, keywords: _Keywords = ()) -> Column:
    return Column(name, f"{n}E", "s", meaning, keywords=(("TDISP", "F12.4"), *keywords))


def _values(samples: Standard1Samples) -> dict[str, NDArray[np.generic]]:
    n_row = len(samples.time)
    pcus = [samples.pcus[p] for p in PCUS]
    values: dict[str, NDArray[np.generic]] = {
        "SUBTIME": samples.time,
        "BadTransitionAllPcus": samples.any_transition,
        "EventDeadTime": np.full(n_row, EVENT_DEAD_TIME),
        "NUM_PCU_ON": samples.number_on,
        "NUM_PROPANE_ON": samples.number_with_propane,
        "SUM_VLE_PCU": samples.vle_detectors,
        "VLECntPerPcu": samples.vle_per_pcu,
        "OnTimeVect": np.concatenate([pcu.on_time for pcu in pcus], axis=1),
        "LiveTimeVect": np.concatenate([pcu.live_time for pcu in pcus], axis=1),
    }
    for number, pcu in samples.pcus.items():
        values |= _pcu_values(number, pcu)
    return values


def _pcu_values(p: int, pcu: Standard1Pcu) -> dict[str, NDArray[np.generic]]:
    logical = np.where(pcu.on, ord("T"), ord("F"))
    values: dict[str, NDArray[np.generic]] = {
        f"VLEDescPcu{p}": pcu.vle_setting,
        f"PCU{p}_ON": np.where(pcu.on_unknown, 0, logical).astype("u1"),
        f"BadTransitionPcu{p}": pcu.transition,
        f"GoodPropanePcu{p}": pcu.good_propane,
        f"VLERateWtFactPcu{p}": pcu.vle_weight,
        f"BadPcu{p}": pcu.bad,
        f"VLECntPcu{p}": pcu.vle_counts,
        f"VLEEventDeadTimePcu{p}": pcu.vle_event_dead_time,
        f"VLEDeadTimePcu{p}": pcu.vle_dead_time,
        f"VpCntPcu{p}": pcu.propane_counts,
        f"VpDeadTimePcu{p}": pcu.propane_dead_time,
        f"RemainingCntPcu{p}": pcu.remaining_counts,
        f"RemainingDeadTimePcu{p}": pcu.remaining_dead_time,
        f"XeDeadTimePcu{p}": pcu.xenon_dead_time,
        f"OnTimePcu{p}": pcu.on_time,
        f"CountDeadTimePcu{p}": pcu.count_dead_time,
        f"DeadTimePcu{p}": pcu.dead_time,
        f"LiveTimePcu{p}": pcu.live_time,
        f"LiveFracPcu{p}": pcu.live_fraction,
    }
    if pcu.breakdown is not None:
        values[f"BreakdownPcu{p}"] = pcu.breakdown
    return values
