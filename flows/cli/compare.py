"""``rossi compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, Config, Prefix, Store, settings_from

if TYPE_CHECKING:
    from flows.core.compare import Comparison
    from flows.core.settings import Settings


def command(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="OBSID|PLACE", help="ObsIDs; or two stores, folders or files.")
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="Compare so many observations of the campaign.")] = 0,
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    out: Annotated[Path, typer.Option(help="Folder for the table and the figures.")] = Path("comparison"),
    tolerance: Annotated[float, typer.Option(min=0, help="Relative difference that still counts as equal.")] = 0.0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 20 if anything differs by more, known deviations too.")
    ] = False,
) -> None:
    """Show what differs between products. They are those of two engines, stores, folders or files.

    With ObsIDs, or `--sample`, both engines reduce the observations: native and heasoft (which needs HEASoft). The
    exit code is 20 if one of them fails.

    Examples: `rossi compare 20402-01-45-03`, `rossi compare --sample 50`, `rossi compare store older-store`,
    `rossi compare one.lc other.lc`
    """
    from flows.cli.differences import show_comparisons
    from flows.core.compare import compare_places, compare_stores, rows_of
    from flows.core.export import check_folder
    from rossi.errors import ConfigError
    from services.contract import ExitCode

    places = what or []
    if bool(places) == bool(sample):
        raise ConfigError("Name ObsIDs, or two places (stores, folders or files), or use --sample NUMBER.")
    check_folder(out)
    if len(places) == 2 and all(_is_store(place) for place in places):
        found, labels = compare_stores(places[0], places[1], prefix or ""), (places[0], places[1])
    elif len(places) == 2 and all(Path(place).exists() for place in places):
        found, labels = [compare_places(Path(places[0]), Path(places[1]))], (places[0], places[1])
    else:
        _check_obsids(places)
        settings = settings_from(config, archive=archive, store=store, prefix=prefix)
        found, labels = _engines(settings, places, sample)
    show_comparisons(found, labels, tolerance)
    out.mkdir(parents=True, exist_ok=True)
    rows_of(found).write(out / "comparison.ecsv", format="ascii.ecsv", overwrite=True)
    figures = [_figure(one, labels, out) for one in found if one.pairs]
    beside = f", figures in {out if len(figures) > 1 else figures[0]}" if figures else ""
    print(f"All numbers are in {out / 'comparison.ecsv'}{beside}")
    if any(one.failed or (strict and not one.within(tolerance)) for one in found):
        raise typer.Exit(ExitCode.DATA_ERROR)


def _check_obsids(places: list[str]) -> None:
    """Refuse what is neither an ObsID nor a place that is there."""
    from rossi.archive import ObsID
    from rossi.errors import ConfigError

    strange: dict[str, str] = {}
    for place in places:
        try:
            ObsID(place)
        except ConfigError as error:
            strange[place] = str(error)
    for place, sentence in strange.items():
        if not Path(place).exists():
            raise ConfigError(f"{place} is no store, folder or file that is there, and {sentence}")
    if strange:
        raise ConfigError(f"{next(iter(strange))} can be compared with one other place; {len(places)} were named.")


def _is_store(place: str) -> bool:
    """Whether a place is a store of products: a URL, or a folder with manifests."""
    return "://" in place or next(Path(place).glob("**/manifest.json"), None) is not None


def _engines(settings: Settings, obsids: list[str], number: int) -> tuple[list[Comparison], tuple[str, str]]:
    from flows.cli.display import progress_bar, show
    from flows.core.compare import BOTH, compare_engines, sample
    from flows.core.settings import require

    require(settings, "archive", "store")
    chosen = tuple(obsids) or sample(settings, number)
    if len(chosen) < number:
        show(f"The campaign has {len(chosen)} observations; all of them are compared.")
    with progress_bar("Reducing on both engines", in_logs=False) as bar:
        bar.planned(len(BOTH) * len(chosen))
        return compare_engines(settings, chosen, bar.finished), (BOTH[0].value, BOTH[1].value)


def _figure(one: Comparison, labels: tuple[str, str], out: Path) -> Path:
    from rossi.plot.compare import comparison_figure
    from rossi.plot.longterm import png

    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in one.name.strip("/"))
    path = out / f"{name[-80:]}.png"
    path.write_bytes(png(comparison_figure(one.pairs, labels, one.name)))
    return path
