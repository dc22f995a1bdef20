"""``rossi catalogue``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Config, settings_from

if TYPE_CHECKING:
    from services.query.tap import Catalogue

app = typer.Typer(
    help="Look into the HEASARC's catalogue.\n\nExample: `rossi catalogue columns xtemaster`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("tables")
def tables(
    containing: Annotated[str, typer.Argument(help="Part of the name; the mission's tables if absent.")] = "xte",
    config: Config = None,
) -> None:
    """List the tables whose name contains a text.

    Example: `rossi catalogue tables`
    """
    with _open(config) as catalogue:
        for name, description in sorted(catalogue.tables(containing.lower()).items()):
            print(f"{name:<24} {description}".rstrip())


@app.command("columns")
def columns(
    table: Annotated[str, typer.Argument(help="Name of the table.")] = "xtemaster", config: Config = None
) -> None:
    """List the columns of a table, with unit and meaning.

    Example: `rossi catalogue columns xtemaster`
    """
    with _open(config) as catalogue:
        for name, unit, description in catalogue.columns(table):
            print(f"{name:<20} {unit:<8} {description}".rstrip())


def _open(config: Config) -> Catalogue:
    from services.query.tap import Catalogue

    return Catalogue(settings_from(config).query.service)
