"""Options that several sub-commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.core.settings import Settings
    from rossi.errors import DataError
    from services.storage.inventory import Entry

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; rossi.toml of the current folder if there is one."),
]
Archive = Annotated[str | None, typer.Option(help="Where the archive lies: a folder, s3:// or https:// URL.")]
Store = Annotated[str | None, typer.Option(help="Where products are kept: a folder or s3://bucket/folder.")]
Place = Annotated[str | None, typer.Argument(metavar="STORE", help="The same as --store.")]
Prefix = Annotated[str | None, typer.Option(help="Folder of this run within the store.")]
Out = Annotated[
    Path | None, typer.Option(help="Folder that products are copied to; without a store, one is kept beside it.")
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="NAME", help="Only this source, in any spelling; several times for several."),
]
Products = Annotated[
    list[str] | None,
    typer.Option(
        "--product",
        metavar="NAME",
        help="What is made: lightcurves, spectra, fast, events, power or bursts; several times for several.",
    ),
]
Workers = Annotated[int | None, typer.Option(help="Processes that work at the same time.")]
Bands = Annotated[
    list[str] | None,
    typer.Option("--band", metavar="BAND", help="PCA light curves: 2-9keV, or channels, 5-10; several times for more."),
]
HexteBands = Annotated[
    list[str] | None, typer.Option("--hexte-band", metavar="BAND", help="The same of HEXTE: 15-60keV, or 15-61.")
]
Where = Annotated[
    str | None, typer.Option("--executor", help="Who works: local (processes), kubernetes (pods) or inline.")
]
PrintConfig = Annotated[bool, typer.Option("--print-config", help="Show the configuration and stop.")]


def of_bands(bands: list[str] | None, hexte_bands: list[str] | None) -> dict[str, Any]:
    """Return the settings that bands on the command line mean."""
    return {"pca_extract": {"bands": bands or None}, "hexte_dead": {"bands": hexte_bands or None}}


def prepared(settings: Settings, out: Path | None) -> Settings:
    """Refuse what can't work; where no store is given, keep one in the folder ``store`` beside the products."""
    from flows.core.export import check_folder
    from flows.core.preflight import check
    from flows.core.settings import require

    beside = None if settings.store or out is None else _beside(out)
    chosen = settings if beside is None else settings.model_copy(update={"store": str(beside)})
    require(chosen, "archive", "store")
    if out is not None:
        check_folder(out)
    check(chosen)
    if beside is not None:
        typer.echo(f"Store: {beside} (--store names another)", err=True)
    return chosen


def _beside(out: Path) -> Path:
    whole = out.resolve()
    return whole.parent / ("store" if whole.name != "store" else "rossi-store")


def settings_from(config: Path | None, print_config: bool = False, **overrides: Any) -> Settings:
    """Read the configuration with what the command line says; with `print_config`, show it and stop."""
    from flows.core.settings import load_settings, to_toml

    settings = load_settings(config, overrides)
    if print_config:
        typer.echo(to_toml(settings))
        raise typer.Exit
    return settings


def nothing_in(settings: Settings, what: str = "there is nothing yet") -> DataError:
    """Return the error about a store in which nothing is found."""
    from rossi.errors import DataError

    place = f"{settings.store}, prefix {settings.prefix}" if settings.prefix else settings.store
    return DataError(f"{place}: {what}; check --store and --prefix, and the observations asked for.")


def of_sources(entries: Sequence[Entry], names: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the slugs of the sources that are meant, and the ObsIDs that were merged last of them.

    Raises
    ------
    ConfigError
        If a name is not known.
    """
    from rossi.sources import Source, choose
    from services.merge.config import SourceName

    merged = {e.manifest.source: e for e in entries if e.manifest.source}
    told = [SourceName.model_validate(e.manifest.config["source"]) for e in merged.values()]
    chosen = choose([Source(one.name, one.slug, names=one.names) for one in told], names)
    slugs = {source.slug for source in chosen}
    return slugs, {obsid for slug in slugs for obsid in merged[slug].observations}
