"""``rossi down``."""

from __future__ import annotations

from flows.cli.up import State


def command(state: State = None) -> None:
    """Stop what `rossi up` started, and nothing else. Runs that were at work go on where they were when run again.

    Example: `rossi down`
    """
    from flows.desktop.processes import Machine, default_folder

    stopped = Machine(state or default_folder()).stop()
    for one in stopped:
        print(f"{one.name} ({one.pid}) stopped")
    if not stopped:
        print("Nothing was up.")
