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
        "pcaprepfile1": Entry("prep", "dead time of one Standard1 file"),
        "pcaprepfile2": Entry("prep", "background and dead time of one Standard2 file"),
        "xtefilt": Entry("prep", "the filter file of an observation"),
        "pcabackest": Entry("background", "the model background of a Standard2 file"),
        "pcadeadcalc1": Entry("standard1", "dead time of each sample of a Standard1 file"),
        "pcadeadcalc2": Entry("pca", "dead time of each row of a Standard2 file"),
        "pcaextlc1": Entry("standard1", "a light curve of Standard1 data (bins from 0.125 s)"),
        "pcaextlc2": Entry("pca", "a light curve of Standard2 data (bins from 16 s), in any channels"),
        "pcaextspect2": Entry("spectra", "spectra of Standard2 data, of their background, and their response"),
        "pcaclrsp": Entry("vignetting", "correct a light curve for the collimator"),
        "pcarmf": Entry("pca_response", "the matrix of a PCU, in 256 channels"),
        "pcarsp": Entry("spectrum_response", "the response of a PCA spectrum"),
        "xpcaarf": Entry("pca_response", "the effective area of a PCU where the source stood"),
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
        "xenon2fits": Entry("xenon", "the events of a pair of GoodXenon files"),
        "make_se": Entry("xenon", "the events of all pairs in a list of GoodXenon files"),
    },
    "Light curves": {
        "rebinlc": Entry("lightcurves", "join bins of a light curve"),
        "lcmath": Entry("lightcurves", "subtract the background from a light curve, or add curves"),
        "lcurve": Entry("lightcurves", "put light curves on one grid of bins"),
        "timetrans": Entry("lightcurves", "times read off a plot as absolute times"),
    },
    "Barycentre": {
        "barycorr": Entry(
            "barycentre", "times at the barycentre of the solar system, in place of those at the spacecraft"
        ),
        "faxbary": Entry("barycentre", "times at the barycentre as a column BARYTIME"),
        "axbary": Entry("barycentre", "times at the barycentre, called with options"),
        "hdaxbary": Entry("barycentre", "times at the barycentre, called with options"),
    },
    "Spectra": {
        "sumpha": Entry("pha", "sum spectra with their good time"),
        "mathpha": Entry("pha", "arithmetic on spectra"),
        "addspec": Entry("adding", "sum spectra with their background and response"),
        "grppha": Entry("grouping", "group channels, mark bad ones, set systematic errors and keywords"),
        "rddescr": Entry("pha", "how the channels of a spectrum were joined"),
        "rbnrmf": Entry("pha", "join channels of a matrix"),
        "marfrmf": Entry("hexte_response", "multiply a matrix by an effective area"),
        "addrmf": Entry("adding", "add matrices, with weights"),
    },
    "FITS files": {
        "ftlist": Entry("listing", "list what is in a file: HDUs, columns, keywords, tables"),
        "fstruct": Entry("listing", "list the HDUs of a file and their columns"),
        "fdump": Entry("tables", "print headers and tables"),
        "ftcopy": Entry("tables", "copy a file, or columns and rows of a table"),
        "ftselect": Entry("rows", "rows of a table that fulfil a condition"),
        "fselect": Entry("rows", "rows of a table that fulfil a condition"),
        "ftmerge": Entry("rows", "append the rows of tables with the same columns"),
        "fmerge": Entry("rows", "append rows of tables, the columns that all have"),
        "ftsort": Entry("rows", "bring the rows of a table into order"),
        "fsort": Entry("rows", "bring the rows of a table into order, in place"),
        "ftcalc": Entry("calculating", "calculate a column"),
        "fcalc": Entry("calculating", "calculate a column"),
        "ftstat": Entry("statistics", "minimum, maximum, mean, median ... of each column"),
        "fstatistic": Entry("statistics", "sum, mean, standard deviation ... of a column"),
        "ftkeypar": Entry("keywords", "print the value of a keyword"),
        "fkeypar": Entry("keywords", "print the value of a keyword, texts in quotes"),
        "fkeyprint": Entry("keywords", "print a keyword of all HDUs"),
        "fparkey": Entry("keywords", "change, add or delete a keyword"),
        "fthedit": Entry("keywords", "change, add or delete keywords"),
        "fmodhead": Entry("keywords", "change, add or delete keywords as a text says"),
    },
    "Help": {
        "fhelp": Entry("manual", "what a task does and takes"),
        "plist": Entry("manual", "a task's parameters and their defaults"),
        "pget": Entry("manual", "the default of a parameter"),
        "punlearn": Entry("manual", "nothing: no task remembers parameters"),
    },
}

#: All tasks by name.
TASKS: dict[str, Entry] = {name: entry for group in GROUPS.values() for name, entry in group.items()}


def index_text() -> str:
    """Return all tasks, by group, a line each."""
    lines = []
    for group, tasks in GROUPS.items():
        lines += [group, *(f"  {name:<14}{entry.summary}" for name, entry in tasks.items()), ""]
    return "\n".join([*lines, "`rossi ftool TASK --help` says what a task's parameters are."])
