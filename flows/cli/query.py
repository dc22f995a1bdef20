"""``rossi query``."""

from __future__ import annotations

import typer

from flows.cli.options import Archive, Config, PrintConfig, settings_from


def command(config: Config = None, archive: Archive = None, print_config: PrintConfig = False) -> None:
    """List the observations that a campaign would reduce, as a table that other programs read too (ECSV).

    Example: `rossi query --archive archive > observations.ecsv`
    """
    from flows.config import require
    from services.query.stage import look
    from services.storage import open_archive

    settings = settings_from(config, print_config, archive=archive)
    require(settings, "archive")
    worklist = look(settings.query, open_archive(settings.archive))
    for caveat in worklist.caveats:
        typer.echo(caveat.message, err=True)
    typer.echo(worklist.to_ecsv(), nl=False)
