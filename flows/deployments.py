"""The flows as deployments: what Prefect's page offers to run, and what it runs by itself."""

from __future__ import annotations

import asyncio
import math
import os
import re
from typing import Any

from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import TerminationSignal
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.campaign import campaign
from flows.core.metrics import show_numbers
from flows.core.settings import Settings
from flows.desktop.browse import browse
from flows.desktop.server import answers, wait_for_server
from flows.observation import reduce_observation
from flows.prefect.artifacts import BROWSE
from flows.prefect.campaign import stop_run
from flows.prefect.form import Form, absolute
from flows.prefect.notify import notify
from flows.prefect.recovery import LastingRunner, Rescuer
from flows.prune import WEEKLY, prune_store
from flows.reprocess import reprocess_archive, retry_failed
from rossi.version import __version__

#: Seconds between two looks for runs to start, unless Prefect's own variable says another number.
_POLL, _POLL_VARIABLE = 3.0, "PREFECT_RUNNER_POLL_FREQUENCY"
#: Flow runs in processes of their own at a time; those of one store wait for each other.
_MOST_RUNS = 8


def deployments(settings: Settings, cron: str = "") -> list[RunnerDeployment]:
    """Describe the flows, with the configuration as what their forms begin with.

    Parameters
    ----------
    settings : Settings
    cron : str
        When the archive is reprocessed (UTC); empty for never by itself, nor is the store looked through then.
    """
    form = Form.of(settings)
    places = {"archive": absolute(form.archive), "store": absolute(form.store)}
    values = form.model_copy(update=places).model_dump(mode="json")
    label = _label(settings)
    # No limits of Prefect's for deployments, see `flows.prefect.limits`: a server that lost its leases cancels runs.
    common: dict[str, Any] = {
        "name": label,
        "tags": ["rossi", label],
        "version": __version__,
        "entrypoint_type": EntrypointType.MODULE_PATH,
    }
    schedule: Schedule | None = Cron(cron, timezone="UTC") if cron else None
    made: list[Any] = [
        campaign.to_deployment(parameters=values, **common),
        reduce_observation.to_deployment(parameters=_those_of(reduce_observation, values), **common),
        reprocess_archive.to_deployment(
            parameters={**values, "dry_run": False, "failures": False},
            schedule=schedule,
            **common,
        ),
        retry_failed.to_deployment(parameters={**values, "dry_run": False, "which": "transient"}, **common),
        prune_store.to_deployment(
            parameters={"apply": settings.prune.apply, "gone": [], **_those_of(prune_store, values)},
            schedule=Cron(WEEKLY, timezone="UTC") if cron else None,
            **common,
        ),
    ]
    return made


def serve_all(
    settings: Settings, cron: str, products_port: int | None, address: str = "", metrics_port: int = 0
) -> None:
    """Offer the flows and run what is asked for, until stopped.

    Parameters
    ----------
    settings : Settings
    cron : str
    products_port : int or None
        Where a browser finds the store's products; None for nowhere.
    address : str
        Told of runs that end badly.
    metrics_port : int
        Where Prometheus reads numbers, from other machines, too; 0 for nowhere.
    """
    notify(address)
    if metrics_port and settings.store:
        show_numbers(settings.store, settings.prefix, metrics_port)
    offered = deployments(settings, cron)
    if products_port is None or not settings.store:
        _serve(offered)
        return
    store = absolute(settings.store)
    with browse(store, products_port, settings.prefix) as place:
        os.environ[BROWSE] = f"{store} {place}"
        _serve(offered)


def _serve(offered: list[RunnerDeployment]) -> None:
    """Serve until stopped; a server that was away for long is waited for, and served again."""
    url = os.environ["PREFECT_API_URL"]
    rescuer: Rescuer | None = None
    while True:
        runner = LastingRunner(limit=_MOST_RUNS, query_seconds=float(os.environ.get(_POLL_VARIABLE, _POLL)))
        try:
            ids: list[Any] = [runner.add_deployment(deployment) for deployment in offered]
            if rescuer is None:
                rescuer = Rescuer(ids, lambda run: stop_run(run.parameters, str(run.id)), runner.at_work)
                rescuer.start()
            rescuer.at_work = runner.at_work
            names = ", ".join(str(deployment.flow_name) for deployment in offered)
            print(f"Serving {names} at {url}", flush=True)
            asyncio.run(runner.start())
        except (KeyboardInterrupt, TerminationSignal):
            return
        except Exception:
            if answers(url):
                raise
            print(f"The Prefect server at {url} is away; runs that were at work have stopped. Waiting.", flush=True)
            wait_for_server(url, math.inf)
        else:
            return


def _label(settings: Settings) -> str:
    text = settings.campaign.name or settings.prefix or "archive"
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "archive"


def _those_of(flow: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in flow.parameters.properties}
