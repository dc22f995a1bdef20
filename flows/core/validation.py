"""Comparing what rossi makes with the archive's standard products, and with published numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import Table

from flows.core.plan import make_shard
from flows.core.settings import Settings
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits
from rossi.goodtime import read_good_time
from rossi.gti import make, total
from rossi.hexte.science import Cluster
from rossi.product import Content, Kind
from rossi.spectra.pha import read_pha
from rossi.spectra.response_file import read_response
from rossi.validate.reference import (
    HEXTE_BANDS,
    LAYERS,
    PCA_BAND,
    PCUS,
    Reference,
    compare_numbers,
    measured,
    pca_expression,
    references,
)
from rossi.validate.table import joined, read_ecsv, table_of
from rossi.validate.verdict import Comparison, Verdict
from services.contract import File, Frozen, ObservationResult, Outcome, StageResult
from services.contract.fitting import RESPONSE
from services.contract.validation import VALIDATION
from services.execution.stages import CHAINS, USUAL, VALIDATION_CHAINS, Instrument, stage_configs
from services.execution.worker import run_shard
from services.pca_extract.stage import Band
from services.storage import ObjectStore, open_archive, open_store
from services.storage.outputs import read_outputs
from services.storage.patience import Pause
from services.storage.publication import read_manifest

_ROW = 16.0


@dataclass(frozen=True, slots=True)
class Validated:
    """What was compared of an observation.

    Parameters
    ----------
    obsid : str
    table : Table
        A row a product, see `rossi.validate.table`.
    figures : tuple of File
    problems : tuple of str
        Why there is nothing of an instrument.
    failed : bool
        Whether something could not be reduced.
    """

    obsid: str
    table: Table
    figures: tuple[File, ...] = ()
    problems: tuple[str, ...] = ()
    failed: bool = False

    @property
    def is_right(self) -> bool:
        """Whether something was compared, and nothing differs without an explanation."""
        return not self.failed and bool(len(self.table)) and bool(np.all(self.table["fine"]))


def validate(
    settings: Settings,
    obsids: Sequence[str],
    on_result: Callable[[ObservationResult], None] | None = None,
    on_pause: Callable[[Pause], None] | None = None,
) -> list[Validated]:
    """Compare observations with their own standard products; what is compared already is taken from the store.

    Parameters
    ----------
    settings : Settings
    obsids : sequence of str
    on_result, on_pause : callable, optional
        See `run_shard`.
    """
    stages = _stages(settings, {str(one): VALIDATION_CHAINS[one] for one in settings.campaign.instruments})
    store = open_store(settings.store)
    shard = make_shard(settings, tuple(dict.fromkeys(obsids))).model_copy(update={"stages": stages})
    return [validated(store, result) for result in run_shard(shard, on_result, on_pause)]


def _stages(settings: Settings, chains: dict[str, tuple[str, ...]]) -> dict[str, Frozen]:
    configs = {name: settings.of_stage(name) for chain in chains.values() for name in chain}
    return stage_configs(chains, USUAL, configs)


def validated(store: ObjectStore, result: ObservationResult) -> Validated:
    """Return what the stages that compare an observation left in the store.

    Parameters
    ----------
    store : ObjectStore
    result : ObservationResult
    """
    tables, figures = [], list[File]()
    for stage in result.ends:
        if stage.outcome is Outcome.SUCCEEDED:
            tables += [read_ecsv(file.data) for file in _files(store, stage, VALIDATION)]
            figures += _files(store, stage, "figure")
    problems = tuple(f"{one.stage}: {one.message}" for one in result.stages if one.outcome is not Outcome.SUCCEEDED)
    return Validated(result.obsid, joined(tables), tuple(figures), problems, result.outcome is Outcome.FAILED)


def _files(store: ObjectStore, stage: StageResult, output: str) -> tuple[File, ...]:
    return read_outputs(store, stage.manifest, read_manifest(store, stage.manifest), output)


def validate_reference(
    settings: Settings,
    obsids: Sequence[str] = (),
    on_result: Callable[[ObservationResult], None] | None = None,
    expected: Sequence[Reference] | None = None,
) -> list[Validated]:
    """Reduce the observations of published numbers as these were, and compare.

    Parameters
    ----------
    settings : Settings
    obsids : sequence of str
        Only these.
    on_result : callable, optional
    expected : sequence of Reference, optional
        By default those that come with rossi.

    Raises
    ------
    ConfigError
        If the archive has none of the observations.
    """
    known = references() if expected is None else tuple(expected)
    wanted = [one for one in known if not obsids or one.obsid in obsids]
    archive = open_archive(settings.archive, settings.cache)
    there = [obsid for obsid in dict.fromkeys(one.obsid for one in wanted) if archive.list(_folder(obsid))]
    if not there:
        names = ", ".join(dict.fromkeys(one.obsid for one in known))
        raise ConfigError(f"{settings.archive} has none of the observations of published numbers: {names}.")
    return [_reference(settings, obsid, [one for one in wanted if one.obsid == obsid], on_result) for obsid in there]


def _folder(obsid: str) -> str:
    from rossi.archive import ObsID

    return ObsID(obsid).path


def _reference(
    settings: Settings,
    obsid: str,
    expected: Sequence[Reference],
    on_result: Callable[[ObservationResult], None] | None,
) -> Validated:
    chosen = [one for one in Instrument if any(r.instrument == one.upper() for r in expected)]
    stages = _stages(settings, {str(one): CHAINS[one] for one in chosen})
    if "pca_extract" in stages:
        epoch = next(r.epoch for r in expected if r.instrument == "PCA")
        recipe = {"expression": pca_expression(epoch), "pcus": PCUS, "layers": LAYERS, "spectra": True}
        recipe |= {"bands": (Band(chmin=5, chmax=10),), "responses": True, "group_min": None}
        stages["pca_extract"] = stages["pca_extract"].model_copy(update=recipe)
    shard = make_shard(settings, (obsid,)).model_copy(update={"stages": stages})
    (result,) = run_shard(shard, on_result)
    store = open_store(settings.store)
    found: list[Comparison] = []
    for instrument in chosen:
        own = _own(store, result, instrument)
        mine = [one for one in expected if one.instrument == instrument.upper()]
        found += compare_numbers(mine, own, result.message)
    return Validated(obsid, table_of(obsid, found), (), (), all(c.verdict is Verdict.NOT_COMPARED for c in found))


def _own(store: ObjectStore, result: ObservationResult, instrument: Instrument) -> dict[str, tuple[float, float]]:
    """Return rossi's numbers of an observation; nothing where a stage had no success."""
    made = {one.stage: one for one in result.stages if one.outcome is Outcome.SUCCEEDED}
    first, last = CHAINS[instrument]
    if last not in made:
        return {}
    spectra = {
        (file.about.content, file.about.cluster, file.about.label): file
        for file in _files(store, made[last], "spectrum")
    }
    cluster, tail = ("", "") if instrument is Instrument.PCA else (Cluster.B.name, f"{Cluster.B.label}_")
    try:
        source, background = (
            read_pha(open_fits(file.data, file.name))
            for file in (
                spectra[Content.TOTAL, cluster, f"{tail}src"],
                spectra[Content.BACKGROUND, cluster, f"{tail}bkg"],
            )
        )
    except KeyError:
        return {}
    matrices = {file.name: file for file in _files(store, made[last], RESPONSE) if file.about.kind is Kind.RESPONSE}
    matrix = matrices.get(source.text("RESPFILE"))
    energies = None
    if matrix is not None:
        response, _ = read_response(matrix.data, matrix.name)
        energies = (response.e_min.astype(float), response.e_max.astype(float))
    bands = {"net_rate": PCA_BAND} if instrument is Instrument.PCA else HEXTE_BANDS
    found = measured(source, background, energies, bands)
    if instrument is Instrument.PCA:
        (good,) = _files(store, made[last], "gti")
        found["good_time"] = (total(read_good_time(open_fits(good.data, good.name)).intervals), 0.0)
        found["coverage"] = (_coverage(_files(store, made[first], "std2_dt")), 0.0)
    return found


def _coverage(files: Sequence[File]) -> float:
    """Return how long there are rows of Standard2 [s]."""
    times = np.concatenate([open_fits(file.data, file.name).table().numbers("Time") for file in files])
    return float(total(make(np.column_stack([times, times + _ROW]))))
