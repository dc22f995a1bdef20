"""``rossi.open``: an observation in an archive, and what there is of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rossi import gti, met
from rossi.archive import FILE_PATTERNS, ObsID
from rossi.errors import ConfigError, DataError, shortened
from rossi.facts import Told
from rossi.fits.stream import stream_fits
from rossi.front.door import services
from rossi.front.folder import list_folder, read_file
from rossi.given import path_text
from rossi.goodtime import GoodTime, read_good_time
from rossi.pca.filter.indices import MasterIndex, read_master
from rossi.timing.modes import Modes
from rossi.timing.observed import Beginnings, read_modes

if TYPE_CHECKING:
    from astropy.time import Time
    from astropy.units import Quantity

#: What is always telemetered while a source is observed, one for each instrument.
_STEADY = ("std2", "hexte_archive")


class Observation(Told):
    """An observation: its files, and what they say of it; made by `rossi.open`.

    Nothing is read before it is asked for; what was asked for is kept.

    Parameters
    ----------
    obsid : ObsID
    archive : str
        Folder or URL that holds AO1, AO2, ...
    sizes : mapping of str to int [byte]
        Size of each file by its path relative to the observation's directory; negative where it is not known.
    fetch : callable
        Returns the content of such a path.
    beginnings : callable
        Returns so many bytes of the beginnings of such paths.
    """

    def __init__(
        self,
        obsid: ObsID,
        archive: str,
        sizes: Mapping[str, int],
        fetch: Callable[[str], bytes],
        beginnings: Beginnings,
    ) -> None:
        self.obsid, self.archive, self._sizes, self._fetch = obsid, archive, dict(sizes), fetch
        self._beginnings = beginnings

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files relative to the observation's directory, sorted."""
        return tuple(sorted(self._sizes))

    def read_bytes(self, path: str) -> bytes:
        """Return the content of a file.

        Parameters
        ----------
        path : str
            One of `files`.

        Raises
        ------
        DataError
            If there is no such file, or it can't be read.
        """
        if not isinstance(path, str) or path not in self._sizes:
            raise DataError(f"{self.obsid}: there is no file {path}; Observation.files names those that there are.")
        return self._fetch(path)

    def _matching(self, *kinds: str) -> list[str]:
        return [path for path in self.files if any(re.fullmatch(FILE_PATTERNS[kind], path) for kind in kinds)]

    @cached_property
    def _master(self) -> MasterIndex:
        return read_master({"FMI": self.read_bytes("FMI")})

    @property
    def target(self) -> str:
        """Name of the source, as the master index FMI has it."""
        return self._master.source

    @property
    def start(self) -> Time:
        """Begin of the observation (TT), slew and occultations included; from FMI."""
        return met.to_time(self._master.start + met.timezero(self._master.header, "FMI"))

    @property
    def stop(self) -> Time:
        """End of the observation (TT); from FMI."""
        return met.to_time(self._master.stop + met.timezero(self._master.header, "FMI"))

    @cached_property
    def gti(self) -> GoodTime:
        """When Standard2 data (else HEXTE's standard mode) were telemetered, before any selection."""
        for kind in _STEADY:
            files = [stream_fits(self.read_bytes(path), path).file for path in self._matching(kind)]
            if files:
                return GoodTime(gti.union(*(read_good_time(file) for file in files)), str(self.obsid))
        return GoodTime(gti.make([]), str(self.obsid))

    @property
    def exposure(self) -> Quantity:
        """Length of `gti` [s]: what selections of good time begin with."""
        from astropy import units as u

        return self.gti.total * u.s

    @cached_property
    def modes(self) -> Modes:
        """Data modes (DATAMODE) of the science files, by instrument: ``{"PCA": ("Standard1b", ...), ...}``.

        Printed, it is a table of what those of the PCA hold: resolution, channels, PCUs. Only the
        beginnings of files are read; those of a remote archive are asked for several at a time.
        """
        return read_modes(self.files, self._beginnings, self.read_bytes)

    def __reduce__(self) -> tuple[Callable[..., Observation], tuple[ObsID, str]]:
        """Another process opens it anew."""
        return open_observation, (self.obsid, self.archive)

    def _facts(self) -> dict[str, str]:
        facts = {"observation": str(self.obsid), "meaning": self.obsid.meaning}
        try:
            facts |= {"target": self.target, "start": f"{str(self.start.isot)[:19]} TT"}
        except DataError as error:  # files may be missing; that should not keep one from looking
            facts |= {"target": str(error)}
        sizes = self._sizes.values()
        size = f", {sum(sizes) / 1e6:.3g} MB" if min(sizes) >= 0 else ""  # which not every archive lists
        return facts | {"files": f"{len(sizes)} files{size}", "archive": f"in {self.archive}"}


def open_observation(obsid: str | ObsID, archive: str | os.PathLike[str] | None = None) -> Observation:
    """Open an observation of an archive, or of a copy of a part of it.

    Parameters
    ----------
    obsid : str or ObsID
        ``20402-01-45-03``; or, without an archive, the path of the observation's directory.
    archive : str or path-like, optional
        The folder that holds AO1, AO2, ...; or a URL of one, ``https://...`` or ``s3://...``, of which copies of files
        are kept in ``~/.cache/rossi``.

    Returns
    -------
    Observation

    Raises
    ------
    ConfigError
        If it is no ObsID, or there is no archive.
    DataError
        If the archive has no such observation; the message names those that are near.

    Examples
    --------
    >>> obs = rossi.open("20402-01-45-03", archive="/data/rxte")  # doctest: +SKIP
    >>> obs.target, obs.exposure, obs.modes  # doctest: +SKIP
    """
    if archive is None:
        obsid, archive = _of_directory(str(obsid))
    one = obsid if isinstance(obsid, ObsID) else ObsID(str(obsid).strip())
    root = os.path.expandvars(path_text(archive, "archive"))
    if "://" in root:
        return Observation(one, root, *services().list_remote(one, root))
    folder = Path(root).absolute()
    sizes = list_folder(folder / one.path)
    if not sizes:
        raise services().absent(one, str(folder))
    place = folder / one.path
    return Observation(
        one,
        str(folder),
        sizes,
        lambda path: read_file(place / path),
        lambda paths, longest: [read_file(place / path, longest) for path in paths],
    )


def _of_directory(text: str) -> tuple[str, Path]:
    """Return the ObsID and the archive that an observation's directory tells."""
    place = Path(path_text(text, "obsid")).absolute()
    if not os.path.isdir(place):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        raise ConfigError(
            f"Where is {shortened(text, 200)}? Give archive=..., the folder or URL that holds AO1, AO2, ..., or the "
            "path of the observation's directory."
        )
    if not str(place).endswith(ObsID(place.name).path.rstrip("/")):
        raise ConfigError(
            f"{place}: an observation's directory should lie at {ObsID(place.name).path} below its archive; move it "
            "there, so that what belongs to it is found."
        )
    return place.name, place.parents[2]
