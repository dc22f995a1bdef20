"""The files of which the pages are put together: templates, style sheets and scripts in ``page/``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


@cache
def template(name: str) -> Template:
    """Return a template of a page."""
    loader = PackageLoader("services.merge", "page")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)


def joined(names: Iterable[str]) -> Markup:
    """Return files of a page one after the other, as they stand: they are our own, and no templates."""
    return Markup("\n").join(map(_source, names))


@cache
def _source(name: str) -> Markup:
    return Markup(files("services.merge").joinpath("page", name).read_text(encoding="utf-8"))
