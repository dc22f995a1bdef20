"""Stage ``pca_prep`` on the native engine."""

from __future__ import annotations

from rossi.calibration import Role
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.pca.background.model import BackgroundModel, read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping, missing_pcus
from rossi.pca.observation import Calibration, prepare_observation
from services.contract import File, Inputs, Outputs
from services.engines import caveats_of
from services.engines.native.files import filter_file, opened
from services.filter_file import FilterSource
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
    made = filter_file(config.filter_file, inputs, needed, _calibration(inputs, Role.BREAKDOWN_HISTORY))
    saa, breakdown = (_calibration(inputs, role) for role in (Role.SAA, Role.BREAKDOWN))
    calibration = Calibration([_model(item) for item in inputs.get(Role.MODEL, ())] or None, saa, breakdown)
    rules = BadRowRules(config.transition_bad, config.propane_bad, config.zero_bad)
    standard2 = (opened(item) for item in sorted(inputs["std2"], key=lambda f: f.name))
    prepared = prepare_observation(standard2, made, housekeeping, calibration, rules)
    data = {f"{name}_dt.gz": one.data for name, one in prepared.files.items()}
    background = {f"{name}_dtbkg.gz": one.background for name, one in prepared.files.items()}
    files = {
        "std2_dt": tuple(File(name, one.to_bytes(compress=True)) for name, one in data.items()),
        "std2_dtbkg": tuple(File(name, one.to_bytes(compress=True)) for name, one in background.items() if one),
        "filter_file": (File(made.name, made.data),),
    }
    return Outputs(files, caveats_of(prepared.remarks), {"files": len(data)})


def _calibration(inputs: Inputs, role: Role) -> FitsFile | None:
    return next(map(opened, inputs.get(role, ())), None)


def _model(item: File) -> BackgroundModel:
    model = read_model(item.data, item.name)
    return model.only(item.hdus) if item.hdus else model
