"""What a stage has made, with times at the barycentre: after any engine, the same way."""

from __future__ import annotations

from dataclasses import replace

from isal import igzip

from rossi.calibration_roles import Role
from rossi.errors import DataError
from rossi.fits.reader import gunzip, open_fits
from rossi.fits.unzip import is_gzip
from rossi.timing.barycentre import Barycentre, Direction
from rossi.timing.barycentre_file import Correction, barycentred_file, direction_of
from rossi.timing.clock import FineClock, read_clock
from rossi.timing.ephemeris import de405
from rossi.timing.orbit import Orbit, read_orbit
from services.contract import Caveat, File, Inputs, Outputs
from services.contract.barycentre import BarycentreConfig, Times, is_wanted

#: Outputs whose files have times; others (spectra, good time that was applied, figures) stay as they are.
_TIMED = frozenset({"light_curve", "parts", "standard1", "events"})
#: Where a light curve is of, which its table or its primary header has.
_POSITION = [f"{axis}_{of}" for of in ("OBJ", "NOM", "PNT") for axis in ("RA", "DEC")] + ["RADECSYS"]


def at_barycentre(config: object, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Give a stage's light curves and event lists times at the barycentre, where its configuration says so.

    Parameters
    ----------
    config : model
        Of the stage.
    inputs : mapping
        Of the stage, see `services.contract.barycentre.BARYCENTRE_INPUTS`.
    outputs : Outputs

    Returns
    -------
    Outputs
        Where only a column is asked for, and it can't be had, without it, and with a caveat.

    Raises
    ------
    DataError
        If times are to be replaced and can't be.
    """
    wanted: BarycentreConfig | None = getattr(config, "barycentre", None)
    if wanted is None or not is_wanted(config) or not _TIMED & set(outputs.files):
        return outputs
    try:
        orbit = read_orbit([open_fits(item.data, item.name) for item in inputs.get("orbit", ())])
    except DataError as error:
        return _without(wanted, outputs, [f"{error} Products have no time at the barycentre."])
    clock = next((_clock(item) for item in inputs.get(Role.CLOCK, ())), None)
    return _corrected(wanted, orbit, clock, outputs)


def _corrected(wanted: BarycentreConfig, orbit: Orbit, clock: FineClock | None, outputs: Outputs) -> Outputs:
    made: dict[str, tuple[File, ...]] = dict(outputs.files)
    missing, said = list[str](), list[Caveat]()
    for name in _TIMED & set(outputs.files):
        files = []
        for file in outputs.files[name]:
            try:
                new, remarks = _file(file, wanted, orbit, clock)
            except DataError as error:
                missing.append(f"{error} {file.name} has no time at the barycentre.")
                new, remarks = file, []
            files.append(new)
            said += [Caveat(code="barycentre", message=text) for text in remarks]
        made[name] = tuple(files)
    told = replace(outputs, files=made, caveats=(*outputs.caveats, *dict.fromkeys(said)))
    return _without(wanted, told, missing) if missing else told


def _file(file: File, wanted: BarycentreConfig, orbit: Orbit, clock: FineClock | None) -> tuple[File, list[str]]:
    if wanted.ra is not None and wanted.dec is not None:
        direction, said = Direction(wanted.ra, wanted.dec), ""
    else:
        opened = open_fits(file.data, file.name)
        header = opened.table().header.copy()
        header.copy_from(opened.primary, _POSITION)
        direction, said = direction_of(header, file.name)
    request = Correction(Barycentre(direction, orbit, de405()), clock, wanted.times is Times.COLUMN)
    data, _ = barycentred_file(gunzip(file.data, file.name), file.name, request)
    data = igzip.compress(data, 1, mtime=0) if is_gzip(file.data) else data
    return type(file)(file.name, data, about=file.about), [said] if said else []


def _clock(item: File) -> FineClock:
    return read_clock(gunzip(item.data, item.name).decode("ascii", "replace"), item.name)


def _without(wanted: BarycentreConfig, outputs: Outputs, messages: list[str]) -> Outputs:
    if wanted.times is Times.REPLACE:
        raise DataError(
            f"{messages[0]} Times were to be replaced; fetch what is missing, or set barycentre = 'column' in [timing]."
        )
    told = tuple(Caveat(code="no_barytime", message=text) for text in dict.fromkeys(messages))
    return replace(outputs, caveats=(*outputs.caveats, *told))
