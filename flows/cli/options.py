"""Options that several sub-commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from flows.config import Settings

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; rossi.toml of the current folder if there is one."),
]
Archive = Annotated[str | None, typer.Option(help="Where the archive lies: a folder, s3:// or https:// URL.")]
Store = Annotated[str | None, typer.Option(help="Where products are kept: a folder or s3://bucket/folder.")]
Place = Annotated[str | None, typer.Argument(metavar="[STORE]", help="The same as --store.")]
Prefix = Annotated[str | None, typer.Option(help="Folder of this run within the store.")]
Out = Annotated[Path | None, typer.Option(help="Folder that products are copied to.")]
Workers = Annotated[int | None, typer.Option(help="Processes that work at the same time.")]
Where = Annotated[str | None, typer.Option("--executor", help="Who works: local (processes) or kubernetes (pods).")]
PrintConfig = Annotated[bool, typer.Option("--print-config", help="Show the configuration and stop.")]


def settings_from(config: Path | None, print_config: bool = False, **overrides: Any) -> Settings:
    """Read the configuration with what the command line says; with `print_config`, show it and stop."""
    from flows.config import load_settings, to_toml

    settings = load_settings(config, overrides)
    if print_config:
        typer.echo(to_toml(settings))
        raise typer.Exit
    return settings
