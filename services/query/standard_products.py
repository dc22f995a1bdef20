"""The archive's standard products: light curves that the mission's own pipeline made of every observation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from rossi.errors import ConfigError, DataError
from rossi.product import About, Kind
from services.contract import Caveat, File
from services.execution.observation import read_obsid
from services.storage import ArchiveSource, StoreError

#: What a light curve is of: s source, b background, n net; HEXTE's cluster 0 or 1, or 2 for the PCA's Standard2; the
#: energy band, a the widest (PCA: 2-9 keV). 1 without a band is the PCA's Standard1, all channels.
_BAND = re.compile(r"[snb](?:[012][a-e]|1)")
_HEXTE = {f"{cluster}{band}" for cluster in "01" for band in "abcde"}
#: Observations that are looked at at a time.
_OBSERVATIONS = 32


@dataclass(frozen=True, slots=True)
class Collected:
    """Standard light curves of a list of observations.

    Parameters
    ----------
    curves : tuple of File
        Named ``<obsid>_<band>.lc``.
    asked : int
        Observations.
    found : dict of str to int
        How many of them have a light curve, by band.
    problems : tuple of Caveat
        Light curves that are there but could not be had, and what was asked for and is no ObsID.
    """

    curves: tuple[File, ...]
    asked: int
    found: dict[str, int]
    problems: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True)
class _One:
    curves: tuple[File, ...] = ()
    bands: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    failure: StoreError | None = field(default=None)


def check_bands(bands: Sequence[str]) -> tuple[str, ...]:
    """Return bands without repetition.

    Raises
    ------
    ConfigError
        If one is none.
    """
    for band in bands:
        if not _BAND.fullmatch(band):
            raise ConfigError(
                f"{band!r} is no band of the standard products; n2a is the PCA's net light curve of 2-9 keV (n2b to "
                "n2e are narrower), n1 that of all channels (Standard1), n0a and n1a are those of HEXTE's clusters, s "
                "and b in place of n are source and background."
            )
    return tuple(dict.fromkeys(bands))


def collect(
    archive: ArchiveSource,
    obsids: Sequence[str],
    bands: Sequence[str],
    on_observation: Callable[[], None] | None = None,
) -> Collected:
    """Fetch those standard light curves that there are: an observation need not have any.

    Parameters
    ----------
    archive : ArchiveSource
    obsids : sequence of str
    bands : sequence of str
        See `check_bands`.
    on_observation : callable, optional
        Called after each observation.

    Raises
    ------
    StoreError
        If the archive answers for none of them.
    """
    wanted, unique = check_bands(bands), list(dict.fromkeys(obsids))

    def one(obsid: str) -> _One:
        result = _collect(archive, obsid, wanted)
        if on_observation is not None:
            on_observation()
        return result

    with ThreadPoolExecutor(_OBSERVATIONS) as threads:
        results = list(threads.map(one, unique))
    failures = [result.failure for result in results if result.failure]
    if failures and len(failures) == len(results):
        raise failures[0]
    found = {band: sum(band in result.bands for result in results) for band in wanted}
    problems = [
        text for result in results for text in (*result.problems, *([str(result.failure)] if result.failure else []))
    ]
    return Collected(
        tuple(curve for result in results for curve in result.curves),
        len(unique),
        found,
        tuple(Caveat(code="not_collected", message=text) for text in problems),
    )


def _collect(archive: ArchiveSource, text: str, bands: Sequence[str]) -> _One:
    try:
        obsid = read_obsid(archive, text)
        listing = {file.path.rpartition("/")[2]: file for file in archive.list(f"{obsid.path}stdprod")}
    except StoreError as error:
        return _One(failure=error)
    except DataError as error:
        return _One(problems=(str(error),))
    curves, found, problems = [], [], []
    for band in bands:
        stem = f"x{'h' if band[1:] in _HEXTE else 'p'}{obsid.stem}_{band}.lc"
        file = listing.get(stem) or listing.get(f"{stem}.gz")
        if file is None:
            continue
        found.append(band)
        try:
            (data,) = archive.fetch_many(archive.identify([file]))
        except (DataError, StoreError) as error:
            problems.append(str(error))
            continue
        curves.append(File(f"{obsid.text}_{band}.lc", data, about=About(Kind.LIGHT_CURVE, band)))
    return _One(tuple(curves), tuple(found), tuple(problems))
