"""Reading what comes from outside into pydantic models, with a sentence for each parameter that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rossi.errors import ConfigError, did_you_mean

#: How much of what is wrong a message repeats.
_LONGEST = 500
#: Parameters of a table that a message shows.
_SHOWN = 4
#: Wrong parameters that a message tells.
_MOST = 10
#: What pydantic calls a parameter that there is not.
_MISSPELT = "extra_forbidden"

Model = TypeVar("Model", bound=BaseModel)


def validate(
    model: type[Model], values: Mapping[str, Any] | str | bytes, where: str, *, sections: bool = False
) -> Model:
    """Validate parsed values, or JSON text.

    Parameters
    ----------
    model : type
    values : mapping, str or bytes
    where : str
        What the values belong to, for the message: a file's or a stage's name.
    sections : bool
        Whether tables in the values are named as the sections of a file.

    Raises
    ------
    ConfigError
        Naming each wrong parameter, what was found and what was expected: a line each.
    """
    try:
        if isinstance(values, str | bytes):
            return model.model_validate_json(values)
        return model.model_validate(dict(values))
    except ValidationError as error:
        wrong = _wrong(error.errors(include_url=False), model)
        told = [_sentence(one, model, where, sections) for one in wrong[:_MOST]]
        more = [f"{where}: {len(wrong) - _MOST} more are wrong."] if len(wrong) > _MOST else []
        raise ConfigError("\n".join((*told, *more))) from None


def _wrong(errors: Sequence[ErrorDetails], model: type[BaseModel]) -> list[ErrorDetails]:
    """Return what is wrong, each parameter once: misspelt names first, which explain what is missing beside them."""
    misspelt = {one["loc"]: one for one in errors if one["type"] == _MISSPELT}
    beside = {loc[:-1] for loc in misspelt}
    found: dict[tuple[int | str, ...], ErrorDetails] = {}
    for one in errors:
        place = one["loc"]
        if place not in misspelt and not (one["type"] == "missing" and place[:-1] in beside):
            found.setdefault(_parameter(model, place), one)  # of the alternatives that a value may be, the first
    return [*misspelt.values(), *found.values()]


def _parameter(model: type[BaseModel], place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return which parameter a place is in, as far as names of parameters go."""
    names = (number for number, step in enumerate(place) if step not in _fields(model, place[:number]))
    return place[: next(names, len(place))]


def _sentence(error: ErrorDetails, model: type[BaseModel], where: str, sections: bool) -> str:
    place = error["loc"]
    of_section = error["type"] == "value_error" and isinstance(error["input"], Mapping)
    if sections and (len(place) > 1 or of_section):
        where, place = f"{where}, [{place[0]}]", place[1:]
    return f"{where}: {_problem(error, model, _short('.'.join(map(str, place))))}"


def _problem(error: ErrorDetails, model: type[BaseModel], name: str) -> str:
    match error["type"]:
        case "extra_forbidden":
            fields = _fields(model, error["loc"][:-1])
            hint = did_you_mean(str(error["loc"][-1]), fields) or f"there are {', '.join(fields)}."
            return f"there is no parameter {name!r}; {_short(hint)}"
        case "missing":
            return f"parameter {name!r} is missing."
        case "json_invalid":
            return f"{error['msg']}."
    found = _short(repr(error["input"]))
    match error["type"]:
        case "tuple_type" | "list_type":
            return f"parameter {name!r} is {found}: a list was expected, [{found}] for one."
        case "model_type" | "dict_type":
            inside = ", ".join(f"{field} = ..." for field in _fields(model, error["loc"])[:_SHOWN])
            return f"parameter {name!r} is {found}: a table was expected, {{{inside}}}."
    expected = _short(error["msg"].removeprefix("Value error, ").rstrip("."))
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
