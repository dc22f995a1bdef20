"""Asking a Prefect server, without Prefect."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.flows.support import wait_until

#: Seconds between two questions; each costs the server some hundredths of a processor's.
PAUSE = 0.25
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass(frozen=True)
class Api:
    """The API at a URL; a busy server that asks to come again is asked so many times."""

    url: str
    attempts: int = 20
    #: The file of the auth string.
    auth: Path | None = None

    def __call__(self, path: str, body: object = None) -> Any:
        """Get, or post where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json"})
        if self.auth is not None:
            given = base64.b64encode(self.auth.read_bytes()).decode()
            request.add_header("Authorization", f"Basic {given}")
        for _ in range(self.attempts):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read() or "null")
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                time.sleep(1)
        raise TimeoutError(f"{self.url} is too busy for {path}")

    def run(self, flow: str, **parameters: object) -> str:
        """Ask for a run of a deployment as the form does; returns its id."""
        deployment = self.deployments()[flow]
        body = {"parameters": {**deployment["parameters"], **parameters}}
        return str(self(f"/deployments/{deployment['id']}/create_flow_run", body)["id"])

    def newest(self, flow: str) -> str:
        """The id of the run of a flow that was asked for last."""
        deployment = self.deployments()[flow]["id"]
        body = {"deployments": {"id": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 1}
        return str(self("/flow_runs/filter", body)[0]["id"])

    def deployments(self) -> dict[str, dict[str, Any]]:
        """All deployments by the name of their flow."""
        return {one["entrypoint"].rpartition(".")[2]: one for one in self("/deployments/filter", {})}

    def state(self, run: str) -> dict[str, Any]:
        """What is known of a run; nothing while the server is away."""
        try:
            return dict(self(f"/flow_runs/{run}"))
        except OSError:
            return {"state_type": "?", "name": ""}

    def ended(self, run: str, patience: float = 240.0) -> dict[str, Any]:
        """Wait until a run has ended."""
        wait_until(lambda: self.state(run)["state_type"] in FINAL, patience, PAUSE)
        return self.state(run)

    def cancel(self, run: str, kind: str = "CANCELLING") -> None:
        """Do what the button does."""
        self(f"/flow_runs/{run}/set_state", {"state": {"type": kind, "name": kind.title()}, "force": True})

    def log(self, run: str) -> str:
        """All messages of a run that has ended: Prefect sends the last ones some seconds after the run's state."""
        wait_until(lambda: any(map(_is_last, self._lines(run))), pause=PAUSE)
        return "\n".join(line["message"] for line in self._lines(run))

    def _lines(self, run: str) -> list[dict[str, Any]]:
        body = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC", "limit": 200}
        found: list[dict[str, Any]] = []
        while page := self("/logs/filter", {**body, "offset": len(found)}):
            found += page
        return found

    def artifacts(self, run: str) -> dict[str, dict[str, Any]]:
        """What a run shows, by key."""
        found = self("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
        return {one["key"]: one for one in found}


def _is_last(line: dict[str, Any]) -> bool:
    """Whether it is what a run says at its end, and no task."""
    return line["task_run_id"] is None and line["message"].startswith("Finished in state")
