"""What Prefect's pages show of one stage of one observation: what it read and made, and its light curves."""

from __future__ import annotations

import base64
import logging
import re

from prefect.artifacts import create_image_artifact, create_markdown_artifact

from flows.prefect.artifacts import browse_url, in_markdown
from services.contract import Manifest, Outcome, StageResult
from services.storage import ObjectStore
from services.storage.bundle import object_key
from services.storage.outputs import fetch_outputs
from services.storage.publication import output_key, read_manifest

_log = logging.getLogger(__name__)


def show_stage(result: StageResult, store: ObjectStore, url: str) -> None:
    """Leave a page about the stage, and its figures."""
    lines = [
        f"**{in_markdown(result.obsid)} {result.stage}**: {result.outcome.value.replace('_', ' ')} "
        f"{in_markdown(result.message)}",
        "",
    ]
    if result.manifest:
        manifest = read_manifest(store, result.manifest)
        lines += _inputs(manifest) + _products(manifest, result.manifest, store, url)
    lines += [f"- caveat: {in_markdown(caveat.message)}" for caveat in result.caveats]
    slug = re.sub("[^a-z0-9]+", "-", f"{result.obsid} {result.stage}".lower()).strip("-")
    try:
        create_markdown_artifact("\n".join(lines), key=slug, description=f"What {result.stage} read and made")
        if picture := _picture(result, store):
            create_image_artifact(picture, key=f"{slug}-light-curve", description="Light curves")
    except Exception as error:  # the products are in the store, whatever becomes of Prefect's pages
        _log.warning("The page of this stage could not be made: %s", error)


def _inputs(manifest: Manifest) -> list[str]:
    rows = [f"| {r.input} | {in_markdown(r.path)} | {r.size} | `{r.identity[:19]}` |" for r in manifest.inputs]
    return ["| input | file | bytes | identity |", "|---|---|---|---|", *rows, ""]


def _products(manifest: Manifest, key: str, store: ObjectStore, url: str) -> list[str]:
    rows = []
    for record in manifest.outputs:
        where = object_key(output_key(key, manifest, record))
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
