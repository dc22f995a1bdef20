"""``rossi merge``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Config, settings_from


def command(
    files: Annotated[list[Path], typer.Argument(help="Light curves: rossi's, or standard products of the archive.")],
    out: Annotated[Path, typer.Option(help="Folder for the light curve, figures and report.html.")],
    config: Config = None,
) -> None:
    """Join light curves in time order, with figures and a report.

    Example: `rossi merge xp10077_n2a.lc xp20076_n2a.lc --out joined`
    """
    from flows.export import read_file, write_files
    from services.contract import ExitCode
    from services.merge.stage import merge_files

    settings = settings_from(config)
    outputs = merge_files(settings.merge, [(path.name, read_file(path)) for path in files])
    written = write_files(out, (file for group in outputs.files.values() for file in group))
    for caveat in outputs.caveats:
        typer.echo(caveat.message, err=True)
    print("\n".join(str(path) for path in written))
    if not outputs.files["light_curve"]:
        raise typer.Exit(ExitCode.DATA_ERROR)
