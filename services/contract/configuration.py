"""Reading what comes from outside into pydantic models, with one sentence where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from rossi.errors import ConfigError, did_you_mean

#: How much of what is wrong a message repeats.
_LONGEST = 500
#: Parameters of a table that a message shows.
_SHOWN = 4

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], values: Mapping[str, Any] | str | bytes, where: str) -> Model:
    """Validate parsed values, or JSON text.

    Parameters
    ----------
    model : type
    values : mapping, str or bytes
    where : str
        What the values belong to, for the message: a file's or a stage's name.

    Raises
    ------
    ConfigError
        Naming the first wrong parameter, what was found and what was expected.
    """
    try:
        if isinstance(values, str | bytes):
            return model.model_validate_json(values)
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(f"{where}: {_sentence(error, model)}") from None


def _sentence(error: ValidationError, model: type[BaseModel]) -> str:
    errors = error.errors(include_url=False)  # a misspelt name explains the missing one
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    name = _short(".".join(map(str, first["loc"])))
    match first["type"]:
        case "extra_forbidden":
            fields = _fields(model, first["loc"][:-1])
            hint = did_you_mean(str(first["loc"][-1]), fields) or f"there are {', '.join(fields)}."
            return f"there is no parameter {name!r}; {_short(hint)}"
        case "missing":
            return f"parameter {name!r} is missing."
        case "json_invalid":
            return f"{first['msg']}."
    found = _short(repr(first["input"]))
    match first["type"]:
        case "tuple_type" | "list_type":
            return f"parameter {name!r} is {found}: a list was expected, [{found}] for one."
        case "model_type" | "dict_type":
            inside = ", ".join(f"{field} = ..." for field in _fields(model, first["loc"])[:_SHOWN])
            return f"parameter {name!r} is {found}: a table was expected, {{{inside}}}."
    expected = _short(first["msg"].removeprefix("Value error, ").rstrip("."))
    return f"parameter {name!r} is {found}: {expected}." if name else f"{expected}."


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _fields(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Return the parameters that are known at a place inside a model."""
    for step in place:
        if isinstance(step, str) and step in model.model_fields:
            pending: list[Any] = [model.model_fields[step].annotation]
            while pending:
                kind = pending.pop()
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    model = kind
                pending += get_args(kind)
    return list(model.model_fields)
