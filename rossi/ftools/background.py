"""``pcabackest``: the model background of PCA Standard2 data."""

from __future__ import annotations

from typing import Annotated

from rossi.calibration_roles import Role
from rossi.errors import ConfigError
from rossi.fits.dated import dated_file
from rossi.fits.reader import FitsFile, read_bytes, read_fits
from rossi.ftools import samples
from rossi.ftools.caldb import caldb_files, calibration_file, is_caldb, start_of
from rossi.ftools.parameters import Made, Parameters, Task, extension, file_list, is_none, write_output
from rossi.pca.background.estimate import BackgroundOptions, estimate_background
from rossi.pca.background.model import BackgroundModel, ModelType, read_model


class PcabackestParameters(Parameters):
    """Parameters of ``pcabackest``."""

    infile: Annotated[str, "Standard2 file"]
    outfile: Annotated[str, "background to be made"]
    modelfile: Annotated[str, "models of the background: files, file[HDU], @list or CALDB"]
    filterfile: Annotated[str, "filter file, or NONE"]
    modeltype: Annotated[str, "internal, external or both"] = "both"
    interval: Annotated[float, "seconds between estimates"] = 16.0
    propane: Annotated[bool, "background of the propane layer, too"] = False
    layers: Annotated[bool, "background of each layer"] = False
    gaincorr: Annotated[bool, "must be no"] = False
    gcorrfile: Annotated[str, "accepted, without effect"] = "none"
    fullspec: Annotated[bool, "in 256 channels"] = False
    saahfile: Annotated[str, "history of SAA passages: file, NONE or CALDB"] = "none"
    interp: Annotated[bool, "interpolate between the models' bins"] = True
    syserr: Annotated[bool, "must be no"] = False
    maxmodels: Annotated[int, "accepted, without effect"] = 2000
    timeslop: Annotated[float, "how much shorter than the data the filter file may be [s]"] = 128.0
    clobber: Annotated[bool, "overwrite output files that exist"] = True


def pcabackest(p: PcabackestParameters) -> Made:
    """Write the model background of a Standard2 file."""
    if p.gaincorr or p.syserr:
        name = "gaincorr" if p.gaincorr else "syserr"
        raise ConfigError(f"{name}=yes is not offered; leave {name}=no.")
    kind = p.modeltype.strip().lower()
    if kind not in set(ModelType):
        raise ConfigError(f"modeltype is {p.modeltype!r}; expected internal, external or both.")
    options = BackgroundOptions(
        ModelType(kind),
        p.interval,
        p.layers,
        p.fullspec,
        p.interp,
        p.propane,
        p.timeslop,
    )
    file, said = dated_file(read_fits(p.infile))
    filter_file, more = (None, []) if is_none(p.filterfile) else dated_file(read_fits(p.filterfile))
    background = estimate_background(
        file, filter_file, models(p.modelfile, file), saa_history(p.saahfile, file), options
    )
    return Made([write_output(p.outfile, background.to_bytes(), p.clobber)], [*said, *more])


def models(modelfile: str, file: FitsFile) -> list[BackgroundModel]:
    """Return the models that a ``modelfile`` parameter names: files, ``file[HDU]``, ``@list`` or CALDB."""
    if is_caldb(modelfile):
        chosen = caldb_files("modelfile", Role.MODEL, start_of(file)())
        return [_model(path).only(hdus) for path, hdus in chosen.items()]
    found = []
    for text in file_list(modelfile):
        path, hdu = extension(text)
        if path == text:
            found.append(_model(path))
        elif isinstance(hdu, int):
            found.append(_model(path).only([hdu]))
        else:
            raise ConfigError(f"modelfile={text}: give the number of an HDU, such as {path}[0] for the primary one.")
    return found


def saa_history(saahfile: str, file: FitsFile) -> FitsFile | None:
    """Return the history of SAA passages that a ``saahfile`` parameter names: a file, none or CALDB."""
    return calibration_file("saahfile", saahfile, Role.SAA, start_of(file))


def _model(path: str) -> BackgroundModel:
    return read_model(read_bytes(path), path)


ASKED = (
    *("infile", "outfile", "modelfile", "filterfile", "interval", "layers", "gaincorr", "gcorrfile", "fullspec"),
    "saahfile",
)
TASKS = {
    "pcabackest": Task(
        PcabackestParameters,
        pcabackest,
        ASKED,
        example=f"{samples.STANDARD2} background.fits {samples.CALIBRATION}/sim_pca_background.mdl "
        f"{samples.FILTER} layers=yes",
    )
}
