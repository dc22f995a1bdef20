"""The recipe of a PCA observation, once: from Standard2 files and housekeeping to light curves and spectra.

Preparation is what ``pcaprepobsid`` does, extraction what ``pcaextlc2`` and ``pcaextspect2`` do in the good time of
``maketime``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rossi.archive import stem_of
from rossi.errors import NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.repeats import REPEATED
from rossi.extract.selection import TimeSelection
from rossi.fits.dated import dated_file
from rossi.fits.edit import as_file
from rossi.fits.reader import FitsFile
from rossi.maketime import GoodTime
from rossi.pca.background.estimate import BackgroundOptions, estimate_background
from rossi.pca.background.model import BackgroundModel
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping, missing_pcus
from rossi.pca.lightcurve import PcaLightCurve, Request, light_curves, pca_light_curve_file
from rossi.pca.prepare import Prepared, prepare_background, prepare_standard2
from rossi.pca.spectrum import PcaSpectrum, SpectrumRequest, pca_spectrum, pca_spectrum_hdus
from rossi.pca.standard2 import PCUS
from rossi.product import About, Content, File, Kind
from rossi.remarks import Remark, undated
from rossi.timeseries.summary import band_summary, summary
from rossi.unwritten import UnwrittenFile

#: What the names of spectra end with.
SPECTRA = {Content.TOTAL: "src", Content.BACKGROUND: "bkg"}


@dataclass(frozen=True, slots=True)
class Calibration:
    """What preparation needs besides the observation's own files.

    Parameters
    ----------
    models : sequence of BackgroundModel or None
        None: no background is estimated.
    saa : FitsFile or None
        History of SAA passages.
    breakdown : FitsFile or None
        Times without breakdown.
    """

    models: Sequence[BackgroundModel] | None = None
    saa: FitsFile | None = None
    breakdown: FitsFile | None = None


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A Standard2 file that is ready for extraction.

    Parameters
    ----------
    data : Prepared
        With bad rows and dead time.
    estimate : FitsFile or None
        Its model background.
    background : Prepared or None
        The same with bad rows and dead time.
    """

    data: Prepared
    estimate: FitsFile | None = None
    background: Prepared | None = None


def prepare_file(
    file: FitsFile,
    filter_file: FitsFile,
    housekeeping: Sequence[Housekeeping],
    calibration: Calibration,
    rules: BadRowRules,
    options: BackgroundOptions | None = None,
) -> PreparedFile:
    """Estimate background, mark bad rows, and work out dead time of a Standard2 file.

    Parameters
    ----------
    file, filter_file : FitsFile
        All of their rows have a time.
    housekeeping : sequence of Housekeeping
        One a PCU; a PCU without counts as off.
    calibration : Calibration
    rules : BadRowRules
    options : BackgroundOptions, optional
    """
    estimate = None
    if calibration.models is not None:
        background = estimate_background(file, filter_file, calibration.models, calibration.saa, options)
        estimate = background.to_file()
    data = prepare_standard2(file, housekeeping, calibration.breakdown, rules)
    return PreparedFile(data, estimate, None if estimate is None else prepare_background(estimate, data, rules))


def prepare_observation(
    standard2: Iterable[FitsFile],
    filter_file: FitsFile,
    housekeeping: Sequence[Housekeeping],
    calibration: Calibration,
    rules: BadRowRules,
    remarks: list[Remark],
) -> Iterator[tuple[str, PreparedFile]]:
    """Prepare the Standard2 files of an observation one by one, as all together take much memory.

    Parameters
    ----------
    standard2 : iterable of FitsFile
    filter_file : FitsFile
    housekeeping : sequence of Housekeeping
        One a PCU; a PCU without counts as off.
    calibration : Calibration
    rules : BadRowRules
    remarks : list of Remark
        Grows by what is to be known.

    Yields
    ------
    str, PreparedFile
        The file's name without folder and ``.gz``, and what was made of it.
    """
    absent = (f"PCU {pcu} has no housekeeping file and counts as off." for pcu in missing_pcus(housekeeping))
    remarks += [Remark("no_housekeeping", sentence) for sentence in absent]
    if calibration.models is None:
        remarks.append(Remark("no_background", "Rates include the background; none was estimated."))
    rows, said = dated_file(filter_file)
    remarks += undated(said)
    for file in standard2:
        known, said = dated_file(file)
        remarks += undated(said)
        yield stem_of(file.name), prepare_file(known, rows, housekeeping, calibration, rules)


def with_each_pcu(requests: Mapping[str, Request]) -> dict[str, Request]:
    """Return requests, each followed by those of its single PCUs: ``ch5-10``, ``ch5-10_pcu0`` ...

    Parameters
    ----------
    requests : mapping of str to Request
        By name.
    """
    found = {}
    for name, request in requests.items():
        found[name] = request
        found |= {f"{name}_pcu{n}": request.of_pcu(n) for n in request.pcus}
    return found


@dataclass(frozen=True, slots=True)
class Products:
    """Light curves and spectra of an observation.

    Parameters
    ----------
    obsid, target : str
    curves : mapping of str to PcaLightCurve
        By the names of what was asked for; those without exposure are left out.
    source, background : PcaSpectrum or None
        None where no spectra were asked for, or no background was estimated.
    remarks : tuple of Remark
    """

    obsid: str
    target: str
    curves: Mapping[str, PcaLightCurve]
    source: PcaSpectrum | None
    background: PcaSpectrum | None
    remarks: tuple[Remark, ...]

    def light_curve_files(self) -> tuple[File, ...]:
        """Return light curves as files: ``<obsid>_<name>.lc``."""
        return tuple(
            File(f"{self.obsid}_{name}.lc", pca_light_curve_file(curve), about=_about(name, curve))
            for name, curve in self.curves.items()
        )

    def spectrum_files(self) -> tuple[File, ...]:
        """Return spectra as files: ``<obsid>_src.pha``, whose BACKFILE names ``<obsid>_bkg.pha``."""
        names = {content: f"{self.obsid}_{label}.pha" for content, label in SPECTRA.items()}
        backfile = None if self.background is None else names[Content.BACKGROUND]
        made = {Content.TOTAL: (self.source, backfile), Content.BACKGROUND: (self.background, None)}
        return tuple(
            UnwrittenFile(
                as_file(names[content], *pca_spectrum_hdus(one, other, content)),
                spectrum_about(content, one.request.pcus),
            )
            for content, (one, other) in made.items()
            if one is not None
        )

    def summary(self) -> dict[str, Any]:
        """Return what tables and reports show: see `rossi.timeseries.summary`."""
        result = next(iter(self.curves.values()))
        first, seconds = result.curve, result.exposure
        bands = {name: band_summary(c.curve.value, c.curve.error, c.seconds) for name, c in self.curves.items()}
        stop = float(first.time[-1] + first.source.grid.binsz)
        pcus = None if seconds is None else round(float(seconds.sum() / first.ontime), 2)
        return summary(self.target, float(first.time[0]), stop, bands) | {"ontime": first.ontime, "pcus": pcus}


def _about(name: str, made: PcaLightCurve) -> About:
    asked = made.request
    first, last = asked.channels.chmin, asked.channels.chmax
    channels = None if first is None or last is None or asked.energies is not None else (first, last)
    told = About(Kind.LIGHT_CURVE, name, "PCA", made.content, channels, asked.binsz, pcus=asked.pcus)
    return replace(told, energies=asked.energies)


def spectrum_about(content: Content, pcus: tuple[int, ...]) -> About:
    """Return what a spectrum's file holds.

    Parameters
    ----------
    content : Content
    pcus : tuple of int
    """
    return About(Kind.SPECTRUM, SPECTRA[content], "PCA", content, pcus=pcus)


def extract(
    data: Sequence[ScienceArray],
    background: Sequence[ScienceArray],
    good_time: GoodTime,
    requests: Mapping[str, Request],
    spectrum: SpectrumRequest | None = None,
) -> Products:
    """Extract light curves and spectra of an observation.

    Parameters
    ----------
    data, background : sequence of ScienceArray
        Prepared Standard2 files, and their prepared model background; empty where there is none.
    good_time : GoodTime
    requests : mapping of str to Request
        Light curves by name.
    spectrum : SpectrumRequest, optional

    Raises
    ------
    NoGoodTime
        If no row starts in good time, or all PCUs were off or bad in it.
    """
    time, modelled = TimeSelection(common=(good_time.gti,)), background or None
    made = light_curves(data, modelled, time, list(requests.values()))
    curves = _exposed(dict(zip(requests, made, strict=True)))
    source, model = (None, None) if spectrum is None else pca_spectrum(data, modelled, time, spectrum)
    repeats = dict.fromkeys(repeat for curve in curves.values() for repeat in curve.curve.source.grid.repeats)
    remarks = [*good_time.remarks, *(Remark(REPEATED, str(repeat)) for repeat in repeats)]
    if modelled is None:
        remarks.append(Remark("no_background", "Rates include the background."))
    header = data[0].table.header
    obsid = str(header.get("OBS_ID", "observation")).strip()
    return Products(obsid, str(header.get("OBJECT", "")).strip(), curves, source, model, tuple(remarks))


def _exposed(curves: Mapping[str, PcaLightCurve]) -> dict[str, PcaLightCurve]:
    """Return the light curves that have exposure; without any in the first, there is nothing."""
    first = next(iter(curves.values()))
    if not (first.seconds > 0).any():
        asked = first.request.pcus
        pcus = "ALL" if asked == PCUS else ",".join(map(str, asked))
        raise NoGoodTime(f"The PCUs asked for ({pcus}) were off, or their rows bad, throughout the good time.")
    return {name: curve for name, curve in curves.items() if (curve.seconds > 0).any()}
