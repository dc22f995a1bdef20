"""``rossi serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Archive, Config, Prefix, PrintConfig, Store, settings_from

#: When the archive is reprocessed, unless told: at three at night.
NIGHTLY = "0 3 * * *"
#: Minute, hour, day, month, weekday.
_FIELDS = 5
Cron = Annotated[str, typer.Option(help="When the archive is reprocessed, as cron has it, UTC; '' for never.")]
ProductsPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1 at which a browser finds the products; 0 for none.")
]
Notify = Annotated[
    str,
    typer.Option(
        envvar="ROSSI_NOTIFY",
        help="Tell this address of runs that fail, crash, are late or miss observations that were there: a webhook "
        "(https://...) or mail (mailtos://user:password@host?to=me@example.org).",
    ),
]


def command(
    config: Config = None,
    archive: Archive = None,
    store: Store = None,
    prefix: Prefix = None,
    cron: Cron = NIGHTLY,
    products_port: ProductsPort = 4201,
    notify: Notify = "",
    metrics_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            envvar="ROSSI_METRICS_PORT",
            help="Port at which other machines, too, read numbers for a dashboard (Prometheus's format); 0 for none.",
        ),
    ] = 0,
    print_config: PrintConfig = False,
) -> None:
    """Offer the flows in a Prefect server's pages, and run them. The server is the one that PREFECT_API_URL names.

    There are five: campaign, reduce_observation, reprocess_archive (by itself every night), retry_failed and
    prune_store (by itself every Sunday; it only says what could go, unless [prune] has apply = true). Their forms
    begin with the configuration. `rossi up` starts this and a Prefect server.

    Example: `rossi serve --config rossi.toml --cron "0 3 * * *"`
    """
    import os

    from flows.core.extras import need
    from flows.desktop.access import check_auth, find_auth
    from flows.desktop.server import wait_for_server
    from flows.prefect.notify import check_address
    from rossi.errors import ConfigError

    need("prefect", "matplotlib", "jinja2")
    settings = settings_from(config, print_config, archive=archive, store=store, prefix=prefix)
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        raise ConfigError("No Prefect server was named: set PREFECT_API_URL, or use `rossi up`, which starts one.")
    check_cron(cron)
    check_address(notify)
    find_auth(url)
    wait_for_server(url)
    check_auth(url)
    from flows.deployments import serve_all

    serve_all(settings, cron, products_port or None, notify, metrics_port)


def check_cron(text: str) -> None:
    """Refuse what is no schedule; an empty one is none.

    Raises
    ------
    ConfigError
    """
    if text in ("", NIGHTLY):  # and so do without what Prefect's import takes
        return
    from prefect.client.schemas.schedules import CronSchedule

    from rossi.errors import ConfigError

    try:
        fits = len(text.split()) == _FIELDS and bool(CronSchedule(cron=text))
    except ValueError:
        fits = False
    if not fits:
        raise ConfigError(f"--cron {text!r} is no schedule; one looks like {NIGHTLY!r}: minute hour day month weekday.")
