"""The flow that removes from a store what nobody names any more; see `services.storage.prune`."""

from __future__ import annotations

import logging
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from flows.core.pruning import prune, said
from flows.core.settings import require
from flows.core.watcher import Stopped, Watcher
from flows.prefect.form import Form, PruneForm
from flows.prefect.progress_reporter import ProgressReporter
from flows.prefect.signature import asks_for
from rossi.errors import RossiError
from services.storage import open_store
from services.storage.prune import Pruning

#: When it looks by itself: on Sundays at noon, UTC, when the night's reprocessing has ended.
WEEKLY = "0 12 * * 0"
_log = logging.getLogger(__name__)


@flow(name="prune_store", retries=0, persist_result=False)
@asks_for(PruneForm, without=[name for name in Form.model_fields if name not in ("store", "prefix", "settings")])
def prune_store(form: PruneForm) -> State[Any]:
    """Remove what no kept release and no newest result names any more, or say what that is; see [prune] in settings."""
    try:
        chosen = form.to_settings()
        require(chosen, "store")
        with ProgressReporter(Watcher(), lambda: None) as reporter:
            place, tell = open_store(chosen.store), reporter.warned
            found = prune(place, chosen, form.gone, tell, apply=form.apply, go_on=reporter.go_on)
    except RossiError as error:
        return Failed(message=str(error))
    except Stopped as stopped:
        return Cancelled(message=f"{stopped} What was removed is removed; the store is whole.")
    _show(found)
    return Completed(message=said(found, applied=form.apply), name=None if form.apply else "DryRun")


def _show(found: Pruning) -> None:
    rows = [{"what": kind.value, "objects": number, "bytes": size} for kind, (number, size) in found.by_kind().items()]
    rows.append({"what": "stays", "objects": found.objects, "bytes": found.size})
    try:
        create_table_artifact(rows, key="pruning", description="What nobody names any more")
    except Exception as error:  # the work is done, whatever becomes of Prefect's pages
        _log.warning("The table could not be made: %s", error)
