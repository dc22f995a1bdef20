"""Removing what nobody names any more: mark what is to be kept, then sweep the rest that is old enough.

Kept are: the last releases and the current one, with all that they name; the newest result of every stage of every
observation, the newest merge and query of each kind, and what these were made from; whatever is young. All else of what
rossi has put below the prefix can go. What it has not put there is left alone.

Removal begins with what names others (releases, merges, manifests) and ends with payload, so that a store is whole
wherever it stops, and the next prune goes on from there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby, islice

from pydantic import Field

from rossi.errors import DataError
from services.contract import Frozen, Manifest
from services.storage.base import MissingObject, ObjectInfo, ObjectStore, key_of
from services.storage.gone import FOLDER as GONE
from services.storage.gone import told_to_go
from services.storage.publication import MANIFEST, SHARED, read_manifest, shared_key
from services.storage.release_documents import Source
from services.storage.releases import (
    PRODUCTS,
    RELEASES,
    current_name,
    inner_key,
    read_release,
    release_key,
    release_name,
    stages_of,
)
from services.storage.superseded import FIRST, LAST, NAMING, OF_ALL, Doomed, Folder, Kept, Kind
from services.storage.together import find_together
from services.storage.worklists import FOLDER as CAMPAIGNS
from services.storage.worklists import finished

_DAY = 86400.0
#: Requests at a time.
_THREADS = 16
#: Objects between two looks whether to go on.
_BATCH = 1000
#: Folders beside those of the observations.
_OTHERS = frozenset({*OF_ALL, PRODUCTS, SHARED, RELEASES, CAMPAIGNS, GONE, "runs"})


class PruneConfig(Frozen):
    """What is kept in a store when it is pruned."""

    keep: int = Field(3, ge=1, description="Releases that are kept, counted from the last; the current one always is.")
    days: float = Field(
        7.0, ge=0, description="What is younger is kept, so that a campaign at work loses nothing; 0 only if none is."
    )
    apply: bool = Field(
        False,
        description="Whether the flow that runs every Sunday removes what can go; else it only says what.",
    )


@dataclass(frozen=True, slots=True)
class Pruning:
    """What can be removed from a store.

    Parameters
    ----------
    doomed : tuple of Doomed
        In the order in which they go; their keys are relative to the prefix.
    objects, size : int [byte]
        Of what stays.
    """

    doomed: tuple[Doomed, ...]
    objects: int
    size: int

    def by_kind(self) -> dict[Kind, tuple[int, int]]:
        """Return how many objects of each kind can go, and their size [byte]."""
        sizes = {kind: [d.info.size for d in self.doomed if d.kind is kind] for kind in Kind}
        return {kind: (len(those), sum(those)) for kind, those in sizes.items()}


def find_prunable(
    store: ObjectStore,
    prefix: str = "",
    config: PruneConfig | None = None,
    *,
    gone: Mapping[str, str] | None = None,
    now: float | None = None,
) -> Pruning:
    """Find out what nobody names any more; nothing is removed.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
        Run prefix within the store; what is below other prefixes is left alone.
    config : PruneConfig, optional
    gone : mapping of ObsID to time, optional
        As if these, too, had been told to go; see `services.storage.gone`.
    now : float, optional [s]
        Unix time.

    Raises
    ------
    DataError
        If a release that is to be kept is damaged, so that it is not known what it names.
    StoreError
    """
    config = config or PruneConfig()
    limit = (time.time() if now is None else now) - config.days * _DAY
    told = {**told_to_go(store, prefix), **(gone or {})}
    with ThreadPoolExecutor(_THREADS) as threads:
        look = _Look(store, prefix, threads, Kept(set(), limit, told))
        found = [*look.releases(config.keep), *look.of_all(), *look.work()]
        found += look.observations()
        found += look.shared({one.info.key for one in found})
        found += look.temporaries()
    doomed = tuple(sorted(found, key=lambda one: (one.order, one.info.key)))
    return Pruning(doomed, look.objects - len(doomed), look.size - sum(one.info.size for one in doomed))


def sweep(
    store: ObjectStore,
    prefix: str,
    pruning: Pruning,
    go_on: Callable[[], None] = lambda: None,
    on_removed: Callable[[int], None] = lambda _: None,
) -> None:
    """Remove what can go; what stays is whole at every moment.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
    pruning : Pruning
    go_on : callable
        Called now and then; raises when no more is to be removed.
    on_removed : callable
        Told how many objects have just been removed.
    """
    objects = (one for one in pruning.doomed if one.kind is not Kind.TEMPORARY)
    for _, step in groupby(objects, key=lambda one: one.order):
        while batch := [key_of(prefix, one.info.key) for one in islice(step, _BATCH)]:
            go_on()
            store.delete_all(batch)
            on_removed(len(batch))
    go_on()
    left = [one.info for one in pruning.doomed if one.kind is Kind.TEMPORARY]
    store.discard([replace(info, key=key_of(prefix, info.key)) for info in left], prefix.strip("/"))
    on_removed(len(left))


class _Look:
    """A walk through a store, which adds to what is kept as it learns what is named."""

    def __init__(self, store: ObjectStore, prefix: str, threads: ThreadPoolExecutor, kept: Kept) -> None:
        self._store, self._prefix, self._threads, self._kept = store, prefix, threads, kept
        self._documents: set[str] = set()
        self._manifests: list[str] = []
        self.objects = self.size = 0

    def releases(self, keep: int) -> Iterator[Doomed]:
        """Mark what kept releases name; the others can go, and the documents that no kept one names."""
        infos = {info.key: info for info in self._list(f"{RELEASES}/")}
        names = [name for key in infos if (name := release_name(key))]
        staying = {*names[-keep:], current_name(self._store, self._prefix)} - {""}
        for name in sorted(staying.union(names)):
            info = infos.get(release_key("", name))
            if info is None or name in staying or not self._kept.is_old(info):
                self._mark(read_release(self._store, self._prefix, name).sources)
            else:
                yield Doomed(Kind.RELEASE, info, FIRST)
        for key, info in infos.items():
            if key.startswith(f"{RELEASES}/{PRODUCTS}/") and key not in self._documents and self._kept.is_old(info):
                yield Doomed(Kind.RELEASE, info, NAMING)

    def of_all(self) -> Iterator[Doomed]:
        """Judge merges and queries, and mark what merges name that no release does."""
        doomed = [one for stage in OF_ALL for one in self._folder("", self._list(f"{stage}/"))]
        yield from doomed
        merges = {info.key for info in self._list("merge/") if info.key.endswith(f"/{MANIFEST}")}
        merges -= {one.info.key for one in doomed}
        for info in self._list(f"{PRODUCTS}/"):
            merge = f"merge/{info.key.rpartition('/')[2].removesuffix('.json')}/{MANIFEST}"
            if merge not in merges and self._kept.is_old(info):
                yield Doomed(Kind.MERGED, info, NAMING)
            elif merge not in self._kept.named:
                self._kept.named.update(self._indexed(info.key))

    def work(self) -> Iterator[Doomed]:
        """Judge the work lists of campaigns on many machines."""
        for name, infos in groupby(self._list(f"{CAMPAIGNS}/"), key=lambda info: info.key.split("/")[1]):
            all_of_it = list(infos)
            if finished(f"{CAMPAIGNS}/{name}", all_of_it, self._kept.limit):
                for info in all_of_it:
                    # Without it, whoever plans the same work writes all of it anew.
                    yield Doomed(Kind.WORK, info, NAMING if info.key.endswith("/plan.json") else LAST)

    def observations(self) -> Iterator[Doomed]:
        """Judge the observations, one by one, and count everything."""
        for name, infos in groupby(self._list(""), key=lambda info: info.key.partition("/")[0]):
            counted = list(self._counted(infos))
            self._manifests += [info.key for info in counted if info.key.endswith(f"/{MANIFEST}")]
            if name not in _OTHERS:
                yield from self._folder(name, counted)

    def shared(self, doomed: set[str]) -> Iterator[Doomed]:
        """Judge the files that observations share: those go that no manifest names which stays.

        None goes while a manifest that stays can't be read: it may name any of them.
        """
        old = {info.key: info for info in self._list(f"{SHARED}/") if self._kept.is_old(info)}
        staying = (key for key in self._manifests if key not in doomed)
        while old and (batch := list(islice(staying, _BATCH))):
            for manifest in self._read(batch):
                if manifest is None:
                    return
                for record in manifest.outputs:
                    if record.shared:
                        old.pop(shared_key(record), None)
        yield from (Doomed(Kind.SHARED, info) for info in old.values())

    def temporaries(self) -> Iterator[Doomed]:
        """Judge what killed processes left."""
        for info in self._counted(self._store.leftovers(self._prefix.strip("/"))):
            if self._kept.is_old(info):
                yield Doomed(Kind.TEMPORARY, replace(info, key=inner_key(self._prefix, info.key)))

    def _list(self, inner: str) -> Iterator[ObjectInfo]:
        base = key_of(self._prefix, "")
        start = f"{base}/{inner}" if base else inner
        return (replace(info, key=inner_key(self._prefix, info.key)) for info in self._store.list(start))

    def _counted(self, infos: Iterable[ObjectInfo]) -> Iterator[ObjectInfo]:
        for info in infos:
            self.objects += 1
            self.size += info.size
            yield info

    def _folder(self, obsid: str, infos: Iterable[ObjectInfo]) -> list[Doomed]:
        return Folder(obsid, infos).doomed(self._kept, self._read, self._read_together)

    def _read(self, keys: Sequence[str]) -> Iterable[Manifest | None]:
        return self._threads.map(self._manifest, keys)

    def _read_together(self, keys: Sequence[str]) -> Iterable[Sequence[Manifest]]:
        return self._threads.map(lambda key: find_together(self._store, key_of(self._prefix, key)) or (), keys)

    def _manifest(self, key: str) -> Manifest | None:
        try:
            return read_manifest(self._store, key_of(self._prefix, key))
        except (DataError, MissingObject):
            return None

    def _mark(self, sources: Sequence[Source]) -> None:
        self._kept.named.update(source.merge for source in sources)
        fresh = [source for source in sources if not source.products or source.products not in self._documents]
        self._documents.update(source.products for source in sources if source.products)
        for keys in self._threads.map(lambda source: stages_of(self._store, self._prefix, source), fresh):
            self._kept.named.update(inner_key(self._prefix, key) for key in keys)

    def _indexed(self, key: str) -> list[str]:
        """Return the manifests that the index of a merge names, to which its report has links."""
        try:
            index = json.loads(self._store.get(key_of(self._prefix, key)))
            stages = [stage for one in index["observations"].values() for stage in one["stages"].values()]
            return [inner_key(self._prefix, stage["manifest"]) for stage in stages]
        except (MissingObject, ValueError, KeyError, TypeError, AttributeError):  # `rossi verify` tells
            return []
