"""Observations that were there and are not any more: what is left of them, and when that is too many to go on.

A disk that is not mounted looks like an archive with fewer observations. So what vanished is named, its last products
stay in what is merged, and where more is missing than somebody would remove, nothing is published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from rossi.errors import DataError
from rossi.facts import some_of
from services.contract import (
    VANISHED,
    Caveat,
    Manifest,
    ObservationResult,
    Outcome,
    Stage,
    StageResult,
)
from services.execution.failures import failed
from services.execution.making import result_of, stage_folder
from services.execution.request import Shard, StageRequest
from services.execution.survey import past
from services.execution.worker import run_stages
from services.storage import ObjectStore, StoreError
from services.storage.gone import is_gone, told_to_go
from services.storage.publication import manifest_key


class Vanished(DataError):
    """An observation was there and is not any more."""

    code = VANISHED


def find_last(
    absent: Sequence[str], asked: int, plan: Shard, store: ObjectStore, most: float
) -> dict[str, ObservationResult]:
    """Return the last products of observations that the archive does not have, unless they were told to go.

    Parameters
    ----------
    absent : sequence of str
        Their ObsIDs.
    asked : int
        How many observations there are in all.
    plan : Shard
        Stages and prefix.
    store : ObjectStore
    most : float
        Part of all that may have vanished, 0 to 1.

    Raises
    ------
    StoreError
        If it is more: nothing is to be published then.
    """
    told = told_to_go(store, plan.prefix) if absent else {}
    last = {obsid: one for obsid in absent if (one := last_products(obsid, plan, store, told)) is not None}
    stop_if_many(list(last), asked, most, plan.archive)
    return last


def stop_if_many(vanished: Sequence[str], asked: int, most: float, archive: str) -> None:
    """Stop where too many observations vanished.

    Raises
    ------
    StoreError
    """
    if len(vanished) > Fraction(str(most)) * asked:  # as it is written: in binary, 0.29 of 100 are less than 29
        raise StoreError(
            f"{len(vanished)} of {asked} observations that were in the archive before are not there any more "
            f"({some_of(vanished)}); nothing was published. Look whether all of {archive} is mounted; if they "
            f"are gone for good, set [campaign] vanished, now {most:g}, to the part of them that may be missing."
        )


def last_products(
    obsid: str, plan: Shard, store: ObjectStore, told: Mapping[str, str] | None = None
) -> ObservationResult | None:
    """Return what the store has of an observation for these settings, whatever its files were; None for nothing.

    Of several sets of products the newest counts that goes on from those of the stages before. What was told to go
    since it was made (see `services.storage.gone`) does not.
    """

    def one(stage: Stage[Any], request: StageRequest[Any]) -> StageResult:
        manifest = _newest(stage, request, store, told or {})
        if manifest is None:
            return failed(stage.name, obsid, Vanished(f"{obsid} vanished from the archive before this stage ran."))
        key = manifest_key(f"{stage_folder(request.prefix, obsid, stage.name)}/{manifest.fingerprint}")
        return _marked(result_of(manifest, key, reused=True), manifest.created)

    results = run_stages(obsid, plan, one)
    if not any(result.manifest for result in results):
        return None
    return ObservationResult.of(obsid, results)


def _newest(
    stage: Stage[Any], request: StageRequest[Any], store: ObjectStore, told: Mapping[str, str]
) -> Manifest | None:
    wanted = (request.engine, request.config.model_dump(mode="json"))
    reads = stage.reads(request.config)
    before = {request.upstream[name].split("/")[-2] for name in reads if name in request.upstream}
    fitting = [
        manifest
        for manifest in past(store, stage_folder(request.prefix, request.obsid, stage.name)).manifests
        if (manifest.engine, manifest.config) == wanted
        and before <= {record.identity for record in manifest.inputs}
        and not is_gone(told, request.obsid, manifest.created)
    ]
    return fitting[-1] if fitting else None


def _marked(result: StageResult, created: str) -> StageResult:
    message = f"{result.obsid} is not in the archive any more; these are its last products, of {created[:10]}."
    caveats = (*result.caveats, Caveat(code=VANISHED, message=message))
    if result.outcome is Outcome.NO_WORK:
        return result.model_copy(update={"caveats": caveats})
    # What is merged is known by its sentences, too: with them it is another product than before.
    return result.model_copy(update={"caveats": caveats, "code": VANISHED, "message": message})


def vanished_line(vanished: Sequence[str]) -> str:
    """Name the observations of which there are only last products; empty for none."""
    if not vanished:
        return ""
    return f"{len(vanished)} vanished from the archive, their last products are merged: {some_of(vanished)}."
