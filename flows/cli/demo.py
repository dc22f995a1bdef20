"""``rossi demo``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    out: Annotated[Path, typer.Option(help="Folder for everything.")] = Path("rossi-demo"),
    observations: Annotated[int, typer.Option(min=1, help="How many.")] = 30,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the report in a browser.")] = True,
) -> None:
    """Simulate a small archive, reduce it, and open its report.

    What the commands simulate and campaign do, one after the other, in a folder of their own.

    Example: `rossi demo --observations 3 --no-open`
    """
    import webbrowser

    from flows.cli import campaign, simulate

    simulate.make(out / "archive", observations)
    try:
        campaign.command(config=out / "archive" / "rossi.toml", store=str(out / "store"), out=out)
    except typer.Exit as done:
        report = (out / "report.html").resolve()
        if done.exit_code or not report.is_file():
            raise
        if show and _has_windows():
            webbrowser.open(report.as_uri())
        else:
            print(f"Look at it in a browser: {report.as_uri()}")
        raise


def _has_windows() -> bool:
    """Return whether a browser would show itself in a window, and not take this terminal."""
    return sys.platform == "darwin" or any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY"))
