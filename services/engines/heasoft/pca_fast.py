"""Stage ``pca_fast`` is not carried out by NASA's tasks."""

from __future__ import annotations

from typing import Any, NoReturn

from rossi.errors import ConfigError
from services.contract import Inputs


def pca_fast(config: Any, inputs: Inputs) -> NoReturn:  # noqa: ARG001
    """Refuse.

    Raises
    ------
    ConfigError
    """
    raise ConfigError(
        "HEASoft has no tasks that put several modes together in whole bins, or that make power spectra with dead time "
        "and tables of bursts, so engine = 'heasoft' does not make fast data; set engine = 'native'."
    )
