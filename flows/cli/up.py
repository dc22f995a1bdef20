"""``rossi up``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Archive, Config, Prefix, Store, settings_from
from flows.cli.serve import NIGHTLY, Cron, Notify, ProductsPort, check_cron

State = Annotated[Path | None, typer.Option(help="Folder for logs and Prefect's records; ~/.local/state/rossi else.")]


def command(
    config: Config = None,
    archive: Archive = None,
    store: Store = None,
    prefix: Prefix = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of 127.0.0.1 for Prefect's pages.")] = 4200,
    products_port: ProductsPort = 4201,
    cron: Cron = NIGHTLY,
    database: Annotated[
        str,
        typer.Option(
            envvar="ROSSI_DATABASE",
            help="PostgreSQL instead of SQLite: postgresql://user@host/prefect; the password is in ~/.pgpass.",
        ),
    ] = "",
    s3: Annotated[
        Path | None, typer.Option(help="Start an S3 server, too, that keeps its data in this folder.")
    ] = None,
    s3_port: Annotated[int, typer.Option(min=1, max=65535, help="Its port of 127.0.0.1.")] = 9000,
    notify: Notify = "",
    state: State = None,
) -> None:
    """Start Prefect, its pages and the flows on this machine. They run in the background; `rossi down` stops them.

    Nothing listens but on 127.0.0.1, only to whoever has the auth string that it makes (a file that only you can
    read), and nothing is told to anybody outside. With --s3 and no --store, products go
    into the S3 server.

    Example: `rossi up --config rossi.toml --store store`
    """
    from flows.core.export import check_folder
    from flows.core.extras import need
    from flows.core.preflight import check_places
    from flows.desktop.access import SHOWN, SIGN_IN, auth_file, auth_string
    from flows.desktop.processes import Machine, default_folder
    from flows.desktop.up import UpOptions, bring_up, check_database, s3_url
    from flows.prefect.notify import check_address

    need("prefect", "matplotlib", "jinja2")
    if s3 is not None and store is None:
        store = s3_url(s3_port)
    check_places(settings_from(config, archive=archive, store=store, prefix=prefix))  # what is wrong is said now
    check_database(database)
    check_address(notify)
    check_cron(cron)
    if s3 is not None:
        check_folder(s3, "--s3")
    given = {"config": config, "archive": archive, "store": store, "prefix": prefix}
    options = [f"--{name}={value}" for name, value in given.items() if value is not None]
    serve = (*options, f"--cron={cron}", f"--products-port={products_port}")
    machine = Machine(state or default_folder())
    typer.echo("Starting Prefect; the first time takes half a minute.", err=True)
    bring_up(machine, UpOptions(port, database, s3, s3_port, serve, notify))
    for one in machine.running():
        print(f"{one.name:<15} {one.pid:>8} {one.about}")
    print(f"Prefect's pages: http://127.0.0.1:{port}  (log files in {machine.folder})")
    print(f"They ask once; this address signs in: http://127.0.0.1:{port}{SIGN_IN}#{auth_string(machine.folder)}")
    print(f"Other commands use this server with: export PREFECT_API_URL=http://127.0.0.1:{port}/api")
    if machine.folder != default_folder():
        print(f'and: export {SHOWN}="$(cat {auth_file(machine.folder)})"')
    if s3 is not None:
        print(f"Credentials of {s3_url(s3_port)}: export AWS_SHARED_CREDENTIALS_FILE={machine.folder}/s3-credentials")
