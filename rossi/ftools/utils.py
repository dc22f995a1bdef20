"""Places for parameter files, for programs that were written for heasoftpy; nothing of them is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def local_pfiles_context(pfiles_dir: str | Path | None = None) -> Iterator[None]:  # noqa: ARG001 - heasoftpy's name
    """Do nothing.

    The original tasks remember their parameters in files of the user's home directory, so calls that run at the same
    time overwrite each other's parameters unless each process has a directory of its own: that is what heasoftpy's
    context manager of this name gives them. The tasks here remember nothing between calls and read no such file; they
    may run in as many processes and threads as one likes, with or without this context.

    Parameters
    ----------
    pfiles_dir : str or Path, optional
        Accepted and not used.
    """
    yield


def local_pfiles(pfiles_dir: str | Path | None = None) -> str:
    """Return the folder that was given, or the current one; see `local_pfiles_context`."""
    return str(Path.cwd() if pfiles_dir is None else pfiles_dir)
