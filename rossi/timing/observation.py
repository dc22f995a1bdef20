"""The recipe of an observation's fast data, once: light curves and event lists, a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rossi import gti as intervals
from rossi.energy.built_in import built_in_table
from rossi.errors import DataError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.selection import TimeSelection
from rossi.gti import Gti
from rossi.met import met_to_mjd
from rossi.pca.lightcurve import pca_light_curve_file
from rossi.pca.standard1_lightcurve import Standard1Request, standard1_light_curve
from rossi.pca.standard2 import PCUS
from rossi.product import About, File, Kind
from rossi.remarks import Remark
from rossi.spooled import SpooledFile
from rossi.timing.choice import Choice, Wish, choose_each
from rossi.timing.deadtime import DeadFraction, dead_fraction
from rossi.timing.energies import element_energies
from rossi.timing.eventparts import ScreenedParts
from rossi.timing.events import Screening
from rossi.timing.modefiles import ModeFiles
from rossi.timing.modes import Kind as ModeKind
from rossi.timing.modes import Mode
from rossi.timing.pieces import Lost, fast_pieces, in_files, together_at
from rossi.timing.standard1 import Standard1
from rossi.timing.steady import Steady


@dataclass(frozen=True)
class FastData:
    """What there is of an observation.

    Parameters
    ----------
    obsid, target : str
    steady : Steady
        Good time in which no PCU was switched.
    science : ModeFiles
        User configurations and Standard1.
    standard1 : Standard1
        The latter, prepared.
    standard2, background : callable
        Return prepared Standard2 files and those of the model background, which may be none.
    """

    obsid: str
    target: str
    steady: Steady
    science: ModeFiles
    standard1: Standard1
    standard2: Callable[[], list[ScienceArray]]
    background: Callable[[], list[ScienceArray]]

    @cached_property
    def dead(self) -> DeadFraction | None:
        """Dead time each 0.125 s, or 16 s where there is no Standard1."""
        for files in (lambda: self.standard1.arrays, self.standard2):
            if arrays := list(files()):
                return dead_fraction(arrays)
        return None


@dataclass
class Made:
    """What was made, and what is to be known of it.

    Parameters
    ----------
    files : dict of str to list of File
        By output.
    remarks : list of Remark
    bands : dict of str to dict
        For tables: mean rate [count / s] and what it rests on.
    bursts : int or None
        How many were found; None where they were not looked for.
    """

    files: dict[str, list[File]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    bands: dict[str, dict[str, float | int]] = field(default_factory=dict)
    bursts: int | None = None

    def add(self, output: str, file: File) -> None:
        """Add a file.

        Parameters
        ----------
        output : str
        file : File
        """
        self.files.setdefault(output, []).append(file)

    def say(self, code: str, message: str) -> None:
        """Add a remark.

        Parameters
        ----------
        code, message : str
        """
        self.remarks.append(Remark(code, message))


@dataclass(frozen=True, slots=True)
class FastRequest:
    """What is asked for of light curves and event lists.

    Parameters
    ----------
    bands : mapping of str to (int, int)
        Absolute channels by name.
    binsz : float [s]
    pcus : tuple of int
    screening : Screening
        Of event lists; its good time does not count.
    energies : bool
    """

    bands: Mapping[str, tuple[int, int]]
    binsz: float
    pcus: tuple[int, ...] = PCUS
    screening: Screening = field(default_factory=Screening)
    energies: bool = True


def choices_of(
    data: FastData, bands: Mapping[str, tuple[int, int]], binsz: float, pcus: Sequence[int], made: Made
) -> dict[str, list[Choice]]:
    """Return the modes that give each band; bands that none gives are told.

    Parameters
    ----------
    data : FastData
    bands : mapping of str to (int, int)
    binsz : float [s]
    pcus : sequence of int
    made : Made
        Gets remarks.
    """
    found = {}
    usable = [mode for mode in data.science.modes if len(mode.gti)]
    for name, (first, last) in bands.items():
        try:
            found[name] = choose_each(usable, Wish(binsz, first, last, by_pcu=len(set(pcus)) < len(PCUS)))
        except NoGoodTime:
            made.say("no_mode", f"{name}: no mode that ran in good time has bins of {binsz:g} s.")
    return found


def fast_light_curves(data: FastData, request: FastRequest, made: Made) -> None:
    """Make files of counts of all bands, a table for each set of modes and as many as its length needs.

    Parameters
    ----------
    data : FastData
    request : FastRequest
    made : Made
        Gets them, and what is to be known.
    """
    choices = choices_of(data, request.bands, request.binsz, request.pcus, made)
    if not choices:
        return
    sums, seconds, lost, number = np.zeros(len(choices)), 0.0, Lost(), 0
    names = list(choices)
    for some, common in together_at(list(choices.values())):
        good = intervals.intersection(common, data.steady.gti)
        pieces = fast_pieces(some, data.science.load, good, pcus=request.pcus, lost=lost)
        for curve in in_files(pieces):
            number += 1
            sums += curve.counts.sum(axis=1, dtype=np.int64)
            seconds += curve.exposure
            made.remarks += curve.remarks
            label = f"fast_{number}" if number > 1 else "fast"
            about = About(Kind.FAST_LIGHT_CURVE, label, "PCA", binsz=request.binsz, pcus=tuple(request.pcus))
            content = curve.to_bytes(data.dead, compress=True)
            made.add("fast_light_curve", SpooledFile(f"{data.obsid}_{label}.fits.gz", content, about))
    say_lost(lost, request.binsz, made)
    if seconds:
        for name, counts in zip(names, sums.tolist(), strict=True):
            made.bands[f"{name}_fast"] = _rate(counts, seconds, round(seconds / request.binsz))


def _rate(counts: float, seconds: float, rows: int) -> dict[str, float | int]:
    return {"rate": counts / seconds, "error": float(np.sqrt(counts)) / seconds, "exposure": seconds, "rows": rows}


def say_lost(lost: Lost, binsz: float, made: Made) -> None:
    """Tell good time without counts, but for the ends of intervals.

    Parameters
    ----------
    lost : Lost
    binsz : float [s]
    made : Made
        Gets the remark.
    """
    if lost.seconds > max(1.0, 0.001 * lost.wanted, 20 * binsz):
        made.say(
            "time_lost",
            f"{lost.seconds:.1f} s of {lost.wanted:.0f} s of good time are in no whole bin of {binsz:g} s: samples are "
            "missing, undefined or spilled over there.",
        )


def standard1_curve(data: FastData, request: FastRequest, made: Made) -> None:
    """Make the light curve of Standard1 per PCU, with dead time and background.

    Parameters
    ----------
    data : FastData
    request : FastRequest
    made : Made
        Gets it.
    """
    if not data.standard1.arrays:
        return
    sample = Standard1Request.SAMPLE
    binsz = max(1, round(request.binsz / sample)) * sample
    background = data.background() or None
    asked = Standard1Request(request.pcus, binsz=binsz)
    time = TimeSelection(common=(data.steady.gti,))
    try:
        curve = standard1_light_curve(data.standard1.arrays, background, time, asked)
    except NoGoodTime as error:
        made.say("no_standard1", str(error))
        return
    if not (curve.seconds > 0).any():
        made.say("no_standard1", "All samples of Standard1 in good time are bad, or their PCUs were off.")
        return
    about = About(Kind.LIGHT_CURVE, "std1", "PCA", curve.content, binsz=binsz, pcus=request.pcus)
    made.add("standard1", SpooledFile(f"{data.obsid}_std1.lc.gz", pca_light_curve_file(curve, compress=True), about))


def event_lists(data: FastData, request: FastRequest, made: Made) -> None:
    """Make screened event lists of all modes that have events, one a mode and as many parts as its length needs.

    What GoodXenon holds is not listed once more from another mode: it has all photons.

    Parameters
    ----------
    data : FastData
    request : FastRequest
    made : Made
        Gets them, and what is to be known.
    """
    taken: Gti = np.empty((0, 2))
    modes = [mode for mode in data.science.of_kind(ModeKind.XENON, ModeKind.EVENTS) if len(mode.gti)]
    if not modes:
        made.say("no_events", f"No mode has single photons; the observation has {data.science.names()}.")
    for mode in sorted(modes, key=lambda one: (one.kind != ModeKind.XENON, one.first.kind == ModeKind.XENON_HALF)):
        left = intervals.difference(mode.gti, taken)
        good = intervals.intersection(left, data.steady.gti)
        if not len(good):
            continue
        if mode.kind == ModeKind.XENON:
            taken = intervals.union(taken, mode.gti)
        try:
            _lists_of(mode, good, data, request, made)
        except NoGoodTime as error:
            made.say("no_events", str(error))
        except DataError as error:
            made.say("file_left_out", f"{error} Events of {mode.name} are left out.")


def _lists_of(mode: Mode, good: Gti, data: FastData, request: FastRequest, made: Made) -> None:
    files, said = data.science.events(mode)
    asked = request.screening
    screened = ScreenedParts(files, Screening(good, asked.pcus, asked.anodes, asked.channels))
    energies = None
    if request.energies:
        energies = element_energies(built_in_table(), screened.first.word.bounds, float(met_to_mjd(good[0, 0])))
    events, seconds = 0, 0.0
    for number, part in enumerate(screened.parts(), 1):
        events += len(part.time)
        seconds += part.exposure
        label = mode.name + (f"_{number}" if number > 1 else "")
        about = About(Kind.EVENTS, label, "PCA", pcus=request.pcus)
        content = part.to_bytes(energies, compress=True)
        made.add("events", SpooledFile(f"{data.obsid}_{label}.evt.gz", content, about))
    made.remarks += [Remark("half_missing", text) for text in said]
    made.remarks += [Remark("events_lost", text) for text in screened.remarks]
    made.remarks += _jumps(screened.jumps)
    if seconds:
        made.bands[mode.name] = _rate(events, seconds, events)


def _jumps(jumps: Sequence[tuple[str, float, float]]) -> Iterator[Remark]:
    for name in dict.fromkeys(name for name, _, _ in jumps):
        mine = [(when, far) for one, when, far in jumps if one == name]
        yield Remark(
            "clock_jump",
            f"{name}: the clock goes back {len(mine)} times, by up to {max(far for _, far in mine):.6g} s, first at "
            f"MET {mine[0][0]:.3f}; events are sorted by their times.",
        )


def summary_of(data: FastData, made: Made) -> dict[str, Any]:
    """Return what tables and reports show.

    Parameters
    ----------
    data : FastData
    made : Made
    """
    gti = data.steady.gti
    pcus = data.steady.number(gti)
    return {
        "target": data.target,
        "tstart": float(gti[0, 0]),
        "tstop": float(gti[-1, 1]),
        "mjd": float(met_to_mjd((gti[0, 0] + gti[-1, 1]) / 2)),
        "ontime": intervals.total(gti),
        "pcus": round(pcus, 2),
        "modes": list(dict.fromkeys(mode.name for mode in data.science.modes)),
        "bands": made.bands,
        "bursts": made.bursts,
    }
