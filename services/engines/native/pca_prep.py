"""Stage ``pca_prep`` on the native engine."""

from __future__ import annotations

from functools import lru_cache

from rossi.calibration_roles import Role
from rossi.errors import DataError
from rossi.fits.edit import file_parts
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.writer import stored_gzip
from rossi.pca.background.model import BackgroundModel, read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping, missing_pcus
from rossi.pca.observation import Calibration, prepare_observation
from rossi.pca.prepare import Prepared
from rossi.product import About, Content, Kind
from rossi.spooled import SpooledFile
from services.contract import File, Inputs, Outputs
from services.contract.filter_file import FilterSource
from services.engines import caveats_of
from services.engines.native.files import filter_file, opened, opened_in_turn
from services.pca_prep.stage import PcaPrepConfig

#: Up to how much Standard2 data [byte] the products stay in memory for the extraction that follows, where they take six
#: times as much: those of 25 ks.
HELD = 14 << 20


def pca_prep(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Make the filter file, mark bad rows, work out dead time and estimate background of an observation."""
    monitors = {item.name: opened(item) for item in inputs["housekeeping"]}
    science = sorted(inputs["std2"], key=lambda item: item.name)
    standard2 = {file.name: file for file in opened_in_turn(science)}
    tables = [table for file in standard2.values() for table in file.tables]
    keep = sum(len(table) * table.structure.dtype.itemsize for table in tables) <= HELD
    del tables
    housekeeping = [Housekeeping.from_file(file) for file in monitors.values()]
    absent = missing_pcus(housekeeping)
    if absent and config.filter_file is FilterSource.REBUILD:
        raise DataError(
            f"The housekeeping of PCU {absent[0]} (pca/FH5{'abcde'[absent[0]]}_*) is missing, so the filter file can't "
            "tell how many PCUs were on; fetch it, or set filter_file = 'archive' in [pca_prep]."
        )
    history = _calibration(inputs, Role.BREAKDOWN_HISTORY)
    made, remarks = filter_file(config.filter_file, inputs, {**standard2, **monitors}, history)
    saa, breakdown = (_calibration(inputs, role) for role in (Role.SAA, Role.BREAKDOWN))
    calibration = Calibration([_model(item) for item in inputs.get(Role.MODEL, ())] or None, saa, breakdown)
    rules = BadRowRules(config.transition_bad, config.propane_bad, config.zero_bad)
    data, background = list[File](), list[File]()
    files = (standard2.pop(name) for name in list(standard2))  # one by one, so that memory is free again
    for name, one in prepare_observation(files, opened(made), housekeeping, calibration, rules, remarks):
        data.append(_stored(f"{name}_dt.gz", one.data, Content.TOTAL, keep=keep))
        if one.background:
            background.append(_stored(f"{name}_dtbkg.gz", one.background, Content.BACKGROUND, keep=keep))
    outputs = {"std2_dt": tuple(data), "std2_dtbkg": tuple(background), "filter_file": (made,)}
    return Outputs(outputs, caveats_of(remarks), {"files": len(data)})


def _stored(name: str, one: Prepared, content: Content, *, keep: bool) -> File:
    """Return a file that is not compressed, which would take a fifth of the time that an observation takes.

    It would take half the room; but extraction again would have to decompress it.
    """
    about = About(Kind.SCIENCE, instrument="PCA", content=content)
    file = one.to_file(name)
    data = stored_gzip(file_parts(file))
    return File(name, data, about=about, fits=file) if keep else SpooledFile(name, data, about)


def _calibration(inputs: Inputs, role: Role) -> FitsFile | None:
    return next((_opened_once(item.data, item.name) for item in inputs.get(role, ())), None)


@lru_cache(maxsize=8)
def _opened_once(data: bytes, name: str) -> FitsFile:
    """Open a calibration file, the same of all observations."""
    return open_fits(data, name)


def _model(item: File) -> BackgroundModel:
    model = read_model(item.data, item.name)
    return model.only(item.hdus) if item.hdus else model
