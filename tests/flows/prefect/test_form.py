"""The form of a flow run: it stands for the settings, whole, and has a help text for each field."""

import datetime
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.campaign import campaign
from flows.core.retry import Retry
from flows.core.settings import Settings, load_settings
from flows.observation import reduce_observation
from flows.prefect.form import Form, RetryForm, form_of, run_name
from flows.prefect.signature import asks_for
from flows.prune import prune_store
from flows.reprocess import reprocess_archive, retry_failed
from rossi.errors import ConfigError
from services.contract import FailureKind
from services.pca_extract.stage import Band

DAY = datetime.date(2026, 11, 20)
FLOWS = [campaign, reduce_observation, reprocess_archive, retry_failed, prune_store]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"archive": "a", "store": "s", "campaign": {"workers": 3, "name": "night"}, "query": {"targets": ["Eta Car"]}},
        {"query": {"start": 5.0, "stop": "2001-02-03"}, "pca_extract": {"binsz": 32}},
        {"pca_extract": {"bands": [{"chmin": 5, "chmax": 10, "binsz": 128}]}, "campaign": {"instruments": ["hexte"]}},
        {"campaign": {"engine": "native"}, "calibration": {"model": ["m"], "saa": "NONE"}},
        {"campaign": {"executor": "kubernetes"}, "kubernetes": {"parallelism": 7}},
        {"campaign": {"products": ["lightcurves", "power"]}, "pca_fast": {"segment": 32}},
        {"campaign": {"validate": True}},
    ],
)
def test_form_stands_for_the_settings(values: dict[str, object]) -> None:
    settings = load_settings(None, values)
    form = Form.of(settings)
    assert form.to_settings() == settings
    # What Prefect keeps is JSON.
    assert form_of(form.model_dump(mode="json"), Form).to_settings() == settings


def test_form_wins_over_the_rest() -> None:
    form = Form(bands=[{"chmin": 11, "chmax": 20}], settings={"pca_extract": {"binsz": 32}})
    assert form.to_settings().pca_extract.bands == (Band(chmin=11, chmax=20),)
    assert form.to_settings().pca_extract.binsz == 32


def test_validation_can_be_asked_for() -> None:
    assert Form(validation=True).to_settings().campaign.validation


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"settings": {"pca_extract": {"binz": 32}}}, "did you mean binsz"),
        ({"settings": {"query": 5}, "targets": ["x"]}, "'query' is a section"),
        ({"bands": [{"chmin": 11, "chmax": 2}]}, "chmin 11 is above chmax 2"),
        ({"bands": []}, "at least 1"),
        ({"instruments": ["asm"]}, "instruments"),
        ({"products": ["spectra"]}, "name lightcurves, too"),
    ],
)
def test_wrong_form_is_one_sentence(form: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        form_of(form, Form).to_settings()
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_field_has_a_help_text_and_a_type(flow: object) -> None:
    for name, field in flow.parameters.properties.items():
        assert len(field["description"]) > 10, name
        assert {"type", "anyOf", "$ref", "allOf"} & field.keys(), name
    for definition in flow.parameters.definitions.values():
        for name, field in definition.get("properties", {}).items():
            assert field.get("description"), name


@pytest.mark.parametrize(
    ("flow", "own", "without"),
    [
        (campaign, [], set()),
        (reprocess_archive, ["dry_run", "failures"], set()),
        (retry_failed, ["which", "dry_run"], set()),
        (reduce_observation, ["obsid"], {"targets", "obsids", "start", "stop", "executor", "workers"}),
        (prune_store, ["apply", "gone"], {*Form.model_fields} - {"store", "prefix", "settings"}),
    ],
    ids=lambda flow: getattr(flow, "name", None),
)
def test_flows_ask_for_the_fields_of_their_forms(flow: Any, own: list[str], without: set[str]) -> None:
    """Flat, each a parameter of its own, as Prefect's form shows them."""
    asked = flow.parameters.properties
    fields = [name for name in Form.model_fields if name not in without]
    assert list(asked) == [*own, *fields]
    assert [asked[name]["position"] for name in asked] == list(range(len(asked)))
    assert flow.parameters.required == ["obsid"] * ("obsid" in own)
    schema = Form.model_json_schema()["properties"]
    for name in fields:
        assert asked[name]["description"] == schema[name]["description"]
        assert asked[name].get("default") == schema[name].get("default", asked[name].get("default"))


def test_what_is_given_becomes_the_form() -> None:
    """Prefect passes the fields themselves where nothing is given."""
    asked: list[RetryForm] = []

    def ask(form: RetryForm) -> State:
        asked.append(form)
        return Completed()

    flow = asks_for(RetryForm)(ask)
    flow(which="data", targets=["Eta Car"], **{"store": RetryForm.model_fields["store"]})
    assert asked == [RetryForm(which=Retry.DATA, targets=("Eta Car",))]
    wrong = flow(instruments=["asm"])
    assert wrong.is_failed()
    assert "instruments" in wrong.message
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (Form(targets=["Eta Car"]), "eta-car-ch5-10-2026-11-20"),
        (Form(targets=["Cyg X-1", "GX 339-4", "x"]), "cyg-x-1-and-2-more-ch5-10-2026-11-20"),
        (Form(obsids=["20402-01-45-03"]), "20402-01-45-03-ch5-10-2026-11-20"),
        (Form(instruments=["hexte"]), "all-hexte-ch15-61-2026-11-20"),
        (Form(name="last night"), "last night"),
    ],
)
def test_names_of_runs(form: Form, name: str) -> None:
    assert run_name(form, DAY) == name


def test_names_of_other_runs() -> None:
    assert run_name(Form(), DAY, "reprocess") == "reprocess-all-ch5-10-2026-11-20"


def test_which_failures_are_tried_again() -> None:
    kinds = [FailureKind.RETRYABLE, FailureKind.DATA, None]
    assert [Retry.TRANSIENT.covers(kind) for kind in kinds] == [True, False, True]
    assert [Retry.DATA.covers(kind) for kind in kinds] == [False, True, False]
    assert all(Retry.ALL.covers(kind) for kind in kinds)


def test_unset_settings_stay_defaults() -> None:
    assert Form().to_settings() == Settings()
