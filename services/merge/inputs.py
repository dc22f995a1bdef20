"""What the store has of the observations: light curves, spectra, good time, and the keys of all their products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from rossi.errors import DataError
from services.contract import File, Manifest, ObservationResult, Outcome, OutputRecord
from services.contract.fitting import ANCILLARY, RESPONSE
from services.merge.details import Provenance
from services.merge.spectra import SpectrumSet
from services.merge.spectra_groups import is_summed
from services.storage import MissingObject
from services.storage.base import Reader
from services.storage.outputs import read_outputs, read_records
from services.storage.publication import output_keys, read_manifest
from services.storage.together import find_together

LIGHT_CURVE = "light_curve"
SPECTRUM = "spectrum"
GOOD_TIME = "gti"
#: How many observations' spectra are in memory at a time.
_BATCH = 64
#: Parallel requests: an answer of S3 takes tens of milliseconds, nearly all of it waiting.
_REQUESTS = 16


@dataclass(frozen=True, slots=True)
class StageProducts:
    """What one stage left: the key of its manifest, what that says of each file by its key, and how they came about."""

    manifest: str
    files: Mapping[str, OutputRecord]
    provenance: Provenance

    def by_output(self) -> dict[str, list[str]]:
        """Return the keys of the files of each output."""
        found: dict[str, list[str]] = {}
        for key, record in self.files.items():
            found.setdefault(record.output, []).append(key)
        return found


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


def find_all(store: Reader, results: Iterable[ObservationResult]) -> dict[str, Found]:
    """Read what the store has of the observations, by ObsID.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    """
    with ThreadPoolExecutor(_REQUESTS) as pool:
        return {found.result.obsid: found for found in pool.map(lambda r: find(store, r), results)}


def find(store: Reader, result: ObservationResult) -> Found:
    """Read what the store has of one observation; what can't be read is the failure of its stage alone."""
    curves: tuple[File, ...] = ()
    products, stages = {}, []
    known = (find_together(store, result.together) or ()) if result.together else ()
    manifests = {manifest.fingerprint: manifest for manifest in known}
    for stage in result.stages:
        one = stage
        if stage.manifest:
            try:
                manifest = manifests.get(stage.fingerprint) or read_manifest(store, stage.manifest)
                curves += read_outputs(store, stage.manifest, manifest, LIGHT_CURVE)
                products[stage.stage] = _products(stage.manifest, manifest)
            except (DataError, MissingObject) as error:
                one = stage.model_copy(update={"outcome": Outcome.FAILED, "message": str(error)})
        stages.append(one)
    if stages == list(result.stages):
        return Found(result, curves, products)
    return Found(ObservationResult.of(result.obsid, stages), curves, products)


def spectra(store: Reader, found: Iterable[Found]) -> Iterator[SpectrumSet]:
    """Read spectra and good time of a few observations at a time, in the order of their ObsIDs.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    """
    chosen = sorted(
        (
            (one.result.obsid, stage, products)
            for one in found
            for stage, products in one.products.items()
            if products.by_output().keys() & {SPECTRUM, GOOD_TIME}
        ),
        key=lambda one: one[:2],
    )
    known: dict[str, bytes] = {}
    with ThreadPoolExecutor(_REQUESTS) as pool:
        for start in range(0, len(chosen), _BATCH):
            yield from pool.map(lambda one: _spectra(store, known, one[0], one[2]), chosen[start : start + _BATCH])


def _spectra(store: Reader, known: MutableMapping[str, bytes], obsid: str, products: StageProducts) -> SpectrumSet:
    """Read what a stage made of an observation; what observations share is read once."""
    summed, key = any(is_summed(record.about) for record in products.files.values()), products.manifest
    try:
        files, good_time = (read_records(store, key, products.files, output) for output in (SPECTRUM, GOOD_TIME))
        beside = [read_records(store, key, products.files, output, known) for output in (RESPONSE, ANCILLARY) if summed]
    except DataError as error:
        return SpectrumSet(obsid, problem=str(error), summed=summed)
    responses = tuple(file for some in beside for file in some)
    return SpectrumSet(obsid, files, good_time=good_time, summed=summed, responses=responses)


def _products(key: str, manifest: Manifest) -> StageProducts:
    return StageProducts(key, output_keys(key, manifest), Provenance.of(manifest))
