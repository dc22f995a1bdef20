"""Flows have a parameter for each field of a form, and are called with the form."""

from __future__ import annotations

import inspect
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.prefect.form import Form, ObservationForm, RetryForm
from flows.prefect.signature import asks_for


class Small(Form):
    """A form with a field of its own."""

    depth: int = Field(3, ge=1, description="How deep.")


def made(model: type[Form], *without: str) -> tuple[Any, list[Form]]:
    """A flow, and what it is called with."""
    asked: list[Form] = []

    @asks_for(model, without)
    def dig(form: Form) -> State[Any]:
        """Dig."""
        asked.append(form)
        return Completed(message="dug")

    return dig, asked


def test_parameters_are_the_fields_its_own_first() -> None:
    flow, _ = made(Small)
    signature = inspect.signature(flow)
    assert list(signature.parameters) == ["depth", *Form.model_fields]
    assert {one.kind for one in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert signature.return_annotation == State[Any]
    depth = signature.parameters["depth"]
    assert (depth.annotation, depth.default.default, depth.default.description) == (int, 3, "How deep.")
    for name, field in Form.model_fields.items():
        assert signature.parameters[name].annotation == field.annotation
        assert signature.parameters[name].default.description == field.description


def test_nobody_is_asked_for_what_is_left_out() -> None:
    flow, asked = made(Small, "targets", "workers")
    assert {*Small.model_fields} - {*inspect.signature(flow).parameters} == {"targets", "workers"}
    assert flow(depth=4).is_completed()
    assert asked == [Small(depth=4)]


def test_it_is_still_the_function_that_it_was() -> None:
    flow, _ = made(Small)
    assert (flow.__name__, flow.__doc__) == ("dig", "Dig.")


def test_what_is_given_becomes_the_form_and_the_rest_its_defaults() -> None:
    flow, asked = made(RetryForm)
    defaults = {name: one.default for name, one in inspect.signature(flow).parameters.items()}
    state = flow(**defaults | {"which": "data", "targets": ["Eta Car"]})  # as Prefect calls it
    assert (state.is_completed(), state.message) == (True, "dug")
    assert asked == [RetryForm(which="data", targets=("Eta Car",))]


def test_a_wrong_value_ends_the_run_with_a_sentence_before_anything_is_done() -> None:
    flow, asked = made(Small)
    for given, sentence in (
        ({"depth": 0}, "depth"),
        ({"depth": "deep"}, "depth"),
        ({"bands": [{"chmin": 11, "chmax": 2}]}, "chmin 11 is above chmax 2"),
    ):
        state = flow(**given)
        assert state.is_failed()
        assert state.message.startswith("The run's parameters")
        assert sentence in state.message
        assert len(state.message.splitlines()) == 1
    assert asked == []


def test_what_has_no_default_is_asked_for() -> None:
    flow, asked = made(ObservationForm)
    assert inspect.signature(flow).parameters["obsid"].default.is_required()
    state = flow()
    assert state.is_failed()
    assert "obsid" in state.message
    assert asked == []
