"""Which tasks there are: by group, each with the module of this package that holds it and what it does.

This imports nothing, so that a list of the tasks costs no time.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A task: the module that holds it in its table ``TASKS``, and what it does in one line."""

    module: str
    summary: str


GROUPS: dict[str, dict[str, Entry]] = {
    "PCA": {
        "pcaprepobsid": Entry("prep", "prepare an observation: filter file, background and dead time"),
        "pcaprepfile2": Entry("prep", "background and dead time of one Standard2 file"),
        "xtefilt": Entry("prep", "the filter file of an observation"),
        "pcabackest": Entry("background", "the model background of a Standard2 file"),
        "pcadeadcalc1": Entry("standard1", "dead time of each sample of a Standard1 file"),
        "pcadeadcalc2": Entry("pca", "dead time of each row of a Standard2 file"),
        "pcaextlc1": Entry("standard1", "a light curve of Standard1 data (bins from 0.125 s)"),
        "pcaextlc2": Entry("pca", "a light curve of Standard2 data (bins from 16 s), in any channels"),
        "pcaextspect2": Entry("spectra", "spectra of Standard2 data and of their background"),
    },
    "HEXTE": {
        "hxtback": Entry("hexte", "split a science file by where the cluster points"),
        "hxtdead": Entry("hexte", "correct a light curve or a spectrum for dead time, in place"),
        "hxtlcurv": Entry("hexte", "a net light curve of a science file, in one go"),
        "hextebackest": Entry("hexte_response", "the background of cluster A from that of cluster B"),
        "hxtarf": Entry("hexte_response", "the effective area where the source stood"),
        "hxtrsp": Entry("hexte_response", "the response of a spectrum"),
    },
    "Extraction": {
        "maketime": Entry("good_time", "good time intervals from a condition on a filter file"),
        "saextrct": Entry("arrays", "light curves and spectra of binned data"),
        "seextrct": Entry("events", "light curves and spectra of event data"),
        "decodeevt": Entry("events", "detector, anode and channel of each event"),
    },
    "Light curves": {
        "rebinlc": Entry("lightcurves", "join bins of a light curve"),
        "lcmath": Entry("lightcurves", "subtract the background from a light curve, or add curves"),
        "lcurve": Entry("lightcurves", "put light curves on one grid of bins"),
        "timetrans": Entry("lightcurves", "times read off a plot as absolute times"),
    },
    "Spectra": {
        "sumpha": Entry("pha", "sum spectra with their good time"),
        "mathpha": Entry("pha", "arithmetic on spectra"),
        "rddescr": Entry("pha", "how the channels of a spectrum were joined"),
        "rbnrmf": Entry("pha", "join channels of a matrix"),
        "marfrmf": Entry("hexte_response", "multiply a matrix by an effective area"),
    },
    "FITS files": {
        "ftcopy": Entry("tables", "copy a file, or columns and rows of a table"),
        "fselect": Entry("tables", "rows of a table that fulfil a condition"),
        "fdump": Entry("tables", "print headers and tables"),
        "fkeyprint": Entry("tables", "print a keyword of all HDUs"),
        "fparkey": Entry("tables", "change, add or delete a keyword"),
    },
}

#: All tasks by name.
TASKS: dict[str, Entry] = {name: entry for group in GROUPS.values() for name, entry in group.items()}
