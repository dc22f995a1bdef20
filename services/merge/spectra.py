"""The spectra of a source, summed over all observations: of HEXTE's clusters, and of the PCA.

HEXTE controls its gain, so its channels mean the same all through the mission. That of the PCA was changed four times:
its spectra are summed by gain epoch and set of PCUs. Sums have the mean response of what is in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rossi.errors import DataError
from rossi.facts import some_of
from rossi.fits.reader import open_fits
from rossi.hexte.rocking import Position
from rossi.product import About, Content, Kind
from rossi.spectra.mean_response import MeanResponse, area_in
from rossi.spectra.pha import Spectrum, read_pha
from rossi.spectra.ready import DEFAULTS, FitSettings, flagged, in_file, with_files
from rossi.spectra.summing import RunningSum
from services.contract import Caveat, File
from services.merge.spectra_groups import KINDS, Group, is_summed, kind_of, labels

#: Observations that a caveat names; the rest are counted.
_NAMED = 5
#: How far the edges of the PCA's channels may move within a sum before it is said [keV]: an eighth of a channel.
_MOVED = 0.05


@dataclass(frozen=True, slots=True)
class SpectrumSet:
    """The spectra that a stage made of one observation, or why they can't be had.

    Parameters
    ----------
    obsid : str
    files : tuple of File
    problem : str
    good_time : tuple of File
        The good time that was applied.
    summed : bool
        Whether spectra of this stage are summed over observations.
    responses : tuple of File
        Matrices and effective areas.
    """

    obsid: str
    files: tuple[File, ...] = ()
    problem: str = ""
    good_time: tuple[File, ...] = ()
    summed: bool = True
    responses: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Sums:
    """What came of adding up.

    Parameters
    ----------
    files : tuple of File
    caveats : tuple of Caveat
    summary : mapping of file name to numbers
    responses : tuple of File
        Mean responses of the sums.
    """

    files: tuple[File, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    summary: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    responses: tuple[File, ...] = ()


@dataclass(slots=True)
class _Sum:
    """The sums of a group, and its mean response."""

    of: dict[str, RunningSum] = field(default_factory=dict)
    response: MeanResponse = field(default_factory=MeanResponse)


def sum_spectra(sets: Iterable[SpectrumSet], slug: str, fit: FitSettings | None = None) -> Sums:
    """Add up the spectra of each cluster, and of each gain epoch and set of PCUs.

    An observation counts with both source and background, or not at all: else the sums would not be of the same time.

    Parameters
    ----------
    sets : iterable of SpectrumSet
        One at a time is in memory.
    slug : str
        What file names begin with.
    fit : FitSettings, optional
        How the sums are made ready to fit.
    """
    sums: dict[Group, _Sum] = {}
    left_out: dict[str, list[str]] = {}
    for one in sets:
        if one.problem:
            left_out.setdefault(one.problem, []).append(one.obsid)
        for found in _by_detectors(one.files).values():
            try:
                _add(sums, found, {file.name: file.data for file in one.responses})
            except DataError as error:
                left_out.setdefault(str(error), []).append(one.obsid)
    names = {group: f"{slug}_{label}" for group, label in labels(sums).items()}
    files, responses = list[File](), list[File]()
    summary: dict[str, dict[str, Any]] = {}
    for group, name in sorted(names.items(), key=lambda item: item[1]):
        label = name.removeprefix(f"{slug}_")
        for kind in (kind for kind in KINDS if kind in sums[group].of):
            made = _file(name, kind, group, sums[group], fit or FitSettings())
            files.append(File(f"{name}_{kind}.pha", made, about=_about(label, kind, group)))
            sum_ = sums[group].of[kind]
            summary[f"{name}_{kind}.pha"] = {"observations": sum_.count, "exposure": sum_.exposure}
        if group.response:
            responses.append(_mean(name, label, group, sums[group]))
    return Sums(tuple(files), _caveats(sums, names, left_out), summary, tuple(responses))


def _about(label: str, kind: str, group: Group) -> About:
    content = Content.TOTAL if kind == Position.SOURCE else Content.BACKGROUND
    position = kind if group.instrument == "HEXTE" else ""
    return About(Kind.SPECTRUM, f"{label}_{kind}", group.instrument, content, position=position)


def _by_detectors(files: Sequence[File]) -> dict[str, dict[str, File]]:
    """Return the spectra of each cluster, and of the PCA, by what each is."""
    found: dict[str, dict[str, File]] = {}
    for file in sorted(files, key=lambda file: file.name):
        if is_summed(file.about):
            found.setdefault(file.about.cluster, {})[kind_of(file.about)] = file
    return found


def _add(sums: dict[Group, _Sum], files: Mapping[str, File], responses: Mapping[str, bytes]) -> None:
    """Add an observation's spectra of the same detectors: all of them, or none."""
    there = next(iter(files.values()))
    needed = ("src", "bkg") if there.about.cluster else ("src",)
    if absent := [kind for kind in needed if kind not in files]:
        what = {"src": "source", "bkg": "background"}[absent[0]]
        raise DataError(f"{there.about.instrument} {there.about.cluster}".strip() + f" has no spectrum of the {what}.")
    spectra = {kind: read_pha(open_fits(files[kind].data, files[kind].name)) for kind in KINDS if kind in files}
    # A cluster that points to one side only has no time on the other.
    spectra = {kind: pha for kind, pha in spectra.items() if kind in needed or pha.intervals is not None}
    source = spectra["src"]
    if others := [pha for pha in spectra.values() if _layout(pha, there.about) != _layout(source, there.about)]:
        raise DataError(
            f"{source.name}: its background is of other channels or detectors ({others[0].name}); expected the same."
        )
    named = source.text("RESPFILE") not in {"", "NONE"}
    group = Group.of(there.about, source, response=named, background="bkg" in spectra)
    mine = sums.get(group, _Sum())
    if named:
        matrix, area = (_beside(source, keyword, responses) for keyword in ("RESPFILE", "ANCRFILE"))
        spectra["src"] = source = _bare(source, mine.response.edges(*matrix))
    for kind, pha in spectra.items():
        mine.of.get(kind, RunningSum()).check(pha)
    if named:
        mine.response.add(*matrix, area_in(area[1], area[0]), source.exposure)
    for kind, pha in spectra.items():
        mine.of.setdefault(kind, RunningSum()).add(pha)
    sums[group] = mine


def _layout(pha: Spectrum, about: About) -> tuple[int, str, str]:
    binning = next((str(pha.header[name]) for name in ("CPIX1", "CPIX") if name in pha.header), "")
    return len(pha), pha.text("DETNAM") if about.cluster else "", binning


def _beside(source: Spectrum, keyword: str, responses: Mapping[str, bytes]) -> tuple[str, bytes]:
    name = source.text(keyword)
    if name not in responses:
        raise DataError(f"{source.name}: {keyword} is {name}, which is not among the products of its observation.")
    return name, responses[name]


def _bare(pha: Spectrum, edges: tuple[Any, Any]) -> Spectrum:
    """Return a spectrum without what made it ready to fit: the sum is made so itself."""
    limits = DEFAULTS[pha.text("INSTRUME")]
    outside = (edges[0] < limits.emin) | (edges[1] > limits.emax)
    quality = np.where(outside, 0, pha.quality)
    return replace(pha, systematic=np.zeros(len(pha)), quality=quality, grouping=None)


def _file(name: str, kind: str, group: Group, made: _Sum, fit: FitSettings) -> bytes:
    is_source = kind == "src"
    backfile = f"{name}_bkg.pha" if is_source and group.background else "NONE"
    remark = f"Sum of {made.of[kind].count} spectra; their observations are in observations.ecsv"
    file = open_fits(made.of[kind].file(backfile=backfile, remarks=[remark]), f"{name}_{kind}.pha")
    pha = read_pha(file)
    header = pha.header.copy()
    header.set("HDUCLAS2", (Content.TOTAL if is_source else Content.BACKGROUND).value)
    if is_source and (table := made.response.told("E2CFILE")):
        header.set("E2CFILE", table, "energy-to-channel table")
    pha = replace(pha, header=header)
    if is_source:
        edges = made.response.mean_edges() if group.response else None
        pha = with_files(pha, respfile=f"{name}.rsp") if group.response else pha
        pha = flagged(pha, fit, edges)
    return in_file(file, pha)


def _mean(name: str, label: str, group: Group, made: _Sum) -> File:
    data = made.response.file(f"response of {name}_src.pha")
    return File(f"{name}.rsp", data, about=About(Kind.RESPONSE, label, group.instrument))


def _caveats(
    sums: Mapping[Group, _Sum], names: Mapping[Group, str], left_out: Mapping[str, Sequence[str]]
) -> tuple[Caveat, ...]:
    caveats = []
    for name in sorted({group.name for group in sums}):
        apart = [group for group in sorted(sums) if group.name == name]
        if len(apart) > 1:
            each = ", ".join(f"{sums[g].of['src'].count} in {names[g]}_*.pha" for g in apart)
            text = f"{name}: spectra of other channels or detectors are not added up; the observations are {each}."
            caveats.append(Caveat(code="spectra_apart", message=text))
    caveats += _moved(sums, names)
    if left_out:
        told = [f"{some_of(obsids, _NAMED)}: {why.rstrip('.')}" for why, obsids in left_out.items()]
        rest = f"; {len(told) - _NAMED} more reasons" if len(told) > _NAMED else ""
        text = f"Spectra left out of the sums: {'; '.join(told[:_NAMED])}{rest}."
        caveats.append(Caveat(code="spectra_left_out", message=text))
    return tuple(caveats)


def _moved(sums: Mapping[Group, _Sum], names: Mapping[Group, str]) -> list[Caveat]:
    """Say in which sums the energies of channels differ from observation to observation."""
    limit = DEFAULTS["PCA"].emax
    moved = {names[g]: one.response.moved(limit) for g, one in sums.items() if g.response and g.instrument == "PCA"}
    told = [f"{name} by {by:.2f} keV" for name, by in sorted(moved.items()) if by > _MOVED]
    if not told:
        return []
    text = (
        f"In sums of PCA spectra the edges of channels below {limit:g} keV move from observation to observation: "
        f"{', '.join(told)}. Their responses are means."
    )
    return [Caveat(code="energies_moved", message=text)]
