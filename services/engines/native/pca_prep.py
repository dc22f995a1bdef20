"""Stage ``pca_prep`` on the native engine."""

from __future__ import annotations

from rossi.calibration import Role
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.pca.background.model import BackgroundModel, read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping, missing_pcus
from rossi.pca.observation import Calibration, prepare_observation
from rossi.pca.prepare import Prepared
from rossi.product import About, Content, Kind
from services.contract import File, Inputs, Outputs
from services.contract.filter_file import FilterSource
from services.engines import caveats_of
from services.engines.native.files import filter_file, opened
from services.pca_prep.stage import PcaPrepConfig


def pca_prep(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Make the filter file, mark bad rows, work out dead time and estimate background of an observation."""
    housekeeping = [Housekeeping.from_file(opened(item)) for item in inputs["housekeeping"]]
    absent = missing_pcus(housekeeping)
    if absent and config.filter_file is FilterSource.REBUILD:
        raise DataError(
            f"The housekeeping of PCU {absent[0]} (pca/FH5{'abcde'[absent[0]]}_*) is missing, so the filter file can't "
            "tell how many PCUs were on; fetch it, or set filter_file = 'archive' in [pca_prep]."
        )
    needed = (*inputs["std2"], *inputs["housekeeping"])
    made, remarks = filter_file(config.filter_file, inputs, needed, _calibration(inputs, Role.BREAKDOWN_HISTORY))
    saa, breakdown = (_calibration(inputs, role) for role in (Role.SAA, Role.BREAKDOWN))
    calibration = Calibration([_model(item) for item in inputs.get(Role.MODEL, ())] or None, saa, breakdown)
    rules = BadRowRules(config.transition_bad, config.propane_bad, config.zero_bad)
    standard2 = (opened(item) for item in sorted(inputs["std2"], key=lambda f: f.name))
    data, background = list[File](), list[File]()
    for name, one in prepare_observation(standard2, opened(made), housekeeping, calibration, rules, remarks):
        data.append(_zipped(f"{name}_dt", one.data, Content.TOTAL))
        background += [_zipped(f"{name}_dtbkg", one.background, Content.BACKGROUND)] if one.background else []
    files = {"std2_dt": tuple(data), "std2_dtbkg": tuple(background), "filter_file": (made,)}
    return Outputs(files, caveats_of(remarks), {"files": len(data)})


def _zipped(name: str, one: Prepared, content: Content) -> File:
    return File(f"{name}.gz", one.to_bytes(compress=True), about=About(Kind.SCIENCE, instrument="PCA", content=content))


def _calibration(inputs: Inputs, role: Role) -> FitsFile | None:
    return next(map(opened, inputs.get(role, ())), None)


def _model(item: File) -> BackgroundModel:
    model = read_model(item.data, item.name)
    return model.only(item.hdus) if item.hdus else model
