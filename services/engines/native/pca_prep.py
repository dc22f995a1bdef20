"""Stage ``pca_prep`` on the native engine."""

from __future__ import annotations

from rossi.errors import DataError
from rossi.fits.edit import dated_file
from rossi.fits.reader import FitsFile, open_fits
from rossi.pca.background.estimate import estimate_background
from rossi.pca.background.model import BackgroundModel, read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.prepare import prepare_background, prepare_standard2
from rossi.pca.standard2 import PCUS
from services.calibration.config import Role
from services.contract import Caveat, File, Inputs, Outputs
from services.contract.filter_file import FilterSource
from services.engines.native.filter_file import filter_file
from services.pca_prep.stage import PcaPrepConfig


def pca_prep(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Make the filter file, mark bad rows, work out dead time and estimate background of an observation."""
    housekeeping = [Housekeeping.from_file(open_fits(f.data, f.name)) for f in inputs["housekeeping"]]
    absent = sorted(set(PCUS) - {h.pcu for h in housekeeping})
    if absent and config.filter_file is FilterSource.REBUILD:
        raise DataError(
            f"The housekeeping of PCU {absent[0]} (pca/FH5{'abcde'[absent[0]]}_*) is missing, so the filter file can't "
            "tell how many PCUs were on; fetch it, or set filter_file = 'archive' in [pca_prep]."
        )
    needed = (*inputs["std2"], *inputs["housekeeping"])
    said: list[str] = []
    history = _calibration(inputs, Role.BREAKDOWN_HISTORY)
    filter_item = filter_file(config.filter_file, inputs, needed, history, said)
    filter_table = _dated(filter_item, said)
    rules = BadRowRules(config.transition_bad, config.propane_bad, config.zero_bad)
    models = [_model(item) for item in inputs.get(Role.MODEL, ())]
    saa, breakdown = (_calibration(inputs, role) for role in (Role.SAA, Role.BREAKDOWN))
    prepared, backgrounds = [], []
    for item in sorted(inputs["std2"], key=lambda f: f.name):
        file = _dated(item, said)
        name = item.name.rpartition("/")[2].removesuffix(".gz")
        data = prepare_standard2(file, housekeeping, breakdown, rules)
        prepared.append(File(f"{name}_dt.gz", data.to_bytes(compress=True)))
        if models:
            estimate = estimate_background(file, filter_table, models, saa).to_file()
            background = prepare_background(estimate, data, rules)
            backgrounds.append(File(f"{name}_dtbkg.gz", background.to_bytes(compress=True)))
    caveats = [
        Caveat(code="no_housekeeping", message=f"PCU {n} has no housekeeping file and counts as off.") for n in absent
    ]
    if not models:
        caveats.append(Caveat(code="no_background", message="Rates include the background; none was estimated."))
    caveats += [Caveat(code="undated_rows", message=sentence) for sentence in dict.fromkeys(said)]
    files = {"std2_dt": tuple(prepared), "std2_dtbkg": tuple(backgrounds), "filter_file": (filter_item,)}
    return Outputs(files, tuple(caveats), {"files": len(prepared)})


def _dated(item: File, said: list[str]) -> FitsFile:
    """Open a file, less the rows without a time."""
    file, sentences = dated_file(open_fits(item.data, item.name))
    said += sentences
    return file


def _calibration(inputs: Inputs, role: Role) -> FitsFile | None:
    return next((open_fits(item.data, item.name) for item in inputs.get(role, ())), None)


def _model(item: File) -> BackgroundModel:
    model = read_model(item.data, item.name)
    return model.only(item.hdus) if item.hdus else model
