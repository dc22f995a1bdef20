"""The work list from an archive's own directories and master indices."""

from __future__ import annotations

import datetime

from astropy.time import Time

from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError
from rossi.met import met_to_mjd
from services.contract import Caveat
from services.execution.observation import hint, read_obsid
from services.query.config import QueryConfig
from services.query.index import describe, find_observations
from services.query.worklist import WorkList, WorkRow, blank, in_order
from services.storage import ArchiveSource


def look_through(config: QueryConfig, archive: ArchiveSource) -> WorkList:
    """Return the observations in an archive that are asked for.

    Observations that are asked for by name but not there, and those whose index can't be read, stay in the list with
    a caveat: they will fail by themselves and be reported.

    Raises
    ------
    ConfigError
        If something is asked for that only the catalogue knows.
    """
    if config.needs_catalogue:
        raise ConfigError(
            "[query] asks for a name, position, proposal or ADQL, which only the catalogue knows; remove "
            'source = "archive".'
        )
    nearly: list[str] = []
    unread: list[str] = []
    if config.obsids:
        found = [obsid for obsid in _valid(config.obsids) if _is_there(obsid, archive)]
    else:
        found, nearly, unread = find_observations(archive)
    rows, caveats = [], []
    for obsid in found:
        if config.obsids or config.slews or obsid.is_pointing:
            row, caveat = describe(archive, obsid)
            caveats += [caveat] if caveat else []
            if caveat or _matches(row, config):
                rows.append(row)
    absent = [obsid for obsid in dict.fromkeys(config.obsids) if obsid not in {o.text for o in found}]
    rows += [blank(obsid) for obsid in absent]
    caveats += [Caveat(code="not_in_archive", message=_absent(obsid, archive)) for obsid in absent]
    caveats += [Caveat(code="directory_unreadable", message=message) for message in unread]
    if nearly:
        message = (
            f"{len(nearly)} directories look like observations but are not named or placed as such: {nearly[0]} ..."
        )
        caveats.append(Caveat(code="not_an_obsid", message=message))
    return in_order(rows, caveats)


def plain(target: str) -> str:
    """Return a target's name without what people spell differently."""
    return "".join(target.lower().replace("_", " ").split())


def _valid(obsids: tuple[str, ...]) -> list[ObsID]:
    found = []
    for text in dict.fromkeys(obsids):
        try:
            found.append(ObsID(text))
        except ConfigError:  # reported as absent
            continue
    return found


def _absent(text: str, archive: ArchiveSource) -> str:
    try:
        return f"{text} is not in the archive; {hint(archive, read_obsid(archive, text))}"
    except DataError as error:
        return str(error)


def _is_there(obsid: ObsID, archive: ArchiveSource) -> bool:
    proposal, _, name = obsid.path.rstrip("/").rpartition("/")
    try:
        return name in archive.directories(proposal)
    except DataError:  # the observation itself may be readable; if not, it says why
        return True


def _matches(row: WorkRow, config: QueryConfig) -> bool:
    if config.targets and plain(row.target_name) not in map(plain, config.targets):
        return False
    return (config.start is None or row.time >= _mjd(config.start)) and (
        config.stop is None or row.time < _mjd(config.stop)
    )


def _mjd(moment: float | datetime.date) -> float:
    if isinstance(moment, datetime.date):
        return float(Time(moment.isoformat(), scale="utc").tt.mjd)
    return float(met_to_mjd(moment))
