"""The reference, made from the code: a line ``<!-- made from the code: WHAT -->`` of a page becomes what it names."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import GenericAlias
from typing import Any

from sphinx.application import Sphinx
from typer.main import get_command

from flows.cli import app
from flows.core.settings import Settings
from rossi.fits.declarations import TABLES
from rossi.ftools import catalogue
from rossi.ftools.describe import examples, rows
from rossi.ftools.lookup import find

_MARK = re.compile(r"^<!-- made from the code: ([\w-]+) ?([\w. ]*) -->$", re.MULTILINE)
_TYPES = {"string": "text", "boolean": "true or false", "integer": "integer", "number": "number", "null": "not set"}
_SHOWN = {bool: "", str: "TEXT", int: "N", float: "NUMBER", Path: "PATH"}


def _table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    names = head.split(", ")
    cells = [names, ["---"] * len(names), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return ["| " + " | ".join(row) + " |" for row in cells] if rows else []


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for word, one in getattr(command, "commands", {}).items():
        if hasattr(one, "commands"):
            yield from _commands(f"{name} {word}", one)
        else:
            yield f"{name} {word}", one


def _option(parameter: Any) -> tuple[str, str, str]:
    """Return how an option or argument is written, its default, and its meaning."""
    kind = parameter.type_descriptor.annotation
    value = parameter.metavar or _SHOWN.get(kind, "TEXT")
    if not parameter.opts[0].startswith("-"):
        return f"`{value if parameter.metavar else parameter.name.upper()}`", "", parameter.help or ""
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    default = "required" if parameter.required else "" if parameter.default in {None, False} else str(parameter.default)
    return f"`{names}{'' if kind is bool else ' ' + value}`", default, parameter.help or ""


def command_line() -> Iterator[str]:
    """Yield the page of the commands, from their declarations."""
    for name, command in _commands("rossi", get_command(app)):
        yield from ("", f"## {name}", "", inspect.cleandoc(command.help or ""), "")
        yield from _table("option, default, meaning", [_option(one) for one in command.params])


def _kind(schema: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """Return what a setting may be, in words, from its JSON schema."""
    if "$ref" in schema:
        return _kind(known[schema["$ref"].rpartition("/")[2]], known)
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if several := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(one, known) for one in several))
    match schema.get("type"):
        case "array":
            within = schema.get("items") or {}
            return f"list of {_kind(within, known)}" if within else f"list of {len(schema.get('prefixItems', ()))}"
        case "object":
            return "{" + ", ".join(schema.get("properties", {"name": 0})) + "}"
        case kind:
            return _TYPES[kind] + "".join(
                f" {sign} {schema[key]:g}"
                for key, sign in (
                    ("minimum", "≥"),
                    ("exclusiveMinimum", ">"),
                    ("maximum", "≤"),
                    ("exclusiveMaximum", "<"),
                )
                if key in schema
            )


def _toml(value: object) -> str:
    """Return a value as the file has it, on one line."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items() if one is not None) + "}"
    return json.dumps(value, ensure_ascii=False)


def _settings(model: Any, known: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, schema in model["properties"].items():
        shown = f"`{_toml(schema['default'])}`" if schema.get("default") is not None else ""
        rows.append((f"`{name}`", _kind(schema, known), shown, schema.get("description", "")))
    return rows


def configuration() -> Iterator[str]:
    """Yield the tables of ``rossi.toml``, from the models that read it."""
    whole = Settings.model_json_schema()
    known = whole["$defs"]
    sections = {name: type(value) for name, value in Settings() if hasattr(type(value), "model_fields")}
    top = {"properties": {name: one for name, one in whole["properties"].items() if name not in sections}}
    yield from ("", "## Places", "", "At the top of the file, before any section.", "")
    yield from _table("setting, may be, default, meaning", _settings(top, known))
    for name, model in sections.items():
        yield from ("", f"## [{name}]", "", (inspect.getdoc(model) or "").partition("\n")[0], "")
        schema = model.model_json_schema()
        yield from _table("setting, may be, default, meaning", _settings(schema, schema.get("$defs", {})))


def columns() -> Iterator[str]:
    """Yield the tables of products, as their columns are declared."""
    for name, table in TABLES.items():
        yield from ("", f"### {name}", "")
        yield from _table("column, TFORM, unit, meaning", [(c.name, c.form, c.unit, c.meaning) for c in table])


def keywords() -> Iterator[str]:
    """Yield the table of keywords, as products have them."""
    from keywords import product_keywords  # it reduces an observation: a second, for the page that needs it

    yield from _table("keyword, in, for example, meaning", [(f"`{one[0]}`", *one[1:]) for one in product_keywords()])


def tasks() -> Iterator[str]:
    """Yield the tasks with FTOOLS names, group by group, with examples and parameters."""
    for group, entries in catalogue.GROUPS.items():
        yield f"\n## {group}"
        for name, entry in entries.items():
            task = find(name)
            yield from ("", f"### {name}", "", f"{entry.summary[:1].upper()}{entry.summary[1:]}.", "")
            yield from (f"    {line}" for line in examples(name, task))
            yield from ("", f"The example needs {task.needs}.") if task.needs else ()
            known = task.parameters.declared()
            told = [(*row, known[row[0]].meaning) for row in rows(task) if row[0] not in {"chatter", "mode"}]
            yield from ("", *_table("parameter, type, default, meaning", told))


def modules(package: str, *names: str) -> Iterator[str]:
    """Yield the public names of modules of a package."""
    for name in names:
        yield from ("", f"## {package}.{name}", "", "```{eval-rst}")
        yield from (f".. automodule:: {package}.{name}", "   :members:", "```")


_MADE: Mapping[str, Callable[..., Iterator[str]]] = {
    "command-line": command_line,
    "configuration": configuration,
    "columns": columns,
    "keywords": keywords,
    "tasks": tasks,
    "modules": modules,
}


def _fill(_: Sphinx, __: str, source: list[str]) -> None:
    source[0] = _MARK.sub(lambda mark: "\n".join(_MADE[mark[1]](*mark[2].split())), source[0])


def _skip(_: Sphinx, __: str, ___: str, found: object, ____: bool, _____: object) -> bool | None:
    """Names of types that are made of others have no signature to show."""
    return True if isinstance(found, GenericAlias) else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Have pages filled in as they are read."""
    app.connect("autodoc-skip-member", _skip)
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}
