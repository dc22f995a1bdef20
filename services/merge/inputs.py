"""What the store has of the observations: their light curves, and the keys of all their products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from rossi.errors import DataError
from services.contract import File, Manifest, ObservationResult, Outcome
from services.executor import output_key, read_manifest
from services.merge.spectra import SpectrumSet, is_summed
from services.publication import read_outputs
from services.storage import MissingObject, ObjectStore

LIGHT_CURVE = "light_curve"
SPECTRUM = "spectrum"
#: How many observations' spectra are in memory at a time.
_BATCH = 64
#: Parallel requests: an answer of S3 takes tens of milliseconds, nearly all of it waiting.
_REQUESTS = 16


@dataclass(frozen=True, slots=True)
class StageProducts:
    """What one stage left: the key of its manifest, and the keys of its files by output."""

    manifest: str
    files: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """What the store has of one observation.

    Parameters
    ----------
    result : ObservationResult
        As it was, with a failure where a product can't be read.
    curves : tuple of File
    products : mapping of stage to StageProducts
    """

    result: ObservationResult
    curves: tuple[File, ...] = ()
    products: Mapping[str, StageProducts] = field(default_factory=dict)

    @property
    def links(self) -> tuple[str, ...]:
        """Keys of the files of each chain's last stage, which is what most people look for."""
        last = [self.products[stage.stage] for stage in self.result.ends if stage.stage in self.products]
        return tuple(key for products in last for keys in products.files.values() for key in keys)


def find_all(store: ObjectStore, results: Iterable[ObservationResult]) -> dict[str, Found]:
    """Read what the store has of the observations, by ObsID.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    """
    with ThreadPoolExecutor(_REQUESTS) as pool:
        return {found.result.obsid: found for found in pool.map(lambda r: find(store, r), results)}


def find(store: ObjectStore, result: ObservationResult) -> Found:
    """Read what the store has of one observation; what can't be read is the failure of its stage alone."""
    curves: tuple[File, ...] = ()
    products, stages = {}, []
    for stage in result.stages:
        one = stage
        if stage.manifest:
            try:
                manifest = read_manifest(store, stage.manifest)
                curves += read_outputs(store, stage.manifest, manifest, LIGHT_CURVE)
                products[stage.stage] = _products(stage.manifest, manifest)
            except (DataError, MissingObject) as error:
                one = stage.model_copy(update={"outcome": Outcome.FAILED, "message": str(error)})
        stages.append(one)
    if stages == list(result.stages):
        return Found(result, curves, products)
    return Found(ObservationResult.of(result.obsid, stages), curves, products)


def spectra(store: ObjectStore, found: Iterable[Found]) -> Iterator[SpectrumSet]:
    """Read the spectra that are summed, of a few observations at a time, in the order of their ObsIDs.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    """
    chosen = sorted(
        (one.result.obsid, products.manifest)
        for one in found
        for products in one.products.values()
        if any(is_summed(key) for key in products.files.get(SPECTRUM, ()))
    )
    with ThreadPoolExecutor(_REQUESTS) as pool:
        for start in range(0, len(chosen), _BATCH):
            yield from pool.map(lambda one: _spectra(store, *one), chosen[start : start + _BATCH])


def _spectra(store: ObjectStore, obsid: str, key: str) -> SpectrumSet:
    try:
        return SpectrumSet(obsid, read_outputs(store, key, read_manifest(store, key), SPECTRUM))
    except (DataError, MissingObject) as error:
        return SpectrumSet(obsid, problem=str(error))


def _products(key: str, manifest: Manifest) -> StageProducts:
    files: dict[str, tuple[str, ...]] = {}
    for record in manifest.outputs:
        files[record.output] = (*files.get(record.output, ()), output_key(key, manifest, record))
    return StageProducts(key, files)
