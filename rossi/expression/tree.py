"""What an expression is made of, once it is parsed; kept between processes, for which parsing takes longest.

Whoever calls a task for each of many observations gives it the same expression every time.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from rossi.version import __version__

GRAMMAR = Path(__file__).with_name("grammar.lark")
#: Expressions that are kept: those that were parsed last.
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Leaf:
    """A word of an expression.

    Parameters
    ----------
    type : str
        What the grammar calls it.
    text : str
    """

    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression.

    Parameters
    ----------
    data : str
        The grammar's rule.
    children : tuple of Node, Leaf or None
    """

    data: str
    children: tuple[Node | Leaf | None, ...]


Part: TypeAlias = Node | Leaf | None


def taken(parsed: Any) -> Any:
    """Return what lark has parsed as nodes and leaves.

    Parameters
    ----------
    parsed : lark.Tree, lark.Token or None
    """
    if parsed is None:
        return None
    if isinstance(parsed, str):
        return Leaf(parsed.type, str(parsed))  # type: ignore[attr-defined]
    return Node(str(parsed.data), tuple(map(taken, parsed.children)))


def folder() -> Path | None:
    """Return the folder of what is kept, None where there can't be one."""
    try:
        place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rossi"
        place.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return place


def recall(text: str) -> Node | None:
    """Return an expression that was parsed before, None if it is not known any more.

    Parameters
    ----------
    text : str
    """
    try:
        content = place.read_bytes() if (place := _file(text)) is not None else b""
        known, node = json.loads(content[64:]) if content.startswith(_seal(content[64:])) else ("", None)
    except (OSError, ValueError):
        return None
    return _read(node) if known == text else None


def keep(text: str, node: Node) -> None:
    """Keep an expression for other processes, if that can be done: in a file of its own, as several may do so at once.

    Parameters
    ----------
    text : str
    node : Node
    """
    if (place := _file(text)) is None:
        return
    data = json.dumps([text, _written(node)]).encode()
    part = place.with_name(f".{os.urandom(16).hex()}")
    with suppress(OSError):
        place.parent.mkdir(exist_ok=True)
        try:
            part.write_bytes(_seal(data) + data)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
        for old in sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns)[:-_KEPT]:
            old.unlink(missing_ok=True)


def _file(text: str) -> Path | None:
    place = folder()
    name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return None if place is None else place / "expressions" / f"{name}.json"


def _seal(data: bytes) -> bytes:
    """Return what tells that nothing of this has changed, nor the grammar, and that it is of this version."""
    return hashlib.sha256(__version__.encode() + _grammar() + data).hexdigest().encode()


@lru_cache(maxsize=1)
def _grammar() -> bytes:
    return GRAMMAR.read_bytes()


def _written(part: Part) -> Any:
    if part is None:
        return None
    return [part.type, part.text] if isinstance(part, Leaf) else [part.data, [_written(one) for one in part.children]]


def _read(value: Any) -> Any:
    if value is None:
        return None
    name, rest = value
    return Leaf(name, rest) if isinstance(rest, str) else Node(name, tuple(map(_read, rest)))
