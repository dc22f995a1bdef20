"""``rossi verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Config, Place, Prefix, Store, nothing_in, settings_from

if TYPE_CHECKING:
    from services.storage import ObjectStore
    from services.storage.verification import Verification


def command(
    place: Place = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove what is damaged, so that a campaign makes it again.")
    ] = False,
) -> None:
    """Compare everything in a store with what was put, byte by byte.

    Sizes, sha256, CHECKSUM and DATASUM of every HDU, and whether manifests agree with each other. Exit code 0 says that
    all is whole, 20 that something is not: it is told in a sentence each. Damaged products are made again by
    `rossi verify --remove` and the same campaign once more.

    Example: `rossi verify store`
    """
    from flows.cli.display import progress_of
    from flows.core.settings import require
    from services.contract import ExitCode
    from services.storage import open_store
    from services.storage.verification import verify

    settings = settings_from(config, store=place or store, prefix=prefix)
    require(settings, "store")
    opened = open_store(settings.store)
    with progress_of("Verifying") as advance:
        found = verify(opened, settings.prefix, advance)
    if not found.objects and not found.manifests and not found.problems:
        raise nothing_in(settings, "there is nothing to verify")
    _show(found)
    if remove:
        _remove(opened, found)
    raise typer.Exit(ExitCode.DATA_ERROR if found.problems else ExitCode.OK)


def _show(found: Verification) -> None:
    from flows.core.pruning import in_bytes
    from rossi.facts import counted

    for problem in found.problems:
        print(problem.message)
    whole = "all whole" if not found.problems else counted(len(found.problems), "problem")
    objects = counted(found.objects, "object")
    print(f"{objects} of {counted(found.manifests, 'manifest')}, {in_bytes(found.size)}: {whole}.")
    if found.stray:
        print(
            f"Beside these: {counted(found.stray, 'object')} of interrupted attempts, slower workers or damaged "
            "manifests; no manifest names them and nobody reads them."
        )


def _remove(store: ObjectStore, found: Verification) -> None:
    from rossi.facts import counted

    keys = dict.fromkeys(key for problem in found.problems for key in problem.keys)
    for key in keys:  # the manifest comes first: nothing may name what is gone
        store.delete(key)
    if keys:
        print(f"{counted(len(keys), 'object')} removed; run the campaign again to have them made anew.")
