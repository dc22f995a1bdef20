"""What nobody names any more of an observation, or of what is made of all: decided from keys, ages and manifests.

Nothing is read or removed here but through what is handed in. Keys are relative to the prefix.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.contract import Manifest
from services.storage.base import ObjectInfo
from services.storage.bundle import object_key
from services.storage.gone import is_gone
from services.storage.publication import FAILURES, MANIFEST, TOGETHER, output_key

#: Stages that work on everything at once, beside the observations.
OF_ALL = ("merge", "query", "sources")
#: Where objects stand in the order of removal: what names others goes before what it names. A manifest of an
#: observation goes after those that were made from it, and all payload after all manifests, so that a store is whole
#: wherever the removal ends.
FIRST, NAMING, MANIFESTS, LAST = 0, 1, 1000, 2000
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONTENT = re.compile(r"[0-9a-f]{16}")


class Kind(StrEnum):
    """Why an object can go."""

    RELEASE = "older releases"
    SUPERSEDED = "superseded products of observations"
    MERGED = "superseded merged products"
    LIST = "older query lists"
    ORPHAN = "orphans of interrupted or doubled runs"
    FAILURE = "failures that have since succeeded or failed again"
    WORK = "work lists of finished runs"
    SHARED = "responses that no product names any more"
    TEMPORARY = "temporary files of killed processes"


@dataclass(frozen=True, slots=True)
class Doomed:
    """An object that nobody names, and when in the order of removal it goes."""

    kind: Kind
    info: ObjectInfo
    order: int = LAST


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known to be kept.

    Parameters
    ----------
    named : set of str
        Keys of the manifests that kept releases name.
    limit : float [s]
        Unix time; what is younger is kept.
    gone : mapping of ObsID to time
        See `services.storage.gone`.
    """

    named: set[str]
    limit: float
    gone: Mapping[str, str] = field(default_factory=dict)

    def is_old(self, *infos: ObjectInfo) -> bool:
        """Whether all objects are old enough to go; those of which it is not known are not."""
        return all(info.modified < self.limit for info in infos)


@dataclass(slots=True)
class ProductSet:
    """The objects of one fingerprint."""

    stage: str
    fingerprint: str
    manifest: ObjectInfo | None = None
    payload: list[ObjectInfo] = field(default_factory=list)
    content: Manifest | None = None

    @property
    def all(self) -> tuple[ObjectInfo, ...]:
        """Manifest and payload."""
        return (*([self.manifest] if self.manifest else []), *self.payload)

    @property
    def folders(self) -> set[str]:
        """Folders of the payload: a second one is another writer's."""
        return {info.key.rpartition("/")[0] for info in self.payload}


Read = Callable[[Sequence[str]], Iterable[Manifest | None]]
#: Returns the manifests that some objects have together, none where one is damaged.
ReadTogether = Callable[[Sequence[str]], Iterable[Sequence[Manifest]]]


class Folder:
    """All objects of one observation, or of a stage that works on everything.

    Parameters
    ----------
    obsid : str
        Empty for such a stage.
    infos : iterable of ObjectInfo
    """

    def __init__(self, obsid: str, infos: Iterable[ObjectInfo]) -> None:
        self.obsid = obsid
        self.sets: dict[tuple[str, str], ProductSet] = {}
        self.failures: dict[str, list[ObjectInfo]] = {}
        self.together: list[ObjectInfo] = []
        for info in infos:
            self._add(info, info.key.split("/")[1 if obsid else 0 :])

    def _add(self, info: ObjectInfo, parts: list[str]) -> None:
        if self.obsid and len(parts) == 2 and parts[0] == TOGETHER:
            self.together.append(info)
            return
        if len(parts) < 3 or (parts[0] in OF_ALL) == bool(self.obsid):
            return  # below another run's prefix, or nothing of ours
        if len(parts) == 3 and parts[1] == FAILURES:
            self.failures.setdefault(parts[0], []).append(info)
        elif _DIGEST.fullmatch(parts[1]):
            one = self.sets.setdefault((parts[0], parts[1]), ProductSet(parts[0], parts[1]))
            if parts[2:] == [MANIFEST]:
                one.manifest = info
            elif len(parts) == 4 and _CONTENT.fullmatch(parts[2]):
                one.payload.append(info)

    def is_calm(self) -> bool:
        """Whether there is one whole set of products of each stage and nothing else, as is most often so."""
        stages = {one.stage for one in self.sets.values()}
        whole = all(one.manifest is not None and len(one.folders) <= 1 for one in self.sets.values())
        return whole and len(stages) == len(self.sets) and not self.failures

    def doomed(self, kept: Kept, read: Read, read_together: ReadTogether) -> list[Doomed]:
        """Return what can go.

        Parameters
        ----------
        kept : Kept
        read : callable
            Returns the manifests under some keys, None for those that can't be read.
        read_together : callable
        """
        if self.is_calm() and self.obsid not in kept.gone:
            return []
        complete = [one for one in self.sets.values() if one.manifest is not None]
        for one, manifest in zip(complete, read([o.manifest.key for o in complete if o.manifest]), strict=True):
            if manifest and (manifest.obsid, manifest.stage, manifest.fingerprint) == (
                self.obsid,
                one.stage,
                one.fingerprint,
            ):
                one.content = manifest
        newest = self._newest(kept)
        staying = self._with_sources([o for o in complete if o in newest.values() or self._stays(o, kept)])
        found = [doomed for one in self.sets.values() for doomed in self._of_set(one, staying, kept)]
        for stage, failures in self.failures.items():
            found += _of_failures(failures, newest.get((stage,)), kept)
        named = zip(self.together, read_together([info.key for info in self.together]), strict=True)
        lost = (info for info, those in named if not staying >= {(one.stage, one.fingerprint) for one in those})
        return found + [Doomed(Kind.SUPERSEDED, info, NAMING) for info in lost]

    def _newest(self, kept: Kept) -> dict[tuple[str, ...], ProductSet]:
        """Return the newest results, those of a stage that works on everything by what was asked for."""
        newest: dict[tuple[str, ...], ProductSet] = {}
        readable = [(one.content.created, one.fingerprint, one) for one in self.sets.values() if one.content]
        for created, _, one in sorted(readable, key=lambda three: three[:2]):
            if not is_gone(kept.gone, self.obsid, created):
                newest[_subject(one)] = one
        return newest

    def _stays(self, one: ProductSet, kept: Kept) -> bool:
        named = one.manifest is not None and one.manifest.key in kept.named
        return named or not kept.is_old(*one.all)

    def _with_sources(self, staying: Iterable[ProductSet]) -> set[tuple[str, str]]:
        """Return what stays with all that it was made from."""
        waiting, found = list(staying), set()
        while waiting:
            one = waiting.pop()
            if (one.stage, one.fingerprint) not in found:
                found.add((one.stage, one.fingerprint))
                waiting += self._sources(one)
        return found

    def _sources(self, one: ProductSet) -> list[ProductSet]:
        records = one.content.inputs if one.content else ()
        names = {(record.path.partition("/")[0], record.identity) for record in records}
        return [self.sets[name] for name in names if name in self.sets and name[0] != one.stage]

    def _depth(self, one: ProductSet) -> int:
        return 1 + max((self._depth(source) for source in self._sources(one)), default=0)

    def _of_set(self, one: ProductSet, staying: set[tuple[str, str]], kept: Kept) -> list[Doomed]:
        if one.manifest is None:
            return [Doomed(Kind.ORPHAN, info) for info in one.payload] if kept.is_old(*one.payload) else []
        if one.content is None:  # damaged, or moved here: `rossi verify` tells
            return []
        if (one.stage, one.fingerprint) in staying:
            return _strangers(one, kept)
        kind = {"merge": Kind.MERGED, "sources": Kind.MERGED, "query": Kind.LIST}.get(one.stage, Kind.SUPERSEDED)
        order = MANIFESTS - self._depth(one) if self.obsid else NAMING
        return [Doomed(kind, one.manifest, order), *(Doomed(kind, info) for info in one.payload)]


def _subject(one: ProductSet) -> tuple[str, ...]:
    """Return what a result is of: newer ones of the same supersede it."""
    assert one.content is not None
    if one.stage not in OF_ALL:
        return (one.stage,)
    place = str(one.content.summary.get("archive"))
    return one.stage, json.dumps(one.content.config, sort_keys=True), place, one.content.source


def _strangers(one: ProductSet, kept: Kept) -> list[Doomed]:
    """Return the payload of slower writers, which the manifest does not name."""
    assert one.content is not None and one.manifest is not None
    mine = {object_key(output_key(one.manifest.key, one.content, record)) for record in one.content.outputs}
    others = [info for info in one.payload if info.key not in mine]
    return [Doomed(Kind.ORPHAN, info) for info in others] if kept.is_old(*others) else []


def _of_failures(failures: Sequence[ObjectInfo], newest: ProductSet | None, kept: Kept) -> list[Doomed]:
    """Return the records of failures after which there was another try; their names begin with the time."""
    ordered = sorted(failures, key=lambda info: info.key)
    last = ordered[-1]
    since = "".join(filter(str.isdigit, newest.content.created))[:14] if newest and newest.content else ""
    when = last.key.rpartition("/")[2][:15].replace("T", "")
    over = ordered if since >= when else ordered[:-1]
    return [Doomed(Kind.FAILURE, info) for info in over if kept.is_old(info)]
