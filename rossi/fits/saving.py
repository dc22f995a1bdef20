"""Writing a product where a user says."""

from __future__ import annotations

import os
from pathlib import Path

from isal import igzip

from rossi.errors import ConfigError, shortened_name


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
    place = Path(path).expanduser()
    packed = igzip.compress(data, mtime=0) if place.suffix == ".gz" else data
    try:
        with place.open("wb" if overwrite else "xb") as stream:
            stream.write(packed)
    except FileExistsError:
        raise ConfigError(
            f"{shortened_name(place)}: there is such a file already; give another name, or overwrite=True."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{shortened_name(place)}: can't be written ({reason}); give another place.") from None
    return place
