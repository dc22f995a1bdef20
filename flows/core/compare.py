"""Comparing products: of two engines, of two stores, or of two folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astropy.table import Table

from flows.core.export import read_file
from flows.core.known_deviations import Explained, explain
from flows.core.plan import make_shard
from flows.core.settings import Settings
from rossi.compare import ProductDifference, compare_products
from rossi.compare.pairs import Pair, pair_of
from rossi.errors import ConfigError, DataError
from rossi.fits.checksum import is_fits
from rossi.fits.reader import open_fits
from services.contract import EngineName, File, ObservationResult, Outcome
from services.engines import ENGINES
from services.execution.stages import FAST_CHAIN
from services.execution.worker import run_shard
from services.query.stage import run_query
from services.storage import ObjectStore, open_archive, open_store
from services.storage.inventory import product_sets
from services.storage.outputs import read_outputs
from services.storage.publication import read_manifest

#: What is compared where nothing else is said: the first is what the second is held against.
BOTH = (EngineName.NATIVE, EngineName.HEASOFT)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared of one observation, or one folder.

    Parameters
    ----------
    name : str
        ObsID, or what the user named.
    products : tuple of ProductDifference
    pairs : tuple of Pair
        What a figure shows.
    remarks : tuple of str
        Products that only one side has, and other outcomes.
    known : tuple of Explained
        What explains differences between the engines.
    notes : tuple of str
        What is no difference, but has to be said.
    failed : bool
        Whether one of the engines failed.
    """

    name: str
    products: tuple[ProductDifference, ...]
    pairs: tuple[Pair, ...] = ()
    remarks: tuple[str, ...] = ()
    known: tuple[Explained, ...] = ()
    notes: tuple[str, ...] = ()
    failed: bool = False

    @property
    def same_numbers(self) -> bool:
        """Whether all products are there and all their numbers are equal to the last bit."""
        return not self.remarks and all(product.same_numbers for product in self.products)

    def within(self, tolerance: float) -> bool:
        """Whether no number differs by more than a part of itself, and nothing is missing."""
        return not self.remarks and all(product.max_rel <= tolerance for product in self.products)


def compare_engines(
    settings: Settings, obsids: Sequence[str], on_result: Callable[[ObservationResult], None] | None = None
) -> list[Comparison]:
    """Reduce observations on both engines, and compare every product of every stage but fast data's, which one makes.

    Raises
    ------
    ConfigError
        If one of the engines can't work here; nothing is computed then.
    """
    stages = {name: config for name, config in settings.stages.items() if name != FAST_CHAIN[-1]}
    for engine in BOTH:
        for stage in stages:
            ENGINES[engine].versions(stage)
    store, unique = open_store(settings.store), tuple(dict.fromkeys(obsids))
    results: list[list[ObservationResult]] = []
    for engine in BOTH:
        shard = make_shard(settings, unique)
        results.append(run_shard(shard.model_copy(update={"engine": engine, "stages": stages}), on_result))
    return [_of_results(store, mine, other) for mine, other in zip(results[0], results[1], strict=True)]


def sample(settings: Settings, number: int) -> tuple[str, ...]:
    """Return so many of the observations that a campaign would reduce, evenly spread over its list.

    Raises
    ------
    ConfigError
        If there is none.
    """
    worklist, _ = run_query(settings.query, open_archive(settings.archive), open_store(settings.store), settings.prefix)
    found = worklist.obsids
    if not found:
        raise ConfigError(f"{settings.archive}: no observation matches [query]; `rossi query` shows what there is.")
    number = min(number, len(found))
    return tuple(found[place * len(found) // number] for place in range(number))


def compare_stores(first: str, second: str, prefix: str = "") -> list[Comparison]:
    """Compare the newest products of each stage of each observation in two stores.

    Raises
    ------
    ConfigError
        If they have no observation in common.
    """
    one, other = open_store(first), open_store(second)
    mine, others = (_keys(store, prefix) for store in (one, other))
    if not any(place[0] and place in others for place in mine):
        raise ConfigError(f"{first} and {second} have no observation's products in common; check the places.")
    obsids = dict.fromkeys(obsid for obsid, _ in (*mine, *others) if obsid)
    return [
        _of_files(
            obsid,
            _stored(one, [key for place, key in mine.items() if place[0] == obsid]),
            _stored(other, [key for place, key in others.items() if place[0] == obsid]),
        )
        for obsid in obsids
    ]


def compare_places(first: Path, second: Path) -> Comparison:
    """Compare two files, or the files of the same names in two folders.

    Raises
    ------
    ConfigError
        If two folders have no product of the same name.
    """
    name = f"{first} {second}"
    if first.is_file() and second.is_file():
        one, other = (File(path.name, read_file(path)) for path in (first, second))
        return _of_files(name, {"": one}, {"": other})
    mine, others = _folder(first), _folder(second)
    if not mine.keys() & others.keys():
        raise ConfigError(f"{first} and {second} hold no product of the same name.")
    return _of_files(name, mine, others)


def rows_of(comparisons: Iterable[Comparison]) -> Table:
    """Return everything that was compared as a table, a row a column, keyword or remark."""
    names = ("observation", "product", "what", "hdu", "name", "unit", "compared", "differing", "max_abs", "max_rel")
    rows: list[tuple[object, ...]] = []
    for one in comparisons:
        rows += [(one.name, "", "remark", "", remark, "", 0, 1, 0.0, 0.0, "") for remark in one.remarks]
        rows += [
            (one.name, name, "known", "", k.deviation.name, "", 0, 0, 0.0, 0.0, k.deviation.says)
            for k in one.known
            for name in k.products
        ]
        for p in one.products:
            head = (one.name, p.name)
            rows += [(*head, "remark", "", remark, "", 0, 1, 0.0, 0.0, "") for remark in p.remarks]
            rows += [
                (*head, "column", c.hdu, c.name, c.unit, c.compared, c.differing, c.max_abs, c.max_rel, c.note)
                for c in p.columns
            ]
            rows += [
                (*head, "keyword", k.hdu, k.keyword, "", 1, 1, 0.0, 0.0, f"{k.first!r} and {k.second!r}")
                for k in p.keywords
            ]
    types = (str, str, str, str, str, str, int, int, float, float, str)
    if not rows:
        return Table(names=(*names, "note"), dtype=types)
    return Table(rows=rows, names=(*names, "note"), dtype=types)


def _keys(store: ObjectStore, prefix: str) -> dict[tuple[str, str], str]:
    """Return the manifests of a store by ObsID and stage."""
    return {(entry.manifest.obsid, entry.manifest.stage): entry.key for entry in product_sets(store, prefix)}


def _folder(folder: Path) -> dict[str, File]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): File(path.name, read_file(path)) for path in paths}
    return {place: file for place, file in files.items() if is_fits(file.data, file.name)}


def _of_results(store: ObjectStore, first: ObservationResult, second: ObservationResult) -> Comparison:
    mine, others = (
        _stored(store, [s.manifest for s in result.stages if s.manifest and s.outcome is Outcome.SUCCEEDED])
        for result in (first, second)
    )
    sides = (f"the {BOTH[0]} side", f"the {BOTH[1]} side")
    found = _of_files(first.obsid, mine, others, sides)
    ends, said = {first.outcome, second.outcome}, _ends(first, second)
    return replace(
        found,
        remarks=found.remarks if ends == {Outcome.NO_WORK} else (*said, *found.remarks),
        notes=said if ends == {Outcome.NO_WORK} else (),
        known=explain(found.products, {name: file.about for name, file in mine.items()}),
        failed=Outcome.FAILED in ends,
    )


def _ends(first: ObservationResult, second: ObservationResult) -> tuple[str, ...]:
    """Say how both engines ended, unless both succeeded."""
    words = [result.outcome.value.replace("_", " ") for result in (first, second)]
    if first.outcome is second.outcome is Outcome.SUCCEEDED:
        return ()
    if (first.outcome, first.last.code) == (second.outcome, second.last.code):
        return (f"{words[0]} on both engines: {first.message}",)
    told = [f"{word} ({r.message})" if r.message else word for word, r in zip(words, (first, second), strict=True)]
    return (f"{BOTH[0]}: {told[0]}; {BOTH[1]}: {told[1]}",)


def _stored(store: ObjectStore, keys: Iterable[str]) -> dict[str, File]:
    """Return the FITS products that manifests name, by stage, output and name."""
    found = {}
    for key in keys:
        manifest = read_manifest(store, key)
        for output in dict.fromkeys(record.output for record in manifest.outputs):
            for file in read_outputs(store, key, manifest, output):
                if is_fits(file.data, file.name):
                    found[f"{manifest.stage}/{file.name}"] = file
    return found


def _of_files(
    name: str,
    first: Mapping[str, File],
    second: Mapping[str, File],
    sides: tuple[str, str] = ("the first side", "the second side"),
) -> Comparison:
    products, pairs = [], []
    said = [*_only(first, second, sides[0]), *_only(second, first, sides[1])]
    for key in first:
        if key not in second:
            continue
        label = key or first[key].name
        try:
            one, other = (open_fits(side[key].data, side[key].name) for side in (first, second))
        except DataError as error:
            said.append(str(error))
            continue
        products.append(compare_products(one, other, label))
        pair = pair_of(one, other, label)
        pairs += [pair] if pair is not None else []
    equal = {product.name for product in products if product.same_numbers}
    # what differs is shown first, then what people look at
    pairs.sort(key=lambda pair: (pair.name in equal, not pair.is_counted))
    return Comparison(name, tuple(products), tuple(pairs), tuple(said))


def _only(mine: Mapping[str, File], others: Mapping[str, File], side: str) -> list[str]:
    """Say what one side alone has; a stage or folder of which the other has nothing is one remark."""
    there = {key.partition("/")[0] for key in others}
    groups: dict[str, list[str]] = {}
    for key in mine:
        if key not in others:
            folder = key.partition("/")[0]
            groups.setdefault(key if folder in there else folder, []).append(key)
    return [
        f"{keys[0]} is only on {side}" if len(keys) == 1 else f"all {len(keys)} products of {folder} are only on {side}"
        for folder, keys in groups.items()
    ]
