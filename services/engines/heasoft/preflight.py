"""Is everything there that a stage needs? Asked before the first task is called, answered with one sentence."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rossi.calibration import INDEX, CalibrationEntry, matching, read_index
from rossi.calibration_roles import DATA_SETS, Role
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from services.calibration.fetch import fetch, is_remote, join
from services.engines.heasoft.sandbox import INHERITED, TaskStopped
from services.engines.heasoft.task import Call, Caller
from services.storage import StoreError

#: Versions of heasoftpy whose calls are understood: from the first one on, up to but not including the second.
OLDEST, BEYOND = (1, 3), (1, 6)
#: Tasks that each stage calls.
TASKS = {
    "pca_prep": ("pcaprepobsid", "pcaprepfile2"),
    "pca_extract": ("maketime", "pcaextlc2", "pcaextspect2"),
    "pca_fast": (),
    "pca_validate": (),
    "hexte_back": ("hxtback", "pcaprepobsid"),
    "hexte_dead": ("maketime", "saextrct", "seextrct", "fselect", "hxtdead", "rebinlc", "lcmath", "sumpha"),
    "hexte_validate": (),
}
#: Calibration that each stage asks the CALDB for where it is given no file.
ROLES = {
    "pca_prep": (Role.MODEL, Role.SAA, Role.BREAKDOWN, Role.BREAKDOWN_HISTORY),
    "pca_extract": (),
    "pca_fast": (),
    "pca_validate": (),
    "hexte_back": (),
    "hexte_dead": (Role.DEAD_TIME_A, Role.DEAD_TIME_B),
    "hexte_validate": (Role.DEAD_TIME_A, Role.DEAD_TIME_B),
}
_INSTEAD = "or set engine = 'native', which needs nothing of HEASoft"


@dataclass(frozen=True, slots=True)
class Installation:
    """HEASoft as it was found.

    Parameters
    ----------
    headas : str
    heasoftpy, heasoft : str
        Versions; that of HEASoft is "unknown" where it does not tell.
    call : Caller
    """

    headas: str
    heasoftpy: str
    heasoft: str
    call: Caller

    @property
    def versions(self) -> dict[str, str]:
        """What goes into manifests and fingerprints."""
        return {"heasoft": self.heasoft, "heasoftpy": self.heasoftpy}


def installed(stage: str = "", environment: Mapping[str, str] | None = None) -> Installation:
    """Return the installation that a stage's tasks are called in.

    Parameters
    ----------
    stage : str
        Whose tasks are looked for; empty for those of all stages.
    environment : mapping, optional
        By default that of this process.

    Raises
    ------
    ConfigError
        If heasoftpy or HEASoft is missing, of a version that is not understood, or lacks a task.
    """
    given = dict(os.environ if environment is None else environment)
    packages = _packages()
    if packages is None:
        raise ConfigError(
            "engine = 'heasoft' needs heasoftpy, which is not on the package index but comes with HEASoft: initialize "
            f"HEASoft (. $HEADAS/headas-init.sh) so that this Python finds it, {_INSTEAD}."
        )
    headas = given.get("HEADAS", "")
    if not headas or not (Path(headas) / "syspfiles").is_dir():
        raise ConfigError(
            f"engine = 'heasoft' needs HEASoft, but HEADAS is {headas!r}, which is no installation of it (no folder "
            f"syspfiles there); initialize it (. $HEADAS/headas-init.sh), {_INSTEAD}."
        )
    wanted = TASKS[stage] if stage else tuple(dict.fromkeys(task for tasks in TASKS.values() for task in tasks))
    absent = [task for task in wanted if not os.access(Path(headas) / "bin" / task, os.X_OK)]
    if absent:
        raise ConfigError(
            f"HEASoft in {headas} has no {', '.join(absent)}; install it with the tasks of RXTE (and of HEAGEN, "
            f"FTOOLS and HEATOOLS), {_INSTEAD}."
        )
    inherited = {name: given[name] for name in INHERITED if name in given}
    heasoftpy, heasoft = _versions(tuple(inherited.items()), packages)
    number = _number(heasoftpy)
    if number is None or not OLDEST <= number < BEYOND:
        raise ConfigError(
            f"heasoftpy {heasoftpy} in {packages} is not known here: versions {'.'.join(map(str, OLDEST))} to "
            f"{BEYOND[0]}.{BEYOND[1] - 1} are; take HEASoft with one of these, {_INSTEAD}."
        )
    return Installation(headas, heasoftpy, heasoft, Caller(inherited, packages))


def _packages() -> str | None:
    """Return the folder that heasoftpy lies in, without importing it; None if it is not there."""
    try:
        found = importlib.util.find_spec("heasoftpy")
    except (ImportError, ValueError):
        return None
    if found is None or found.origin is None:
        return None
    return str(Path(found.origin).parent.parent)


@lru_cache(maxsize=4)
def _versions(environment: tuple[tuple[str, str], ...], packages: str) -> tuple[str, str]:
    call = Caller(dict(environment), packages)
    heasoftpy = call.version()
    try:  # ftversion gives the version of HEATOOLS, a part of HEASoft
        log = call(Call("fversion", (), options=("mode=h",))).logs.said
    except (ConfigError, DataError, TaskStopped):
        return heasoftpy, "unknown"
    found = re.search(r"V(\d+(\.\d+)+)", log)
    return heasoftpy, found[1] if found else "unknown"


def _number(version: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None


def check_caldb(roles: Iterable[Role], environment: Mapping[str, str] | None = None) -> str:
    """Check that tasks will find data sets in the CALDB of their environment; return where it is.

    Whether a data set holds for an observation is only known when that is reduced; here it has to be there at all.

    Parameters
    ----------
    roles : iterable of Role
    environment : mapping, optional
        By default that of this process.

    Raises
    ------
    ConfigError
        Naming the variable, the index or the data set that is missing.
    """
    given = dict(os.environ if environment is None else environment)
    root = given.get("CALDB", "").strip()
    if not root:
        raise ConfigError(
            "HEASoft's tasks need a CALDB, but the environment variable CALDB is not set; initialize the CALDB "
            "(. $CALDB/software/tools/caldbinit.sh), or name the files in [calibration]."
        )
    for variable in ("CALDBCONFIG", "CALDBALIAS"):
        path = given.get(variable, "").strip()
        if not path or not Path(path).is_file():
            raise ConfigError(
                f"The CALDB is {root}, but {variable} is {path!r}, where there is no file; initialize the CALDB "
                "(. $CALDB/software/tools/caldbinit.sh), or name the files in [calibration]."
            )
    indices: dict[str, tuple[CalibrationEntry, ...]] = {}
    for role in roles:
        wanted = DATA_SETS[role]
        url = join(root, INDEX.format(wanted.instrument.lower()))
        if url not in indices:
            indices[url] = _index(url)
        fits = matching(indices[url], wanted.query(0.0))
        if not fits:
            raise ConfigError(
                f"{url}: there is no {wanted.meaning} ({wanted.codename}); update the CALDB, or set {role} in "
                "[calibration]."
            )
        if not is_remote(root) and not _file_there(root, fits):
            raise ConfigError(
                f"{root}: {wanted.meaning} {fits[-1].path} is in the index but not there; fetch it, or set {role} in "
                "[calibration]."
            )
    return root


def _index(url: str) -> tuple[CalibrationEntry, ...]:
    try:
        data = fetch(url)
    except StoreError as error:
        raise ConfigError(f"{url}: the index of the CALDB can't be read: {error}") from None
    if data is None:
        raise ConfigError(
            f"{url}: the CALDB has no such index; set CALDB to the folder that holds data/xte, with RXTE's calibration "
            "installed."
        )
    return read_index(open_fits(data, url).table(hdu=1))


def _file_there(root: str, entries: Iterable[CalibrationEntry]) -> bool:
    """Return whether the newest of some data sets is on disk."""
    newest = max(entries, key=lambda entry: entry.reference_time)
    path = Path(root.removeprefix("file://")) / newest.path
    return path.is_file() or path.with_name(path.name + ".gz").is_file()
