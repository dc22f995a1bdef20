"""The flow of a campaign, and how a command runs it."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State

from flows.core.result import CampaignResult
from flows.core.selection import everything
from flows.core.settings import Settings
from flows.core.watcher import Watcher
from flows.prefect.campaign import CALLER, Caller, campaign_flow, carry_out
from flows.prefect.form import Form
from flows.prefect.shutdown_guard import leave_off_after
from flows.prefect.signature import asks_for


@campaign_flow("campaign")
@asks_for(Form)
def campaign(form: Form) -> State[Any]:
    """Reduce every observation that the query finds, and merge them. What is done already is not done again."""
    return carry_out(form, everything)


def run_campaign(settings: Settings, watcher: Watcher | None = None) -> CampaignResult:
    """Run the flow for a command.

    Raises
    ------
    RossiError
        Why it could not go on.
    KeyboardInterrupt
        If it was cancelled in Prefect's pages.
    """
    caller = Caller(watcher or Watcher())
    CALLER.set(caller)
    try:
        with leave_off_after(lambda: caller.result is not None):
            state = campaign(**Form.of(settings).model_dump(mode="json"), return_state=True)
    except Exception:
        if caller.result is None:
            raise
        return caller.result  # all is done and stored; only Prefect did not hear of it
    if caller.error is not None:
        raise caller.error
    if caller.result is not None:
        return caller.result
    if state.is_cancelled():
        raise KeyboardInterrupt
    raise RuntimeError(f"The flow run ended as {state.name}: {state.message}")
