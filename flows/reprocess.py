"""Flows that look first and then reduce only what has to be: after a change, or what failed."""

from __future__ import annotations

from functools import partial
from typing import Any

from prefect.client.schemas.objects import State

from flows.core.retry import failed
from flows.core.selection import changed
from flows.prefect.campaign import campaign_flow, carry_out
from flows.prefect.form import ReprocessForm, RetryForm
from flows.prefect.signature import asks_for


@campaign_flow("reprocess_archive", "reprocess")
@asks_for(ReprocessForm)
def reprocess_archive(form: ReprocessForm) -> State[Any]:
    """Reduce what is new or has changed: observations, calibration, configuration, version. Merge it with the rest."""
    return carry_out(form, partial(changed, failures=form.failures), dry_run=form.dry_run)


@campaign_flow("retry_failed", "retry")
@asks_for(RetryForm)
def retry_failed(form: RetryForm) -> State[Any]:
    """Try the observations again that failed, and nothing else; merge them with what is there."""
    return carry_out(form, partial(failed, which=form.which), dry_run=form.dry_run)
