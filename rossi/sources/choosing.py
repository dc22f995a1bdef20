"""Finding the sources that somebody names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rossi.errors import ConfigError, did_you_mean, shortened
from rossi.names import plain_name
from rossi.sources.source import Source


def choose(sources: Sequence[Source], names: Iterable[str]) -> tuple[Source, ...]:
    """Return the sources that are meant, each once, in the order in which they are named.

    Parameters
    ----------
    sources : sequence of Source
    names : iterable of str
        A source's name or slug, or a name under which one alone was observed; case, blanks and punctuation aside. One
        that has become part of another means that one.

    Raises
    ------
    ConfigError
        If a name is not known, or several sources were observed under it.
    """
    by_name = {plain_name(source.slug): source for source in sources}
    by_name |= {plain_name(source.name): source for source in sources}
    chosen: dict[str, Source] = {}
    for name in names:
        source = by_name.get(plain_name(name)) or _observed_as(sources, name)
        seen = {source.name}
        while source.into and (into := by_name.get(plain_name(source.into))) and into.name not in seen:
            source = into
            seen.add(into.name)
        chosen[source.name] = source
    return tuple(chosen.values())


def _observed_as(sources: Sequence[Source], name: str) -> Source:
    key = plain_name(name)
    found = [source for source in sources if key and key in map(plain_name, source.names) and not source.into]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(source.name for source in found[:5])
        raise ConfigError(f"{len(found)} sources were observed as {shortened(name)}: {several}; name one of them.")
    near = did_you_mean(name, [source.name for source in sources], 3)
    hint = near or "`rossi query --group` lists those of a work list."
    raise ConfigError(f"No source is called {shortened(name)}; {hint}")
