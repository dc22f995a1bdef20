"""The flow for looking closely: one observation, each stage a task with its own log, caveats and products."""

from __future__ import annotations

import base64
import datetime
import re
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.utilities.annotations import quote
from pydantic import Field

from flows.campaign import OPTIONS, ask, told
from flows.core.plan import make_shard
from flows.core.preflight import check
from flows.core.settings import require
from flows.prefect.artifacts import browse_url, in_markdown
from flows.prefect.form import FIELDS, form_of
from flows.prefect.progress import Nobody
from flows.prefect.progress_reporter import Pulse
from flows.prefect.run_message import advice
from rossi.errors import RossiError
from services.contract import Manifest, ObservationResult, Outcome, Stage, StageResult
from services.contract.extraction import Channels
from services.execution.executor import execute
from services.execution.request import StageRequest
from services.execution.stages import Instrument
from services.execution.worker import run_observation
from services.pca_extract.stage import Band
from services.storage import ObjectStore, open_archive, open_store
from services.storage.publication import fetch_outputs, output_key, read_manifest

_OBSID: Any = Field(description="The observation, such as 20402-01-45-03.")


@task(name="stage", task_run_name="{name}", **OPTIONS)
@told
def stage_task(name: str, stage: Stage[Any], request: StageRequest[Any], places: dict[str, Any]) -> StageResult:
    """Run one stage, and show what it read and made."""
    log = get_run_logger()
    result = execute(stage, request, **places)
    how = f"{result.outcome.value.replace('_', ' ')}{', was done before' if result.reused else ''}"
    log.info("%s %s: %s in %.2f s %s", request.obsid, name, how, result.seconds, result.message)
    for caveat in result.caveats:
        log.warning("%s %s: %s", request.obsid, name, caveat.message)
    _show(result, places["store"], request.store)
    return result


def observation_name() -> str:
    """Name of the flow run that begins."""
    given = flow_run.parameters
    return str(given.get("name") or f"{given.get('obsid')}-{datetime.datetime.now(datetime.UTC).date()}")


@flow(name="reduce_observation", flow_run_name=observation_name, retries=0, persist_result=False)
def reduce_observation(
    obsid: str = _OBSID,
    name: str = FIELDS["name"],
    instruments: list[Instrument] = FIELDS["instruments"],
    bands: list[Band] = FIELDS["bands"],
    hexte_bands: list[Channels] = FIELDS["hexte_bands"],
    archive: str = FIELDS["archive"],
    store: str = FIELDS["store"],
    prefix: str = FIELDS["prefix"],
    settings: dict[str, Any] = FIELDS["settings"],
) -> State[Any]:
    """Reduce one observation, each stage a task, for looking closely."""

    def run(stage: Stage[Any], request: StageRequest[Any], **places: Any) -> StageResult:
        quoted: Any = [quote(one) for one in (stage, request, places)]
        return ask(stage_task, stage.name, *quoted)

    form = form_of(locals())
    try:
        chosen = form.to_settings()
        require(chosen, "archive", "store")
        check(chosen)
        opened = {"archive": open_archive(chosen.archive), "store": open_store(chosen.store)}
        with Pulse(Nobody(), lambda: None):  # so that it shows signs of life
            result = run_observation(obsid, make_shard(chosen, [obsid]), run=run, **opened)  # type: ignore[arg-type]
    except RossiError as error:
        return Failed(message=str(error))
    return _end(result)


def _end(result: ObservationResult) -> State[Any]:
    match result.outcome:
        case Outcome.FAILED:
            return Failed(message=f"{result.message} What to do: {advice(result.last.kind)}.")
        case Outcome.NO_WORK:
            return Completed(message=f"No work: {result.message}", name="NoWork")
    return Completed(message=f"{result.obsid}: {', '.join(stage.stage for stage in result.stages)} done.")


def _show(result: StageResult, store: ObjectStore, url: str) -> None:
    """Leave a page about the stage, and its figures."""
    lines = [
        f"**{result.obsid} {result.stage}**: {result.outcome.value.replace('_', ' ')} {in_markdown(result.message)}",
        "",
    ]
    if result.manifest:
        manifest = read_manifest(store, result.manifest)
        lines += _inputs(manifest) + _products(manifest, result.manifest, store, url)
    lines += [f"- caveat: {in_markdown(caveat.message)}" for caveat in result.caveats]
    slug = re.sub("[^a-z0-9]+", "-", f"{result.obsid} {result.stage}".lower())
    try:
        create_markdown_artifact("\n".join(lines), key=slug, description=f"What {result.stage} read and made")
        if picture := _picture(result, store):
            create_image_artifact(picture, key=f"{slug}-light-curve", description="Light curves")
    except Exception as error:  # the products are in the store, whatever becomes of Prefect's pages
        get_run_logger().warning("The page of this stage could not be made: %s", error)


def _inputs(manifest: Manifest) -> list[str]:
    rows = [f"| {r.input} | {in_markdown(r.path)} | {r.size} | `{r.identity[:19]}` |" for r in manifest.inputs]
    return ["| input | file | bytes | identity |", "|---|---|---|---|", *rows, ""]


def _products(manifest: Manifest, key: str, store: ObjectStore, url: str) -> list[str]:
    rows = []
    for record in manifest.outputs:
        where = output_key(key, manifest, record)
        address = browse_url(url, where)
        place = f"[{record.name}]({address})" if address else f"`{store.url(where)}`"
        rows.append(f"| {record.output} | {place} | {record.size} |")
    return ["| product | file | bytes |", "|---|---|---|", *rows, ""]


def _picture(result: StageResult, store: ObjectStore) -> str:
    """Draw the light curves that a stage made, as a URL that holds the picture; empty if it made none."""
    from services.merge.config import MergeConfig
    from services.merge.stage import merge_files

    if result.outcome is not Outcome.SUCCEEDED:
        return ""
    curves = fetch_outputs(store, result.manifest, "light_curve")
    if not curves:
        return ""
    made = merge_files(MergeConfig(title=f"{result.obsid} {result.stage}"), curves)
    pictures = sorted(made.files["figure"], key=lambda file: bool(file.about.label))  # that of all bands has none
    return "data:image/png;base64," + base64.b64encode(pictures[0].data).decode() if pictures else ""
