"""Take out of an environment what no container ever reads: ``prune.py PREFIX``.

Tests and C sources of packages, and the descriptions of the services of AWS that rossi does not talk to, are a third of
an installed environment. What is left is then byte-compiled, since nothing can be written where it runs.
"""

import compileall
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

#: Imported by astropy itself.
KEPT_TESTS = frozenset({"astropy/tests"})
#: S3, and what credentials of a role, of a workload identity and of a single sign-on come from.
KEPT_SERVICES = frozenset({"s3", "sts", "sso", "sso-oidc", "signin"})
SOURCES = frozenset({".c", ".h", ".cpp", ".pxd", ".pyi", ".pyx"})
#: The asyncio twin of the client, and matplotlib's data for examples.
UNUSED = ("kubernetes/aio", "matplotlib/mpl-data/sample_data")


def useless(site: Path) -> Iterator[Path]:
    """Yield folders and files below site-packages that can go."""
    for tests in site.rglob("tests"):
        if tests.is_dir() and tests.relative_to(site).as_posix() not in KEPT_TESTS:
            yield tests
    for service in (site / "botocore" / "data").glob("*/"):
        if service.is_dir() and service.name not in KEPT_SERVICES:
            yield service
    yield from (path for path in site.rglob("*") if path.suffix in SOURCES and path.is_file())
    yield from (site / name for name in UNUSED if (site / name).exists())


def prune(site: Path) -> None:
    """Remove what is useless, and byte-compile the rest."""
    for path in list(useless(site)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    compileall.compile_dir(site, quiet=2, workers=0, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


if __name__ == "__main__":
    for folder in Path(sys.argv[1]).glob("lib/python3.*/site-packages"):
        prune(folder)
