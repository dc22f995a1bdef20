"""``rossi validate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, Config, Prefix, Store, prepared, settings_from

if TYPE_CHECKING:
    from flows.core.settings import Settings
    from flows.core.validation import Validated


def command(
    obsids: Annotated[list[str] | None, typer.Argument(metavar="OBSID", help="Observations.")] = None,
    sample: Annotated[int, typer.Option(min=0, help="So many observations of the campaign, spread evenly.")] = 0,
    reference: Annotated[
        bool, typer.Option("--reference", help="Compare with published numbers instead, of 13 observations.")
    ] = False,
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    out: Annotated[Path, typer.Option(help="Folder for validation.ecsv and the figures.")] = Path("validation"),
) -> None:
    """Compare what rossi makes with the archive's own products.

    These are the standard products that the mission's pipeline left beside the data.

    Filter file, good time, light curves and spectra of both instruments are made again as the header of each product
    says, in its own good time. A line a product tells how they compare: same, within errors, or differs, and what is
    known of why. The exit code is 20 if something differs that another filter of good time does not explain.

    With `--reference`, observations of which others have published numbers are reduced as theirs were.

    Example: `rossi validate 20101-01-01-00 --config archive/rossi.toml`
    """
    from flows.cli.validated import show_validated
    from flows.core.export import write_files
    from rossi.errors import ConfigError
    from rossi.validate.table import joined, to_ecsv
    from services.contract import ExitCode, File

    if (bool(obsids) + bool(sample) != 1) if not reference else sample:
        raise ConfigError("Name ObsIDs, or use --sample NUMBER; --reference takes ObsIDs or all that it knows.")
    settings = prepared(settings_from(config, archive=archive, store=store, prefix=prefix), out)
    found = _validated(settings, obsids or [], sample, reference)
    show_validated(found)
    table = File("validation.ecsv", to_ecsv(joined(one.table for one in found)))
    written = write_files(out, [table, *(figure for one in found for figure in one.figures)])
    print(f"All numbers are in {written[0]}{f', figures in {out}' * (len(written) > 1)}")
    if not all(one.is_right for one in found):
        raise typer.Exit(ExitCode.DATA_ERROR)


def _validated(settings: Settings, obsids: list[str], number: int, reference: bool) -> list[Validated]:
    from flows.cli.display import progress_bar
    from flows.core.compare import sample
    from flows.core.validation import validate, validate_reference

    with progress_bar("Validating", in_logs=False) as bar:
        if reference:
            return validate_reference(settings, obsids, bar.finished)
        chosen = tuple(obsids) or sample(settings, number)
        bar.planned(len(chosen))
        return validate(settings, chosen, bar.finished, lambda pause: typer.echo(str(pause), err=True))
