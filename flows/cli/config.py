"""``rossi config``."""

from __future__ import annotations

from flows.cli.options import Archive, Config, Prefix, Store, Workers, settings_from


def command(
    config: Config = None,
    archive: Archive = None,
    store: Store = None,
    prefix: Prefix = None,
    workers: Workers = None,
) -> None:
    """Print the configuration that would be used: the HEASARC's recipe where nothing else is said.

    Example: `rossi config > rossi.toml`
    """
    from flows.config import to_toml

    settings = settings_from(config, archive=archive, store=store, prefix=prefix, campaign={"workers": workers})
    print(to_toml(settings), end="")
