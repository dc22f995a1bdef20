"""``rossi fetch``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, Config, settings_from
from flows.cli.search import WorkListFile, find_obsids, size_text

if TYPE_CHECKING:
    from services.fetching import Needed
    from services.storage import ArchiveFile


def command(
    obsids: Annotated[list[str] | None, typer.Argument(metavar="[OBSID]...", help="Observations.")] = None,
    worklist: WorkListFile = None,
    archive: Archive = None,
    out: Annotated[Path | None, typer.Option(help="Folder, laid out as the archive.")] = None,
    config: Config = None,
    only_list: Annotated[bool, typer.Option("--list", help="List the files, with sizes, and fetch nothing.")] = False,
) -> None:
    """Copy what a reduction needs of observations out of an archive: a twelfth of their bytes for the PCA alone.

    Which files that are follows from the configuration. A campaign needs no copy: it fetches the same files by itself.

    Example: `rossi fetch 20402-01-45-03 --archive s3://nasa-heasarc --out archive`
    """
    from flows.config import require
    from flows.export import check_folder
    from rossi.errors import ConfigError, DataError
    from services.contract import ExitCode
    from services.fetching import copy, needed
    from services.patience import Away, patiently
    from services.storage import StoreError, open_archive
    from services.storage.remote import RemoteArchive

    settings = settings_from(config, archive=archive)
    require(settings, "archive")
    if out is None and not only_list:
        raise ConfigError("Where to? Give --out FOLDER, or --list to see what would be fetched.")
    if out is not None and not only_list:
        check_folder(out)
    source = open_archive(settings.archive, settings.cache)
    code, chosen, copied = ExitCode.OK, [], 0
    moved = 0

    def fetch_one(obsid: str) -> tuple[Needed, tuple[ArchiveFile, ...]]:
        found = needed(source, obsid, settings.stages)
        return found, () if out is None or only_list else copy(source, found.files, out)

    for obsid in obsids or find_obsids(settings, worklist):
        try:
            found, files = patiently(
                partial(fetch_one, obsid), source, None, lambda pause: typer.echo(str(pause), err=True)
            )
        except Away:
            raise
        except (DataError, StoreError) as error:
            typer.echo(f"{obsid}: {error}", err=True)
            code = ExitCode.RETRYABLE if isinstance(error, StoreError) else code or ExitCode.DATA_ERROR
            continue
        chosen.append(found)
        copied += len(files)
        moved += sum(file.size for file in files)
        if only_list:
            print("\n".join(f"{file.size:>10} {file.path}" for file in found.files))
    print(_summary(chosen))
    if not only_list:
        moved = source.transferred if isinstance(source, RemoteArchive) else moved
        print(f"{copied} files fetched ({size_text(moved)} transferred); they are in {out}")
    raise typer.Exit(code)


def _summary(chosen: list[Needed]) -> str:
    size = sum(found.size for found in chosen)
    number = sum(len(found.files) for found in chosen)
    said = f"Observations: {len(chosen)}; files that are needed: {number}, {size_text(size)}"
    whole = [found.whole for found in chosen]
    if whole and min(whole) >= 0:
        said += f" of the {size_text(sum(whole))} in their directories ({100 * size / max(1, sum(whole)):.0f} %)"
    return said
