"""What tests of every room share."""

import gc
import os
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import forks

# No test depends on how busy the machine is.
settings.register_profile("rossi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rossi")

#: Reference material too large or not ours to ship; a folder beside the repository, or where ROSSI_SHARED says.
_SHARED = Path(os.environ.get("ROSSI_SHARED", Path(__file__).resolve().parents[2] / "shared"))


# A shell has what it starts in the background ignore Ctrl-C, and so would all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: A file system in memory, and how much of memory is to be free for it [kB]; a run of all tests leaves some 2 GB.
_MEMORY, _ROOM = Path("/dev/shm"), 6_000_000

# Stores and databases wait for the disk with whatever they write, thousands of times, and no test is about that.
if "TMPDIR" not in os.environ and _MEMORY.is_dir():
    _there = os.statvfs(_MEMORY)
    _free = int(Path("/proc/meminfo").read_text().partition("MemAvailable:")[2].split()[0])
    if min(_there.f_bavail * _there.f_frsize // 1024, _free) > _ROOM and not _there.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

# Looking thousands of tests through for garbage, over and over, takes a fifth of the time in which they are collected.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    """Have one process that is forked for all those that run tests; it imports everything while these collect them."""
    if getattr(config.option, "numprocesses", None):
        os.environ[forks.ADDRESS] = forks.address()


def pytest_collection_finish() -> None:
    """Leave them alone from now on."""
    gc.enable()
    gc.freeze()


#: Files that look at one thing that takes long to make, and so are for one process of `--dist loadfile`.
_TOGETHER = (
    "tests/flows/desktop/test_access.py",
    "tests/flows/desktop/test_up.py",
    "tests/flows/prefect/test_notify.py",
    "tests/flows/prefect/test_recovery.py",
)
#: Files that take longest: one of them left to the end would keep one process at work, and the others idle.
_FIRST = (*_TOGETHER, "tests/services/storage/test_s3_store.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Distribute files, and some of them as if they were one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return _TOGETHER[0] if file in _TOGETHER else file

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


#: Whether to try everything that could go wrong rather than a part of it: `make test-long`.
LONG = bool(os.environ.get("ROSSI_LONG_TESTS"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what nobody asked for, and begin with what takes longest."""
    asked = {
        "long": LONG,
        "dachs": "ROSSI_REQUIRE_DACHS" in os.environ,
        "heasoft": "heasoft" in config.getoption("markexpr"),
    }
    off = [item for item in items if any(not asked[mark.name] for mark in item.iter_markers() if mark.name in asked)]
    config.hook.pytest_deselected(items=off)
    items[:] = sorted((item for item in items if item not in off), key=lambda item: _file(item) not in _FIRST)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material; the test is skipped where it is absent."""
    if not (_SHARED / "data").is_dir():
        pytest.skip(f"reference material is not at {_SHARED} (set ROSSI_SHARED to where it is)")
    return _SHARED


@pytest.fixture(scope="session")
def golden() -> Path:
    """Golden PCA cases that the project ships."""
    return Path(__file__).parent / "golden" / "pca"
