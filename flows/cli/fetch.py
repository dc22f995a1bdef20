"""``rossi fetch``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, Config, Products, settings_from
from flows.cli.search import WorkListFile, find_obsids, size_text

if TYPE_CHECKING:
    from services.execution.fetching import Fetched

#: Observations from which on a log file is told how many are done.
_MANY = 20


def command(
    obsids: Annotated[list[str] | None, typer.Argument(metavar="OBSID", help="Observations.")] = None,
    worklist: WorkListFile = None,
    archive: Archive = None,
    out: Annotated[Path | None, typer.Option(help="Folder, laid out as the archive.")] = None,
    config: Config = None,
    product: Products = None,
    only_list: Annotated[bool, typer.Option("--list", help="List the files, with sizes, and fetch nothing.")] = False,
) -> None:
    """Copy out of an archive what a reduction needs. For the PCA alone, that is a twelfth of the bytes.

    Which files that are follows from the configuration. A campaign needs no copy: it fetches the same files by itself.

    Example: `rossi fetch 20402-01-45-03 --archive s3://nasa-heasarc --out archive`
    """
    from flows.cli.display import progress_of
    from flows.core.export import check_folder
    from flows.core.settings import require
    from rossi.errors import ConfigError
    from rossi.facts import counted
    from services.execution.fetching import fetch_all
    from services.storage import open_archive
    from services.storage.remote import RemoteArchive

    settings = settings_from(config, archive=archive, campaign={"products": product or None})
    require(settings, "archive")
    if out is None and not only_list:
        raise ConfigError("Where to? Give --out FOLDER, or --list to see what would be fetched.")
    if out is not None and not only_list:
        check_folder(out)
    source = open_archive(settings.archive, settings.cache)
    asked = list(dict.fromkeys(obsids or find_obsids(settings, worklist)))
    folder, report = None if only_list else out, _Report()
    with nullcontext(_nobody) if only_list else progress_of("Fetching", least=_MANY) as watch:
        for fetched in fetch_all(source, asked, settings.stages, folder, lambda pause: typer.echo(pause, err=True)):
            report.add(fetched)
            if only_list and fetched.needed is not None:
                print("\n".join(f"{file.size:>10} {file.path}" for file in fetched.needed.files))
            watch(report.done, len(asked))
    print(report)
    if not only_list:
        moved = source.transferred if isinstance(source, RemoteArchive) else report.moved
        print(f"{counted(report.copied, 'file')} fetched ({size_text(moved)} transferred); they are in {out}")
    raise typer.Exit(report.code)


def _nobody(done: int, total: int) -> None:
    """Watches nothing: what is listed is progress enough."""


class _Report:
    """What became of all observations, in numbers: of thousands nothing else is kept."""

    def __init__(self) -> None:
        self.code = 0
        self.done = self.copied = self.moved = 0
        self._found = self._files = self._size = self._whole = 0
        self._is_whole_known = True

    def add(self, fetched: Fetched) -> None:
        """Count an observation, and say what failed."""
        self.done += 1
        self.copied += fetched.copied
        self.moved += fetched.size
        if (problem := fetched.problem) is not None:
            typer.echo(f"{fetched.obsid}: {problem}", err=True)
            self.code = min(self.code or problem.exit_code, problem.exit_code)  # what may be tried again comes first
        elif (found := fetched.needed) is not None:
            self._found += 1
            self._files += len(found.files)
            self._size += found.size
            self._whole += found.whole
            self._is_whole_known &= found.whole >= 0

    def __str__(self) -> str:
        said = f"Observations: {self._found}; files that are needed: {self._files}, {size_text(self._size)}"
        if self._found and self._is_whole_known:
            part = f"{100 * self._size / max(1, self._whole):.0f} %"
            said += f" of the {size_text(self._whole)} in their directories ({part})"
        return said
