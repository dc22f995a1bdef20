"""Comparing products: of two engines, of two stores, or of two folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from astropy.table import Table

from flows.config import Settings
from flows.export import read_file
from flows.inventory import product_sets
from flows.plan import make_shard
from rossi.compare import ProductDifference, compare_products
from rossi.compare.pairs import Pair, pair_of
from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from services.contract import File, ObservationResult, Outcome
from services.engines import EngineName, engine_versions
from services.publication import read_manifest, read_outputs
from services.query.stage import run_query
from services.storage import ObjectStore, open_archive, open_store
from services.worker import run_shard

#: What is compared where nothing else is said: the first is what the second is held against.
ENGINES = (EngineName.NATIVE, EngineName.HEASOFT)
_FITS = (".lc", ".pha", ".gti", ".xfl", ".fits", ".gz", "_src", "_p", "_m", "_dt", "_dtbkg")


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
    """

    name: str
    products: tuple[ProductDifference, ...]
    pairs: tuple[Pair, ...] = ()
    remarks: tuple[str, ...] = ()

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
    """Reduce observations on both engines, and compare every product of every stage.

    Raises
    ------
    ConfigError
        If one of the engines can't work here; nothing is computed then.
    """
    for engine in ENGINES:
        for stage in settings.stages:
            engine_versions(engine, stage)
    store, unique = open_store(settings.store), tuple(dict.fromkeys(obsids))
    results: list[list[ObservationResult]] = []
    for engine in ENGINES:
        shard = make_shard(settings, unique)
        stages = {name: {**config, "engine": engine.value} for name, config in shard.stages.items()}
        results.append(run_shard(shard.model_copy(update={"stages": stages}), on_result))
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
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(_FITS))
    return {path.relative_to(folder).as_posix(): File(path.name, read_file(path)) for path in paths}


def _of_results(store: ObjectStore, first: ObservationResult, second: ObservationResult) -> Comparison:
    remarks = []
    if first.outcome is not second.outcome:
        told = [f"{r.outcome.value} ({r.message})" if r.message else r.outcome.value for r in (first, second)]
        remarks.append(f"{ENGINES[0]}: {told[0]}; {ENGINES[1]}: {told[1]}")
    elif first.outcome is Outcome.FAILED:
        remarks.append(f"failed on both engines: {first.message}")
    mine, others = (
        [stage.manifest for stage in result.stages if stage.manifest and stage.outcome is Outcome.SUCCEEDED]
        for result in (first, second)
    )
    return _of_files(first.obsid, _stored(store, mine), _stored(store, others), remarks)


def _stored(store: ObjectStore, keys: Iterable[str]) -> dict[str, File]:
    """Return the FITS products that manifests name, by stage, output and name."""
    found = {}
    for key in keys:
        manifest = read_manifest(store, key)
        for output in dict.fromkeys(record.output for record in manifest.outputs):
            for file in read_outputs(store, key, manifest, output):
                if file.name.endswith(_FITS):
                    found[f"{manifest.stage}/{file.name}"] = file
    return found


def _of_files(
    name: str, first: Mapping[str, File], second: Mapping[str, File], remarks: Sequence[str] = ()
) -> Comparison:
    products, pairs, said = [], [], list(remarks)
    said += [f"{key} is only on the first side" for key in first if key not in second]
    said += [f"{key} is only on the second side" for key in second if key not in first]
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
    pairs.sort(key=lambda pair: pair.name in equal)  # what differs is shown first
    return Comparison(name, tuple(products), tuple(pairs), tuple(said))
