"""``rossi doctor``."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Archive, Config, Prefix, Store, Where, settings_from


def command(
    config: Config = None,
    archive: Archive = None,
    store: Store = None,
    prefix: Prefix = None,
    executor: Where = None,
    network: Annotated[
        bool, typer.Option("--network", help="Then find, fetch, reduce and validate three small observations.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for these, with --network.")] = Path("first-contact"),
) -> None:
    """Look at what works here, and say what to do about the rest.

    Python and libraries, room on disks, the archive, calibration files, the store (an object is written and removed),
    the catalogue, Prefect and a cluster. Without a network it says so and goes on. It ends with 1 if something is
    broken that is configured.

    With `--network`, the whole way is gone once: the configuration's source (or Eta Carinae) is looked up, three of its
    shortest observations are fetched from the archive (or the HEASARC's bucket), reduced, compared with their standard
    products, and shown in a report.

    Examples: `rossi doctor`, `rossi doctor --archive archive --store store`
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from flows.doctor import Verdict, examine

    campaign = {"executor": executor} if executor else {}
    settings = settings_from(config, archive=archive, store=store, prefix=prefix, campaign=campaign)
    styles = {Verdict.FINE: "green", Verdict.ABSENT: "dim", Verdict.AWAY: "yellow", Verdict.BROKEN: "bold red"}
    console, counts = Console(), dict.fromkeys(Verdict, 0)
    findings = examine(settings)
    if network:
        from flows.doctor.contact import first_contact

        findings = chain(findings, first_contact(settings, out))
    for finding in findings:
        counts[finding.verdict] += 1
        line = Table.grid(padding=(0, 1), expand=False)
        line.add_column(width=7)
        line.add_column(width=16)
        line.add_column(overflow="fold")
        line.add_row(Text(finding.verdict, styles[finding.verdict]), finding.what, Text(finding.found))
        console.print(line)
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    console.print(Text(said, styles[Verdict.BROKEN if counts[Verdict.BROKEN] else Verdict.FINE]))
    if counts[Verdict.BROKEN]:
        raise typer.Exit(1)
