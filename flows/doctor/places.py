"""Where data come from and where products go: tried, with how long it took."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flows.core.preflight import roles
from flows.core.pruning import in_bytes
from flows.core.settings import Executor, Settings
from flows.doctor.finding import Finding, Verdict
from rossi.calibration_roles import DATA_SETS, Role
from rossi.energy.built_in import NAME
from rossi.energy.epochs import REPRESENTATIVE
from rossi.errors import ConfigError
from services.calibration import find_calibration
from services.calibration.config import CalibrationConfig
from services.storage import ObjectStore, open_archive, open_store
from services.storage.base import local_path, scheme_of

#: Less than this is told: a campaign of a thousand observations takes about as much [byte].
_LITTLE = 10 * 1024**3


def disk(settings: Settings) -> Iterator[Finding]:
    """Look at the room that is left where things are written."""
    folders = {"Temporary files": Path(tempfile.gettempdir()), "Calibration's copies": Path(settings.calibration.cache)}
    if settings.store and scheme_of(settings.store) == "file":
        folders = {"Store": local_path(settings.store), **folders}
    for what, folder in folders.items():
        there = folder.expanduser().absolute()
        while not there.exists():
            there = there.parent
        free = shutil.disk_usage(there).free
        little = free < _LITTLE
        more = "; make room, or name another folder" if little else ""
        said = f"{what}: {in_bytes(free)} free in {there}{more}."
        yield Finding("Disk", Verdict.BROKEN if free == 0 else Verdict.AWAY if little else Verdict.FINE, said)


def archive(settings: Settings) -> Iterator[Finding]:
    """Ask the archive for its first directories."""
    if not settings.archive:
        yield Finding(
            "Archive", Verdict.ABSENT, "none is configured; --archive names one: a folder, s3:// or https:// URL."
        )
        return
    begun = time.perf_counter()
    cycles = open_archive(settings.archive, settings.cache).directories("")
    took = time.perf_counter() - begun
    cycles = tuple(sorted((name for name in cycles if name.startswith("AO")), key=lambda name: (len(name), name)))
    if not cycles:
        raise ConfigError(
            f"{settings.archive}: there is no directory AO1, AO2 ... in it; --archive is to name the folder that holds "
            "them (NASA's is s3://nasa-heasarc)."
        )
    of = cycles[0] if len(cycles) == 1 else f"{cycles[0]} to {cycles[-1]}, {len(cycles)} of them"
    yield Finding("Archive", Verdict.FINE, f"{settings.archive} answered after {took:.2f} s: {of}.")


def calibration(settings: Settings) -> Iterator[Finding]:
    """Choose and fetch the calibration files of observations at several dates."""
    if settings.campaign.executor is Executor.KUBERNETES:
        yield Finding("Calibration", Verdict.ABSENT, "not looked at: its paths are those of the cluster's pods.")
        return
    if not settings.archive and settings.calibration == CalibrationConfig():
        yield Finding(
            "Calibration",
            Verdict.ABSENT,
            "none is configured; caldb, or files by name, in [calibration] of rossi.toml.",
        )
        return
    wanted = roles(settings)
    chosen: dict[str, list[int]] = {}
    for epoch, mjd in enumerate(REPRESENTATIVE, 1):
        found = find_calibration(settings.calibration, mjd, wanted)
        named = [
            f"{DATA_SETS[role].meaning}: {', '.join(file.name for file in files)}" for role, files in found.items()
        ]
        without = [f"{DATA_SETS[role].meaning}: {_instead(role)}" for role in wanted if role not in found]
        chosen.setdefault("; ".join([*named, *without]), []).append(epoch)
    for names, epochs in chosen.items():
        which = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {', '.join(map(str, epochs))}"
        yield Finding("Calibration", Verdict.FINE, f"observations of {which} take: {names}.")


def _instead(role: Role) -> str:
    """Tell what is taken where no file is found for a role."""
    return f"{NAME}, which comes with rossi" if role is Role.ENERGY_TO_CHANNEL else "none"


def store(settings: Settings) -> Iterator[Finding]:
    """Write, read and remove an object, and see whether a second writer is kept out."""
    if not settings.store:
        yield Finding("Store", Verdict.ABSENT, "none is configured; without --store, products go beside --out.")
        return
    opened = open_store(settings.store)
    begun = time.perf_counter()
    prefix = f"{settings.prefix.strip('/')}/" if settings.prefix.strip("/") else ""
    key = f"{prefix}doctor-{secrets.token_hex(8)}"
    try:
        yield _tried(opened, key, begun)
    finally:
        opened.delete(key)


def _tried(opened: ObjectStore, key: str, begun: float) -> Finding:
    where = opened.url(key).rpartition("/doctor-")[0]
    opened.put(key, b"rossi doctor")
    second = opened.put(key, b"a second writer")
    if opened.get(key) != b"rossi doctor" or second or not opened.conditional:
        return Finding(
            "Store",
            Verdict.BROKEN,
            f"{where} is writable but lets a second writer win (it ignores If-None-Match, or has no links or locks): "
            "see to it that only one run works on it at a time.",
        )
    took = time.perf_counter() - begun
    return Finding("Store", Verdict.FINE, f"{where} is writable and keeps a second writer out; {took:.2f} s.")
