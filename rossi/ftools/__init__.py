"""FTOOLS tasks by their own names and parameters: file in, file out, no science of their own.

>>> from rossi import ftools
>>> ftools.maketime(infile="FP.xfl", outfile="good.gti", expr="ELV > 10", compact="no").files  # doctest: +SKIP
('good.gti',)

Programs that were written for heasoftpy run with ``import rossi.ftools as hsp``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rossi.ftools.catalogue import TASKS
from rossi.version import __version__

if TYPE_CHECKING:
    from rossi.ftools import core, utils
    from rossi.ftools.core import Config, HSPResult, HSPTask, HSPTaskException
    from rossi.ftools.task import run
    from rossi.ftools.utils import local_pfiles_context

__all__ = [
    "Config",
    "HSPResult",
    "HSPTask",
    "HSPTaskException",
    "__version__",
    "core",
    "help",
    "local_pfiles_context",
    "run",
    "utils",
]
#: Where names of this package come from that are imported when they are first used.
_LAZY = dict.fromkeys(("Config", "HSPResult", "HSPTask", "HSPTaskException"), "core")
_LAZY |= {"local_pfiles_context": "utils", "run": "task"}


def __getattr__(name: str) -> Any:
    if name in {"core", "utils"}:
        return importlib.import_module(f"rossi.ftools.{name}")
    if name in _LAZY:
        return getattr(importlib.import_module(f"rossi.ftools.{_LAZY[name]}"), name)
    if name in TASKS:
        return importlib.import_module("rossi.ftools.core").function(name)
    if name.startswith("_"):
        raise AttributeError(name)
    raise AttributeError(importlib.import_module("rossi.ftools.lookup").unknown(name))


def help() -> None:
    """Print what tasks there are."""
    print(importlib.import_module("rossi.ftools.catalogue").index_text())


def __dir__() -> list[str]:
    return sorted([*__all__, *TASKS])
