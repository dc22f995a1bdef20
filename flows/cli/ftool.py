"""``rossi ftool``."""

from __future__ import annotations

from typing import Annotated

import typer

#: What follows the task's name belongs to the task, `--help` included.
PASS_THROUGH = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def command(
    task: Annotated[str, typer.Argument(help="Name of the task, e.g. maketime; without one, all are listed.")] = "",
    arguments: Annotated[list[str] | None, typer.Argument(help="Its parameters, name=value; --help explains.")] = None,
) -> None:
    """Run a task under its FTOOLS name, with its parameters.

    Example: `rossi ftool maketime infile=x20402014503.xfl outfile=good.gti expr="ELV > 4" time=TIME`
    """
    if not task:
        from rossi.ftools import help as list_tasks

        list_tasks()
        return
    from rossi.ftools.task import run

    raise typer.Exit(run(task, arguments or []))
