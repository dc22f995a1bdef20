"""FTOOLS tasks by their own names and parameters: file in, file out, no science of their own.

>>> from rossi import ftools
>>> ftools.maketime(infile="FP.xfl", outfile="good.gti", expr="ELV > 10", compact="no")  # doctest: +SKIP
Result(returncode=0, stdout='...', output=('good.gti',))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rossi.ftools import utils
from rossi.ftools.context import local_pfiles_context
from rossi.ftools.task import MODULES, Result, call, run

__all__ = ["Result", "local_pfiles_context", "run", "utils"]


def _call(name: str, /, **parameters: Any) -> Result:
    return call(name, parameters)


def __getattr__(name: str) -> Callable[..., Result]:
    if name not in MODULES:
        raise AttributeError(f"rossi.ftools has no task {name}; there are {', '.join(sorted(MODULES))}.")
    return partial(_call, name)


def __dir__() -> list[str]:
    return sorted([*__all__, *MODULES])
