"""``rossi merge``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Config, settings_from


def command(
    files: Annotated[list[Path], typer.Argument(help="Light curves: rossi's, or standard products of the archive.")],
    out: Annotated[Path, typer.Option(help="Folder for the light curves, figures and report.html.")],
    column: Annotated[
        str | None, typer.Option(help="Column to take from files that hold several light curves: RATE2.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Join light curves of different sources (OBJECT, position) too.")
    ] = False,
    config: Config = None,
) -> None:
    """Join light curves in time order, with figures and a report. What can't be one curve becomes several.

    They are of one source: positions more than 0.2 deg apart are refused, unless --force joins them.

    Example: `rossi merge xp10077_n2a.lc xp20076_n2a.lc --out joined`
    """
    from flows.core.export import check_folder, read_file, write_files
    from rossi.errors import DataError
    from rossi.product import File
    from services.contract import ExitCode
    from services.merge.stage import LEFT_OUT, merge_files

    settings = settings_from(config).merge
    check_folder(out)
    read, unread = [], {}
    for path in files:
        try:
            read.append(File(path.name, read_file(path)))
        except DataError as error:
            unread[path.name] = str(error)
    chosen = settings.model_copy(update={"force": True}) if force else settings
    outputs = merge_files(chosen, read, column=column, unread=unread, one_place=True)
    written = write_files(out, (file for group in outputs.files.values() for file in group))
    for caveat in outputs.caveats:
        typer.echo(caveat.message, err=True)
    print("\n".join(str(path) for path in written))
    if not outputs.files["light_curve"] or any(caveat.code == LEFT_OUT for caveat in outputs.caveats):
        raise typer.Exit(ExitCode.DATA_ERROR)
