"""Prefect's server as `rossi up` and the image `server` run it: `prefect server start` with three differences.

Transactions wait for each other (`flows.desktop.database`), and it is gone within seconds of SIGTERM: Prefect's own
command first makes the database's tables to their end, which takes half a minute on a busy machine, and waits for
every open connection. Whoever asks a container to end kills it after ten seconds. And it has an address that signs in
to its pages (`flows.desktop.access`).
"""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":
    # The imports below take seconds, in which there is nothing to clean up.
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

import flows.prefect.notification_blocks  # noqa: F401  - blocks that automations may name
from flows.desktop.access import SIGN_IN, SIGN_IN_PAGE
from flows.desktop.database import have_writers_wait
from flows.desktop.prompt_server import ANSWERS, PromptServer


async def _sign_in(_: Request) -> HTMLResponse:
    return HTMLResponse(SIGN_IN_PAGE)


def main() -> None:
    """Serve until told to end, where Prefect's settings say (PREFECT_SERVER_API_HOST, PREFECT_SERVER_API_PORT)."""
    have_writers_wait()
    settings = get_current_settings().server
    app = create_app(final=True)
    app.router.routes.insert(0, Route(SIGN_IN, _sign_in))  # the pages' own route takes every path
    config = uvicorn.Config(
        app,
        host=settings.api.host,
        port=settings.api.port,
        timeout_keep_alive=settings.api.keepalive_timeout,
        timeout_graceful_shutdown=ANSWERS,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
    )
    PromptServer(config).run()


if __name__ == "__main__":
    main()
