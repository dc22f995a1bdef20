"""``hxtback``, ``hxtdead``, ``hxtlcurv``: HEXTE's rocking, dead time and net light curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from rossi.errors import ConfigError
from rossi.extract.events import CHUNK
from rossi.fits.dated import dated, dated_file
from rossi.fits.edit import as_hdu, require_plain
from rossi.fits.reader import locate, read_bytes, read_fits, split_hdu
from rossi.fits.stream import stream_fits
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes
from rossi.ftools import samples
from rossi.ftools.arrays import SaextrctParameters, saextrct
from rossi.ftools.caldb import hexte_dead_time_coefficients, is_caldb
from rossi.ftools.events import SeextrctParameters, seextrct
from rossi.ftools.lightcurves import combined_file, read_curve
from rossi.ftools.parameters import Made, Parameters, Task, write_output
from rossi.hexte.correction import correct, parse_detectors
from rossi.hexte.counters import Frames, event_frames
from rossi.hexte.deadtime import dead_time
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.net import interpolate
from rossi.hexte.rocking import Position, rocking_remarks, split
from rossi.hexte.science import FRAME, LONG, cluster_of, kind_of
from rossi.timeseries.arithmetic import Terms, subtract


class HxtbackParameters(Parameters):
    """Parameters of ``hxtback``; ``compat=yes`` looks at the first rows only where there are a million or more."""

    infile: Annotated[str, "science file"]
    both: Annotated[bool, "one background file instead of one a side"] = False
    housekeeping: Annotated[str, "accepted, without effect"] = ""
    silent: Annotated[bool, "accepted, without effect"] = False
    compat: Annotated[bool, "look at the first rows only where there are a million or more"] = False


class HxtdeadParameters(Parameters):
    """Parameters of ``hxtdead``."""

    calvalf: Annotated[str, "dead-time coefficients, or CALDB"]
    engvalf: Annotated[str, "16-s housekeeping, FH53 or FH59"]
    eventarcf: Annotated[str, "science file of the product, as hxtback made it"]
    phalcf: Annotated[str, "spectrum or light curve, changed in place"]
    detectors: Annotated[str, "detectors: -, or some of 0123"] = "-"


class HxtlcurvParameters(Parameters):
    """Parameters of ``hxtlcurv``; ``compat=no`` repeats the last background rate behind the last background bin."""

    infile: Annotated[str, "science file"]
    calvalf: Annotated[str, "dead-time coefficients, or CALDB"]
    engvalf: Annotated[str, "16-s housekeeping, FH53 or FH59"]
    binsz: Annotated[float, "bin width [s], up to 16"] = 16.0
    gtiandfile: Annotated[str, "good time: file, list, @list, or -"] = "-"
    timeint: Annotated[str | None, "intervals of time [s]: a-b,c-d, or a file of timetrans"] = None
    chmin: Annotated[int | None, "lowest channel"] = None
    chmax: Annotated[int | None, "highest channel"] = None
    columns: Annotated[str, "columns of archive data"] = "SpecDet0 SpecDet1 SpecDet2 SpecDet3"
    detectors: Annotated[str, "detectors, some of 0123"] = "0123"
    spectra: Annotated[bool, "make spectra, too"] = False
    compat: Annotated[bool, "no repeats the last background rate behind the last background bin"] = True


def hxtback(p: HxtbackParameters) -> Made:
    """Split a science file by cluster position: ``_src``, and ``_p`` and ``_m`` or (``-b``) ``_bkg``."""
    positions = (Position.SOURCE, *((Position.BACKGROUND,) if p.both else (Position.PLUS, Position.MINUS)))
    file, remarks = dated_file(read_fits(p.infile))
    parts = {part.position: part for part in split(file, positions, p.compat)}
    remarks += [remark.message for remark in rocking_remarks(file.table())]
    missing = [name for name in positions if name not in parts]
    remarks += [f"{p.infile}: no rows at position {name.value}; no such file is written." for name in missing]
    stem = split_name(p.infile)
    made = [write_output(f"{stem}_{name.value}", part.to_bytes(), clobber=True) for name, part in parts.items()]
    return Made(made, remarks)


def split_name(path: str) -> str:
    """Return what the names of split files begin with: the name without folder and ``.gz``."""
    return Path(split_hdu(path)[0]).name.replace(".gz", "")


def _science(path: str) -> tuple[Table, Callable[[Housekeeping], Frames | None]]:
    """Return a science table, and what counts its frames; a long event list stays on disk."""
    found, hdu = locate(path)
    if hdu not in (None, 1) or not found.exists() or found.stat().st_size <= LONG:
        return dated(read_fits(path).table())[0], lambda _: None
    file = stream_fits(found)
    table = file.file.tables[0]
    if not kind_of(table).has_event_words:
        return dated(read_fits(path).table())[0], lambda _: None
    return table, lambda housekeeping: event_frames(file.pieces(CHUNK), *housekeeping.span)


def hxtdead(p: HxtdeadParameters) -> Made:
    """Correct a light curve or a spectrum, in place."""
    requested = parse_detectors(p.detectors)
    require_plain(read_bytes(p.phalcf), p.phalcf)
    science, frames = _science(p.eventarcf)
    cluster = cluster_of(science)
    housekeeping = Housekeeping.from_table(read_fits(p.engvalf).table(), cluster)
    calibration = hexte_dead_time_coefficients(cluster.value) if is_caldb(p.calvalf) else p.calvalf
    dead = dead_time(science, housekeeping, read_fits(calibration).table(), frames(housekeeping))
    product = read_fits(p.phalcf)
    done = correct(product, dead, requested, oldexp_defect=True)
    hdus = [as_hdu(done.table), *map(as_hdu, product.tables[1:])]
    remarks = [remark.message for remark in (*dead.remarks, *done.remarks)]
    if done.exposure is not None:
        remarks.append(f"EXPOSURE was {done.exposure[0]:.3f} s and is {done.exposure[1]:.3f} s.")
    return Made([write_output(str(locate(p.phalcf)[0]), fits_bytes(product.primary, hdus), clobber=True)], remarks)


def hxtlcurv(p: HxtlcurvParameters) -> Made:
    """Make a net light curve of one science file, with the background interpolated between its dwells."""
    if not 0 < p.binsz <= FRAME:
        raise ConfigError(f"-b is {p.binsz:g}; bins of up to {FRAME:g} s are possible: rebin the result.")
    stem, remarks = split_name(p.infile), list[str]()
    parts = {name: f"{stem}_{name.value}" for name in (Position.SOURCE, Position.BACKGROUND)}
    if not all(Path(part).exists() for part in parts.values()):
        remarks += hxtback(HxtbackParameters(infile=p.infile, both=True)).remarks
    made: list[str] = []
    for name, part in parts.items():
        if not Path(part).exists():
            continue
        products = _extracted(p, part, p.binsz if name is Position.SOURCE else FRAME)
        made += products.files
        remarks += products.remarks
        for product in products.files:
            corrected = HxtdeadParameters(
                calvalf=p.calvalf, engvalf=p.engvalf, eventarcf=part, phalcf=product, detectors=p.detectors
            )
            remarks += hxtdead(corrected).remarks
    curves = [f"{part}.lc" for part in parts.values()]
    if set(curves) <= set(made):
        made.append(write_output(f"{stem}.lc", _net_file(*curves, compat=p.compat), clobber=True))
    else:
        remarks.append(f"{p.infile}: without rows on and off source there is no net light curve.")
    return Made(made, list(dict.fromkeys(remarks)))


def _extracted(p: HxtlcurvParameters, part: str, binsz: float) -> Made:
    """Extract a light curve of the channels asked for, and (``-p``) a spectrum of all."""
    limited = bool(p.chmin or p.chmax)
    runs = [("LIGHTCURVE", binsz, p.chmin, p.chmax)]
    if p.spectra and limited:
        runs.append(("SPECTRUM", binsz, None, None))
    elif p.spectra:
        runs = [("BOTH", binsz, None, None)]
    done: list[Made] = []
    for printmode, width, chmin, chmax in runs:
        words = {"infile": part, "outroot": part, "gtiandfile": p.gtiandfile, "binsz": width, "printmode": printmode}
        words |= {"chmin": chmin, "chmax": chmax, "timeint": p.timeint}
        given: dict[str, Any] = {name: value for name, value in words.items() if value is not None}
        if str(read_fits(part).table().header.get("HDUCLAS1", "")).strip() == "EVENTS":
            done.append(seextrct(SeextrctParameters(**given)))
        else:
            done.append(saextrct(SaextrctParameters(columns=p.columns, **given)))
    return Made([file for one in done for file in one.files], [remark for one in done for remark in one.remarks])


def _net_file(source_path: str, background_path: str, *, compat: bool) -> bytes:
    first = read_curve(source_path)
    source, background = first.series, read_curve(background_path).series
    rate, _ = interpolate(source, background, repeat_output=compat)
    net = subtract(source, replace(source, rate=rate), Terms(error_mode=5), compat="heasoft")
    return combined_file(net, first)


TASKS = {
    "hxtlcurv": Task(
        HxtlcurvParameters,
        hxtlcurv,
        ("infile",),
        options={"i": "infile", "k": "calvalf", "r": "engvalf", "b": "binsz", "g": "gtiandfile", "t": "timeint"}
        | {"l": "chmin", "u": "chmax", "c": "chatter", "d": "columns", "e": "detectors", "p": "spectra"},
        example=f"-i {samples.HEXTE}/FS58_{samples.SPAN}.gz -k {samples.CALIBRATION}/sim_hxtdead_pwb.fits "
        f"-r {samples.HEXTE}/FH59_{samples.HOUSEKEEPING}.gz",
    ),
    "hxtback": Task(
        HxtbackParameters,
        hxtback,
        ("infile",),
        options={"i": "infile", "b": "both", "k": "housekeeping", "s": "silent"},
        example=f"-i {samples.HEXTE}/FS52_{samples.SPAN}.gz -b",
    ),
    "hxtdead": Task(
        HxtdeadParameters,
        hxtdead,
        ("calvalf", "engvalf", "eventarcf", "phalcf"),
        example=f"rossi ftool saextrct FS52_{samples.SPAN}_src APPLY - hexte "
        "columns='SpecDet0 SpecDet1 SpecDet2 SpecDet3' binsz=16\n"
        f"{samples.CALIBRATION}/sim_hxtdead_pwa.fits {samples.HEXTE}/FH53_{samples.HOUSEKEEPING}.gz "
        f"FS52_{samples.SPAN}_src hexte.lc",
        after=("hxtback",),
    ),
}
