"""``seextrct`` and ``decodeevt``: light curves and spectra from Science Event files, and what their words mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from rossi.errors import ConfigError
from rossi.extract.bitmask import BitMask, parse_bit_mask
from rossi.extract.decode import Form, decode_events
from rossi.extract.events import EventSelection, ScienceEvents, accumulate_events
from rossi.extract.lightcurve import Mode, light_curve
from rossi.extract.products import light_curve_file, spectrum_file
from rossi.extract.spectrum import spectrum
from rossi.fits.reader import read_fits
from rossi.ftools import samples
from rossi.ftools.extraction import ASKED, ExtractionParameters, mode, remarks_on
from rossi.ftools.parameters import Made, Parameters, Task, file_list, is_none, write_output
from rossi.ftools.texts import read_text


class SeextrctParameters(ExtractionParameters):
    """Parameters of ``seextrct``.

    Two are ours. ``markers=no`` drops rows that mark time or lost events; by default they count where no mask excludes
    them, as in the original. ``compat=yes`` also reproduces its exposure of bins in which good time begins, reads only
    the first term of each line of the bit mask, and counts a moment as often as it is in the files.
    """

    infile: Annotated[str, "event files: file, list or @list"]
    outroot: Annotated[str, "what the names of the products begin with"] = "sec"
    bitfile: Annotated[str, "bit mask that chooses events, or -"] = "-"
    columns: Annotated[str, "column of event words"] = "Event"
    binsz: Annotated[float | None, "bin width [s]; INDEF: a hundredth of the time"] = None
    multiple: Annotated[bool, "binsz counts samples"] = False
    printmode: Annotated[str, "LIGHTCURVE, SPECTRUM or BOTH"] = "BOTH"
    lcmode: Annotated[str, "RATE or SUM"] = "RATE"
    spmode: Annotated[str, "SUM or RATE"] = "SUM"
    extenlc: Annotated[str, "how a light curve's name ends"] = ".lc"
    extenpha: Annotated[str, "how a spectrum's name ends"] = ".pha"
    clobber: Annotated[bool, "overwrite output files that exist"] = True
    chkit: Annotated[bool, "accepted, without effect"] = False
    bailout: Annotated[bool, "accepted, without effect"] = False
    markers: Annotated[bool, "count rows that mark time or lost events where no mask excludes them"] = True
    compat: Annotated[bool, "reproduce the original's exposure where good time begins, and where files overlap"] = False

    def selection(self) -> EventSelection:
        """Return which events count."""
        mask = BitMask()
        if not is_none(self.bitfile):
            text = read_text(self.bitfile.removeprefix("@"), "the bit mask")
            mask = parse_bit_mask(text, first_term_only=self.compat)
        return EventSelection(self.channels(), mask, self.markers, self.compat)

    def modes(self) -> tuple[Mode, Mode]:
        """Return lcmode and spmode; events have no mean."""
        modes = mode(self.lcmode, "lcmode"), mode(self.spmode, "spmode")
        if Mode.MEAN in modes:
            raise ConfigError("MEAN is for arrays of counts; a light curve or spectrum of events can be RATE or SUM.")
        return modes


def seextrct(p: SeextrctParameters) -> Made:
    """Extract; return the files made."""
    files = [ScienceEvents.from_path(name, p.columns.strip()) for name in file_list(p.infile)]
    kind, made, (lcmode, spmode) = p.printmode.strip().upper()[:1], [], p.modes()
    if kind not in {"B", "L", "S"}:
        raise ConfigError(f"printmode is {p.printmode!r}; expected BOTH, LIGHTCURVE or SPECTRUM.")
    source = accumulate_events(files, p.time(), p.selection(), p.binsz, multiple=p.multiple)
    if kind in "BL":
        curve = light_curve(source, lcmode, replace(p.rejection(), counts_too=True))
        made.append(write_output(p.outroot + p.extenlc, light_curve_file(curve, chbin=p.channels().chbin), p.clobber))
    if kind in "BS":
        pha = spectrum(source, p.channels(), spmode, p.rejection())
        made.append(write_output(p.outroot + p.extenpha, spectrum_file(pha), p.clobber))
    return Made(made, remarks_on(source.grid))


class DecodeevtParameters(Parameters):
    """Parameters of ``decodeevt``; outformat is A (for people: CHANNEL, PCUID, ANODE, PROPANE) or O (OGIP)."""

    infile: Annotated[str, "event file"]
    outfile: Annotated[str, "file to be made"]
    outformat: Annotated[str, "A: CHANNEL, PCUID, ANODE, PROPANE in place of the words; O: OGIP columns"] = "A"


def decodeevt(p: DecodeevtParameters) -> list[str]:
    """Write a copy of an event file with channel, PCU and anode of each photon; marker rows are left out."""
    word = p.outformat.strip().upper()[:1]
    if word not in set(Form):
        raise ConfigError(f"outformat is {p.outformat!r}; expected A (names of anodes) or O (OGIP columns).")
    return [write_output(p.outfile, decode_events(read_fits(p.infile), form=Form(word)), p.clobber)]


TASKS = {
    "seextrct": Task(
        SeextrctParameters,
        seextrct,
        ("infile", "gtiorfile", "gtiandfile", "outroot", *ASKED),
        example=f"{samples.HEXTE}/FS50_{samples.SPAN}.gz APPLY - events binsz=1 chmin=15 chmax=60",
    ),
    "decodeevt": Task(
        DecodeevtParameters,
        decodeevt,
        ("infile", "outfile"),
        example=f"{samples.HEXTE}/FS50_{samples.SPAN}.gz decoded.fits",
    ),
}
