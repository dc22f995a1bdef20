"""Stage ``pca_prep`` on the native engine."""

from __future__ import annotations

from rossi.calibration_roles import Role
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
from services.engines.native.files import filter_file, opened, packed
from services.pca_prep.stage import PcaPrepConfig

#: How well products are compressed. With 1 the background, numbers of a model, takes half as much room again as with 0,
#: and as much longer to read; counts a sixth less.
LEVELS = {Content.TOTAL: 1, Content.BACKGROUND: 0}
#: How much of the products stays in memory uncompressed, for the extraction that follows [byte]: that of 60 ks.
HELD = 100 << 20


def pca_prep(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Make the filter file, mark bad rows, work out dead time and estimate background of an observation."""
    monitors = {item.name: opened(item) for item in inputs["housekeeping"]}
    standard2 = {item.name: opened(item) for item in sorted(inputs["std2"], key=lambda f: f.name)}
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
        held = sum(len(item.plain or b"") for item in (*data, *background))
        data.append(_zipped(f"{name}_dt", one.data, Content.TOTAL, keep=held < HELD))
        if one.background:
            background.append(_zipped(f"{name}_dtbkg", one.background, Content.BACKGROUND, keep=held < HELD))
    outputs = {"std2_dt": tuple(data), "std2_dtbkg": tuple(background), "filter_file": (made,)}
    return Outputs(outputs, caveats_of(remarks), {"files": len(data)})


def _zipped(name: str, one: Prepared, content: Content, *, keep: bool) -> File:
    about = About(Kind.SCIENCE, instrument="PCA", content=content)
    return packed(name, one.to_bytes(), about, level=LEVELS[content], keep=keep)


def _calibration(inputs: Inputs, role: Role) -> FitsFile | None:
    return next(map(opened, inputs.get(role, ())), None)


def _model(item: File) -> BackgroundModel:
    model = read_model(item.data, item.name)
    return model.only(item.hdus) if item.hdus else model
