"""Writing a product where a user says."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path

from isal import igzip

from rossi.errors import ConfigError, shortened_name
from rossi.given import path_text


def save(path: str | os.PathLike[str], data: bytes, *, overwrite: bool = False) -> Path:
    """Write a file, gzip-compressed where its name ends with ``.gz``.

    Parameters
    ----------
    path : str or path-like
    data : bytes
        A whole FITS file.
    overwrite : bool
        Whether a file that is there already is replaced.

    Returns
    -------
    Path
        Where it lies.

    Raises
    ------
    ConfigError
        If there is such a file already, or it can't be written.
    """
    place = Path(path_text(path, "path"))
    packed = igzip.compress(data, mtime=0) if place.suffix == ".gz" else data
    try:
        _put(place, packed, overwrite)
    except FileExistsError:
        raise ConfigError(
            f"{shortened_name(place)}: there is such a file already; give another name, or overwrite=True."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{shortened_name(place)}: can't be written ({error.strerror}); give another place."
        ) from None
    return place


class Saved(ABC):
    """What a user may write to a file."""

    __slots__ = ()

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return a whole FITS file."""

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it as a FITS file, which ``rossi.read`` reads back.

        Parameters
        ----------
        path : str or path-like
            Compressed where it ends with ``.gz``.
        overwrite : bool
            Whether a file that is there already is replaced.

        Returns
        -------
        Path

        Raises
        ------
        ConfigError
            If there is such a file already, or it can't be written.
        """
        return save(path, self.to_bytes(), overwrite=overwrite)


def _put(place: Path, data: bytes, overwrite: bool) -> None:
    """Write all of a file or nothing: what a full disk or Ctrl-C interrupts leaves what was there before."""
    target = place.resolve() if overwrite else place
    if overwrite and target.exists() and not target.is_file():
        target.write_bytes(data)  # a device; of a folder, the system says what it is
        return
    written = target.with_name(f".{os.urandom(16).hex()}.part") if overwrite else target
    stream = written.open("xb")
    try:
        with stream:
            stream.write(data)
        if overwrite:
            written.replace(target)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
