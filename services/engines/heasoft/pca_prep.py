"""Stage ``pca_prep`` by ``pcaprepobsid``, or ``pcaprepfile2`` where the filter file is the archive's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from rossi.calibration_roles import Role
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits
from rossi.pca.housekeeping import Housekeeping, require_each_pcu
from rossi.product import About, Content, Kind
from services.contract import File, Inputs, Outputs
from services.contract.filter_file import FILTER_FILE, FilterSource
from services.engines.heasoft.files import base_name, file_list, file_name, joined, plain, zipped
from services.engines.heasoft.preflight import check_caldb, installed
from services.engines.heasoft.task import Call, Caller, Declared, Value
from services.pca_prep.stage import BackgroundSource, PcaPrepConfig

#: Names in the working directory: the observation, and what is made of it.
_OBSERVATION, _MADE = "obs", "out"


def pca_prep(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Make the filter file, mark bad rows, work out dead time and estimate background of an observation.

    Raises
    ------
    ConfigError
        For settings that the tasks don't have.
    DataError
        If a task made not all that it should.
    """
    call = installed("pca_prep").call
    if config.background is not BackgroundSource.MODEL:
        raise ConfigError(
            f"[pca_prep] background is {config.background.value!r}, but HEASoft's preparation always estimates it; set "
            "background = 'model' (and subtract = false in [pca_extract] for rates with background), or engine = "
            "'native'."
        )
    _require_all_pcus(inputs)
    rules = {
        "transition_bad": config.transition_bad,
        "propane_bad": config.propane_bad,
        "zero_bad": config.zero_bad,
    }
    if config.filter_file is FilterSource.ARCHIVE:
        (found,) = inputs["filter_file"]
        filter_item, files = (
            File(file_name(found), found.data, about=FILTER_FILE),
            _file_by_file(call, rules, inputs, found),
        )
    else:
        filter_item, files = _observation(call, rules, inputs)
    stems = sorted(base_name(item) for item in inputs["std2"])
    outputs = {
        "std2_dt": tuple(_zipped(f"{stem}_dt", files, Content.TOTAL) for stem in stems),
        "std2_dtbkg": tuple(_zipped(f"{stem}_dtbkg", files, Content.BACKGROUND) for stem in stems),
        "filter_file": (filter_item,),
    }
    return Outputs(outputs, (), {"files": len(stems)})


def make_filter_file(call: Caller, observation: Mapping[str, bytes]) -> File:
    """Make the filter file of an observation without Standard2 data and history of breakdowns.

    Of ``pcaprepobsid``, this is the first step. It stops behind it where housekeeping of a PCU is missing, which does
    no harm here.
    """
    inputs = {f"{_OBSERVATION}/{name}": data for name, data in observation.items()}
    inputs.setdefault(f"{_OBSERVATION}/pca/.keep", b"")  # it looks for the folder
    parameters: dict[str, Value] = {"indir": _OBSERVATION, "outdir": _MADE, "breakfile": "NONE", "modelfile": "NONE"}
    parameters |= {"saahfile": "NONE", "clobber": True, "chatter": 2}
    done = call(Call("pcaprepobsid", (Declared(f"{_MADE}/FP_*.xfl"),), parameters, inputs=inputs))
    return _filter_item(done.files)


def observation_files(inputs: Inputs, *names: str) -> dict[str, bytes]:
    """Return an observation directory; FMI must not be compressed, everything else may be."""
    files = {item.name: item.data for name in names for item in inputs.get(name, ())}
    for name in [name for name in files if name in ("FMI", "FMI.gz")]:
        data = files.pop(name)
        files["FMI"] = plain(File(name, data))
    return files


def _filter_item(made: Mapping[str, bytes]) -> File:
    name = next(name for name in made if name.endswith(".xfl"))
    return File(f"{PurePosixPath(name).name}.gz", zipped(made[name]), about=FILTER_FILE)


def _zipped(name: str, made: Mapping[str, bytes], content: Content) -> File:
    return File(f"{name}.gz", zipped(made[name]), about=About(Kind.SCIENCE, instrument="PCA", content=content))


def _observation(call: Caller, rules: Mapping[str, bool], inputs: Inputs) -> tuple[File, dict[str, bytes]]:
    """Prepare a whole observation in one call."""
    observation = observation_files(inputs, "index", "spacecraft", "housekeeping", "std2")
    files, calibration = _calibration(inputs)
    stems = [base_name(item) for item in inputs["std2"]]
    declared = [Declared(f"{_MADE}/FP_*.xfl")]
    declared += [Declared(f"{_MADE}/{stem}_{kind}") for stem in stems for kind in ("dt", "dtbkg")]
    parameters: dict[str, Value] = {
        "indir": _OBSERVATION,
        "outdir": _MADE,
        **calibration,
        **rules,
        "timestep": 16,
        "bkginterval": 16,
        "bkglayers": True,
        "bkgfullspec": False,
        "abspath": False,
        "cleanup": True,
        "clobber": True,
        "chatter": 2,
    }
    placed = {f"{_OBSERVATION}/{name}": data for name, data in observation.items()} | files
    done = call(Call("pcaprepobsid", tuple(declared), parameters, inputs=placed))
    made = {name.rpartition("/")[2]: data for name, data in done.files.items()}
    return _filter_item(done.files), made


def _file_by_file(call: Caller, rules: Mapping[str, bool], inputs: Inputs, filter_item: File) -> dict[str, bytes]:
    """Prepare each Standard2 file with a filter file that is there already."""
    files, calibration = _calibration(inputs)
    housekeeping = {base_name(item): plain(item) for item in inputs["housekeeping"]}
    files |= housekeeping | {"hk.lis": file_list(sorted(housekeeping)), "filter.xfl": plain(filter_item)}
    made: dict[str, bytes] = {}
    for item in inputs["std2"]:
        stem = base_name(item)
        names = {kind: f"{stem}_{kind}" for kind in ("bkg", "dt", "dtbkg")}
        parameters: dict[str, Value] = {
            "infile": stem,
            "filterfile": "filter.xfl",
            "hkfiles": "@hk.lis",
            **{f"{kind}file": name for kind, name in names.items()},
            **calibration,
            **rules,
            "bkginterval": 16,
            "bkglayers": True,
            "bkgfullspec": False,
            "clobber": True,
        }
        declared = tuple(Declared(names[kind]) for kind in ("dt", "dtbkg"))
        made |= call(Call("pcaprepfile2", declared, parameters, inputs=files | {stem: plain(item)})).files
    return made


def _calibration(inputs: Inputs) -> tuple[dict[str, bytes], dict[str, Value]]:
    """Return calibration files for the working directory, and the parameters that name them."""
    files: dict[str, bytes] = {}
    parameters: dict[str, Value] = {}
    parameters["modelfile"] = _models(inputs.get(Role.MODEL, ()), files)
    saa = inputs.get(Role.SAA, ())
    parameters["saahfile"] = "saa_history" if saa else "NONE"
    files |= {"saa_history": plain(saa[0])} if saa else {}
    breakdown, history = (inputs.get(role, ()) for role in (Role.BREAKDOWN, Role.BREAKDOWN_HISTORY))
    if not breakdown:
        raise ConfigError(
            "[calibration] breakdown is 'NONE', but pcaprepobsid fails without a list of breakdowns; set it to a file, "
            "or engine = 'native'."
        )
    same = not history or history[0].data == breakdown[0].data
    files["breakdown"] = plain(breakdown[0]) if same else joined(history[0], breakdown[0])
    parameters["breakfile"] = "breakdown"
    return files, parameters


def _models(items: tuple[File, ...], files: dict[str, bytes]) -> str:
    """Add background models, those HDUs that the CALDB chose; return the parameter's value."""
    if not items:
        check_caldb((Role.MODEL,))
        return "CALDB"
    names = []
    for number, item in enumerate(items):
        name = f"model{number}.mdl"
        files[name] = plain(item)
        names += [f"{name}[{hdu}]" for hdu in item.hdus] or [name]
    if len(names) == 1:
        return names[0]
    files["models.lis"] = file_list(names)
    return "@models.lis"


def _require_all_pcus(inputs: Inputs) -> None:
    there = [Housekeeping.from_file(open_fits(item.data, item.name)) for item in inputs["housekeeping"]]
    advice = "fetch the observation again, or set engine = 'native' and filter_file = 'archive'"
    require_each_pcu(there, "HEASoft's preparation", advice)
