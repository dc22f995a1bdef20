"""Flows that are asked for what a model has: Prefect makes its form from their signature, one field a parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, TypeVar

from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.prefect.form import Form, form_of
from rossi.errors import RossiError

Model = TypeVar("Model", bound=Form)


def asks_for(
    model: type[Model], without: Collection[str] = ()
) -> Callable[[Callable[[Model], State[Any]]], Callable[..., State[Any]]]:
    """Give a function that takes a form the fields of its model as parameters, with their types and help texts.

    Those that a model adds to another's come first.

    Parameters
    ----------
    model : type of Form
    without : collection of str
        Fields that nobody is asked for.
    """
    fields = {name: model.model_fields[name] for name in (*inspect.get_annotations(model), *model.model_fields)}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field, annotation=field.annotation)
        for name, field in fields.items()
        if name not in without
    ]

    def decorate(run: Callable[[Model], State[Any]]) -> Callable[..., State[Any]]:
        @wraps(run)
        def flow(**given: Any) -> State[Any]:
            try:
                form = form_of(given, model)
            except RossiError as error:
                return Failed(message=str(error))
            return run(form)

        flow.__signature__ = inspect.Signature(parameters, return_annotation=State[Any])  # type: ignore[attr-defined]
        return flow

    return decorate
