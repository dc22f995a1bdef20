"""``rossi config``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.options import Archive, Bands, Config, HexteBands, Prefix, Store, Workers, of_bands, settings_from


def command(
    config: Config = None,
    archive: Archive = None,
    store: Store = None,
    prefix: Prefix = None,
    workers: Workers = None,
    band: Bands = None,
    hexte_band: HexteBands = None,
    write: Annotated[Path | None, typer.Option(help="Write it into this file, which must not exist yet.")] = None,
) -> None:
    """Print the configuration that would be used. It is the HEASARC's recipe where nothing else is said.

    Example: `rossi config --archive archive --store store --write rossi.toml`
    """
    from flows.core.settings import to_toml

    chosen: dict[str, Any] = {"campaign": {"workers": workers}, **of_bands(band, hexte_band)}
    settings = settings_from(config, archive=archive, store=store, prefix=prefix, **chosen)
    if write is None:
        print(to_toml(settings), end="")
        return
    _write(write, to_toml(settings))
    print(f"{write}: every setting with its meaning; edit it.")


def _write(path: Path, text: str) -> None:
    """Write a new file; one that is there stays as it is."""
    from rossi.errors import ConfigError, shortened_name

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} is there already and stays as it is; name another file, or remove it.") from None
    except OSError as error:
        raise ConfigError(
            f"{shortened_name(path)} can't be written ({error.strerror}); name another file with --write."
        ) from None
