"""What users give in a session, taken or refused with a sentence."""

from __future__ import annotations

import os

from rossi.errors import ConfigError, shortened


def path_text(given: object, what: str) -> str:
    """Return a path or URL that was given, as text; a leading ``~`` is the home.

    Parameters
    ----------
    given : str or path-like
    what : str
        What it is called, for messages: ``archive``.

    Raises
    ------
    TypeError
        If it is no path.
    ConfigError
        If no file can be called so.
    """
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(path, str):
        raise TypeError(
            f"{what} is {shortened(given)} ({type(given).__name__}); a path was expected, as text or a pathlib.Path."
        )
    if not path or "\0" in path or not _can_be_encoded(path):
        raise ConfigError(f"{what} is {shortened(path)}, and no file is called so; give a path.")
    return os.path.expanduser(path)  # noqa: PTH111 - Path would spoil a URL, and raises for ~unknown


def _can_be_encoded(path: str) -> bool:
    try:
        return bool(os.fsencode(path))
    except UnicodeError:
        return False
