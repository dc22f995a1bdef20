"""Libraries that few need: asked for when they are needed, with a sentence where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from rossi.errors import ConfigError


def load(module: str, extra: str, what: str) -> Any:
    """Import a module of a library that an extra of rossi brings.

    Parameters
    ----------
    module : str
    extra : str
        Which extra.
    what : str
        What it is needed for: the beginning of a sentence in the plural, ``Plots``.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        raise ConfigError(
            f"{what} need {library}, which is not installed: pip install 'rossi[{extra}]' (or {library} itself)."
        ) from None
