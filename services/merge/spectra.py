"""The spectra of HEXTE's clusters, summed over all observations.

Spectra of the PCA are left alone: its gain changes with time, so channels of different epochs are different energies.
HEXTE controls its gain, so its channels mean the same all through the mission.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster
from rossi.product import About, Content, Kind
from rossi.spectra.pha import Spectrum, read_pha
from rossi.spectra.summing import RunningSum
from services.contract import Caveat, File

#: Source, background, and the background's two sides, in the order in which they are written.
KINDS = ("src", "bkg", "p", "m")
_NEEDED = ("src", "bkg")
#: Observations that a caveat names; the rest are counted.
_NAMED = 5


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
    """

    obsid: str
    files: tuple[File, ...] = ()
    problem: str = ""
    good_time: tuple[File, ...] = ()
    summed: bool = True


@dataclass(frozen=True, slots=True)
class Sums:
    """What came of adding up.

    Parameters
    ----------
    files : tuple of File
    caveats : tuple of Caveat
    summary : mapping of file name to numbers
    """

    files: tuple[File, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    summary: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Spectra that can be added up: of the same cluster, detectors and channels."""

    cluster: str
    channels: int
    detectors: str
    binning: str

    @classmethod
    def of(cls, cluster: str, pha: Spectrum) -> Group:
        """Return the group that a spectrum belongs to."""
        header = pha.header
        binning = next((str(header[name]) for name in ("CPIX1", "CPIX") if name in header), "")
        return cls(cluster, len(pha), str(header.get("DETNAM", "")).strip(), binning)


def is_summed(about: About) -> bool:
    """Whether a file is a spectrum that can be summed over observations."""
    return about.kind is Kind.SPECTRUM and bool(about.cluster)


def sum_clusters(sets: Iterable[SpectrumSet], slug: str) -> Sums:
    """Add up the spectra of each cluster.

    An observation counts for a cluster with both source and background, or not at all: else the sums would not be of
    the same time.

    Parameters
    ----------
    sets : iterable of SpectrumSet
        One at a time is in memory.
    slug : str
        What file names begin with.
    """
    sums: dict[Group, dict[str, RunningSum]] = {}
    left_out: list[str] = []
    for one in sets:
        if one.problem:
            left_out.append(f"{one.obsid}: {one.problem}")
        for cluster, files in _by_cluster(one.files).items():
            try:
                _add(sums, cluster, files)
            except DataError as error:
                left_out.append(f"{one.obsid}: {error}")
    names = {group: f"{slug}_{label}" for group, label in _labels(sums).items()}
    made = [(name, kind, sums[group]) for group, name in sorted(names.items()) for kind in KINDS if kind in sums[group]]
    return Sums(
        tuple(File(f"{n}_{k}.pha", _file(n, k, g), about=_about(n.removeprefix(f"{slug}_"), k)) for n, k, g in made),
        _caveats(sums, names, left_out),
        {f"{n}_{k}.pha": {"observations": g[k].count, "exposure": g[k].exposure} for n, k, g in made},
    )


def _about(group: str, kind: str) -> About:
    content = Content.TOTAL if kind == Position.SOURCE else Content.BACKGROUND
    return About(Kind.SPECTRUM, f"{group}_{kind}", "HEXTE", content, position=kind)


def _by_cluster(files: Sequence[File]) -> dict[str, dict[str, File]]:
    found: dict[str, dict[str, File]] = {}
    for file in sorted(files, key=lambda file: file.name):
        if is_summed(file.about):
            found.setdefault(Cluster[file.about.cluster].label, {})[file.about.position] = file
    return found


def _add(sums: dict[Group, dict[str, RunningSum]], cluster: str, files: Mapping[str, File]) -> None:
    """Add an observation's spectra of one cluster: all of them, or none."""
    if absent := [kind for kind in _NEEDED if kind not in files]:
        there = next(iter(files.values())).name
        raise DataError(f"{there}: there is no {cluster}_{absent[0]}.pha of the same observation beside it.")
    spectra = {kind: read_pha(open_fits(files[kind].data, files[kind].name)) for kind in KINDS if kind in files}
    # A cluster that points to one side only has no time on the other.
    spectra = {kind: pha for kind, pha in spectra.items() if kind in _NEEDED or pha.intervals is not None}
    group, *others = {Group.of(cluster, pha) for pha in spectra.values()}
    if others:
        raise DataError(
            f"{spectra['src'].name}: its background is of other channels or detectors; the same were expected."
        )
    mine = sums.get(group, {})
    for kind, pha in spectra.items():
        mine.get(kind, RunningSum()).check(pha)
    mine = sums.setdefault(group, {})
    for kind, pha in spectra.items():
        mine.setdefault(kind, RunningSum()).add(pha)


def _labels(groups: Iterable[Group]) -> dict[Group, str]:
    """Name each group by its cluster, and by number of channels and so on where that is not enough."""
    ordered = sorted(groups)
    labels = {group: group.cluster for group in ordered}
    for more in (lambda g: f"{g.channels}ch", lambda g: g.detectors.lower(), lambda g: str(1 + ordered.index(g))):
        count = Counter(labels.values())
        labels = {g: f"{label}_{more(g)}" if count[label] > 1 else label for g, label in labels.items()}
    return labels


def _file(name: str, kind: str, sums: Mapping[str, RunningSum]) -> bytes:
    backfile = f"{name}_bkg.pha" if kind == "src" else "NONE"
    remark = f"Sum of {sums[kind].count} spectra; their observations are in observations.ecsv"
    return sums[kind].file(backfile=backfile, remarks=[remark])


def _caveats(
    sums: Mapping[Group, Mapping[str, RunningSum]], names: Mapping[Group, str], left_out: Sequence[str]
) -> tuple[Caveat, ...]:
    caveats = []
    for cluster in sorted({group.cluster for group in sums}):
        apart = [group for group in sorted(sums) if group.cluster == cluster]
        if len(apart) > 1:
            each = ", ".join(f"{sums[g]['src'].count} in {names[g]}_*.pha" for g in apart)
            text = f"{cluster}: spectra of other channels or detectors are not added up; the observations are {each}."
            caveats.append(Caveat(code="spectra_apart", message=text))
    if left_out:
        rest = f"; {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        text = f"Spectra left out of the sums: {'; '.join(left_out[:_NAMED])}{rest}"
        caveats.append(Caveat(code="spectra_left_out", message=text))
    return tuple(caveats)
