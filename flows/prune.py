"""The flow that removes from a store what nobody names any more; see `services.storage.prune`."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed
from pydantic import Field

from flows.core.pruning import prune, said
from flows.core.settings import require
from flows.prefect.form import FIELDS, form_of
from flows.prefect.progress import Nobody
from flows.prefect.progress_reporter import Pulse, Stopped
from rossi.errors import RossiError
from services.storage import open_store
from services.storage.prune import Pruning

#: When it looks by itself: on Sundays at noon, UTC, when the night's reprocessing has ended.
WEEKLY = "0 12 * * 0"
_APPLY: Any = Field(False, description="Remove what can go; else it is only said.")
_GONE: Any = Field([], description="Observations that will not come back to the archive: they are forgotten.")


@flow(name="prune_store", retries=0, persist_result=False)
def prune_store(
    apply: bool = _APPLY,
    gone: list[str] = _GONE,
    store: str = FIELDS["store"],
    prefix: str = FIELDS["prefix"],
    settings: dict[str, Any] = FIELDS["settings"],
) -> State[Any]:
    """Remove what no kept release and no newest result names any more, or say what that is; see [prune] in settings."""
    form = form_of(locals())
    forgotten = gone if isinstance(gone, list) else []
    try:
        chosen = form.to_settings()
        require(chosen, "store")
        with Pulse(Nobody(), lambda: None) as pulse:
            found = prune(
                open_store(chosen.store),
                chosen,
                forgotten,
                lambda text: get_run_logger().warning("%s", text),
                apply=apply is True,
                go_on=pulse.go_on,
            )
    except RossiError as error:
        return Failed(message=str(error))
    except Stopped as stopped:
        return Cancelled(message=f"{stopped} What was removed is removed; the store is whole.")
    _show(found)
    return Completed(message=said(found, applied=apply is True), name=None if apply is True else "DryRun")


def _show(found: Pruning) -> None:
    rows = [{"what": kind.value, "objects": number, "bytes": size} for kind, (number, size) in found.by_kind().items()]
    rows.append({"what": "stays", "objects": found.objects, "bytes": found.size})
    try:
        create_table_artifact(rows, key="pruning", description="What nobody names any more")
    except Exception as error:  # the work is done, whatever becomes of Prefect's pages
        get_run_logger().warning("The table could not be made: %s", error)
