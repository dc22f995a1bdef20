"""Python, libraries and HEASoft as they are installed."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from flows.core.extras import missing
from flows.core.settings import Settings
from flows.doctor.finding import Finding, Verdict
from rossi.version import __version__
from services.contract import EngineName
from services.engines.heasoft.preflight import installed

#: What those who use rossi may install; the others are those who change it.
_OFFERED = ("catalogue", "parquet", "plot", "timing", "s3", "web", "campaign", "kubernetes", "server")


def python(_settings: Settings) -> Iterator[Finding]:
    """Look at Python and at rossi itself."""
    here = platform.python_version()
    said = f"rossi {__version__} on Python {here} in {sys.prefix}"
    try:
        wanted = metadata("rossi")["Requires-Python"]
    except PackageNotFoundError:
        yield Finding("Python", Verdict.BROKEN, f"{said}: rossi is not installed there; pip install 'rossi[all]'.")
        return
    if wanted and Version(here) not in SpecifierSet(wanted):
        yield Finding("Python", Verdict.BROKEN, f"{said}: {wanted} is needed; install rossi with another Python.")
    else:
        yield Finding("Python", Verdict.FINE, said)


def remedy(module: str) -> str:
    """Return the sentence on a library that is missing."""
    return missing(module)


def libraries(_settings: Settings) -> Iterator[Finding]:
    """Look at the libraries that rossi needs, and at those of its extras, each with the versions that it admits."""
    try:
        needed = [Requirement(text) for text in requires("rossi") or ()]
    except PackageNotFoundError:
        return
    yield _fit("Libraries", [one for one in needed if one.marker is None], "pip install rossi", Verdict.BROKEN)
    for extra in _OFFERED:
        of_it = [one for one in needed if one.marker and _is_of(one, extra) and one.name != "rossi"]
        yield _fit(f"Extra {extra}", of_it, f"pip install 'rossi[{extra}]'", Verdict.ABSENT)


def _is_of(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _fit(what: str, needed: list[Requirement], install: str, if_absent: Verdict) -> Finding:
    absent: list[str] = []
    other: list[str] = []
    fine: list[str] = []
    for one in needed:
        try:
            here = version(one.name)
        except PackageNotFoundError:
            absent.append(one.name)
            continue
        fits = one.specifier.contains(here, prereleases=True)
        (fine if fits else other).append(
            f"{one.name} {here}" if fits else f"{one.name} {here} (needed: {one.specifier})"
        )
    if other:
        return Finding(what, Verdict.BROKEN, f"{', '.join(other)}; {install} brings what fits.")
    if absent:
        return Finding(what, if_absent, f"{', '.join(absent)} not installed; {install} does it.")
    return Finding(what, Verdict.FINE, ", ".join(fine))


def heasoft(settings: Settings) -> Iterator[Finding]:
    """Look at NASA's tasks, where they are there or asked for."""
    wanted = settings.campaign.engine is EngineName.HEASOFT
    if not wanted and not os.environ.get("HEADAS"):
        yield Finding("HEASoft", Verdict.ABSENT, "not there; engine = 'native' needs none.")
        return
    found = installed()
    said = f"HEASoft {found.heasoft} with heasoftpy {found.heasoftpy} in {found.headas}"
    yield Finding("HEASoft", Verdict.FINE, said)
