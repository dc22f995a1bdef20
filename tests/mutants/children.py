"""Tests run in a process of their own, forked from one that has the libraries loaded but nothing of the project."""

from __future__ import annotations

import gc
import importlib
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

#: What a process of tests may take; a change can make a loop endless or an array huge.
MEMORY = 8 << 30
#: What tests import before anything of the project, so it is imported once.
_LIBRARIES = """astropy.coordinates astropy.io.fits astropy.table astropy.time astropy.units astropy.wcs boto3
    hypothesis hypothesis.extra.numpy hypothesis.stateful isal.igzip jinja2 lark matplotlib.figure numpy pandas pyarrow
    pydantic pyvo rich tomlkit typer urllib3""".split()
_QUIET = "-q --no-header --no-summary --tb=line -W ignore::pytest.PytestAssertRewriteWarning".split()
#: Of pytest's plugins just hypothesis', and none that collects garbage after all tests.
_PLUGINS = "-p no:cacheprovider -p no:unraisableexception -p _hypothesis_pytestplugin".split()


def load_libraries() -> None:
    """Import what tests import of others."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    importlib.import_module("_hypothesis_pytestplugin")
    gc.freeze()
    assert not {"rossi", "services", "flows"} & set(sys.modules), "nothing of the project before it is changed"


def run(work: Callable[[], int], seconds: float, log: Path) -> int | None:
    """Return what the work returns, done in a process of its own; None if it took too long."""
    child = os.fork()
    if not child:
        code = 99
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            code = int(work())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    until, ended = time.monotonic() + seconds, (0, 0)
    try:
        while not ended[0] and time.monotonic() < until:
            time.sleep(0.02)
            ended = os.waitpid(child, os.WNOHANG)
    finally:
        if not ended[0]:  # too slow, or broken off
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended[1]) if ended[0] else None


def pytest_on(tests: Sequence[str], *more: str, plugins: Sequence[object] = ()) -> int:
    """Run these tests in this process."""
    return int(pytest.main([*_QUIET, *_PLUGINS, *more, *tests], plugins=list(plugins)))
