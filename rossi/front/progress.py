"""Telling how far a reduction is, where somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Told the stage that begins, its number from 1, and how many there are.
OnStage = Callable[[str, int, int], None]


@contextmanager
def told(progress: bool | OnStage, title: str) -> Iterator[OnStage]:
    """Give what is to be told each stage.

    Parameters
    ----------
    progress : bool or callable
        True shows a line in a notebook or on a terminal, and nothing elsewhere; False nothing.
    title : str
    """
    if callable(progress):
        yield progress
    elif not progress:
        yield _nothing
    elif (display := _notebook()) is not None:
        yield from _in_notebook(display, title)
    elif sys.stderr.isatty():
        yield from _on_terminal(title)
    else:
        yield _nothing


def _nothing(_stage: str, _number: int, _all: int) -> None:
    pass


def _line(title: str, stage: str, number: int, of: int) -> str:
    return f"{title}: {stage} ({number} of {of})"


def _notebook() -> Any:
    """Return IPython's display in a notebook, else None."""
    ipython = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        return None
    return ipython.display.display


def _in_notebook(display: Any, title: str) -> Iterator[OnStage]:
    shown = display({"text/plain": title}, raw=True, display_id=True)
    yield lambda *stage: shown.update({"text/plain": _line(title, *stage)}, raw=True)
    shown.update({"text/plain": f"{title}: done"}, raw=True)


def _on_terminal(title: str) -> Iterator[OnStage]:
    from rich.console import Console

    with Console(stderr=True).status(title) as status:
        yield lambda *stage: status.update(_line(title, *stage))
