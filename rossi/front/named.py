"""Results by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from rossi.errors import ConfigError, did_you_mean
from rossi.facts import as_html

Value_co = TypeVar("Value_co", covariant=True)


class NoSuchName(ConfigError, KeyError):
    """Nothing is called so; a `KeyError` whose message is a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


class Named(Mapping[str, Value_co]):
    """Results by name, in their order.

    Parameters
    ----------
    values : mapping of str to value
    what : str
        What each is, for messages: ``light curve of PCA``.
    why_not : str
        A sentence that says why there is nothing, if there is.
    """

    def __init__(self, values: Mapping[str, Value_co], what: str, why_not: str = "") -> None:
        self._values, self._what, self._why_not = dict(values), what, why_not

    def __getitem__(self, name: str) -> Value_co:
        try:
            return self._values[name]
        except (KeyError, TypeError):
            raise NoSuchName(f"There is no {self._what} called {name!r}. {self._known(str(name))}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _known(self, name: str) -> str:
        if not self._values:
            return f"There is none. {self._why_not}".rstrip()
        there = f"There {'are' if len(self) > 1 else 'is only'} {', '.join(self._values)}."
        return f"{did_you_mean(name, self._values).capitalize()} {there}".strip()

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._values)

    def __repr__(self) -> str:
        rows = "".join(f"\n  {name!r}: {value!r}" for name, value in self._values.items())
        return f"<{len(self)} x {self._what}{rows}>" if rows else f"<no {self._what}. {self._why_not}>"

    def _repr_html_(self) -> str:
        facts = {name: repr(value)[1:-1] for name, value in self._values.items()}
        return as_html(self._what, facts or {"none": self._why_not})
